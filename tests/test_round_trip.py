"""A line can be written back from its record and its format string: nothing that the format logs is lost or bent."""

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest

import logloom

FORMATS = Path(__file__).parent / "formats"
CORPORA = Path(__file__).parents[2] / "shared/corpora"

COMBINED_NGINX = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
COMBINED_APACHE = r"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""
COMMON_APACHE = r"%h %l %u %t \"%r\" %>s %b"
ENVOY = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "
    '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'
)

Value = Callable[["Record"], Any]


class Record:
    """A record, and what its line said beside it: the zone of its clock, which a moment does not have."""

    def __init__(self, record: logloom.Record, line: bytes) -> None:
        self.of = record.attributes
        self.body = record.body
        self.severity = record.severity_text
        self.trace_id = record.trace_id or ""
        zone = re.search(rb" ([+-])(\d\d)(\d\d)[]]", line)
        offset = timedelta(hours=int(zone[2]), minutes=int(zone[3])) if zone else timedelta()
        self.zone = timezone(-offset if zone and zone[1] == b"-" else offset)
        seconds, self.nanos = divmod(record.time_unix_nano, 10**9)
        self.time = datetime.fromtimestamp(seconds, UTC).astimezone(self.zone)

    def path(self) -> str | None:
        """The path and its query."""
        query = self.of.get("url.query")
        path = self.of.get("url.path")
        return path if query is None or path is None else f"{path}?{query}"

    def request(self) -> str | None:
        """The request line."""
        target = self.of.get("url.full") or self.path() or self.of.get("url.original")
        version = self.of.get("network.protocol.version")
        words = (self.of.get("http.request.method"), target, version and f"HTTP/{version}")
        return " ".join(word for word in words if word) or None


def attribute(name: str) -> Value:
    """An attribute as it is; of a header, its one value."""

    def value(record: Record) -> Any:
        found = record.of.get(name)
        return found[0] if isinstance(found, list) else found

    return value


def authority(of: dict[str, Any]) -> str | None:
    """A host, and its port where one was said."""
    host, port = of.get("server.address"), of.get("server.port")
    return host if host is None or port is None else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def clf(record: Record) -> str:
    return f"{record.time:%d/%b/%Y:%H:%M:%S %z}"


def fraction(digits: int) -> Value:
    return lambda record: f"{record.nanos:09}"[:digits]


def seconds(name: str) -> Value:
    """NGINX writes milliseconds as a fraction."""
    return lambda record: f"{record.of[name]:.3f}" if name in record.of else None


NGINX: dict[str, Value] = {
    "$remote_addr": attribute("client.address"),
    "$remote_user": attribute("user.name"),
    "$time_local": clf,
    "$request": Record.request,
    "$status": attribute("http.response.status_code"),
    "$body_bytes_sent": attribute("http.response.body.size"),
    "$http_referer": attribute("http.request.header.referer"),
    "$http_user_agent": attribute("user_agent.original"),
    "$http_x_forwarded_for": attribute("http.request.header.x-forwarded-for"),
    "$request_time": seconds("nginx.request_time"),
    "$upstream_connect_time": attribute("nginx.upstream.connect_time"),
    "$upstream_response_time": attribute("nginx.upstream.response_time"),
    "$upstream_addr": attribute("nginx.upstream.address"),
    "$request_id": attribute("http.request.header.x-request-id"),
    "$ssl_protocol": lambda record: (
        f"TLSv{record.of['tls.protocol.version']}" if "tls.protocol.version" in record.of else None
    ),
    "${tenant}": attribute("nginx.tenant"),
}
APACHE: dict[str, Value] = {
    "%h": attribute("client.address"),
    "%l": attribute("apache.ident"),
    "%u": attribute("user.name"),
    "%t": lambda record: f"[{clf(record)}]",
    "%{%d/%b/%Y %T}t": lambda record: f"{record.time:%d/%b/%Y %H:%M:%S}",
    "%{usec_frac}t": fraction(6),
    "%{%z}t": lambda record: f"{record.time:%z}",
    "%r": Record.request,
    "%>s": attribute("http.response.status_code"),
    "%b": attribute("http.response.body.size"),
    "%v": attribute("server.address"),
    "%p": attribute("server.port"),
    "%D": attribute("apache.duration_us"),
    "%m": attribute("http.request.method"),
    "%U": attribute("url.path"),
    "%q": lambda record: f"?{record.of['url.query']}" if "url.query" in record.of else "",
    "%H": lambda record: f"HTTP/{record.of['network.protocol.version']}",
    "%I": attribute("http.request.size"),
    "%O": attribute("http.response.size"),
    "%X": attribute("apache.connection.state"),
    "%{Referer}i": attribute("http.request.header.referer"),
    "%{User-Agent}i": attribute("user_agent.original"),
    "%400,401,200{Cookie}i": attribute("http.request.header.cookie"),
    "%{X-Request-Id}o": attribute("http.response.header.x-request-id"),
}
ENVOY_OPERATORS: dict[str, Value] = {
    "%START_TIME%": lambda record: f"{record.time:%Y-%m-%dT%H:%M:%S}.{record.nanos // 10**6:03}Z",
    "%REQ(:METHOD)%": attribute("http.request.method"),
    "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%": Record.path,
    "%PROTOCOL%": lambda record: (
        f"HTTP/{record.of['network.protocol.version']}" if "network.protocol.version" in record.of else None
    ),
    "%RESPONSE_CODE%": lambda record: record.of.get("http.response.status_code", 0),
    "%RESPONSE_FLAGS%": attribute("envoy.response_flags"),
    "%BYTES_RECEIVED%": attribute("http.request.body.size"),
    "%BYTES_SENT%": attribute("http.response.body.size"),
    "%DURATION%": attribute("envoy.duration_ms"),
    "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%": attribute("envoy.upstream.service_time_ms"),
    "%REQ(X-FORWARDED-FOR)%": attribute("http.request.header.x-forwarded-for"),
    "%REQ(USER-AGENT)%": attribute("user_agent.original"),
    "%REQ(X-REQUEST-ID)%": attribute("http.request.header.x-request-id"),
    "%REQ(:AUTHORITY)%": lambda record: authority(record.of),
    "%UPSTREAM_HOST%": attribute("envoy.upstream.host"),
}


def render(format_string: str, values: dict[str, Value], record: Record) -> bytes:
    """The line that the format string makes of a record; what is absent is a dash."""
    names = "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True))
    text = format_string.replace(r"\"", '"')
    unknown = re.sub(names, "", text)
    assert not re.search(r"[%$][\w{(]", unknown), f"no value for what is left in {unknown!r}"

    def shown(found: re.Match[str]) -> str:
        value = values[found[0]](record)
        return "-" if value is None else str(value)

    return re.sub(names, shown, text).encode("utf-8", "surrogateescape")


def lines(path: Path, shape: str) -> Iterator[bytes]:
    """The lines of a file that have this shape, to tell them from those of other formats.

    Only UTF-8: attributes are, whatever a line is.
    """
    text = path.read_bytes().decode("utf-8", "replace").splitlines()
    return (line.encode() for line in text if "\ufffd" not in line and re.fullmatch(shape, line))


COMBINED_SHAPE = r'[^ ,"]+ \S+ [^\[]+ \[[^]]+\] "[^"]+" (\d+|-) (\d+|-) "[^"]*" "[^"]*"'
COMMON_SHAPE = r'[^ ,"]+ \S+ [^\[]+ \[[^]]+\] "[^"]+" (\d+|-) (\d+|-)'
# Not where Envoy was told to omit empty values (nothing tells them from dashes), nor in a leap second.
ENVOY_SHAPE = r'(?!.*(  |""))\[[^]]+:[0-5]\d\.\d{3}Z\] "\S+ \S+ \S+" .*"'

# The format, its string, where lines stand that it wrote, and what they look like.
Case = tuple[str, str, dict[str, Value], Path, str]
OWN: list[Case] = [
    ("nginx", COMBINED_NGINX, NGINX, FORMATS / "nginx/combined.log", COMBINED_SHAPE),
    ("nginx", "main", NGINX, FORMATS / "nginx/main.log", ".*"),
    ("apache", COMMON_APACHE, APACHE, FORMATS / "apache/common.log", COMMON_SHAPE),
    ("apache", COMBINED_APACHE, APACHE, FORMATS / "apache/combined.log", COMBINED_SHAPE),
    ("apache", "log_format", APACHE, FORMATS / "apache/log_format.log", ".*"),
    ("envoy", ENVOY, ENVOY_OPERATORS, FORMATS / "envoy/default.log", ENVOY_SHAPE),
]
FOREIGN: list[Case] = [
    (format, string, values, path, shape)
    for (format, string, values, shape), path in itertools.chain(
        itertools.product(
            [
                ("nginx", COMBINED_NGINX, NGINX, r'[^ ,"]+ - [^\[]+ \[[^]]+\] "[^"]+" \d+ \d+ "[^"]*" "[^"]*"'),
                ("apache", COMBINED_APACHE, APACHE, COMBINED_SHAPE),
                ("apache", COMMON_APACHE, APACHE, COMMON_SHAPE),
            ],
            sorted(
                path
                for folder in ("*/*nginx*", "*/*apache*", "*/*tomcat*", "*/filebeat/module/[an][pg]*/access/test")
                for path in CORPORA.glob(f"{folder}/*.log")
            ),
        ),
    )
]


def check(case: Case) -> int:
    """How many lines came back as they were; fails at the first that did not."""
    format, string, values, path, shape = case
    options = path.with_suffix(".options.json")
    if options.exists() and string in path.name:
        string = orjson.loads(options.read_bytes())["format_string"]
    count = 0
    for line in lines(path, shape):
        batch = logloom.parse(line, format, format_string=string)
        (record,) = batch
        if not batch.rejects:
            assert render(string, values, Record(record, line)) == line
            count += 1
    return count


@pytest.mark.parametrize("case", OWN, ids=lambda case: f"{case[0]}-{case[3].stem}")
def test_our_own_lines_come_back(case: Case) -> None:
    assert check(case) > 0


@pytest.mark.skipif(not CORPORA.exists(), reason="NOT RUN: the corpora are not beside this checkout")
def test_real_lines_come_back() -> None:
    assert sum(map(check, FOREIGN)) > 0
