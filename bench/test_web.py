"""Access logs of web servers and proxies: built-in formats, and the same of a user's own format string."""

import re
from collections.abc import Callable
from typing import Any

import pytest

import logloom
from bench import corpus
from bench.answers import attributes, chunk, records
from bench.figures import Figure
from bench.measure import Measure

LINES = 8000
NGINX = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
APACHE = r"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""

BUILT_IN, OF_USER = 2e6, 1e6
Case = tuple[Figure, Callable[[int], bytes], str, dict[str, Any]]


def _case(name: str, what: str, floor: float, make: Callable[[int], bytes], format: str, **options: str) -> Case:
    return Figure(name, what, "lines", floor, keeps_original=True), make, format, options


CASES: list[Case] = [
    _case("nginx", "NGINX, combined", BUILT_IN, corpus.combined, "nginx"),
    _case("nginx_user", "NGINX, a log_format", OF_USER, corpus.combined, "nginx", format_string=NGINX),
    _case("apache", "Apache, combined", BUILT_IN, corpus.combined, "apache"),
    _case("apache_user", "Apache, a LogFormat", OF_USER, corpus.combined, "apache", format_string=APACHE),
    _case("haproxy", "HAProxy, HTTP", BUILT_IN, corpus.haproxy, "haproxy"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0].name for case in CASES])
def test_web(measure: Measure, case: Case) -> None:
    figure, make, format, options = case
    data = chunk(make(LINES))
    batch = logloom.parse(data, format=format, **options)
    found = records(batch)
    lines = data.decode().splitlines()
    assert len(found) == len(lines)
    assert not batch.rejects
    for record, line in zip(found, lines, strict=True):
        fields = attributes(record)
        request = re.search(r'"(?P<method>\S+) (?P<path>[^? ]+)(\?(?P<query>\S+))? HTTP/1.1"', line)
        assert request
        assert record.body.string_value == line
        assert fields["client.address"] == line.split(" ")[0].split(":")[0]
        assert fields["http.request.method"] == request["method"]
        assert fields["url.path"] == request["path"]
        assert fields.get("url.query") == request["query"]
    size, count = batch.otlp_len, len(batch)
    del batch

    def work() -> None:
        logloom.parse(data, format=format, **options).to_otlp()

    measure(
        figure,
        work,
        data=data,
        records=count,
        output_bytes=size,
        note=f"{len(data) / count:.0f} B a line, 1 MiB chunks",
    )
