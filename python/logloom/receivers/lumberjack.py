"""`lumberjack`: what Filebeat, Winlogbeat and the other Beats send to Logstash, and Logstash's own output.

Versions 1 and 2, compressed or not. A window of events is acknowledged when it is journalled; a client that waits for
long is told that the connection lives.

Protocol: https://github.com/logstash-plugins/logstash-input-beats/blob/main/PROTOCOL.md
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logloom._native import Wire
from logloom.config import StreamEndpoint
from logloom.receivers._settings import StreamSettings
from logloom.receivers._stream import StreamServer

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(StreamSettings):
    """Logstash's `beats` input.

    Attributes:
        endpoint: Where to listen: `host:port`, or `unix:///path`.
    """

    endpoint: StreamEndpoint = StreamEndpoint("127.0.0.1", 5044)  # noqa: RUF009 — frozen


def create(config: Config, context: "ReceiverContext") -> "Lumberjack":
    """The receiver; it listens when it runs."""
    return Lumberjack(config, context)


class Lumberjack:
    """Serves the protocol on one endpoint."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        messages = push.messages("ecs", keep_unreadable=True, keep_original=False)
        server = StreamServer(self._config, self._context, push, lambda _sender: messages, self._wire)
        listening = await server.start()
        try:
            self._context.up(lumberjack=listening)
            await self._context.stopping.wait()
        finally:
            await server.stop()

    def _wire(self) -> Wire:
        return Wire.lumberjack(message_bytes_max=self._config.max_message_size)
