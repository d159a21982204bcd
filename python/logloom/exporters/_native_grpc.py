"""Calls of gRPC by the core, from a Batch to the socket and back without Python: `engine: native`."""

import asyncio
from typing import TYPE_CHECKING

from logloom._native import GrpcClient
from logloom.exporters._calls import ANSWER_BYTES_MAX, CallError, Code
from logloom.exporters._client import USER_AGENT
from logloom.exporters._proxy import proxy_for
from logloom.tls import Pems, client_context, roots, system_roots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logloom._native import Batch
    from logloom.exporters.otlp import Config

__all__ = ["NativeCaller"]


class NativeCaller:
    """See `Caller`."""

    def __init__(self, config: "Config", method: str) -> None:
        endpoint, keepalive = config.endpoint, config.keepalive
        name = config.tls.server_name_override if config.is_secure else ""
        self._config = config
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[int, asyncio.Future[tuple[int, str, bytes, bytes]]] = {}
        self._packing = None if config.coding == "none" else (config.coding, config.compression_params.level)
        self._client = GrpcClient(
            endpoint.host,
            endpoint.port,
            method,
            authority=config.authority or name or str(endpoint),
            user_agent=USER_AGENT,
            answer_bytes_max=ANSWER_BYTES_MAX,
            keepalive_every_s=keepalive.time,
            keepalive_timeout_s=keepalive.timeout,
            keepalive_when_idle=keepalive.permit_without_stream,
            proxy=proxy_for(endpoint.host),
        )

    def take(self, pems: Pems) -> None:
        """TLS with these from the next call on."""
        tls = self._config.tls
        client_context(tls, pems)  # says what will not do in the words of the other exporters
        self._client.tls(
            b"" if tls.insecure_skip_verify else roots(tls, pems) or system_roots(),
            None if pems.cert is None else (pems.cert, pems.key or b""),
            name=tls.server_name_override,
            anyone=tls.insecure_skip_verify,
            only_1_3=tls.min_version == "1.3",
            only_1_2=tls.max_version == "1.2",
        )

    async def call(self, batch: "Batch", headers: "Sequence[tuple[str, str]]") -> bytes:
        """Send it, and return the answer's message."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
            loop.add_reader(self._client.fileno(), self._settle)
        number, call = self._client.send(batch, headers, self._packing, self._config.timeout)
        answered: asyncio.Future[tuple[int, str, bytes, bytes]] = loop.create_future()
        self._waiting[number] = answered
        try:
            code, message, details, body = await answered
        finally:
            del self._waiting[number]
            call.cancel()  # where nobody waits for it any more; otherwise it has ended
        if code != Code.OK:
            raise CallError(Code.of(code), message, details)
        return body

    def _settle(self) -> None:
        for number, code, message, details, body in self._client.answers():
            answered = self._waiting.get(number)
            if answered is not None and not answered.done():  # it was cancelled meanwhile
                answered.set_result((code, message, details, body))

    async def close(self) -> None:
        """End the connection."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.remove_reader(self._client.fileno())
        self._client.close()
