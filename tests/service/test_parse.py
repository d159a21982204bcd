"""What a real Envoy wrote, through the library: every field of every line against what the client sent."""

import pytest

import logloom
from tests import otlp
from tests.service import attributes, expected
from tests.service.attributes import FORMATS
from tests.service.capture import FIRST, LAST, Captured

pytestmark = pytest.mark.peer


@pytest.mark.parametrize("name", FORMATS)
def test_every_field(captured: Captured, name: str) -> None:
    options = FORMATS[name]
    parser = logloom.Parser(options["format"], **options.get("options", {}))
    batch = parser.parse(captured.log(name))
    assert not batch.rejects
    found = otlp.from_bytes(batch.to_otlp())
    assert len(found) == FIRST + len(captured.exchanges) + LAST
    for exchange, record, line in zip(captured.exchanges, found[FIRST:-LAST], captured.lines(name), strict=True):
        wanted = expected.fields(captured, exchange)
        logged = {key: value for key, value in wanted.items() if key in attributes.LOGGED[name]}
        expected.compare(logged, attributes.operators(record), f"{name}: {line!r}")
        assert record.body == line.decode()


@pytest.mark.parametrize("name", ["default.log", "istio.log", "istio.json", "gateway.json"])
def test_detection(captured: Captured, name: str) -> None:
    data = captured.log(name)
    assert logloom.detect(data) == FORMATS[name]["format"]
    detected = logloom.parse(data, observed_time_unix_nano=1)
    named = logloom.parse(data, format=FORMATS[name]["format"], observed_time_unix_nano=1)
    assert bytes(detected.to_otlp()) == bytes(named.to_otlp())


@pytest.mark.parametrize("name", FORMATS)
def test_a_stream_cut_anywhere_gives_the_same(captured: Captured, name: str) -> None:
    options = {"observed_time_unix_nano": 1, **FORMATS[name].get("options", {})}
    data = captured.log(name)
    whole = logloom.Parser(FORMATS[name]["format"], **options).parse(data)
    stream = logloom.Parser(FORMATS[name]["format"], **options)
    pieces = [stream.feed(data[at : at + 997]) for at in range(0, len(data), 997)] + [stream.flush()]
    joined = [record for piece in pieces for record in otlp.from_bytes(piece.to_otlp())]
    assert joined == otlp.from_bytes(whole.to_otlp())


def test_the_spans_of_the_tracer(captured: Captured) -> None:
    parser = logloom.Parser("zipkin")
    batches = [parser.parse(body) for body in captured.zipkin]
    assert not any(batch.rejects for batch in batches)
    spans = attributes.spans_by_number([record for batch in batches for record in otlp.from_bytes(batch.to_otlp())])
    assert len(spans) == len(captured.exchanges)
    for exchange in captured.exchanges:
        record, request = spans[exchange.number], exchange.request
        assert record.attributes["http.method"] == request.method
        assert record.attributes["http.url"] == f"http://{request.authority}{request.target}"
        assert record.attributes["http.status_code"] == str(exchange.response.status)
        assert record.attributes["response_flags"] == exchange.route.flags
        assert exchange.began_ns - 1000 <= record.time <= exchange.ended_ns


def test_the_export_of_the_otlp_logger_is_taken_as_it_is(captured: Captured) -> None:
    for request in captured.otlp:
        batch = logloom.Batch.from_otlp(request)
        assert bytes(batch.to_otlp()) == request
        assert [record.trace_id for record in batch] == [record.trace_id for record in otlp.from_bytes(request)]
