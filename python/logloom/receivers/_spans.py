"""How spans over HTTP are answered."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from logloom.receivers._body import Refusal
from logloom.receivers._pages import Pushes

if TYPE_CHECKING:
    from logloom._native import Delivery, Messages
    from logloom.receivers._http import Call

__all__ = ["SpansRoute"]


class SpansRoute:
    """A list of spans."""

    def __init__(self, messages: "Mapping[str, Messages]") -> None:
        self._messages = messages

    def pushes(self) -> Pushes:
        """The same for the native server."""
        return Pushes("spans", self._messages)

    def accepts(self, call: "Call") -> "Messages | None":
        """What the path's API takes."""
        return self._messages.get(call.content_type)

    def taken(self, _call: "Call", delivery: "Delivery") -> web.Response:
        """202; the spans that could not be read are told of, though no tracer reads it."""
        refused = delivery.refused
        said = f"{len(refused)} spans could not be read, the first because: {refused[0][1]}\n" if refused else ""
        return web.Response(status=HTTPStatus.ACCEPTED, text=said)

    def refused(self, _call: "Call", refusal: Refusal) -> web.Response:
        """The reason, for people."""
        return web.Response(text=f"{refusal}\n")
