"""The types that a `Config` may give its fields, beyond Python's own: times, sizes, endpoints, secrets, bounds.

Each reads a scalar from what was typed and raises `ValueError` with what is wrong and the way out.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

__all__ = [
    "Bound",
    "Bytes",
    "Compression",
    "Endpoint",
    "FormatOptions",
    "HttpUrl",
    "OptionValue",
    "Seconds",
    "Secret",
    "StreamEndpoint",
]

OptionValue = str | bool | int | dict[str, str]
"""The value of one option of a format."""

FormatOptions = dict[str, OptionValue]
"""The options of a format: `format_string`, `keys`, …; `logloom formats NAME` lists them."""

Compression = Literal["gzip", "zstd", "deflate", "none"]
"""How a request's body is compressed."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The least and the most that a number may be, both included: `Annotated[int, Bound(1, 100)]`."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Unit:
    """How a scalar of some unit is read, and what it is called in an error."""

    expected: str
    read: Callable[[str | int | float], float]
    show: Callable[[float], str]


_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]i?)?[bB]?")
_SIZES: Final = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4} | {
    "ki": 1 << 10,
    "mi": 1 << 20,
    "gi": 1 << 30,
    "ti": 1 << 40,
}


def _read_seconds(value: str | float) -> float:
    """'5s', '200ms', '1m30s', as Go writes a duration; 0 needs no unit."""
    if value in (0, "0"):
        return 0.0
    text = str(value).strip()
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        if re.fullmatch(r"\d+(\.\d+)?", text):
            msg = f"a time needs a unit: write '{text}s' if seconds are meant"
            raise ValueError(msg)
        raise ValueError
    return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))


def _show_seconds(seconds: float) -> str:
    for unit in ("d", "h", "m", "s", "ms"):
        if seconds >= _SECONDS[unit]:
            return f"{seconds / _SECONDS[unit]:g}{unit}"
    return f"{seconds:g}s"


def _read_bytes(value: str | float) -> int:
    """4194304, '4MiB', '4M'."""
    match = _SIZE.fullmatch(str(value).strip())
    if match is None:
        raise ValueError
    return int(float(match[1]) * _SIZES[(match[2] or "").lower()])


def _show_bytes(size: float) -> str:
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if size >= (step := _SIZES[unit.lower()]):
            return f"{size / step:g}{unit}B"
    return f"{size:g} bytes"


Seconds = Annotated[float, Unit("a time such as 5s, 200ms or 1m30s", _read_seconds, _show_seconds)]
"""A time, in seconds; in the config as Go writes a duration: `5s`, `200ms`, `1m30s`."""

Bytes = Annotated[int, Unit("a size such as 4MiB, 512KiB or 1048576", _read_bytes, _show_bytes)]
"""A size, in bytes; in the config a number or `4MiB`, `512KiB`."""


class Secret(str):
    """A text that no print, log or repr shows. Only `reveal()` gives it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str, /) -> str:
        return format("***", spec)

    def reveal(self) -> str:
        """The text itself."""
        return self[:]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port, as in `127.0.0.1:4317`, `[::1]:4317`, `:4317` or `https://siem.example:4317`.

    Attributes:
        host: A name or an address, without brackets; empty in `:4317`, which is every interface of the machine.
        port: 0 to 65535; 0 lets the system choose a port to listen on.
        scheme: `http`, `https` or empty, as typed.
    """

    host: str
    port: int
    scheme: str = ""

    EXPECTED = "host:port, such as 127.0.0.1:4317"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `text`; ValueError where it is no endpoint."""
        match = re.fullmatch(r"(?:(https?)://)?(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:/\[\]]*)):(\d{1,5})/?", text.strip())
        if match is None:
            if re.fullmatch(r"(https?://)?[\w.-]+/?", text):
                msg = f"'{text}' lacks a port: write {text.rstrip('/')}:4317"
                raise ValueError(msg)
            raise ValueError
        if (port := int(match[4])) > 65535:
            msg = f"port {port} is over 65535"
            raise ValueError(msg)
        return cls(match[2] or match[3] or "", port, match[1] or "")

    def __str__(self) -> str:
        """`host:port`, the host in brackets where it is an IPv6 address; no scheme."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class StreamEndpoint:
    """Where connections are taken: a host and a port, or the path of a Unix socket, as in `unix:///run/logloom.sock`.

    Attributes:
        host: As in `Endpoint`; empty for a socket.
        port: As in `Endpoint`; 0 for a socket.
        path: The socket's path; None for a host and a port.
    """

    host: str
    port: int
    path: str | None = None

    EXPECTED = "host:port or unix:///path, such as 127.0.0.1:24224"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `text`; ValueError where it is no endpoint."""
        if text.strip().startswith("unix:"):
            path = text.strip().removeprefix("unix:").removeprefix("//")
            if not path or len(path.encode()) > SOCKET_PATH_BYTES_MAX:
                msg = f"a socket's path has 1 to {SOCKET_PATH_BYTES_MAX} bytes: write unix:///run/logloom.sock"
                raise ValueError(msg)
            return cls("", 0, path)
        endpoint = Endpoint.read(text)
        return cls(endpoint.host, endpoint.port)

    def __str__(self) -> str:
        """As typed."""
        return f"unix://{self.path}" if self.path is not None else str(Endpoint(self.host, self.port))


SOCKET_PATH_BYTES_MAX: Final = 107
"""The longest path that a Unix socket may have on Linux, in bytes."""


class HttpUrl(str):
    """An http or https address, such as `https://siem.example:4318/v1/logs`."""

    __slots__ = ()
    EXPECTED = "an address such as https://siem.example:4318"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `text`; ValueError where it is no such address, or carries a password, which belongs in `headers`."""
        from urllib.parse import urlsplit

        parts = urlsplit(text.strip())
        _ = parts.port  # raises where it is no port
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError
        if parts.password or parts.username:
            msg = "credentials do not belong in an address: give them in 'headers'"
            raise ValueError(msg)
        return cls(text.strip())


READABLE: Final[dict[type[Any], str]] = {
    Endpoint: Endpoint.EXPECTED,
    HttpUrl: HttpUrl.EXPECTED,
    StreamEndpoint: StreamEndpoint.EXPECTED,
}
"""The classes here that read themselves from a text, and what they are called in an error."""
