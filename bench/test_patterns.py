"""Lines in patterns of the user's own, beside `re` and the official OpenTelemetry classes on the same bytes."""

import pytest

import logloom
from bench import corpus, today
from bench.answers import attributes, chunk, records
from bench.figures import Figure, Result
from bench.measure import Measure, hold
from bench.reference import Reference, Timed, compare

LINES = 5000
TIMES = 4.0
"""How many times faster than `re` and opentelemetry-proto they are to be, at least."""

REGEX = (
    r"^(?<client.address>\S+) \S+ (?<user.name>\S+) \[(?<time>[^\]]+)\] "
    r'"(?<http.request.method>\S+) (?<url.original>\S+) HTTP/(?<network.protocol.version>[\d.]+)" '
    r"(?<http.response.status_code:int>\d+) (?<http.response.body.size:int>\d+|-) "
    r'"(?<http.request.header.referer:header>[^"]*)" "(?<user_agent.original>[^"]*)"$'
)
DISSECT = (
    '%{client.address} %{} %{user.name} [%{time}] "%{http.request.method} %{url.original} '
    'HTTP/%{network.protocol.version}" %{http.response.status_code|int} %{http.response.body.size|int} '
    '"%{http.request.header.referer|header}" "%{user_agent.original}"'
)
CASES = [
    (Figure("regex", "regex, Apache combined", "lines", None, keeps_original=True, target_ratio=TIMES), REGEX),
    (
        Figure("grok", "grok, Apache combined", "lines", None, keeps_original=True, target_ratio=TIMES),
        "%{COMBINEDAPACHELOG}",
    ),
    (Figure("dissect", "dissect, Apache combined", "lines", None, keeps_original=True, target_ratio=TIMES), DISSECT),
]


def _re(data: bytes) -> bytes:
    return today.to_otlp(today.combined(data))


@pytest.mark.parametrize(("figure", "pattern"), CASES, ids=[figure.name for figure, _ in CASES])
def test_patterns(measure: Measure, figure: Figure, pattern: str) -> None:
    data = chunk(corpus.combined(LINES))
    lines = data.count(b"\n")
    parser = logloom.Parser(figure.name, pattern=pattern, time_format="%d/%b/%Y:%H:%M:%S %z")
    batch = parser.parse(data)
    assert not batch.rejects
    for record, said in zip(records(batch), today.combined(data), strict=True):
        assert (record.time_unix_nano, record.body.string_value) == (said.time_ns, said.body)
        assert attributes(record) == said.attributes
    few = data[: data.find(b"\n", len(data) // 10) + 1]
    output = batch.otlp_len
    del batch
    reference, small = Reference(data, output), Reference(few, output // 10)

    def work() -> None:
        parser.parse(data).to_otlp()

    def both(seconds: float) -> tuple[Timed, float, float]:
        ours = compare(work, reference, seconds + 0.2)
        theirs = compare(lambda: _re(few), small, seconds).ours
        return ours.ours, ours.ratio, (theirs.cpu / few.count(b"\n")) / (ours.ours.cpu / lines)

    ours, ratio, gain = hold(figure, both, lambda found: found[1]) if measure.brief else both(2.0)
    assert gain > 1.0
    note = "gain: lines a second over Python's re"
    measure.keep(Result(figure, ratio, ours, lines, len(data), note, gain=gain), work)
