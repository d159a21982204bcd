"""One span in any encoding gives the same record: encoders that are not ours write it."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import logloom
from logloom._native import Parser
from tests.encoders import jaeger, zipkin

OBSERVED = 1_767_225_600_000_000_000

ids = st.integers(1, 2**64 - 1)
trace_ids = st.one_of(ids, st.integers(2**64, 2**128 - 1))
text = st.text(max_size=40)
words = st.text("abcdefghijklmnopqrstuvwxyz.-", min_size=3, max_size=30)
ports = st.integers(0, 65535)
tags = st.dictionaries(words, text, max_size=6).map(lambda tags: dict(sorted(tags.items())))
micros = st.integers(1, 2**52)


def otlp(format: str, body: bytes, **options: Any) -> bytes:
    """The records of a body, without the bytes that they came from."""
    batch = Parser(format, observed_time_unix_nano=OBSERVED, keep_original=False, **options).parse(body)
    assert not batch.rejects, (batch.rejects, body)
    return bytes(batch.to_otlp())


ipv4 = st.ip_addresses(v=4).map(str).filter(lambda ip: ip != str(IPv4Address(0)))
ipv6 = st.ip_addresses(v=6).map(str).filter(lambda ip: "." not in ip)


@st.composite
def endpoints(draw: st.DrawFn, service: st.SearchStrategy[str]) -> zipkin.Endpoint:
    return zipkin.Endpoint(draw(service), draw(st.just("") | ipv4), draw(st.just("") | ipv6), draw(st.just(0) | ports))


@st.composite
def zipkin_spans(draw: st.DrawFn) -> zipkin.Span:
    """Spans that version 1 can say too: it has no kind without a time, and no duration without a start."""
    kind = draw(st.sampled_from(["", "CLIENT", "SERVER", "PRODUCER", "CONSUMER"]))
    timestamp = draw(micros) if kind or draw(st.booleans()) else 0
    remote = draw(st.none() | endpoints(words.map(lambda word: f"{word}2"))) if kind else None
    return zipkin.Span(
        trace_id=draw(trace_ids),
        id=draw(ids),
        parent_id=draw(st.just(0) | ids),
        kind=kind,
        name=draw(text),
        timestamp=timestamp,
        duration=draw(st.just(0) | st.integers(1, 2**40)) if timestamp else 0,
        local=draw(st.none() | endpoints(words.map(lambda word: f"{word}1"))),
        remote=remote,
        annotations=tuple(draw(st.lists(st.tuples(micros, words), max_size=3))),
        tags=draw(tags),
        debug=draw(st.booleans()),
        shared=kind == "SERVER" and draw(st.booleans()),
    )


@given(zipkin_spans())
def test_zipkin_gives_one_record_in_any_encoding(span: zipkin.Span) -> None:
    wanted = otlp("zipkin", zipkin.v2_json([span]), serialization="json")
    for name, encode in zipkin.ENCODINGS.items():
        assert otlp("zipkin", encode([span])) == wanted, name


@given(st.lists(zipkin_spans(), min_size=1, max_size=5))
def test_zipkin_is_detected_in_any_encoding(spans: list[zipkin.Span]) -> None:
    for name in ("proto", "v1_thrift"):
        assert logloom.detect(zipkin.ENCODINGS[name](spans)) == "zipkin", name


@pytest.mark.parametrize(("name", "encoding"), [("v2_json", "json"), ("proto", "proto"), ("v1_thrift", "thrift")])
def test_zipkin_takes_the_encoding_from_its_option(name: str, encoding: str) -> None:
    body = zipkin.ENCODINGS[name]([zipkin.Span(1, 2, name="a", timestamp=3)])
    assert otlp("zipkin", body, serialization=encoding) == otlp("zipkin", body)


values = st.one_of(
    text,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.binary(max_size=12).map(lambda data: b"\xff" + data),  # whose base64 is no hexadecimal number
)
names = words | st.sampled_from(
    ["span.kind", "error", "event", "message", "level", "otel.status_code", "w3c.tracestate"]
)
typed_tags = st.lists(st.tuples(names, values), max_size=6).map(tuple)


@st.composite
def jaeger_spans(draw: st.DrawFn) -> jaeger.Span:
    return jaeger.Span(
        trace_id=draw(trace_ids),
        id=draw(ids),
        name=draw(text),
        start=draw(micros),
        duration=draw(st.integers(0, 2**40)),
        flags=draw(st.sampled_from([0, 1, 2, 3, 0x8000_0001])),
        parent_id=draw(st.just(0) | ids),
        references=tuple(
            draw(st.lists(st.tuples(st.sampled_from(["CHILD_OF", "FOLLOWS_FROM"]), trace_ids, ids), max_size=2))
        ),
        tags=draw(typed_tags),
        logs=tuple(draw(st.lists(st.tuples(micros, typed_tags), max_size=3))),
    )


jaeger_batches = st.builds(jaeger.Batch, words, typed_tags, st.lists(jaeger_spans(), min_size=1, max_size=3).map(tuple))


@given(jaeger_batches)
def test_jaeger_gives_the_same_records_in_any_encoding(batch: jaeger.Batch) -> None:
    wanted = otlp("jaeger", jaeger.api_json(batch), serialization="json")
    for name, encode in jaeger.ENCODINGS.items():
        assert otlp("jaeger", encode(batch)) == wanted, name


@given(jaeger_batches, st.lists(text, min_size=1, max_size=3))
def test_jaeger_keeps_warnings_where_an_encoding_has_them(batch: jaeger.Batch, warnings: list[str]) -> None:
    warned = replace(batch, spans=(replace(batch.spans[0], warnings=tuple(warnings)),))
    wanted = otlp("jaeger", jaeger.api_json(warned))
    for name in jaeger.WITH_WARNINGS:
        assert otlp("jaeger", jaeger.ENCODINGS[name](warned)) == wanted, name


@given(jaeger_batches)
def test_jaeger_is_detected_in_any_encoding(batch: jaeger.Batch) -> None:
    for name, encode in jaeger.BINARY.items():
        assert logloom.detect(encode(batch)) == "jaeger", name


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("proto", "proto"), ("thrift_binary", "thrift"), ("emit_binary", "thrift"), ("emit_compact", "compact")],
)
def test_jaeger_takes_the_encoding_from_its_option(name: str, encoding: str) -> None:
    body = jaeger.ENCODINGS[name](jaeger.Batch("cart", (), (jaeger.Span(1, 2, "a", 3, 4),)))
    assert otlp("jaeger", body, serialization=encoding) == otlp("jaeger", body)
