"""Fields that nobody has heard of, and known ones with values that they should not have: all of it is in the record.

Looked for outside of `log.record.original`, which has the message as it came.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgpack
import orjson
import pytest
from google.protobuf import struct_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from logloom._native import Parser
from tests.fidelity import table
from tests.protos import generated

KNOWN = """
@timestamp ts time timestamp date message msg log body text event level severity lvl priority status code error err
exception stack stacktrace stack_trace logger logger_name name thread pid process host hostname host.name service
service.name app trace_id traceId trace.id span_id spanId dd.trace_id request_id method path url uri query
user_agent remote_addr client_ip bytes duration latency stream tag tags source kubernetes resource attributes labels
metadata data caller file line function module environment version type index id kind
""".split()  # noqa: SIM905
"""What formats look for."""

numbers = st.integers(10**12, 10**13)
"""Large, so that one found again was not there by chance."""
names = st.one_of(
    st.sampled_from(KNOWN), numbers.map("k{}".format), st.builds("{}.k{}".format, st.sampled_from(KNOWN), numbers)
)
scalars = st.one_of(
    numbers.map("v{}".format), numbers, numbers.map(lambda n: n + 0.5), st.booleans(), st.none(), st.just("")
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)
objects = st.dictionaries(names, values, min_size=1, max_size=8)
texts = st.dictionaries(names, numbers.map("v{}".format), min_size=1, max_size=8)


def told(value: Any) -> Iterator[str]:
    """What of the value must be found again."""
    if isinstance(value, dict):
        for key, item in value.items():
            if holds(item):
                yield from (part for part in key.split(".") if part[1:].isdigit())
            yield from told(item)
    elif isinstance(value, list):
        for item in value:
            yield from told(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        yield str(value)


def holds(value: Any) -> bool:
    """Whether there is anything in it: an empty list may be left out."""
    return not (value is None or value in ("", {}, []))


def check(format_name: str, data: bytes, sent: Any, **options: Any) -> None:
    """Everything of `sent` is in the records that the format makes of `data`."""
    batch = Parser(format_name, **options).parse(data)
    assert not batch.rejects, batch.rejects
    found = table.records(ExportLogsServiceRequest.FromString(bytes(batch.to_otlp())))
    there = "\0".join(str(leaf) for record in found for leaf in [*record.leaves(), *record.places])
    # A time is in nanoseconds.
    lost = [one for one in told(sent) if one not in there and one.replace(".", "") not in there]
    assert not lost, f"{lost} of {sent} is not in {[record.places for record in found]}"


def json(sent: Any) -> None:
    check("json", orjson.dumps(sent), sent)


def fluentforward(sent: Any) -> None:
    check("fluentforward", msgpack.packb(["shop.cart", 1_795_430_459, sent]), [sent, "shop.cart"])


def fluent_bit(sent: Any) -> None:
    message = ["shop.cart", [[[1_795_430_459, sent], {"message": "v1"}]]]
    check("fluentforward", msgpack.packb(message), sent)


SPAN = {"traceId": "5af7183fb1d4cf5f", "id": "6b221d5bc9e6496c", "timestamp": 1_795_430_459_000_000}


OWN = {*SPAN, "duration", "name", "kind", "tag", "tags", "process", "trace_id", "spanId", "span_id"}
"""Fields of a span: with a value that they cannot have the span is a Reject, and kept whole."""


def zipkin(sent: Any) -> None:
    span = SPAN | {key: value for key, value in sent.items() if key not in OWN}
    check("zipkin", orjson.dumps([span]), span)


def zipkin_endpoint(sent: Any) -> None:
    span = SPAN | {"localEndpoint": sent}
    check("zipkin", orjson.dumps([span]), sent)


def zipkin_tags(sent: Any) -> None:
    check("zipkin", orjson.dumps([SPAN | {"tags": sent}]), sent)


def envoy_tags(sent: Any) -> None:
    message = generated("envoy_als")[0].StreamAccessLogsMessage()
    entry = message.http_logs.log_entry.add()
    entry.common_properties.custom_tags.update(sent)
    entry.request.request_headers.update({f"h-{name}": value for name, value in sent.items()})
    entry.response.response_headers.update({f"h-{name}": value for name, value in sent.items()})
    check("envoy_als", message.SerializeToString(), sent, serialization="proto")


def envoy_metadata(sent: Any) -> None:
    message = generated("envoy_als")[0].StreamAccessLogsMessage()
    structure = struct_pb2.Struct()
    structure.update(sent)
    message.identifier.node.id = "edge"
    message.identifier.node.metadata.CopyFrom(structure)
    entry = message.tcp_logs.log_entry.add()
    entry.common_properties.metadata.filter_metadata["com.test"].CopyFrom(structure)
    check("envoy_als", message.SerializeToString(), orjson.loads(orjson.dumps(sent)), serialization="proto")


def jaeger_tags(sent: Any) -> None:
    request = generated("jaeger")[0].PostSpansRequest()
    span = request.batch.spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, operation_name="get")
    for name, value in sent.items():
        for tags in (span.tags, request.batch.process.tags):
            tags.add(key=name, v_str=value)
    check("jaeger", request.SerializeToString(), sent, serialization="proto")


def jaeger_json(sent: Any) -> None:
    span = {"traceID": "5af7183fb1d4cf5f", "spanID": "6b221d5bc9e6496c", "startTime": 1_795_430_459_000_000}
    span |= {key: value for key, value in sent.items() if key not in OWN}
    check("jaeger", orjson.dumps({"data": [{"traceID": "5af7183fb1d4cf5f", "spans": [span]}]}), span)


def syslog(sent: Any) -> None:
    elements = "".join(f' {name}="{value}"' for name, value in sent.items())
    line = f'<165>1 2026-11-21T10:43:36.123456Z h1 app 12 id7 [ex@32473{elements}][other x="v1"] the message'
    check("syslog", line.encode(), sent)


def loki(sent: Any) -> None:
    stream = {
        "stream": {f"l_{name}": value for name, value in sent.items()},
        "values": [["1795257816123456789", "x", sent]],
    }
    check("loki", orjson.dumps({"streams": [stream]}), sent)


def datadog(sent: Any) -> None:
    check("datadog", orjson.dumps([{"ddsource": "java", "ddtags": "env:v1"} | sent]), sent)


def datadog_inside(sent: Any) -> None:
    check("datadog", orjson.dumps([{"message": orjson.dumps(sent).decode(), "service": "cart"}]), sent)


def splunk_event(sent: Any) -> None:
    check("splunkhec", orjson.dumps({"time": 1_795_257_816, "host": "h1", "event": sent}), sent)


def splunk_fields(sent: Any) -> None:
    check("splunkhec", orjson.dumps({"event": "v1", "fields": sent}), sent)


def bulk(sent: Any) -> None:
    check("elasticsearch_bulk", b'{"create":{"_index":"shop"}}\n' + orjson.dumps(sent) + b"\n", sent)


ANY = [
    datadog,
    datadog_inside,
    splunk_event,
    splunk_fields,
    bulk,
    json,
    fluentforward,
    fluent_bit,
    zipkin,
    zipkin_endpoint,
    jaeger_json,
    envoy_metadata,
]
TEXT = [loki, zipkin_tags, envoy_tags, jaeger_tags, syslog]
FEW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("way", ANY)
@FEW
@given(objects)
def test_of_any_value(way: Callable[[Any], None], sent: Any) -> None:
    way(sent)


@pytest.mark.parametrize("way", TEXT)
@FEW
@given(texts)
def test_of_text(way: Callable[[Any], None], sent: Any) -> None:
    way(sent)
