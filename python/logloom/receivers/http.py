"""`http`: whatever posts logs over HTTP: webhooks, serverless functions, `curl`.

A body is read by the format that its path names, else its content type, else by what it looks like: JSON lines, an
array of objects, any format that logloom has. All of it is in the journal before the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from logloom.config import Endpoint, FormatOptions, format_problems
from logloom.receivers._body import Refusal
from logloom.receivers._http import HttpServer
from logloom.receivers._settings import HttpSettings

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers._http import Call

MSGPACK_TYPES: Final = ("application/msgpack", "application/x-msgpack")
"""What Fluent Bit's output of this name sends where nothing else is set: events, one after another."""
JSON_TYPES: Final = ("application/json", "application/x-ndjson", "application/ndjson", "application/jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What is posted to one path.

    Attributes:
        format: How a body is read; `auto`: by its content type, else by what it looks like.
        options: The format's options.
    """

    format: str = "auto"
    options: FormatOptions = field(default_factory=dict)

    def problems(self) -> Iterator[tuple[str, str]]:
        """The format, and its options, must be there."""
        yield from format_problems(self.format, self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HttpSettings):
    """Logs in the bodies of POST requests.

    Attributes:
        endpoint: Where to listen.
        paths: What is posted where: `/nginx: {format: nginx}`.
    """

    endpoint: Endpoint = Endpoint("127.0.0.1", 8088)  # noqa: RUF009 — frozen
    paths: dict[str, Path] = field(default_factory=lambda: {"/": Path()})

    def problems(self) -> Iterator[tuple[str, str]]:
        """Paths begin with a slash."""
        yield from HttpSettings.problems(self)
        if not self.paths:
            yield "paths", "empty: give at least one, such as '/': {}"
        for path in self.paths:
            if not path.startswith("/") or any(letter in path for letter in "?{}"):
                yield "paths", f"'{path}' is no path: it begins with a slash, and has no question mark and no braces"

    def claims(self) -> list[str]:
        """Its paths."""
        return [f"POST {path}" for path in self.paths]


def create(config: Config, context: "ReceiverContext") -> "Http":
    """The receiver; it listens when it runs."""
    return Http(config, context)


class Http:
    """Serves the paths that the config names."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        routes = {f"POST {path}": BodyRoute(given, push) for path, given in self._config.paths.items()}
        await HttpServer(self._config, self._context, routes, push).serve()


class BodyRoute:
    """Bodies of one path."""

    def __init__(self, path: Path, push: "Push") -> None:
        options: dict[str, Any] = dict(path.options)
        self._any = push.messages(path.format, **options)
        is_auto = path.format == "auto"
        named = {} if not is_auto or path.options else {JSON_TYPES: "json", MSGPACK_TYPES: "fluentforward"}
        self._named = {kind: push.messages(name) for kinds, name in named.items() for kind in kinds}

    def accepts(self, call: "Call") -> "Messages":
        """Every type: JSON and MessagePack where it says so, else what the path or the content says."""
        return self._named.get(call.content_type, self._any)

    def taken(self, _call: "Call", delivery: "Delivery") -> web.Response:
        """How many records the body had."""
        return web.Response(body=orjson.dumps({"accepted": delivery.accepted}), content_type="application/json")

    def refused(self, _call: "Call", refusal: Refusal) -> web.Response:
        """The reason, for people and programs."""
        return web.Response(body=orjson.dumps({"error": str(refusal)}), content_type="application/json")
