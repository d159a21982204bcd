"""`zipkin`: spans that tracers of Zipkin, Envoy's among them, post; each becomes records.

Both APIs: v2 as JSON and protobuf, v1 as JSON and thrift.

Specification: https://zipkin.io/zipkin-api/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from logloom.config import Endpoint
from logloom.receivers._engines import HttpEngineSettings, http_server
from logloom.receivers._spans import SpansRoute

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext

V1: Final = "POST /api/v1/spans"
V2: Final = "POST /api/v2/spans"
NO_TYPE: Final = "application/octet-stream"
"""What stands for no content type at all: tracers send JSON without one, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HttpEngineSettings):
    """Zipkin's HTTP endpoint.

    Attributes:
        endpoint: Where to listen.
        parse_string_tags: Only false: Zipkin's tags are strings, and stay so.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 9411)  # noqa: RUF009 — frozen
    parse_string_tags: bool = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """What the Collector has and logloom has not."""
        yield from HttpEngineSettings.problems(self)
        if self.parse_string_tags:
            yield "parse_string_tags", "not supported: a tag keeps the type that it was sent with; remove it"

    def claims(self) -> list[str]:
        """Both APIs."""
        return [V1, V2]


def create(config: Config, context: "ReceiverContext") -> "Zipkin":
    """The receiver; it listens when it runs."""
    return Zipkin(config, context)


class Zipkin:
    """Serves `POST /api/v2/spans` and `/api/v1/spans`."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        json, proto, thrift = (push.messages("zipkin", serialization=name) for name in ("json", "proto", "thrift"))
        routes = {
            V2: SpansRoute({"application/json": json, NO_TYPE: json, "application/x-protobuf": proto}),
            V1: SpansRoute({"application/json": json, NO_TYPE: json, "application/x-thrift": thrift}),
        }
        await http_server(self._config, self._context, routes, push).serve()
