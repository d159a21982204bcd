"""Browsers that send from pages of other sites: which may, and how they are told.

A browser asks first (OPTIONS, without credentials), and shows a page the answer only where that names the page's site.

Specification: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from aiohttp import web

from logloom.config import Bound

if TYPE_CHECKING:
    from logloom.receivers._listener import Handler

__all__ = ["Cors", "for_browsers"]

SIMPLE: Final = ("accept", "content-type", "x-requested-with")
"""The headers that are allowed where none are named, as in the Collector."""
VARY: Final = {"Vary": "Origin"}


@dataclass(frozen=True, slots=True)
class Cors:
    """Which pages may send from a browser.

    Attributes:
        allowed_origins: Their sites: `https://app.example`, `https://*.example`, `*` for all. Empty: none.
        allowed_headers: Headers that they may send besides the usual; `*` for all.
        max_age: How long a browser may go by one answer, in seconds.
    """

    allowed_origins: list[str] = field(default_factory=list)
    allowed_headers: list[str] = field(default_factory=list)
    max_age: Annotated[int, Bound(0, 86400)] = 0

    def allows(self, origin: str) -> bool:
        """Whether pages of `origin` may."""
        return any(_matches(origin.lower(), allowed.lower()) for allowed in self.allowed_origins)

    def allows_headers(self, asked: str) -> bool:
        """Whether requests may have these headers, as a browser lists them."""
        allowed = {name.lower() for name in self.allowed_headers} | set(SIMPLE)
        return "*" in allowed or all(name.strip().lower() in allowed for name in asked.split(",") if name.strip())


def for_browsers(cors: Cors | None, handlers: "Mapping[str, Handler]") -> "dict[str, Handler]":
    """`handlers`, by method and path, with what browsers need to be told."""
    if cors is None or not cors.allowed_origins:
        return dict(handlers)
    methods: dict[str, list[str]] = {}
    for key in handlers:
        method, _, path = key.partition(" ")
        methods.setdefault(path, []).append(method)
    told = {key: functools.partial(_told, cors, handler) for key, handler in handlers.items()}
    asked = {
        f"OPTIONS {path}": functools.partial(_preflight, cors, allowed, told.get(f"OPTIONS {path}"))
        for path, allowed in methods.items()
    }
    return {**told, **asked}


async def _told(cors: Cors, handler: "Handler", request: web.BaseRequest, names: dict[str, str]) -> web.Response:
    response = await handler(request, names)
    response.headers.update(_headers(cors, request))
    return response


async def _preflight(
    cors: Cors, methods: list[str], own: "Handler | None", request: web.BaseRequest, names: dict[str, str]
) -> web.Response:
    """What a browser asks before it sends. Who sends is not known yet, and nothing is taken."""
    if own is not None and "Origin" not in request.headers:  # no browser
        return await own(request, names)
    response = web.Response(status=HTTPStatus.NO_CONTENT, headers=VARY)
    asked = request.headers.get("Access-Control-Request-Headers", "")
    method = request.headers.get("Access-Control-Request-Method", "")
    if method in methods and cors.allows_headers(asked) and (told := _headers(cors, request)).keys() - VARY.keys():
        response.headers.update(told)
        response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
        if asked:
            response.headers["Access-Control-Allow-Headers"] = asked
        if cors.max_age:
            response.headers["Access-Control-Max-Age"] = str(cors.max_age)
    return response


def _headers(cors: Cors, request: web.BaseRequest) -> dict[str, str]:
    origin = request.headers.get("Origin", "")
    if not origin or not cors.allows(origin):
        return VARY
    return {**VARY, "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}


def _matches(origin: str, allowed: str) -> bool:
    """`*` stands for any letters; nothing else means anything."""
    return fnmatchcase(origin, allowed.replace("[", "[[]").replace("?", "[?]"))
