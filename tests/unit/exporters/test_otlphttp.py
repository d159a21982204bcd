"""The HTTP exporter against a server that answers as the specification lets it, and as it does not."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import zstandard
from aiohttp import web
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs

import logloom
from logloom.errors import DestinationError, RefuseError, RetryError
from logloom.exporters import TooLargeError, otlphttp
from tests.components import Core, exporter, problems_of, read_config

PROTOBUF, JSON = "application/x-protobuf", "application/json"
DECODE: dict[str, Any] = {
    "gzip": lambda data: zlib.decompressobj(31).decompress(data, 1 << 20),
    "deflate": lambda data: zlib.decompressobj().decompress(data, 1 << 20),
    "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data, max_output_size=1 << 20),
    "none": bytes,
}


class Sink:
    """Keeps the requests; answers as the test says."""

    def __init__(self) -> None:
        self.requests: list[tuple[web.Request, bytes]] = []
        self.answer: dict[str, Any] = {"status": 200}
        self.hold: asyncio.Event | None = None

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((request, await request.content.read()))
        if self.hold:
            await self.hold.wait()
        return web.Response(**self.answer)


@pytest.fixture
async def sink() -> AsyncIterator[Any]:
    sink: Any = Sink()
    server = web.Server(sink.handle, auto_decompress=False)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sink.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield sink
    await runner.cleanup()


def batch(lines: int = 3) -> logloom.Batch:
    return logloom.parse("".join(f"line {at}\n" for at in range(lines)), format="text")


@pytest.mark.parametrize("compression", DECODE)
@pytest.mark.parametrize("encoding", ["proto", "json"])
async def test_a_batch_arrives_as_it_is(sink: Any, tmp_path: Path, encoding: str, compression: str) -> None:
    text = f"{{endpoint: {sink.url}/, encoding: {encoding}, compression: {compression}, headers: {{X-Key: secret}}}}"
    sent = batch()
    async with exporter(otlphttp, text, tmp_path) as sender:
        delivery = await sender.send(sent)
    assert (delivery.kind, delivery.accepted, delivery.refused) == ("done", 3, [])
    request, body = sink.requests[0]
    data = DECODE[compression](body)
    expected = logs.ExportLogsServiceRequest.FromString(bytes(sent))
    message = logs.ExportLogsServiceRequest()
    if encoding == "json":
        assert data == sent.to_otlp_json()  # whose ids are in hex, unlike what json_format reads
    else:
        message.ParseFromString(data)
        assert message == expected
    assert (request.method, request.path) == ("POST", "/v1/logs")
    assert request.content_type == (JSON if encoding == "json" else PROTOBUF)
    assert request.headers.get("Content-Encoding", "none") == compression
    assert request.headers["X-Key"] == "secret"
    assert request.headers["User-Agent"].startswith("logloom/")


@pytest.mark.parametrize("encoding", ["proto", "json"])
async def test_a_destination_can_know_what_comes_again(sink: Any, tmp_path: Path, encoding: str) -> None:
    with ThreadPoolExecutor(2) as threads:
        sent = await Core(threads).batch("one", "two")
    text = f"{{endpoint: {sink.url}/, encoding: {encoding}, compression: none, record_uid: true}}"
    async with exporter(otlphttp, text, tmp_path) as sender:
        await sender.send(sent)
    request, body = sink.requests[0]
    assert request.headers["logloom-records"] == "1.0..1.1"
    keys = [str(key).encode() for key in sent.keys()]  # noqa: SIM118 - not a mapping's
    assert [body.count(key) for key in keys] == [1, 1]
    assert keys[0].startswith(request.headers["logloom-journal"].encode())


async def test_a_large_batch_and_the_whole_address(sink: Any, tmp_path: Path) -> None:
    text = f"{{logs_endpoint: '{sink.url}/in?k=v', compression: none}}"
    async with exporter(otlphttp, text, tmp_path) as sender:
        for _ in range(2):
            await sender.send(batch(100_000))
    request, body = sink.requests[1]
    assert (request.path_qs, len(body) > 2_000_000) == ("/in?k=v", True)


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
async def test_what_is_rejected_of_a_batch_is_not_sent_again(sink: Any, tmp_path: Path, content_type: str) -> None:
    said = logs.ExportLogsPartialSuccess(rejected_log_records=2, error_message="too old")
    answer = logs.ExportLogsServiceResponse(partial_success=said)
    body = json_format.MessageToJson(answer).encode() if content_type == JSON else answer.SerializeToString()
    sink.answer = {"body": body, "content_type": content_type}
    async with exporter(otlphttp, f"endpoint: {sink.url}", tmp_path) as sender:
        delivery = await sender.send(batch())
    assert (delivery.kind, delivery.accepted, delivery.refused) == ("done", 1, [(3, "too old")])  # not which


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 501, 502, 503, 504, 505, 301, 307, 507]
)
async def test_each_status_is_tried_again_or_not_as_specified(
    sink: Any, tmp_path: Path, status: int, content_type: str
) -> None:
    message = Status(code=3, message="the reason")
    body = json_format.MessageToJson(message).encode() if content_type == JSON else message.SerializeToString()
    sink.answer = {"status": status, "body": body, "content_type": content_type, "headers": {"Retry-After": "7"}}
    about_us = status in (301, 307, 401, 403, 404, 405, 415, 501, 505)
    retried = status in (408, 429, 502, 503, 504)
    expected = DestinationError if about_us else RetryError if retried else RefuseError
    async with exporter(otlphttp, f"endpoint: {sink.url}", tmp_path) as sender:
        with pytest.raises(expected, match=f"{sink.url}/v1/logs: {status} .*: the reason") as error:
            await sender.send(batch())
    if isinstance(error.value, RetryError):
        assert (type(error.value), error.value.after_s) == (expected, 7.0)
    else:
        assert error.value.is_sure == (status < 500)
        assert isinstance(error.value, TooLargeError) == (status == 413)
    assert len(sink.requests) == 1


async def test_an_answer_for_people_is_told(sink: Any, tmp_path: Path) -> None:
    sink.answer = {"status": 403, "text": "no such tenant\x1b[2J\n"}
    async with exporter(otlphttp, f"endpoint: {sink.url}", tmp_path) as sender:
        with pytest.raises(DestinationError, match=r"/v1/logs: 403 Forbidden: no such tenant.\[2J$"):
            await sender.send(batch())


async def test_a_redirect_is_not_followed_and_named(sink: Any, tmp_path: Path) -> None:
    sink.answer = {"status": 308, "headers": {"Location": "https://elsewhere/v1/logs"}}
    async with exporter(otlphttp, f"endpoint: {sink.url}", tmp_path) as sender:
        with pytest.raises(DestinationError, match="it is at https://elsewhere/v1/logs: give that as the endpoint"):
            await sender.send(batch())


@pytest.mark.parametrize("body", [b"", b"\xff" * 100, b"{", b"[1]", b"x" * 5_000_000, gzip.compress(bytes(10_000_000))])
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON, "text/html"])
async def test_answers_that_make_no_sense_are_survived(
    sink: Any, tmp_path: Path, content_type: str, body: bytes
) -> None:
    encoding = {"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
    sink.answer = {"status": 200, "body": body, "content_type": content_type, "headers": encoding}
    async with exporter(otlphttp, f"endpoint: {sink.url}", tmp_path) as sender:
        assert (await sender.send(batch())).accepted == 3
        sink.answer["status"] = 503
        with pytest.raises(RetryError) as error:
            await sender.send(batch())
    assert len(str(error.value)) < 1200


async def test_a_silent_destination_and_one_that_is_not_there_are_tried_again(sink: Any, tmp_path: Path) -> None:
    sink.hold = asyncio.Event()
    async with exporter(otlphttp, f"{{logs_endpoint: '{sink.url}/in?key=secret', timeout: 100ms}}", tmp_path) as sender:
        with pytest.raises(RetryError, match=r"/in: no answer within 0\.1 s") as error:
            await sender.send(batch())
        assert "secret" not in str(error.value)
    sink.hold.set()
    async with exporter(otlphttp, "endpoint: 'http://127.0.0.1:1'", tmp_path) as sender:
        with pytest.raises(RetryError, match=r"http://127\.0\.0\.1:1/v1/logs: Cannot connect"):
            await sender.send(batch())


def test_the_address_and_what_cannot_be() -> None:
    assert read_config(otlphttp, "endpoint: https://siem:4318").url == "https://siem:4318/v1/logs"
    assert read_config(otlphttp, "endpoint: https://siem/otlp/").url == "https://siem/otlp/v1/logs"
    assert read_config(otlphttp, "logs_endpoint: https://siem/in").url == "https://siem/in"
    assert problems_of(otlphttp, "{}") == {"endpoint": "is needed, or logs_endpoint"}
    assert set(problems_of(otlphttp, "{endpoint: 'http://a', headers: {content-type: x}}")) == {"headers.content-type"}
