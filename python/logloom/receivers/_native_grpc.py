"""The native gRPC server: from the socket to the journal and back without Python, on all cores.

The same server as `_grpc.GrpcServer`, for the same receivers, and the same answers; `engine: grpcio` chooses the other.
A method whose messages are pushed (`_export.Export`) never gets here: its messages go straight to the journal, and are
answered once they are on disk. Other methods are asked of their handler, on the event loop.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from logloom import _native
from logloom._native import Messages, Reply
from logloom.identity import Sender
from logloom.receivers._export import Export
from logloom.receivers._gate import Gate
from logloom.receivers._gated import Refusal
from logloom.receivers._methods import Handler
from logloom.receivers._native import Fate, reader
from logloom.receivers._net import cannot_listen
from logloom.room import Room
from logloom.tls import Pems, Reloaded, not_only_1_2, server_context

if TYPE_CHECKING:
    from logloom.config import Endpoint, ServerTls
    from logloom.receivers._settings import GrpcSettings

__all__ = ["NativeGrpcServer"]

IN_HAND_MESSAGES_MAX: Final = 32
"""The room for what is in hand, in messages of the largest size."""
NO_LIMIT_BYTES: Final = 1 << 62
INTERNAL: Final = 13


@dataclass
class NativeGrpcServer:
    """Serves methods of raw bytes, and the health service beside them.

    Attributes:
        methods: A handler for each method, as in `/package.Service/Method`. One that is not here is UNIMPLEMENTED.
        settings: The bounds.
        ready: Whether the health service says SERVING.
        gate: Asked who calls, before a message is read; not for the health service.
        within: The process's room for what is in hand, of which this server's is a part.
        message_bytes_max: The largest message, also inflated, if it is not what the settings say.
    """

    methods: Mapping[str, Handler]
    settings: "GrpcSettings"
    ready: Callable[[], bool]
    gate: Gate
    within: Room | None = None
    message_bytes_max: int = 0
    fate: Fate = field(init=False, repr=False)
    _server: _native.GrpcServer = field(init=False, repr=False)
    _reloaded: Reloaded | None = field(init=False, repr=False, default=None)

    def bind(self, endpoint: "Endpoint", tls: "ServerTls | None") -> int:
        """Bind; the port is the real one.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
            ServiceError: The endpoint cannot be bound.
        """
        loop = asyncio.get_running_loop()
        self.fate = Fate(loop, self.gate.log)
        settings = self.settings
        keepalive = settings.keepalive.server_parameters
        size = self.message_bytes_max or settings.max_recv_msg_size_mib << 20
        self._server = server = _native.GrpcServer(
            Room(IN_HAND_MESSAGES_MAX * size, self.within),
            ready=self.ready,
            tell=self.fate.tell,
            message_bytes_max=size,
            streams_max=settings.max_concurrent_streams,
            connections_max=settings.max_connections,
            keepalive_every_s=keepalive.time,
            keepalive_timeout_s=keepalive.timeout,
            idle_max_s=keepalive.max_connection_idle,
            age_max_s=keepalive.max_connection_age,
            age_grace_s=keepalive.max_connection_age_grace,
        )
        try:
            for method, handler in self.methods.items():
                if isinstance(handler, Export) and isinstance(handler.to, Messages):
                    server.push(method, handler.to, otlp=handler.is_otlp, brakes=handler.push.brakes)
                else:
                    server.call(method, _called(handler, loop))
            if not self.gate.door.is_plain or (tls is not None and tls.client_ca_file is not None):
                server.access(self.gate.decider(loop), list(self.gate.reads))
                self.gate.door.on_forget(self._forget)
            if tls is not None:
                not_only_1_2(tls)
                self._reloaded = Reloaded(tls, partial(self._take, tls), self.gate.log)
                self._reloaded.start()
            try:
                return server.bind(endpoint.host, endpoint.port)
            except OSError as error:
                raise cannot_listen(endpoint, reader(error)) from None
        except BaseException:
            server.stop(0)  # what it holds of the journal is let go
            raise

    async def start(self) -> None:
        """Take requests from now on."""
        self._server.start()

    async def stop(self, grace_s: float) -> None:
        """Take no more requests, and finish those in hand within `grace_s` seconds."""
        if self._reloaded is not None:
            await self._reloaded.stop()
        await asyncio.to_thread(self._server.stop, grace_s)

    def _take(self, tls: "ServerTls", pems: Pems) -> None:
        server_context(tls, pems)  # says what will not do in the words of the other servers
        self._server.tls(pems.cert or b"", pems.key or b"", pems.ca, only_1_3=tls.min_version == "1.3")

    def _forget(self) -> None:
        with suppress(ValueError):  # it was stopped
            self._server.forget()


def _called(handler: Handler, loop: asyncio.AbstractEventLoop) -> Callable[[bytes, str, dict[str, Any], Reply], None]:
    """What the core calls for `handler`, from its threads."""
    running: set[asyncio.Task[None]] = set()

    async def answer(data: bytes, sender: Sender, reply: Reply) -> None:
        try:
            reply.answer(await handler(data, sender))
        except Refusal as refusal:
            reply.refuse(refusal.code.value[0], str(refusal), refusal.retry_after_s)
        except Exception as error:  # noqa: BLE001 — a bug of one handler; the client is told, and the log
            reply.refuse(INTERNAL, "a bug here: see the log")
            loop.call_exception_handler({"message": "a gRPC handler failed", "exception": error})

    def begin(data: bytes, sender: Sender, reply: Reply) -> None:
        task = loop.create_task(answer(data, sender, reply))
        running.add(task)
        task.add_done_callback(running.discard)

    def call(data: bytes, peer: str, known: dict[str, Any], reply: Reply) -> None:
        sender = Sender(peer, known.get("identity", ""), known.get("tenant", ""))
        loop.call_soon_threadsafe(begin, data, sender, reply)

    return call
