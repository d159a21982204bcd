"""The native server for datagrams: read and pushed many at a time, without Python; `engine: asyncio` chooses the other.

The same as `_datagram.DatagramServer`, for an Intake of the core's.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from logloom import _native
from logloom.receivers._datagram import REPORT_S, DatagramServer
from logloom.receivers._drops import Losses
from logloom.receivers._native import Fate, reader
from logloom.receivers._net import cannot_listen, warn_if_open

if TYPE_CHECKING:
    from logloom._native import Messages
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._datagram import DatagramSettings

__all__ = ["NativeDatagramServer", "datagram_server"]

STOP_S: Final = 5.0
"""How long a stop waits for what came to be pushed."""


class NativeDatagramServer:
    """One listening socket; each datagram is a message.

    Attributes:
        fate: What becomes of it.
    """

    def __init__(
        self, config: "DatagramSettings", context: "ReceiverContext", push: "Push", messages: "Messages"
    ) -> None:
        self._config = config
        self._context = context
        self.fate = Fate(asyncio.get_running_loop(), context.log)
        self._losses = Losses(context.log)
        self._reporting: asyncio.Task[None] | None = None
        self._server = _native.DatagramServer(
            messages,
            context.room,
            tell=self.fate.tell,
            brakes=push.brakes,
            queue_bytes_max=config.queue_bytes_max,
            wait_max_s=config.max_wait,
        )

    async def start(self) -> int:
        """Listen; the port is the real one.

        Raises:
            ServiceError: The endpoint cannot be bound.
        """
        endpoint = self._config.endpoint
        warn_if_open(self._context, endpoint, None)
        try:
            port = self._server.start(endpoint.host, endpoint.port, self._config.socket_buffer_size)
        except OSError as error:
            await self.stop()  # what it holds of the journal is let go
            raise cannot_listen(endpoint, reader(error)) from None
        self._reporting = asyncio.create_task(self._report())
        return port

    async def stop(self) -> None:
        """Take no more; what waits is pushed, as far as the journal takes it at once."""
        if self._reporting is not None:
            self._reporting.cancel()
            await asyncio.gather(self._reporting, return_exceptions=True)
            self._reporting = None
        self._tell()
        await asyncio.to_thread(self._server.stop, STOP_S)
        self._tell()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            self._tell()

    def _tell(self) -> None:
        self._losses.tell(self._server.dropped, self._server.fileno())


def datagram_server(
    config: "DatagramSettings", context: "ReceiverContext", push: "Push", messages: "Messages"
) -> DatagramServer | NativeDatagramServer:
    """The server that `engine` names, for messages that go to `messages`."""
    server = NativeDatagramServer if config.engine == "native" else DatagramServer
    return server(config, context, push, messages)
