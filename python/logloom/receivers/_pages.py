"""What a path serves, described so that the native server can do it without Python."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web

if TYPE_CHECKING:
    from logloom.receivers._http import Call

__all__ = ["FixedPage", "Pushes", "ReadyPage"]


@dataclass(frozen=True, slots=True)
class Pushes:
    """Bodies that are pushed.

    Attributes:
        style: How they are answered: as the core knows it.
        takes: Where a body goes, by its content type: `Messages`, or what else the receiver's push takes.
        packed: How content of a type is coded itself, whether a header says so or not.
    """

    style: Literal["otlp_logs", "otlp_traces", "spans", "loki"]
    takes: Mapping[str, Any]
    packed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FixedPage:
    """A path that always answers the same.

    Attributes:
        content_type: What it is.
        body: It.
    """

    content_type: str
    body: bytes

    def __call__(self, _call: "Call") -> web.Response:
        """The page."""
        return web.Response(body=self.body, content_type=self.content_type)


@dataclass(frozen=True, slots=True)
class ReadyPage:
    """A path that tells whether the service is up.

    Attributes:
        ready: Whether it is.
    """

    ready: Callable[[], bool]

    def __call__(self, _call: "Call") -> web.Response:
        """200 or 503."""
        ready = self.ready()
        return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)
