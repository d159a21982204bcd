"""`splunkhec`: what sends to Splunk's HTTP Event Collector: Docker's driver, Splunk's loggers, Vector, the Collector.

Events and raw lines, and indexer acknowledgement. A request's events are in the journal before the answer, so that an
acknowledgement asked for afterwards tells nothing new; it needs no memory of channels, of which there is no end.

Specification: https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTinput#services.2Fcollector
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

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
    Ack,
    Names,
    Tokens,
    answer,
    channel,
    versions,
    why,
)

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._http import Call, Page

EVENTS: Final = ("POST /services/collector", *versions("POST", "/services/collector/event"))
VERIFIED: Final = tuple(f"OPTIONS {key.removeprefix('POST ')}" for key in EVENTS)
"""Docker's driver asks so whether somebody is there, before it starts a container, and shows no token."""
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
        splitting: Only by lines.
        ack: Where acknowledgements are asked for.
        hec_metadata_to_otel_attrs: What attributes become of source, sourcetype, index and host.
        access_token_passthrough: Only false: a token is a secret, and stands in no record.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 8088)  # noqa: RUF009 — frozen
    raw_path: str = "/services/collector/raw"
    health_path: str = "/services/collector/health"
    line_format: str = "text"
    splitting: Literal["line"] = "line"
    ack: Ack = field(default_factory=Ack)
    hec_metadata_to_otel_attrs: Names = field(default_factory=Names)
    access_token_passthrough: bool = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """Paths begin with a slash; the format is one of lines."""
        yield from HttpSettings.problems(self)
        if self.access_token_passthrough:
            yield "access_token_passthrough", "not supported: a token is a secret, and stands in no record; remove it"
        paths = {"raw_path": self.raw_path, "health_path": self.health_path, "ack.path": self.ack.path}
        for name, path in paths.items():
            if not path.startswith("/") or any(letter in path for letter in "?{}"):
                yield name, f"'{path}' is no path: it begins with a slash, and has no question mark and no braces"
        for _, problem in format_problems("splunkhec", {"raw": True, "line_format": self.line_format}):
            yield "line_format", problem
        for _, problem in format_problems("splunkhec", {"keys": self.hec_metadata_to_otel_attrs.keys()}):
            yield "hec_metadata_to_otel_attrs", problem

    def claims(self) -> list[str]:
        """Events, raw lines, health and acknowledgements."""
        return [
            *EVENTS,
            *VERIFIED,
            *versions("POST", self.raw_path),
            *versions("POST", self.ack.path),
            *versions("GET", self.health_path),
        ]


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
        config, names = self._config, self._config.hec_metadata_to_otel_attrs.keys()
        named: dict[str, Any] = {"keys": names} if names else {}
        events = push.messages("splunkhec", keep_original=False, **named)
        raw = push.messages("splunkhec", keep_original=False, raw=True, line_format=config.line_format, **named)
        routes: dict[str, Events | Page] = {
            **{key: Events(self, events) for key in EVENTS},
            **dict.fromkeys(VERIFIED, _verified),
            **{key: Events(self, raw) for key in versions("POST", config.raw_path)},
            **dict.fromkeys(versions("POST", config.ack.path), self._acks),
            **dict.fromkeys(versions("GET", config.health_path), self._health),
        }
        await HttpServer(config, self._context, routes, push).serve()

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


def _verified(_call: "Call") -> web.Response:
    return web.Response(headers={"Allow": "OPTIONS, POST"})


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
