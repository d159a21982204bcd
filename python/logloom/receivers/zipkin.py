"""`zipkin`: spans that tracers of Zipkin, Envoy's among them, post as JSON; each becomes records.

The endpoint of Zipkin's v2 API. Its protobuf form and the v1 API are answered with 415 and 404.

Specification: https://zipkin.io/zipkin-api/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from logloom.config import Endpoint
from logloom.receivers._body import Refusal
from logloom.receivers._http import HttpServer
from logloom.receivers._settings import HttpSettings

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext

_NOT_YET: Final = ("application/x-protobuf", "application/x-thrift")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HttpSettings):
    """Zipkin's HTTP endpoint.

    Attributes:
        endpoint: Where to listen.
        parse_string_tags: Only false: Zipkin's tags are strings, and stay so.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 9411)  # noqa: RUF009 — frozen
    parse_string_tags: bool = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """What the Collector has and logloom has not."""
        yield from HttpSettings.problems(self)
        if self.parse_string_tags:
            yield "parse_string_tags", "not supported: a tag keeps the type that it was sent with; remove it"


def create(config: Config, context: "ReceiverContext") -> "Zipkin":
    """The receiver; it listens when it runs."""
    return Zipkin(config, context)


class Zipkin:
    """Serves `POST /api/v2/spans`."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        routes = {"/api/v2/spans": SpansRoute(push.messages("zipkin"))}
        server = HttpServer(self._config, self._context, routes, push)
        port = await server.start()
        try:
            self._context.up(http=str(Endpoint(self._config.endpoint.host, port)))
            await self._context.stopping.wait()
        finally:
            await server.stop()


class SpansRoute:
    """A list of spans in JSON. Tracers send it without a content type, too."""

    def __init__(self, messages: "Messages") -> None:
        self._messages = messages

    def accepts(self, content_type: str) -> "Messages | None":
        """JSON; `application/octet-stream` stands for no type at all."""
        return self._messages if content_type in ("application/json", "application/octet-stream") else None

    def taken(self, _content_type: str, delivery: "Delivery") -> web.Response:
        """202; the spans that could not be read are told of, though no tracer reads it."""
        refused = delivery.refused
        said = f"{len(refused)} spans could not be read, the first because: {refused[0][1]}\n" if refused else ""
        return web.Response(status=HTTPStatus.ACCEPTED, text=said)

    def refused(self, content_type: str, refusal: Refusal) -> web.Response:
        """The reason, for people."""
        hint = "; Zipkin's protobuf and thrift are not taken yet: send JSON" if content_type in _NOT_YET else ""
        return web.Response(text=f"{refusal}{hint}\n")
