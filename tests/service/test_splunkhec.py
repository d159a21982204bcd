"""Events and raw lines that are sent to Splunk's HTTP Event Collector: splunk-hec-handler, and requests by hand."""

import base64
import gzip
import http.client
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from splunk_hec_handler import SplunkHecHandler  # type: ignore[import-untyped]

from tests.otlp import Flat
from tests.service.logloom_process import Logloom

pytestmark = pytest.mark.peer

TOKEN = "b6b9f3a0-6c2c-4b6f-9d3e-2f1f0a7c9d11"  # noqa: S105 — nobody's
CHANNEL = "4a2d1c1e-0f2b-4a67-9be0-000000000001"
EVENTS = "/services/collector/event"
RAW = "/services/collector/raw"


def config(folder: Path, **settings: Any) -> dict[str, Any]:
    return {
        "receivers": {"splunkhec": {"endpoint": "127.0.0.1:0", **settings}},
        "exporters": {"file": {"path": str(folder / "out.jsonl")}},
        "service": {"pipelines": {"logs": {"receivers": ["splunkhec"], "exporters": ["file"]}}},
    }


@pytest.fixture
def logloom(tmp_path: Path) -> Iterator[Logloom]:
    with Logloom(config(tmp_path), tmp_path) as running:
        yield running


def written(logloom: Logloom, folder: Path, count: int) -> list[Flat]:
    return logloom.wait_for(folder / "out.jsonl", lambda found: len(found) >= count, f"{count} records")


def ask(logloom: Logloom, path: str, body: bytes = b"", method: str = "POST", **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(logloom.endpoint("splunkhec", "http"), timeout=20)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, orjson.loads(answer.read())
    finally:
        connection.close()


def test_splunks_handler_for_pythons_logging_sends_to_it(logloom: Logloom, tmp_path: Path) -> None:
    """What its users' programs do, and nothing else is changed but the port."""
    port = logloom.port("splunkhec", "http")
    handler = SplunkHecHandler(
        "127.0.0.1", TOKEN, port=port, proto="http", source="cart.py", sourcetype="_json", index="main", hostname="n1"
    )
    logger = logging.getLogger("tests.splunkhec")
    logger.addHandler(handler)
    try:
        logger.warning({"message": "slow query", "took_ms": 812})
        logger.error("it broke")
    finally:
        logger.removeHandler(handler)
    found = written(logloom, tmp_path, 2)
    assert [record.body for record in found] == ["slow query", "it broke"]
    assert [record.severity for record in found] == [13, 17]
    names = ("com.splunk.source", "com.splunk.sourcetype", "com.splunk.index", "host.name", "took_ms")
    assert [found[0].attributes.get(name) for name in names] == ["cart.py", "_json", "main", "n1", 812]
    raw = SplunkHecHandler("127.0.0.1", TOKEN, port=port, proto="http", endpoint="raw", source="cart.log")
    raw.emit(logging.LogRecord("raw", logging.INFO, "", 0, "a line", None, None))
    assert "a line" in str(written(logloom, tmp_path, 3)[2].body)


def test_events_stand_one_after_the_other(logloom: Logloom, tmp_path: Path) -> None:
    """Without anything between them, compressed; times exact to the nanosecond."""
    body = b'{"time":1795257659.123456789,"event":"a"}{"time":"1795257660.5","event":{"message":"b"},"host":"h"}\n'
    body += b'{"time":1795257661123,"event":"c","fields":{"k":"v"}}'
    said = {"text": "Success", "code": 0}
    assert ask(logloom, f"{EVENTS}?sourcetype=mine", gzip.compress(body), Content_Encoding="gzip") == (200, said)
    found = written(logloom, tmp_path, 3)
    assert [record.body for record in found] == ["a", "b", "c"]
    times = [1_795_257_659_123_456_789, 1_795_257_660_500_000_000, 1_795_257_661_123_000_000]
    assert [record.time for record in found] == times
    assert (found[1].attributes["host.name"], found[2].attributes["k"]) == ("h", "v")
    assert {record.attributes["com.splunk.sourcetype"] for record in found} == {"mine"}


def test_raw_lines_are_events_of_what_the_query_says(logloom: Logloom, tmp_path: Path) -> None:
    query = "?channel=" + CHANNEL + "&host=h&source=s&sourcetype=st&index=i&time=1795257659.5"
    status, said = ask(logloom, RAW + query, b"first\r\n\n2026-11-21T10:41:00Z ERROR second\n\xffthird")
    assert (status, said["code"], said["ackId"] > 0) == (200, 0, True)
    found = written(logloom, tmp_path, 3)
    assert [record.body for record in found] == ["first", "2026-11-21T10:41:00Z ERROR second", "\ufffdthird"]
    assert [record.time for record in found] == [
        1_795_257_659_500_000_000,
        1_795_257_660_000_000_000,
        1_795_257_659_500_000_000,
    ]
    names = ("host.name", "com.splunk.source", "com.splunk.sourcetype", "com.splunk.index")
    assert {tuple(record.attributes[name] for name in names) for record in found} == {("h", "s", "st", "i")}


def test_what_was_taken_is_acknowledged_on_its_channel(logloom: Logloom) -> None:
    sent = [ask(logloom, EVENTS, b'{"event":"a"}', X_Splunk_Request_Channel=CHANNEL)[1]["ackId"] for _ in range(3)]
    asked = orjson.dumps({"acks": [*sent, 1 << 60]})
    path = f"/services/collector/ack?channel={CHANNEL}"
    told = {str(number): True for number in sent} | {str(1 << 60): False}
    assert ask(logloom, path, asked) == (200, {"acks": told})
    assert ask(logloom, "/services/collector/ack", asked) == (400, {"text": "Data channel is missing", "code": 10})
    assert ask(logloom, path, b'{"acks":"x"}')[1]["code"] == 6
    assert ask(logloom, path, b"[]")[1]["code"] == 6


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 5),
        (b" \n", 5),
        (b"no event", 6),
        (b'{"event":', 6),
        (b'{"time":1}', 12),
        (b'{"event":""}', 13),
        (b'{"event":' + b"[" * 5000 + b"]" * 5000 + b"}", 6),
    ],
)
def test_what_is_no_event_is_told_in_splunks_codes(logloom: Logloom, body: bytes, code: int) -> None:
    status, said = ask(logloom, EVENTS, body)
    assert (status, said["code"]) == (400, code), said


def test_a_bad_event_beside_good_ones_is_kept(logloom: Logloom, tmp_path: Path) -> None:
    """Refused as a whole, the good ones would be sent again, or not at all."""
    assert ask(logloom, EVENTS, b'{"event":"good"}{"time":1}{"event":"also"}')[0] == 200
    found = written(logloom, tmp_path, 3)
    assert [record.body for record in found] == ["good", '{"time":1}', "also"]
    assert found[1].attributes["logloom.reject.reason"] == "Event field is required"
    assert ask(logloom, f"{EVENTS}?channel=none", b'{"event":"x"}') == (
        400,
        {"text": "Invalid data channel", "code": 11},
    )


def test_tokens_keep_others_out(tmp_path: Path) -> None:
    made = config(tmp_path, auth={"authenticator": "bearertokenauth"})
    made["extensions"] = {"bearertokenauth": {"token": TOKEN, "scheme": "Splunk"}}
    made["service"]["extensions"] = ["bearertokenauth"]
    event = b'{"event":"in"}'

    def basic(token: str) -> str:
        return "Basic " + base64.b64encode(f"x:{token}".encode()).decode()

    with Logloom(made, tmp_path) as logloom:
        for shown, told in (
            ({}, (401, {"text": "Token is required", "code": 2})),
            ({"Authorization": f"Bearer {TOKEN}"}, (401, {"text": "Invalid authorization", "code": 3})),
            ({"Authorization": "Splunk wrong"}, (403, {"text": "Invalid token", "code": 4})),
            ({"Authorization": basic("wrong")}, (403, {"text": "Invalid token", "code": 4})),
            ({"Authorization": "Basic !"}, (403, {"text": "Invalid token", "code": 4})),
            ({"Authorization": f"Splunk {TOKEN}"}, (200, {"text": "Success", "code": 0})),
            ({"Authorization": basic(TOKEN)}, (200, {"text": "Success", "code": 0})),
        ):
            assert ask(logloom, EVENTS, event, **shown) == told, shown
        assert len(written(logloom, tmp_path, 2)) == 2


def test_its_health_is_told(logloom: Logloom) -> None:
    for path in ("/services/collector/health", "/services/collector/health/1.0"):
        assert ask(logloom, path, method="GET") == (200, {"text": "HEC is healthy", "code": 17})


def test_dockers_driver_finds_somebody_there(tmp_path: Path) -> None:
    """It asks by OPTIONS before it starts a container, without its token, and wants a 200."""
    known = {"bearertokenauth": {"token": TOKEN, "scheme": "Splunk"}}
    made = config(tmp_path, auth={"authenticator": "bearertokenauth"}, cors={"allowed_origins": ["https://a.example"]})
    made |= {"extensions": known, "service": made["service"] | {"extensions": ["bearertokenauth"]}}
    with Logloom(made, tmp_path) as logloom:
        for path in (f"{EVENTS}/1.0", EVENTS, "/services/collector"):
            connection = http.client.HTTPConnection(logloom.endpoint("splunkhec", "http"), timeout=20)
            connection.request("OPTIONS", path)
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("Allow"), answer.read()) == (200, "OPTIONS, POST", b"")
            connection.request("OPTIONS", path, headers={"Origin": "https://a.example"})
            assert connection.getresponse().getheader("Access-Control-Allow-Origin") is None  # no method is asked for
            connection.close()


def test_its_attributes_may_have_other_names(tmp_path: Path) -> None:
    """As the Collector's receiver lets them."""
    names = {"source": "log.source", "host": "node.name"}
    made = config(tmp_path, hec_metadata_to_otel_attrs=names, raw_path="/raw", line_format="nginx")
    with Logloom(made, tmp_path) as logloom:
        assert ask(logloom, EVENTS, b'{"event":"a","source":"s","host":"h","index":"i"}')[0] == 200
        line = b'203.0.113.9 - - [21/Nov/2026:10:40:59 +0000] "GET /cart HTTP/1.1" 200 612 "-" "curl/8.5"\n'
        assert ask(logloom, "/raw?source=s&host=h&index=i", line)[0] == 200
        found = written(logloom, tmp_path, 2)
    for record in found:
        assert [record.attributes[name] for name in ("log.source", "node.name", "com.splunk.index")] == ["s", "h", "i"]
    assert found[1].attributes["http.response.status_code"] == 200
