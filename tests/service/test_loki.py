"""Pushes to Loki: python-logging-loki's, protobuf by messages generated from proto/, and everything that is none."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from logloom._native import compress
from tests.encoders.loki import Line, Stream, json, proto
from tests.otlp import Flat
from tests.service.logloom_process import Logloom

pytestmark = pytest.mark.peer

HTTP = {"endpoint": "127.0.0.1:0", "max_request_body_size": "64KiB"}
JSON, PROTOBUF = "application/json", "application/x-protobuf"
STREAM = Stream(
    {"service_name": "cart", "namespace": "shop", "quoted": 'a "b"\n\\'},
    (
        Line(1_795_257_659_509_123_456, "slow query", {"user": "9001", "trace_id": f"{0x1234:032x}"}),
        Line(1_795_257_659_509_123_457, "[ERROR] failed"),
    ),
)


def config(folder: Path, **loki: Any) -> dict[str, Any]:
    return {
        "receivers": {"loki": {"protocols": {"http": HTTP, "grpc": {"endpoint": "127.0.0.1:0"}}} | loki},
        "exporters": {"file": {"path": str(folder / "out.jsonl")}},
        "service": {"pipelines": {"logs": {"receivers": ["loki"], "exporters": ["file"]}}},
    }


@pytest.fixture
def logloom(tmp_path: Path) -> Iterator[Logloom]:
    with Logloom(config(tmp_path), tmp_path) as running:
        yield running


def post(
    logloom: Logloom, body: bytes, content_type: str = JSON, path: str = "push", **headers: str
) -> tuple[int, str]:
    url = f"http://{logloom.endpoint('loki', 'http')}/loki/api/v1/{path}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, {"Content-Type": content_type} | named)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def written(logloom: Logloom, folder: Path, count: int) -> list[Flat]:
    return logloom.wait_for(folder / "out.jsonl", lambda found: len(found) >= count, f"{count} records")


@pytest.mark.parametrize(("version", "path"), [("1", "loki/api/v1/push"), ("0", "api/prom/push")])
def test_python_logging_loki_sends_to_it(logloom: Logloom, tmp_path: Path, version: str, path: str) -> None:
    """What its users' programs do, and nothing else is changed but the address."""
    program = f"""
import logging, logging_loki
url = "http://{logloom.endpoint("loki", "http")}/{path}"
handler = logging_loki.LokiHandler(url=url, tags={{"application": "cart"}}, version="{version}")
logger = logging.getLogger("shop.cart")
logger.addHandler(handler)
for number in range(20):
    logger.error("no cart %d", number, extra={{"tags": {{"customer": "a \\"b\\""}}}})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    found = written(logloom, tmp_path, 20)
    assert [record.body for record in found] == [f"no cart {number}" for number in range(20)]
    assert {(r.severity, r.severity_text) for r in found} == {(17, "error")}
    labels = {"application": "cart", "severity": "error", "logger": "shop.cart", "customer": 'a "b"'}
    assert all(record.attributes == labels for record in found)
    assert all(record.time > 1_700_000_000_000_000_000 for record in found)


@pytest.mark.parametrize("encoding", ["json", "json gzip", "proto", "proto gzip", "proto named"])
def test_each_encoding_gives_the_same_records(logloom: Logloom, tmp_path: Path, encoding: str) -> None:
    kind, _, how = encoding.partition(" ")
    body = json([STREAM]) if kind == "json" else compress(proto([STREAM]), "snappy")
    headers = {"gzip": {"Content_Encoding": "gzip"}, "named": {"Content_Encoding": "snappy"}}.get(how, {})
    body = compress(body, "gzip") if how == "gzip" else body
    assert post(logloom, body, JSON if kind == "json" else PROTOBUF, **headers) == (204, "")
    first, second = written(logloom, tmp_path, 2)
    assert (first.time, first.body, first.trace_id) == (1_795_257_659_509_123_456, "slow query", f"{0x1234:032x}")
    assert first.attributes == STREAM.labels | {"user": "9001"}
    assert (second.time, second.body, second.severity) == (1_795_257_659_509_123_457, "[ERROR] failed", 17)
    assert second.attributes == STREAM.labels
    assert first.resource == second.resource == {"service.name": "cart"}


def test_pushes_over_grpc(logloom: Logloom, tmp_path: Path) -> None:
    with grpc.insecure_channel(logloom.endpoint("loki", "grpc")) as channel:
        push = channel.unary_unary("/logproto.Pusher/Push")
        assert push(proto([STREAM]), timeout=20) == b""
        with pytest.raises(grpc.RpcError) as refused:
            push(b"\x0a\xff", timeout=20)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert [record.body for record in written(logloom, tmp_path, 2)] == [line.text for line in STREAM.lines]


def test_the_tenant_is_known_to_conditions_and_kept(tmp_path: Path) -> None:
    text = config(tmp_path)
    text["service"]["pipelines"]["logs"]["when"] = 'tenant == "shop"'
    with Logloom(text, tmp_path) as logloom:
        for tenant in ("other", "shop"):
            body = json([Stream({"job": "x"}, (Line(1, tenant),))])
            assert post(logloom, body, X_Scope_OrgID=tenant) == (204, "")
        (record,) = written(logloom, tmp_path, 1)
        assert (record.body, record.resource) == ("shop", {"loki.tenant.id": "shop"})
        status, told = post(logloom, body, X_Scope_OrgID="a/b")
        assert (status, "x-scope-orgid" in told) == (400, True)


def test_lines_may_be_of_a_format(tmp_path: Path) -> None:
    lines = ('{"level":"warn","msg":"slow","namespace":"own"}', "no JSON")
    with Logloom(config(tmp_path, format="json"), tmp_path) as logloom:
        stream = Stream({"namespace": "shop"}, tuple(Line(5, line) for line in lines))
        assert post(logloom, json([stream])) == (204, "")
        good, bad = written(logloom, tmp_path, 2)
        assert (good.body, good.severity, good.time) == ("slow", 13, 5)
        assert (good.attributes["namespace"], good.attributes["loki.namespace"]) == ("own", "shop")
        assert (bad.body, bad.attributes["namespace"], bad.time) == ("no JSON", "shop", 5)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"[]", JSON, 400),
        (b'{"streams":[{"stream":{"a":"b"},"values":[["1","cut', JSON, 400),
        (b'{"streams":[{"stream":{"a":"b"},"values":[["when","x"]]}]}', JSON, 400),
        (b"{" * 60_000, JSON, 400),
        (proto([STREAM]), PROTOBUF, 400),  # not compressed
        (b"\xff\xff\xff\x7f\x00x", PROTOBUF, 413),  # says that it becomes 256 MiB
        (b"\xff\x7f\x00x", PROTOBUF, 400),  # says that it becomes more than it can
        (compress(b"\x0a\xff", "snappy"), PROTOBUF, 400),
        (compress(b"\0" * 100_000, "snappy"), PROTOBUF, 413),
        (b"x" * 70_000, JSON, 413),
        (b"streams", "text/plain", 415),
    ],
)
def test_what_is_no_push_is_refused(logloom: Logloom, body: bytes, content_type: str, status: int) -> None:
    assert post(logloom, body, content_type)[0] == status
    assert post(logloom, json([STREAM])) == (204, ""), "it goes on"


def test_an_empty_push_is_a_good_one(logloom: Logloom) -> None:
    assert post(logloom, b'{"streams":[]}') == (204, "")
    assert post(logloom, compress(b"", "snappy"), PROTOBUF) == (204, "")
    url = f"http://{logloom.endpoint('loki', 'http')}/ready"
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert (answer.status, answer.read()) == (200, b"ready\n")


def test_many_lines_under_long_labels_have_a_bound(tmp_path: Path) -> None:
    """A push that fits into the bound on bodies, and would become gigabytes."""
    labels = {"long": "x" * 200_000}
    body = proto([Stream(labels, (Line(1, ""),) * 100_000)])
    with Logloom(config(tmp_path, protocols={"http": HTTP | {"max_request_body_size": "20MiB"}}), tmp_path) as logloom:
        status, told = post(logloom, compress(body, "snappy"), PROTOBUF)
        assert (status, "256 MiB" in told) == (400, True)
