"""What is found of a trace and a request, where, and that nothing else changes."""

import orjson
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from logloom import Batch, parse
from logloom.processors import correlate
from logloom.processors.correlate import Config, create
from tests.components import problems_of

TRACE = "463ac35c9f6413ad48485a3953bb6124"
SPAN = "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


def dumps(value: object) -> str:
    return orjson.dumps(value).decode()


def record(body: str | None = None, **attributes: str | list[str]) -> LogRecord:
    made = LogRecord(severity_number=9)
    if body is not None:
        made.body.string_value = body
    for key, value in attributes.items():
        one = made.attributes.add(key=key).value
        if isinstance(value, str):
            one.string_value = value
        else:
            one.array_value.values.extend(AnyValue(string_value=text) for text in value)
    return made


def batch_of(*records: LogRecord) -> Batch:
    message = ExportLogsServiceRequest()
    message.resource_logs.add().scope_logs.add().log_records.extend(records)
    return Batch.from_otlp(message.SerializeToString())


def correlated(*records: LogRecord, **options: object) -> tuple[list[LogRecord], dict[str, int]]:
    """The same records behind the processor, and what it counted."""
    batch, outcome = create(Config(**options)).apply(batch_of(*records))  # type: ignore[arg-type]
    logs = ExportLogsServiceRequest.FromString(bytes(batch)).resource_logs
    return list(logs[0].scope_logs[0].log_records), outcome["rules"]


def ids(made: LogRecord) -> tuple[str, str, int]:
    return made.trace_id.hex(), made.span_id.hex(), made.flags


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("traceparent", PARENT, (TRACE, SPAN, 1)),
        ("http.request.header.traceparent", [PARENT], (TRACE, SPAN, 1)),
        ("b3", f"{TRACE}-{SPAN}-0", (TRACE, SPAN, 0)),
        ("uber-trace-id", f"{TRACE}:f067aa0ba902b7:0:1", (TRACE, SPAN, 1)),
        (
            "http.request.header.x-amzn-trace-id",
            ["Root=1-463ac35c-9f6413ad48485a3953bb6124;Parent=00f067aa0ba902b7;Sampled=1"],
            (TRACE, SPAN, 1),
        ),
        ("X-Amzn-Trace-Id", "Self=1-1-1;Root=1-463ac35c-9f6413ad48485a3953bb6124", (TRACE, "", 0)),
        ("traceId", TRACE, (TRACE, "", 0)),
        ("trace_id", "463ac35c9f6413ad", ("0000000000000000463ac35c9f6413ad", "", 0)),
        ("trace_id", "0" * 32, ("", "", 0)),
        ("trace_id", TRACE[:-1], ("", "", 0)),
        ("dd.trace_id", "1234567890123456", ("", "", 0)),
    ],
)
def test_headers_and_keys_among_attributes(key: str, value: str | list[str], found: tuple[str, str, int]) -> None:
    [made], _ = correlated(record(**{key: value}))
    assert ids(made) == found


@pytest.mark.parametrize(
    "body",
    [
        f"level=info trace_id={TRACE} span_id={SPAN} trace_flags=01 msg=paid",
        dumps({"msg": "paid", "traceId": TRACE, "spanId": SPAN, "traceFlags": "01"}),
        dumps({"line": dumps({"trace_id": TRACE, "span_id": SPAN, "trace_flags": "01"})}),
        f"2026-11-22 INFO [cart,traceId: {TRACE}, spanId: {SPAN}, traceFlags: 1] paid",
        f"GET /cart traceparent: {PARENT}",
        f"got b3={TRACE}-{SPAN}-1.",
        f"X-B3-TraceId: {TRACE}\nX-B3-SpanId: {SPAN}\nX-B3-Sampled: 1\n",
        f"é trace.id='{TRACE}' span.id='{SPAN}' trace.flags=01",
        "headers {X-Amzn-Trace-Id: Root=1-463ac35c-9f6413ad48485a3953bb6124;Parent=00f067aa0ba902b7;Sampled=1}",
    ],
)
def test_texts(body: str) -> None:
    for given in (record(body), record("other", **{"log.record.original": body})):
        [made], _ = correlated(given)
        assert ids(made) == (TRACE, SPAN, 1)
        made.ClearField("trace_id")
        made.ClearField("span_id")
        made.ClearField("flags")
        assert made == given
    [made], counted = correlated(record(body), body=False)
    assert (ids(made), counted) == (("", "", 0), {})


def test_what_is_there_stays() -> None:
    whole = record(f"trace_id={TRACE} span_id={SPAN}")
    whole.trace_id, whole.span_id = b"t" * 16, b"s" * 8
    half = record(f"traceparent={PARENT}")
    half.trace_id = bytes.fromhex(TRACE)
    other = record(f"traceparent={PARENT}")
    other.trace_id = b"t" * 16
    [first, second, third], counted = correlated(whole, half, other)
    assert first == whole
    assert ids(second) == (TRACE, SPAN, 1)
    assert third == other, "the span is another trace's"
    assert counted == {"traceparent": 1}


def test_an_invalid_id_gives_way() -> None:
    given = record(f"traceparent={PARENT}")
    given.trace_id, given.span_id = bytes(16), b"short"
    [made], _ = correlated(given)
    assert ids(made) == (TRACE, SPAN, 1)


def test_nothing_found_is_the_same_batch() -> None:
    batch = batch_of(record("a race for pandas, b3 and a request", a="b"), record())
    made, outcome = create(Config()).apply(batch)
    assert bytes(made) == bytes(batch)
    assert outcome["rules"] == {}


def test_envoys_line_the_applications_log_and_the_span_are_joined() -> None:
    """By the request's id, which each of them writes elsewhere."""
    request_id = "53d1c65f-8d50-9d44-a3a0-1bd0f6b1f8a1"
    line = (
        b'[2026-11-21T10:00:00.000Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 5 7 6 "-" "curl/8.5.0" '
        b'"%s" "cart.shop" "10.0.0.1:80" outbound|80||cart 10.0.0.2:1 10.0.0.1:80 10.0.0.3:1 - default\n'
    )
    span = {"traceId": TRACE, "id": SPAN, "tags": {"guid:x-request-id": request_id}}
    batches = [
        parse(line % request_id.encode(), "envoy"),
        parse(orjson.dumps({"msg": "paid", "requestId": request_id}), "json"),
        batch_of(record(f"order paid request_id={request_id}")),
        parse(orjson.dumps([span]), "zipkin"),
    ]
    processor = create(Config())
    for batch in batches:
        made, outcome = processor.apply(batch)
        assert [one.attributes.get("http.request.id") for one in made] == [request_id]
        assert outcome["rules"] == {"request_id": 1}
        again, _ = processor.apply(made)
        assert bytes(again) == bytes(made)


def test_the_attribute_of_a_request_is_the_users_to_name() -> None:
    given = record("x_correlation_id=abc-1", **{"X-Correlation-ID": "abc-2"})
    [made], _ = correlated(given, request_id="id", request_id_keys=["x_correlation_id"])
    assert {one.key: one.value.string_value for one in made.attributes} == {"X-Correlation-ID": "abc-2", "id": "abc-2"}
    [made], _ = correlated(record("request_id=abc-1"), request_id="")
    assert not made.attributes
    [made], _ = correlated(record("request_id=- trace"))
    assert not made.attributes


def test_problems() -> None:
    assert list(problems_of(correlate, "{request_id_keys: [ab, 'a b c', ok-key]}")) == [
        "request_id_keys[0]",
        "request_id_keys[1]",
    ]
    assert list(problems_of(correlate, "{request_id: '', request_id_keys: [ok-key]}")) == ["request_id"]
