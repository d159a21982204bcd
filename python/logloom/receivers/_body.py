"""Reads an HTTP request's body within bounds on its size, as sent and inflated, and on its time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal

from aiohttp import HttpVersion11, web

from logloom._native import decompress
from logloom.errors import DataError, LimitError
from logloom.identity import Sender
from logloom.receivers._gate import Gate, RefusedError
from logloom.receivers._net import names_of
from logloom.room import Guest

__all__ = ["Body", "Refusal", "admit", "peer_of"]

INLINE_BYTES_MAX: Final = 4 << 10
"""What is inflated on the loop; more goes to a thread."""
RETRY_AFTER_S: Final = 1.0
"""The delay asked for where nothing better is known."""

Encoding = Literal["gzip", "deflate", "zstd", "snappy"]
_ENCODINGS: Final[Mapping[str, Encoding | None]] = {
    "": None,
    "identity": None,
    "gzip": "gzip",
    "x-gzip": "gzip",
    "deflate": "deflate",
    "zlib": "deflate",
    "zstd": "zstd",
    "zstd1": "zstd",  # as Datadog calls it
}


class Refusal(Exception):  # noqa: N818 — it ends a request, as it should
    """Ends a request with a status; with `retry_after_s`, the client is told when to send it again."""

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Body:
    """The bounds of a body, and how it is read.

    Attributes:
        size_bytes_max: The largest, as sent and inflated.
        timeout_s: How long it may take to arrive.
    """

    size_bytes_max: int
    timeout_s: float

    async def read(self, request: web.BaseRequest, guest: Guest, packed: Encoding | None = None) -> bytes | bytearray:
        """The body of `request`, inflated; `guest` holds what it takes up.

        `packed`: how the content itself is coded, by its type, whether a header says so or not.

        Raises:
            Refusal: It is too large, too slow, damaged, in an encoding that is not known, or finds no room.
        """
        encoding = request.headers.get("Content-Encoding", "").strip().lower()
        encoding = "" if encoding == packed else encoding
        if encoding not in _ENCODINGS:
            said = f"cannot read an encoding of '{encoding[:100]}': send gzip, zstd, deflate or none"
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, said, headers={"Accept-Encoding": "gzip, zstd, deflate"})
        body = await self._arrive(request, guest)
        data: bytes | bytearray = body
        for coded in (_ENCODINGS[encoding], packed):
            data = data if coded is None else await self._inflate(data, coded, guest)
        return data

    async def _arrive(self, request: web.BaseRequest, guest: Guest) -> bytearray:
        size_bytes_max = self.size_bytes_max
        if (request.content_length or 0) > size_bytes_max:
            raise self._too_large()
        if request.version == HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        body, gave_way = bytearray(), False

        def give_way() -> None:
            nonlocal gave_way
            gave_way = True
            timeout.reschedule(asyncio.get_running_loop().time())

        guest.ends_by(give_way)
        try:
            async with asyncio.timeout(self.timeout_s) as timeout:
                while piece := await request.content.readany():
                    if len(body) + len(piece) > size_bytes_max:
                        raise self._too_large()
                    self._need(guest, len(piece))
                    body += piece
        except TimeoutError:
            if gave_way:
                raise self._later() from None
            said = f"the body took longer than {self.timeout_s:g} s"
            raise Refusal(HTTPStatus.REQUEST_TIMEOUT, said) from None
        except web.RequestPayloadError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"the body is broken: {error}") from None
        guest.arrived()
        return body

    async def _inflate(self, body: bytes | bytearray, encoding: Encoding, guest: Guest) -> bytes:
        try:
            if len(body) <= INLINE_BYTES_MAX:
                data = decompress(body, encoding, self.size_bytes_max)
            else:
                data = await asyncio.to_thread(decompress, body, encoding, self.size_bytes_max)
        except LimitError:
            raise self._too_large() from None
        except DataError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"the {encoding} of the body is damaged: {error}") from None
        self._need(guest, len(data))
        return data

    def _need(self, guest: Guest, size_bytes: int) -> None:
        if not guest.take(size_bytes):
            raise self._later()

    def _later(self) -> Refusal:
        return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too much in hand, come again", RETRY_AFTER_S)

    def _too_large(self) -> Refusal:
        said = f"the body is over {self.size_bytes_max} bytes: send less at once"
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)


_REFUSED: Final = {
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "invalid": HTTPStatus.BAD_REQUEST,
    "later": HTTPStatus.TOO_MANY_REQUESTS,
}


async def admit(gate: Gate, request: web.BaseRequest) -> Sender:
    """Who `gate` says sends, before anything is read of the body.

    Raises:
        Refusal: Nobody that we know, or that may send here; or not to be told now.
    """
    try:
        return await gate.admit(request.headers, peer_of(request), names_of(request.transport))
    except RefusedError as error:
        refused = error.refused
        challenge = {"WWW-Authenticate": refused.challenge} if refused.challenge else {}
        after_s = refused.retry_after_s if refused.kind == "later" else None
        raise Refusal(_REFUSED[refused.kind], str(error), after_s, challenge) from None


def peer_of(request: web.BaseRequest) -> str:
    """`127.0.0.1:53216`, `[::1]:53216`."""
    name = request.transport.get_extra_info("peername") if request.transport else None
    if not name:
        return request.remote or ""
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
