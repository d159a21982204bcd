"""Envoy's access log over gRPC: messages by the official protobuf library, whatever the fixtures hold."""

import orjson
from google.protobuf import json_format

from logloom._native import Parser
from tests import otlp
from tests.protos import generated

ENTRY = {
    "commonProperties": {
        "startTime": "2026-11-21T10:43:36.826123456Z",
        "timeToLastDownstreamTxByte": "0.012500s",
        "upstreamRemoteAddress": {"socketAddress": {"address": "10.2.0.9", "portValue": 8080}},
        "responseFlags": {"upstreamOverflow": True},
    },
    "protocolVersion": "HTTP11",
    "request": {"requestMethod": "GET", "authority": "cart:8080", "path": "/cart?item=7", "userAgent": "curl/8.9.1"},
    "response": {"responseCode": 503, "responseBodyBytes": "95"},
}
IDENTIFIER = {"node": {"id": "sidecar~1", "cluster": "cart.shop", "metadata": {"POD_NAME": "cart-7d9"}}, "logName": "x"}


def message(*, identifier: bool) -> bytes:
    messages, _ = generated("envoy_als")
    fields = {"httpLogs": {"logEntry": [ENTRY]}} | ({"identifier": IDENTIFIER} if identifier else {})
    encoded: bytes = json_format.ParseDict(fields, messages.StreamAccessLogsMessage()).SerializeToString()
    return encoded


def test_a_stream_is_known_by_its_first_message() -> None:
    """Only that says who sends it; the next ones of the same decoder are its, those of another are not."""
    parser = Parser("envoy_als")
    resources = []
    for part in (message(identifier=True), message(identifier=False)):
        records = [parser.feed(part), parser.flush()]
        resources += [record.resource for batch in records for record in otlp.from_bytes(batch.to_otlp())]
    assert resources == [resources[0]] * 2
    assert resources[0]["service.name"] == "cart.shop"
    assert resources[0]["k8s.pod.name"] == "cart-7d9"
    (other,) = otlp.from_bytes(Parser("envoy_als").parse(message(identifier=False)).to_otlp())
    assert other.resource == {}


def test_the_json_of_a_message_says_the_same() -> None:
    body = orjson.dumps({"identifier": IDENTIFIER, "httpLogs": {"logEntry": [ENTRY]}})
    json = Parser("envoy_als", keep_original=False, observed_time_unix_nano=1).parse(body)
    binary = Parser("envoy_als", keep_original=False, observed_time_unix_nano=1).parse(message(identifier=True))
    assert not json.rejects
    assert json.to_otlp() == binary.to_otlp()


def test_a_request_gives_the_attributes_that_its_line_of_text_gives() -> None:
    line = (
        b'[2026-11-21T10:43:36.826Z] "GET /cart?item=7 HTTP/1.1" 503 UO 0 95 12 - "-" "curl/8.9.1" "-" "cart:8080" '
        b'"10.2.0.9:8080"\n'
    )
    (text,) = otlp.from_bytes(Parser("envoy").parse(line).to_otlp())
    (entry,) = otlp.from_bytes(Parser("envoy_als").parse(message(identifier=False)).to_otlp())
    assert entry.attributes.items() >= text.attributes.items()
    assert entry.time // 10**6 == text.time // 10**6
