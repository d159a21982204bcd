"""`splunkhec`: what sends to Splunk's HTTP Event Collector: Docker's driver, Splunk's loggers, Vector, the Collector.

Events and raw lines, and indexer acknowledgement. A request's events are in the journal before the answer, so that an
acknowledgement asked for afterwards tells nothing new; it needs no memory of channels, of which there is no end.

Specification: https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTinput#services.2Fcollector
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web

from logloom.config import Endpoint, format_problems
from logloom.receivers._body import Refusal
from logloom.receivers._http import HttpServer
from logloom.receivers._settings import HttpSettings
from logloom.receivers._splunkhec import (
    BAD_CHANNEL,
    BUSY,
    HEALTHY,
    INVALID,
    NO_CHANNEL,
    NO_DATA,
    SUCCESS,
    Tokens,
    answer,
    channel,
    why,
)

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._http import Call, Page

EVENTS: Final = ("POST /services/collector", "POST /services/collector/event", "POST /services/collector/event/1.0")
ACKS: Final = ("POST /services/collector/ack", "POST /services/collector/ack/1.0")
ACKS_MAX: Final = 10_000
"""The most acknowledgements that are asked for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HttpSettings):
    """Splunk's HTTP Event Collector.

    Attributes:
        endpoint: Where to listen.
        raw_path: Where bodies of raw lines are sent; `/1.0` may follow.
        health_path: Where it is asked whether it takes events; `/1.0` may follow.
        line_format: The format of raw lines, each an event.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 8088)  # noqa: RUF009 — frozen
    raw_path: str = "/services/collector/raw"
    health_path: str = "/services/collector/health"
    line_format: str = "text"

    def problems(self) -> Iterator[tuple[str, str]]:
        """Paths begin with a slash; the format is one of lines."""
        yield from HttpSettings.problems(self)
        for name in ("raw_path", "health_path"):
            path = getattr(self, name)
            if not path.startswith("/") or any(letter in path for letter in "?{}"):
                yield name, f"'{path}' is no path: it begins with a slash, and has no question mark and no braces"
        for _, problem in format_problems("splunkhec", {"raw": True, "line_format": self.line_format}):
            yield "line_format", problem

    def claims(self) -> list[str]:
        """Events, raw lines, health and acknowledgements."""
        return [*EVENTS, *self.raw(), *ACKS, *self.health()]

    def raw(self) -> list[str]:
        """The routes of raw lines."""
        return [f"POST {self.raw_path}", f"POST {self.raw_path}/1.0"]

    def health(self) -> list[str]:
        """The routes on which it is asked whether it takes events."""
        return [f"GET {self.health_path}", f"GET {self.health_path}/1.0"]


def create(config: Config, context: "ReceiverContext") -> "SplunkHec":
    """The receiver; it listens when it runs."""
    return SplunkHec(config, context)


class SplunkHec:
    """Serves the collector's paths."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        known = {name: Tokens(inner) for name, inner in context.authenticators.items()}
        self._context = replace(context, authenticators=known)
        self.taken_to = 0

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        events = push.messages("splunkhec", keep_original=False)
        raw = push.messages("splunkhec", keep_original=False, raw=True, line_format=self._config.line_format)
        routes: dict[str, Events | Page] = {
            **{key: Events(self, events) for key in EVENTS},
            **{key: Events(self, raw) for key in self._config.raw()},
            **dict.fromkeys(ACKS, self._acks),
            **dict.fromkeys(self._config.health(), self._health),
        }
        await HttpServer(self._config, self._context, routes, push).serve()

    def _health(self, _call: "Call") -> web.Response:
        return answer(HEALTHY) if self._context.ready() else answer(BUSY, HTTPStatus.SERVICE_UNAVAILABLE)

    def _acks(self, call: "Call") -> web.Response:
        """Whether requests are safe: all are whose number was ever given."""
        try:
            if not channel(call):
                return answer(NO_CHANNEL, HTTPStatus.BAD_REQUEST)
        except ValueError:
            return answer(BAD_CHANNEL, HTTPStatus.BAD_REQUEST)
        try:
            asked = orjson.loads(call.body)["acks"]
            acks = {str(number): 0 <= int(number) <= self.taken_to for number in asked[:ACKS_MAX]}
        except (TypeError, ValueError, KeyError):
            return answer(INVALID, HTTPStatus.BAD_REQUEST)
        return web.Response(body=orjson.dumps({"acks": acks}), content_type="application/json")


class Events:
    """Bodies of events."""

    def __init__(self, collector: SplunkHec, messages: "Messages") -> None:
        self._collector = collector
        self._messages = messages

    def accepts(self, call: "Call") -> "Messages":
        """Every content type: there is but one form."""
        try:
            channel(call)
        except ValueError:
            raise Refusal(HTTPStatus.BAD_REQUEST, BAD_CHANNEL[1]) from None
        said = {name: call.query(name) for name in ("host", "source", "sourcetype", "index", "time")}
        call.given = {name: value for name, value in said.items() if value}
        return self._messages

    def taken(self, call: "Call", delivery: "Delivery") -> web.Response:
        """Success; with a channel, the number to ask for."""
        if not delivery.accepted and not call.body.strip():
            return answer(NO_DATA, HTTPStatus.BAD_REQUEST)
        self._collector.taken_to = max(self._collector.taken_to, delivery.entry)
        return answer(SUCCESS, **({"ackId": delivery.entry} if channel(call) else {}))

    def refused(self, call: "Call", refusal: Refusal) -> web.Response:
        """Why not, in Splunk's codes."""
        told, more = why(call, refusal)
        return answer(told, **more)
