"""Bodies that are posted: JSON lines, arrays, any format by path, content type or looks."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgpack
import orjson
import pytest

from tests.otlp import Flat
from tests.service.logloom_process import Logloom

pytestmark = pytest.mark.peer

NGINX = (
    b'203.0.113.9 - - [21/Nov/2026:10:40:59 +0000] "GET /cart HTTP/1.1" 200 612 "-" "curl/8.5"\n'
    b'203.0.113.9 - - [21/Nov/2026:10:41:00 +0000] "GET /pay HTTP/1.1" 500 12 "-" "curl/8.5"\n'
)
JSON = "application/json"


@pytest.fixture
def logloom(tmp_path: Path) -> Iterator[Logloom]:
    paths = {
        "/": {},
        "/nginx": {"format": "nginx"},
        "/mine": {"format": "dissect", "options": {"pattern": "%{a}|%{b}"}},
    }
    config = {
        "receivers": {"http": {"endpoint": "127.0.0.1:0", "paths": paths, "max_request_body_size": "64KiB"}},
        "exporters": {"file": {"path": str(tmp_path / "out.jsonl")}},
        "service": {"pipelines": {"logs": {"receivers": ["http"], "exporters": ["file"]}}},
    }
    with Logloom(config, tmp_path) as running:
        yield running


def post(logloom: Logloom, path: str, body: bytes, content_type: str = "text/plain") -> tuple[int, dict[str, object]]:
    url = f"http://{logloom.endpoint('http', 'http')}{path}"
    request = urllib.request.Request(url, body, {"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, orjson.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, orjson.loads(error.read())


def written(logloom: Logloom, folder: Path, count: int) -> list[Flat]:
    return logloom.wait_for(folder / "out.jsonl", lambda found: len(found) >= count, f"{count} records")


@pytest.mark.parametrize(
    ("body", "content_type", "bodies"),
    [
        (b'{"msg":"a"}\n{"msg":"b"}\n', "application/x-ndjson", ["a", "b"]),
        (b'[{"msg":"a"},\n {"msg":"b"}]', JSON, ["a", "b"]),
        (b'{\n  "msg": "a"\n}', JSON, ["a"]),
        (b"level=info msg=a\nlevel=info msg=b\n", "text/plain", ["a", "b"]),
        (b'{"msg":"by its looks"}', "application/octet-stream", ["by its looks"]),
    ],
)
def test_a_body_is_read_by_its_type_or_its_looks(
    logloom: Logloom, tmp_path: Path, body: bytes, content_type: str, bodies: list[str]
) -> None:
    assert post(logloom, "/", body, content_type) == (200, {"accepted": len(bodies)})
    assert [record.body for record in written(logloom, tmp_path, len(bodies))] == bodies


def test_a_path_may_name_the_format(logloom: Logloom, tmp_path: Path) -> None:
    assert post(logloom, "/nginx", NGINX, JSON) == (200, {"accepted": 2})
    assert post(logloom, "/mine", b"x|y\n") == (200, {"accepted": 1})
    found = written(logloom, tmp_path, 3)
    assert [record.attributes.get("http.response.status_code") for record in found] == [200, 500, None]
    assert (found[2].attributes["a"], found[2].attributes["b"]) == ("x", "y")


def test_what_is_too_large_or_nothing_is_told(logloom: Logloom) -> None:
    status, said = post(logloom, "/", b"x" * 70_000)
    assert (status, "send less at once" in str(said["error"])) == (413, True)
    status, said = post(logloom, "/", b'{"msg":', JSON)
    assert (status, "object" in str(said["error"]) or "byte" in str(said["error"])) == (400, True)


def test_fluent_bits_output_needs_no_format_to_be_set(logloom: Logloom, tmp_path: Path) -> None:
    """MessagePack is what it sends by itself: events one after another, each with its time."""
    time = msgpack.ExtType(0, (1_700_000_000).to_bytes(4, "big") + (5).to_bytes(4, "big"))
    events = [
        [1_700_000_000, {"log": "one", "n": 1}],
        [time, {"log": "two"}],
        [[time, {"otlp": "x"}], {"log": "three"}],
    ]
    body = b"".join(msgpack.packb(event) for event in events)
    assert post(logloom, "/", body, "application/msgpack") == (200, {"accepted": 3})
    found = written(logloom, tmp_path, 3)
    assert [(record.body, record.time % 10**9) for record in found] == [("one", 0), ("two", 5), ("three", 5)]
    assert found[0].attributes == {"n": 1}
    status, told = post(logloom, "/", b"\xc1", "application/msgpack")
    assert (status, list(told)) == (400, ["error"])
