"""Lines of programs whose format users write, back from their records: HAProxy, Squid, log4j, PostgreSQL, Python."""

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

import logloom
from tests.test_round_trip import FORMATS, Record, Value, attribute, clf, render

BERLIN = ZoneInfo("Europe/Berlin")


def quoted(value: Value) -> Value:
    """In quotes, where nothing stands between them rather than a dash."""
    return lambda record: f'"{"" if (found := value(record)) is None else found}"'


def pipes(name: str) -> Value:
    """What HAProxy captured; nothing, not even the blank behind, where it captures nothing."""
    return lambda record: f"{{{'|'.join(record.of[name])}}} " if name in record.of else ""


def endpoint(side: str) -> Value:
    def value(record: Record) -> str:
        address, port = record.of[f"{side}.address"], record.of[f"{side}.port"]
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

    return value


def milliseconds(record: Record) -> str:
    return f"{record.time:%d/%b/%Y:%H:%M:%S}.{record.nanos // 10**6:03}"


def tls(record: Record) -> str | None:
    version = record.of.get("tls.protocol.version")
    return version and f"TLSv{version}"


def body(record: Record) -> Any:
    return record.body


def severity(record: Record) -> str:
    return record.severity


def left(value: Value, width: int) -> Value:
    return lambda record: f"{'' if (found := value(record)) is None else found:<{width}}"


def right(value: Value, width: int) -> Value:
    return lambda record: f"{'' if (found := value(record)) is None else found:>{width}}"


def local(record: Record) -> datetime:
    return record.time.astimezone(BERLIN)


TIMERS = {"TR": "request", "Tw": "queue", "Tc": "connect", "Tr": "response", "Ta": "total"}
HAPROXY: dict[str, Value] = {
    "%ci:%cp": endpoint("client"),
    "%tr": milliseconds,
    "%Ts.%ms": lambda record: f"{record.time.timestamp():.0f}.{record.nanos // 10**6:03}",
    "%ft": attribute("haproxy.frontend.name"),
    "%{+Q}b": quoted(attribute("haproxy.backend.name")),
    "%s": attribute("haproxy.server.name"),
    **{f"%{alias}": attribute(f"haproxy.{name}_time_ms") for alias, name in TIMERS.items()},
    "%ST": attribute("http.response.status_code"),
    "%B": attribute("http.response.size"),
    "%U": attribute("http.request.size"),
    "%CC": attribute("haproxy.cookie.request"),
    "%tsc": attribute("haproxy.termination_state"),
    "%hr ": pipes("haproxy.request.captured"),
    "%hs ": pipes("haproxy.response.captured"),
    "%{+Q}r": quoted(Record.request),
    "%HM": attribute("http.request.method"),
    "%HP%HQ": Record.path,
    "%[ssl_fc_sni]": attribute("tls.client.server_name"),
    "%sslv": tls,
    "%si:%sp": lambda record: f"{record.of.get('server.address', '-')}:{record.of.get('server.port', '-')}",
    "%ID": attribute("haproxy.unique_id"),
    "%[req.fhdr(X-Tenant)]": attribute("http.request.header.x-tenant"),
    "%[var(txn.rule)]": attribute("haproxy.var_txn.rule"),
    "%lc": attribute("haproxy.frontend.log_counter"),
}
SQUID: dict[str, Value] = {
    "%ts.%03tu": lambda record: f"{record.time.timestamp():.0f}.{record.nanos // 10**6:03}",
    "%tl": clf,
    "%6tr": right(attribute("squid.duration_ms"), 6),
    "%>a": attribute("client.address"),
    "%>p": attribute("client.port"),
    "%Ss": attribute("squid.result"),
    "%03>Hs": lambda record: f"{record.of.get('http.response.status_code', 0):03}",
    "%<st": attribute("http.response.size"),
    "%-7>st": left(attribute("http.request.size"), 7),
    "%rm": attribute("http.request.method"),
    "%ru": attribute("url.full"),
    "%rv": attribute("network.protocol.version"),
    "%[un": attribute("user.name"),
    "%Sh": attribute("squid.hierarchy"),
    "%<a": attribute("server.address"),
    "%mt": attribute("http.response.header.content-type"),
    "%{Referer}>h": attribute("http.request.header.referer"),
    "%{User-Agent}>h": attribute("user_agent.original"),
    "%ssl::>sni": attribute("tls.client.server_name"),
}
LOG4J: dict[str, Value] = {
    "%d{ISO8601}": lambda record: f"{local(record):%Y-%m-%d %H:%M:%S},{record.nanos // 10**6:03}",
    "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}": lambda record: f"{record.time:%Y-%m-%dT%H:%M:%S}.{record.nanos // 10**6:03}Z",
    "%6t": right(attribute("thread.name"), 6),
    "%thread": attribute("thread.name"),
    "%-5level": left(severity, 5),
    "%5p": right(severity, 5),
    "%clr(%X{traceId:-}){faint}": lambda record: record.trace_id,
    "%X{user}": lambda record: record.of.get("java.mdc.user", ""),
    "%logger{36}": attribute("log.logger"),
    "%c": attribute("log.logger"),
    "%L": attribute("code.line.number"),
    "%M": attribute("code.function.name"),
    "%msg": body,
    "%m": body,
    "%n%xEx": lambda _: "",
    "%n": lambda _: "",
}
POSTGRESQL: dict[str, Value] = {
    "%n": lambda record: f"{record.time.timestamp():.0f}.{record.nanos // 10**6:03}",
    "%m": lambda record: f"{record.time:%Y-%m-%d %H:%M:%S}.{record.nanos // 10**6:03} UTC",
    "%p": attribute("process.pid"),
    "%6p": right(attribute("process.pid"), 6),
    "%c": attribute("postgresql.session_id"),
    "%l": attribute("postgresql.session_line"),
    "%u": attribute("user.name"),
    "%-8u": left(attribute("user.name"), 8),
    "%d": attribute("db.namespace"),
    "%a": attribute("postgresql.application_name"),
    "%e": attribute("postgresql.sqlstate"),
    "%h": attribute("client.address"),
    "%q": lambda _: "",
    # What stands behind the prefix.
    "LEVEL": severity,
    "BODY": body,
}

# The format, its option, the values of its directives, and lines that it wrote.
Case = tuple[str, dict[str, Any], dict[str, Value], list[str]]
CASES: list[Case] = [
    (
        "haproxy",
        {
            "format_string": "%ci:%cp [%tr] %ft %{+Q}b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %U %CC %tsc %hr %hs %{+Q}r "
            "%[ssl_fc_sni] %sslv %si:%sp %ID %[req.fhdr(X-Tenant)] %[var(txn.rule)] %lc"
        },
        HAPROXY,
        [
            (
                '203.0.113.9:50229 [21/Nov/2026:10:40:59.509] in~ "shop"/web1 0/0/1/12/13 200 2750 61 sid=7 --VN '
                '{shop.example|curl/8.9.1} {text/html} "GET /cart?item=7 HTTP/1.1" shop.example TLSv1.3 '
                "198.51.100.7:8080 id-1 acme block 17"
            ),
            (
                '[2001:db8::7]:50231 [01/Jan/2027:00:00:00.000] in "shop"/<NOSRV> 5/0/-1/-1/110 503 217 0 - SC-- '
                '{shop.example} "POST /login HTTP/2.0" - - -:- - - - 18'
            ),
            (
                '203.0.113.9:50232 [21/Nov/2026:10:41:02.001] in "in"/<NOSRV> -1/-1/-1/-1/2 400 0 0 - CR-- '
                '"<BADREQ>" - - -:- - - - 19'
            ),
        ],
    ),
    (
        "haproxy",
        {"format_string": "%Ts.%ms|%HM|%HP%HQ|%ST|%ci:%cp"},
        HAPROXY,
        ["1795257659.509|GET|/a/b?c=%20d|200|203.0.113.9:1", "1795257660.000|HEAD|/|304|203.0.113.9:2"],
    ),
    (
        "squid",
        {"format_string": "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt"},
        SQUID,
        (FORMATS / "squid/all.log").read_text("utf-8").splitlines(),
    ),
    (
        "squid",
        {
            "format_string": '[%tl] %>a:%>p "%rm %ru HTTP/%rv" %03>Hs %-7>st %<st %Ss:%Sh "%{Referer}>h" '
            '"%{User-Agent}>h" %ssl::>sni'
        },
        SQUID,
        [
            (
                '[21/Nov/2026:10:40:59 +0100] 203.0.113.9:50229 "GET https://shop.example/cart HTTP/1.1" 200 612     '
                '2750 TCP_MISS:HIER_DIRECT "https://shop.example/" "curl/8.9.1" shop.example'
            ),
            (
                '[21/Nov/2026:10:41:00 +0000] 2001:db8::7:50230 "CONNECT shop.example:443 HTTP/1.1" 000 1234567 0 '
                'NONE_NONE:HIER_NONE "-" "-" -'
            ),
        ],
    ),
    (
        "log4j",
        orjson.loads((FORMATS / "log4j/layout.options.json").read_bytes()),
        LOG4J,
        [
            "2026-11-21 10:40:59,509 [  main] WARN  0af7651916cd43dd8448eb211c80319c c.e.Cart:42 - it - happens",
            "2026-11-21 10:40:59,510 [pool-1] ERROR  c.e.Cart:43 - no trace",
        ],
    ),
    (
        "log4j",
        {"layout": "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %5p [%thread] [%X{user}] %c.%M:%L - %m%n"},
        LOG4J,
        [
            "2026-11-21T10:40:59.509Z  WARN [main] [ann] com.example.Cart.add:42 - it - happens [again]",
            "2026-11-21T10:40:59.510Z ERROR [http-nio-8080-exec-1] [] com.example.Cart.add:43 - cart 7: closed",
        ],
    ),
    (
        "postgresql",
        {"log_line_prefix": "%m [%p] %c %l %q%u@%d %h "},
        POSTGRESQL,
        [
            '2026-11-21 10:40:59.509 UTC [127] 6740b3cb.7f 3 app@shop 203.0.113.9 ERROR:  relation "x" is missing',
            "2026-11-21 10:41:00.000 UTC [1] 6740b3c0.1 1 LOG:  database system is ready to accept connections",
        ],
    ),
    (
        "postgresql",
        {"log_line_prefix": "%n %6p %-8u|%e "},
        POSTGRESQL,
        [
            '1795257659.509    127 app     |42P01 ERROR:  relation "x" does not exist',
            "1795257659.510 123456 a_longer_name|00000 LOG:  connection authorized",
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)])
def test_lines_come_back(case: Case) -> None:
    format, options, values, lines = case
    (string,) = (text for name, text in options.items() if name in ("format_string", "layout", "log_line_prefix"))
    for line in lines:
        batch = logloom.parse(line.encode(), format, **options)
        (record,) = batch
        assert not batch.rejects, (line, batch.rejects)
        shown = string
        if format == "postgresql":
            # Processes that are no sessions write nothing of what stands behind `%q`.
            shown = f"{string.split('%q')[0] if 'user.name' not in record.attributes else string}LEVEL:  BODY"
        assert render(shown, values, Record(record, line.encode())).decode() == line


# Format strings of Python's in its three styles, with what their records say in the order of `RECORDS`.
PYTHON = [
    ("%(asctime)s %(levelname)-8s [%(name)12s] %(filename)s:%(lineno)d - %(message)s", "%", None),
    (
        "%(asctime)s.%(msecs)03d|%(levelno)02d|%(process)d/%(thread)d|%(threadName)s|%(funcName)s|%(message)s",
        "%",
        "%Y%m%dT%H%M%S",
    ),
    ("{asctime} {levelname:>8} {module}.{funcName}:{lineno:04d} {message}", "{", None),
    ("$levelname:$name:${pathname}:$message", "$", None),
]
RECORDS = [
    ("shop.cart", logging.WARNING, "/srv/shop/cart.py", 42, "cart %d is - empty", (7,), "add"),
    ("shop", logging.CRITICAL, "/srv/shop/__init__.py", 1, "100%: it's [gone]", (), "<module>"),
    ("root", logging.DEBUG, "cart.py", 1234, "two\n  lines: of text", (), "a_b"),
]


def python_lines(fmt: str, style: Any, datefmt: str | None) -> Iterator[tuple[str, logging.LogRecord]]:
    """What Python's own Formatter makes of the records."""
    formatter = logging.Formatter(fmt, datefmt, style)
    formatter.converter = lambda seconds: datetime.fromtimestamp(seconds or 0, BERLIN).timetuple()
    for number, (name, level, path, line, message, arguments, function) in enumerate(RECORDS):
        record = logging.LogRecord(name, level, path, line, message, arguments, None, function)
        record.created, record.msecs = 1_795_257_659.0 + number, 509.0 + number
        record.process, record.thread, record.threadName = 4711, 139_872_000 + number, f"worker {number}"
        yield formatter.format(record), record


@pytest.mark.parametrize(("fmt", "style", "datefmt"), PYTHON)
def test_python_s_own_lines_come_back(fmt: str, style: Any, datefmt: str | None) -> None:
    """The record that is read makes the line again, by Python's own Formatter."""
    formatter = logging.Formatter(fmt, datefmt, style)
    formatter.converter = lambda seconds: datetime.fromtimestamp(seconds or 0, BERLIN).timetuple()
    options: dict[str, Any] = {"format_string": fmt, "timezone": "Europe/Berlin"} | (
        {"date_format": datefmt} if datefmt else {}
    )
    for line, written in python_lines(fmt, style, datefmt):
        (record,) = logloom.parse(line.encode(), "python", **options)
        of = record.attributes
        path = of.get("code.file.path") or of.get("code.file.name") or "?"
        again = logging.LogRecord(
            of.get("log.logger", ""), logging.NOTSET, path, of.get("code.line.number", 0), record.body, (), None
        )
        again.levelname, again.levelno = record.severity_text, written.levelno
        if record.time_unix_nano:
            again.created = float(record.time_unix_nano // 10**9)
            again.msecs = record.time_unix_nano // 10**6 % 1000
        again.funcName, again.threadName = of.get("code.function.name", ""), of.get("thread.name", "")
        again.process, again.thread = of.get("process.pid"), of.get("thread.id")
        again.module = of.get("code.module", Path(path).stem)
        if "levelno" in fmt:
            assert record.severity_number == {10: 5, 30: 13, 50: 18}[written.levelno]
        assert formatter.format(again) == line, dict(of)
