"""Logs for Datadog's intake: its own API client's, what the Agent sends, and everything that is none."""

import gzip
import subprocess
import sys
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from logloom._native import compress
from tests.otlp import Flat
from tests.service.logloom_process import Logloom

pytestmark = pytest.mark.peer

JSON = "application/json"


def config(folder: Path, **datadog: Any) -> dict[str, Any]:
    return {
        "receivers": {"datadog": {"endpoint": "127.0.0.1:0"} | datadog},
        "exporters": {"file": {"path": str(folder / "out.jsonl")}},
        "service": {"pipelines": {"logs": {"receivers": ["datadog"], "exporters": ["file"]}}},
    }


@pytest.fixture
def logloom(tmp_path: Path) -> Iterator[Logloom]:
    with Logloom(config(tmp_path), tmp_path) as running:
        yield running


def post(
    logloom: Logloom, body: bytes, path: str = "/api/v2/logs", content_type: str = JSON, **headers: str
) -> tuple[int, Any]:
    url = f"http://{logloom.endpoint('datadog', 'http')}{path}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, {"Content-Type": content_type} | named)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, orjson.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, orjson.loads(text) if text.startswith(b"{") else text


def written(logloom: Logloom, folder: Path, count: int) -> list[Flat]:
    return logloom.wait_for(folder / "out.jsonl", lambda found: len(found) >= count, f"{count} records")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
def test_its_api_client_sends_to_it(logloom: Logloom, tmp_path: Path, encoding: str) -> None:
    """What its users' programs do, and nothing else is changed but the address."""
    program = f"""
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v2.api.logs_api import LogsApi
from datadog_api_client.v2.model.content_encoding import ContentEncoding
from datadog_api_client.v2.model.http_log import HTTPLog
from datadog_api_client.v2.model.http_log_item import HTTPLogItem

configuration = Configuration(host="http://{logloom.endpoint("datadog", "http")}")
configuration.server_index = None
configuration.server_operation_index = {{"v2.submit_log": None, "v1.validate": None}}
configuration.api_key["apiKeyAuth"] = "0123456789abcdef0123456789abcdef"
with ApiClient(configuration) as client:
    assert AuthenticationApi(client).validate().valid
    items = [
        HTTPLogItem(
            ddsource="nginx", ddtags="env:staging,team:web", hostname="i-1", service="payment",
            message=f"paid {{number}}", status="warn", order=7,
        )
        for number in range(20)
    ]
    encoding = ContentEncoding("{encoding}")
    assert LogsApi(client).submit_log(body=HTTPLog(items), content_encoding=encoding, ddtags="from:query") == {{}}
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    found = written(logloom, tmp_path, 20)
    assert [record.body for record in found] == [f"paid {number}" for number in range(20)]
    attributes = {"datadog.ddsource": "nginx", "team": "web", "from": "query", "order": 7}
    resource = {"deployment.environment.name": "staging", "host.name": "i-1", "service.name": "payment"}
    assert all((r.severity, r.severity_text) == (13, "warn") for r in found)
    assert all((r.attributes, r.resource) == (attributes, resource) for r in found)


def test_what_the_agent_sends(logloom: Logloom, tmp_path: Path) -> None:
    """An empty object first, to see who listens; then arrays in gzip, of which a message may be JSON itself."""
    assert post(logloom, b"{}") == (202, {})
    line = {"level": "error", "msg": "no cart", "dd": {"trace_id": "1234567890123456789", "service": "cart"}}
    entry = {"status": "info", "timestamp": 1_795_257_659_509, "hostname": "node-1", "ddsource": "go", "service": "x"}
    tags = "filename:0.log,kube_namespace:shop,pod_name:cart-7d9"
    entries = [entry | {"message": text, "ddtags": tags} for text in ("plain", orjson.dumps(line).decode())]
    assert post(logloom, gzip.compress(orjson.dumps(entries)), Content_Encoding="gzip") == (202, {})
    plain, inner = written(logloom, tmp_path, 2)
    assert (plain.body, plain.severity, plain.time) == ("plain", 9, 1_795_257_659_509_000_000)
    assert plain.resource == {
        "host.name": "node-1",
        "service.name": "x",
        "k8s.namespace.name": "shop",
        "k8s.pod.name": "cart-7d9",
    }
    assert plain.attributes == {"datadog.ddsource": "go", "filename": "0.log"}
    assert (inner.body, inner.severity, inner.trace_id) == ("no cart", 17, f"{1234567890123456789:032x}")
    assert orjson.loads(inner.attributes["log.record.original"]) == line


def test_older_ways(logloom: Logloom, tmp_path: Path) -> None:
    """A key in the path, lines of text, one object a line, deflate, zstd, and what the query says of all of it."""
    query = "?ddsource=app&service=cart&hostname=h&ddtags=env:prod,a:b"
    assert post(logloom, b"one\ntwo\n", f"/v1/input/0123456789abcdef{query}", "text/plain") == (200, {})
    objects = b'{"message":"three"}\n{"message":"four","service":"own"}\n'
    assert post(logloom, zlib.compress(objects), f"/v1/input{query}", Content_Encoding="deflate") == (200, {})
    assert post(logloom, compress(b'{"message":"five"}', "zstd"), Content_Encoding="zstd1") == (202, {})
    found = written(logloom, tmp_path, 5)
    assert [record.body for record in found] == ["one", "two", "three", "four", "five"]
    resource = {"host.name": "h", "service.name": "cart", "deployment.environment.name": "prod"}
    assert [record.resource for record in found] == [resource] * 3 + [resource | {"service.name": "own"}, {}]
    assert all(record.attributes == {"datadog.ddsource": "app", "a": "b"} for record in found[:4])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"foobar", 400),
        (b"", 202),
        (b"[]", 202),
        (b"[1,2]", 400),
        (b'[{"message":"whole"},{"message":"cut', 400),
        (b"[" * 100_000, 400),
        (b'{"message":' + b'{"a":' * 5000 + b"1" + b"}" * 5001, 400),
        (b"x" * (6 << 20), 413),
        (gzip.compress(b'"' + b"x" * (6 << 20) + b'"'), 413),
        (b"\x1f\x8b\x08\x00damaged", 400),
    ],
)
def test_what_is_no_log_is_refused(logloom: Logloom, body: bytes, status: int) -> None:
    headers = {"Content_Encoding": "gzip"} if body.startswith(b"\x1f\x8b") else {}
    assert post(logloom, body, **headers)[0] == status
    assert post(logloom, b'{"message":"it goes on"}') == (202, {})


def test_other_types_and_small_entries_under_long_tags_have_a_bound(logloom: Logloom) -> None:
    assert post(logloom, b"<a/>", content_type="text/xml")[0] == 415
    body = b"[" + b'{"a":1},' * 300_000 + b'{"a":1}]'
    status, told = post(logloom, body, f"/api/v2/logs?ddtags={'x' * 900}")
    assert (status, "256 MiB" in told["errors"][0]["detail"]) == (400, True)
    assert post(logloom, b'{"a":1}', f"/api/v2/logs?ddtags={'x' * 6000}")[0] == 414


def test_a_key_may_be_asked(tmp_path: Path) -> None:
    text = config(tmp_path, auth={"authenticator": "bearertokenauth"})
    text["extensions"] = {"bearertokenauth": {"token": "0123456789abcdef", "header": "DD-API-KEY", "scheme": ""}}
    text["service"]["extensions"] = ["bearertokenauth"]
    with Logloom(text, tmp_path) as logloom:
        assert post(logloom, b'{"message":"x"}')[0] == 401
        assert post(logloom, b'{"message":"x"}', DD_API_KEY="wrong")[0] in (401, 403)
        assert post(logloom, b'{"message":"x"}', DD_API_KEY="0123456789abcdef") == (202, {})
