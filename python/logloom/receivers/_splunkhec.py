"""Splunk's answers, and its channels: data, and what reads a request's head."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from logloom.identity import Authenticator, Identity
    from logloom.receivers._body import Refusal
    from logloom.receivers._http import Call

__all__ = [
    "BAD_CHANNEL",
    "BUSY",
    "HEALTHY",
    "INVALID",
    "NO_CHANNEL",
    "NO_DATA",
    "SUCCESS",
    "Ack",
    "Names",
    "Tokens",
    "Told",
    "answer",
    "channel",
    "versions",
    "why",
]

Told = tuple[int, str]
"""One of Splunk's codes, and its text."""

SUCCESS: Final = (0, "Success")
NO_TOKEN: Final = (2, "Token is required")
NO_SCHEME: Final = (3, "Invalid authorization")
BAD_TOKEN: Final = (4, "Invalid token")
NO_DATA: Final = (5, "No data")
INVALID: Final = (6, "Invalid data format")
BUSY: Final = (9, "Server is busy")
NO_CHANNEL: Final = (10, "Data channel is missing")
BAD_CHANNEL: Final = (11, "Invalid data channel")
HEALTHY: Final = (17, "HEC is healthy")
TOO_LARGE: Final = (27, "Request entity too large")
OF_EVENTS: Final = (BAD_CHANNEL, (12, "Event field is required"), (13, "Event field cannot be blank"))
"""What else the reason of a refusal may begin with."""


@dataclass(frozen=True, slots=True)
class Names:
    """What attributes become of what is said around an event.

    Attributes:
        source: Of its source.
        sourcetype: Of its kind.
        index: Of the index that it is for.
        host: Of the host that it is from.
    """

    source: str = "com.splunk.source"
    sourcetype: str = "com.splunk.sourcetype"
    index: str = "com.splunk.index"
    host: str = "host.name"

    def keys(self) -> dict[str, str]:
        """Those that are not as by default, as a format takes them."""
        own = asdict(Names())
        return {key: name for key, name in asdict(self).items() if name != own[key]}


@dataclass(frozen=True, slots=True)
class Ack:
    """Indexer acknowledgement.

    Attributes:
        path: Where it is asked for; `/1.0` may follow.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"extension": "nothing is kept of what was acknowledged: all of it is safe"}

    path: str = "/services/collector/ack"


class Tokens:
    """Knows a token also where it is the password of Basic authentication, as Splunk's clients may send it."""

    def __init__(self, inner: "Authenticator") -> None:
        self._inner = inner
        self.challenge = inner.challenge
        self.shows = tuple(dict.fromkeys((*inner.shows, "authorization")))
        self.is_costly = inner.is_costly
        self.doors = inner.doors

    async def authenticate(self, headers: Mapping[str, str]) -> "Identity | None":
        """Whom the token proves them to be, wherever it stands."""
        identity = await self._inner.authenticate(headers)
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if identity is not None or scheme.lower() != "basic":
            return identity
        try:
            _, _, token = b64decode(shown, validate=True).decode().partition(":")
        except ValueError:
            return None
        return await self._inner.authenticate({"authorization": f"Splunk {token}"})


def versions(method: str, path: str) -> list[str]:
    """The routes of a path, which may name the protocol's version."""
    return [f"{method} {path}", f"{method} {path}/1.0"]


def answer(told: Told, status: int = HTTPStatus.OK, **more: Any) -> web.Response:
    """A code and its text, as Splunk tells them."""
    body = orjson.dumps({"text": told[1], "code": told[0], **more})
    return web.Response(body=body, status=status, content_type="application/json")


def channel(call: "Call") -> str:
    """The channel that a request is of; empty where it names none.

    Raises:
        ValueError: It is no GUID.
    """
    named = call.header("X-Splunk-Request-Channel") or call.query("channel")
    return str(UUID(named)) if named else ""


def why(call: "Call", refusal: "Refusal") -> tuple[Told, dict[str, Any]]:
    """Why a request was refused, in Splunk's codes, and what is said beside them."""
    scheme = call.header("Authorization").partition(" ")[0].lower()
    match refusal.status:
        case HTTPStatus.UNAUTHORIZED if not scheme:
            return NO_TOKEN, {}
        case HTTPStatus.UNAUTHORIZED if scheme not in ("splunk", "basic"):
            return NO_SCHEME, {}
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            refusal.status = HTTPStatus.FORBIDDEN  # what Splunk says of a token that it does not know
            return BAD_TOKEN, {}
        case HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.TOO_MANY_REQUESTS:
            return BUSY, {}
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return TOO_LARGE, {}
    said = str(refusal)
    told = next((known for known in OF_EVENTS if said.startswith(known[1])), INVALID)
    return told, {} if told == BAD_CHANNEL else {"invalid-event-number": 0, "reason": said}
