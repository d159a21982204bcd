"""The gRPC exporter against a server of the official stubs, which answers as the specification lets it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import (
    LogsServiceServicer,
    add_LogsServiceServicer_to_server,
)

import logloom
from logloom.errors import DestinationError, RefuseError, RetryError
from logloom.exporters import TooLargeError, otlp
from tests.components import Core, exporter, problems_of, read_config

OK = logs.ExportLogsServiceResponse()


class Sink(LogsServiceServicer):  # type: ignore[misc]
    """Keeps the requests; answers as the test says."""

    def __init__(self) -> None:
        self.requests: list[logs.ExportLogsServiceRequest] = []
        self.metadata: list[dict[str, Any]] = []
        self.engine = "native"
        self.port = 0
        self.answer: Callable[[Any], Any] = self.accept

    async def accept(self, _context: Any) -> Any:
        return OK

    async def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 — the stub's
        self.metadata.append(dict(context.invocation_metadata()))
        answer = await self.answer(context)
        self.requests.append(request)
        return answer


@pytest.fixture(params=["native", "grpcio"])
def engine(request: pytest.FixtureRequest) -> str:
    """All that is told here holds for both."""
    return str(request.param)


@pytest.fixture
async def sink(engine: str) -> AsyncIterator[Sink]:
    sink, server = Sink(), grpc.aio.server()
    sink.engine = engine
    add_LogsServiceServicer_to_server(sink, server)
    sink.port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield sink
    await server.stop(0)


def config(sink: Any, more: str = "") -> str:
    return f"{{endpoint: 'http://127.0.0.1:{sink.port}', engine: {sink.engine}{more}}}"


def batch() -> logloom.Batch:
    return logloom.parse("one\ntwo\nthree\n", format="text")


@pytest.mark.parametrize("compression", ["gzip", "none"])
async def test_a_batch_arrives_as_it_is(sink: Any, tmp_path: Path, compression: str) -> None:
    more = f", compression: {compression}, headers: {{X-Key: secret, tenant: t1}}"
    async with exporter(otlp, config(sink, more), tmp_path) as sender:
        sent = batch()
        delivery = await sender.send(sent)
    assert (delivery.kind, delivery.accepted, delivery.refused) == ("done", 3, [])
    assert (
        sink.requests[0].SerializeToString()
        == logs.ExportLogsServiceRequest.FromString(bytes(sent)).SerializeToString()
    )
    assert (sink.metadata[0]["x-key"], sink.metadata[0]["tenant"]) == ("secret", "t1")
    assert sink.metadata[0]["user-agent"].startswith("logloom/")


async def test_what_is_rejected_of_a_batch_is_not_sent_again(sink: Any, tmp_path: Path) -> None:
    async def partly(_context: Any) -> Any:
        said = logs.ExportLogsPartialSuccess(rejected_log_records=2, error_message="too old")
        return logs.ExportLogsServiceResponse(partial_success=said)

    sink.answer = partly
    async with exporter(otlp, config(sink), tmp_path) as sender:
        delivery = await sender.send(batch())
    assert (delivery.kind, delivery.accepted, delivery.refused) == ("done", 1, [(3, "too old")])  # not which


async def test_where_all_is_rejected_it_is_known_which(sink: Any, tmp_path: Path) -> None:
    async def none(_context: Any) -> Any:
        return logs.ExportLogsServiceResponse(partial_success=logs.ExportLogsPartialSuccess(rejected_log_records=9))

    sink.answer = none
    async with exporter(otlp, config(sink), tmp_path) as sender:
        delivery = await sender.send(batch())
    assert (delivery.accepted, [record for record, _ in delivery.refused]) == (0, [0, 1, 2])


async def test_a_warning_is_logged_once(sink: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def warns(_context: Any) -> Any:
        return logs.ExportLogsServiceResponse(partial_success=logs.ExportLogsPartialSuccess(error_message="slow down"))

    sink.answer = warns
    async with exporter(otlp, config(sink), tmp_path) as sender:
        for _ in range(3):
            assert (await sender.send(batch())).accepted == 3
    assert [record.__dict__["why"] for record in caplog.records] == ["slow down"]


def uids(request: logs.ExportLogsServiceRequest) -> list[list[str]]:
    records = [r for group in request.resource_logs for scope in group.scope_logs for r in scope.log_records]
    return [[a.value.string_value for a in record.attributes if a.key == "log.record.uid"] for record in records]


async def test_a_destination_can_know_what_comes_again(sink: Any, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        core = Core(threads)
        await core.batch("before")
        sent = await core.batch("one", "two", "three")
    keys = [str(key) for key in sent.keys()]  # noqa: SIM118 - not a mapping's
    journal = keys[0].partition("/")[0]
    assert keys == [f"{journal}/2.{ordinal}" for ordinal in range(3)]
    async with exporter(otlp, config(sink, ", record_uid: true"), tmp_path) as sender:
        await sender.send(sent)
        await sender.send(sent.slice(1, 3).stamped({"log.record.uid": "its own"}))
    assert sink.metadata[0]["logloom-journal"] == journal
    assert [metadata["logloom-records"] for metadata in sink.metadata] == ["2.0..2.2", "2.1..2.2"]
    assert uids(sink.requests[0]) == [[key] for key in keys]
    assert uids(sink.requests[1]) == [["its own"], ["its own"]]


async def test_without_being_asked_records_stay_as_they_are(sink: Any, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        sent = await Core(threads).batch("one")
    async with exporter(otlp, config(sink), tmp_path) as sender:
        await sender.send(sent)
        await sender.send(batch())  # which is of no journal
    assert uids(sink.requests[0]) == [[]]
    assert "logloom-records" in sink.metadata[0]
    assert "logloom-records" not in sink.metadata[1]


def status(code: grpc.StatusCode, delay: Duration | None) -> tuple[tuple[str, bytes], ...]:
    details = Status(code=code.value[0], message="why")
    if delay is not None:
        details.details.add().Pack(RetryInfo(retry_delay=delay))
    return (("grpc-status-details-bin", details.SerializeToString()),)


RETRIED = {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
ABOUT_US = {"UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED", "NOT_FOUND"}
SURE = {"INVALID_ARGUMENT", "ALREADY_EXISTS"}


@pytest.mark.parametrize("delay", [None, Duration(seconds=3, nanos=500_000_000)], ids=["no delay", "a delay"])
@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code != grpc.StatusCode.OK], ids=lambda c: c.name)
async def test_each_code_is_tried_again_or_not_as_specified(
    sink: Any, tmp_path: Path, code: grpc.StatusCode, delay: Duration | None
) -> None:
    async def fails(context: Any) -> Any:
        await context.abort(code, "why", status(code, delay))

    sink.answer = fails
    retried = code.name in RETRIED or (code.name == "RESOURCE_EXHAUSTED" and delay is not None)
    expected = RetryError if retried else DestinationError if code.name in ABOUT_US else RefuseError
    async with exporter(otlp, config(sink), tmp_path) as sender:
        with pytest.raises(expected, match=f"127.0.0.1:{sink.port}: {code.name}: why") as error:
            await sender.send(batch())
    assert type(error.value) is expected
    if isinstance(error.value, RetryError):
        assert error.value.after_s == (3.5 if delay else 0.0)
    else:
        assert error.value.is_sure == (code.name in SURE)


async def test_a_destination_with_a_limit_says_so(tmp_path: Path, engine: str) -> None:
    """With what the library of gRPC itself answers."""
    sink, server = Sink(), grpc.aio.server(options=[("grpc.max_receive_message_length", 300_000)])
    add_LogsServiceServicer_to_server(sink, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    text = f"{{endpoint: 'http://127.0.0.1:{port}', compression: none, timeout: 30s, engine: {engine}}}"
    async with exporter(otlp, text, tmp_path) as sender:
        with pytest.raises(TooLargeError):
            await sender.send(logloom.parse(b"y\n" * 50_000, format="text"))
    await server.stop(0)


def test_the_largest_request_is_under_the_usual_limit(sink: Any, tmp_path: Path) -> None:
    assert exporter(otlp, config(sink), tmp_path).request_bytes_max < 4 << 20


@pytest.mark.parametrize("junk", [b"", b"\xff" * 50, b"\x1a\x7f"])
async def test_a_damaged_status_is_survived(sink: Any, tmp_path: Path, junk: bytes) -> None:
    async def fails(context: Any) -> Any:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "why", (("grpc-status-details-bin", junk),))

    sink.answer = fails
    async with exporter(otlp, config(sink), tmp_path) as sender:
        with pytest.raises(RetryError) as error:
            await sender.send(batch())
    assert error.value.after_s == 0.0


async def test_words_of_all_languages_are_understood(sink: Any, tmp_path: Path) -> None:
    async def fails(context: Any) -> Any:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "überlastet: 50 % 過負荷\n")

    sink.answer = fails
    async with exporter(otlp, config(sink), tmp_path) as sender:
        with pytest.raises(RetryError, match="UNAVAILABLE: überlastet: 50 % 過負荷"):
            await sender.send(batch())


async def test_a_large_batch_arrives_whole(sink: Any, tmp_path: Path) -> None:
    """Over every window of HTTP/2, in many blocks."""
    whole = batch()
    for at in range(60):
        whole = whole.append(logloom.parse(f"{at} {'x' * 37}\n".encode() * 400, format="text"))
    for compression in ("none", "gzip"):
        async with exporter(otlp, config(sink, f", compression: {compression}, timeout: 60s"), tmp_path) as sender:
            assert (await sender.send(whole)).accepted == 24_003
    expected = logs.ExportLogsServiceRequest.FromString(bytes(whole))
    assert sink.requests == [expected, expected]


async def test_one_that_goes_and_comes_again_is_found(tmp_path: Path, engine: str) -> None:
    async def serving(port: int) -> tuple[Sink, Any]:
        sink, server = Sink(), grpc.aio.server()
        add_LogsServiceServicer_to_server(sink, server)
        sink.port, sink.engine = server.add_insecure_port(f"127.0.0.1:{port}"), engine
        await server.start()
        return sink, server

    async def hangs(_context: Any) -> Any:
        waits.set()
        await asyncio.Event().wait()

    first, server = await serving(0)
    waits = asyncio.Event()
    first.answer = hangs
    async with exporter(otlp, config(first, ", timeout: 30s"), tmp_path) as sender:
        sending = asyncio.create_task(sender.send(batch()))
        await waits.wait()
        await server.stop(0)  # in the middle of the call
        with pytest.raises(RetryError):
            await sending
        second, server = await serving(first.port)
        async with asyncio.timeout(30):
            while True:
                try:
                    assert (await sender.send(batch())).accepted == 3
                    break
                except RetryError:  # grpcio looks again after a second
                    await asyncio.sleep(0.05)
        assert len(second.requests) == 1
    await server.stop(0)


async def test_a_call_that_nobody_waits_for_is_given_up(sink: Any, tmp_path: Path) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hangs(context: Any) -> Any:
        context.add_done_callback(lambda _: ended.set())
        begun.set()
        await asyncio.Event().wait()

    sink.answer = hangs
    async with asyncio.timeout(30), exporter(otlp, config(sink, ", timeout: 30s"), tmp_path) as sender:
        sending = asyncio.create_task(sender.send(batch()))
        await begun.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await ended.wait()


async def test_what_is_not_grpc_is_tried_again(tmp_path: Path, engine: str) -> None:
    """A server of HTTP/1.1, such as an OTLP endpoint's other port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        text = f"{{endpoint: 'http://127.0.0.1:{port}', timeout: 5s, engine: {engine}}}"
        async with exporter(otlp, text, tmp_path) as sender:
            with pytest.raises(RetryError):
                await sender.send(batch())


async def test_a_silent_destination_and_one_that_is_not_there_are_tried_again(sink: Any, tmp_path: Path) -> None:
    async def silent(_context: Any) -> Any:
        await asyncio.Event().wait()

    sink.answer = silent
    async with exporter(otlp, config(sink, ", timeout: 100ms"), tmp_path) as sender:
        with pytest.raises(RetryError, match="DEADLINE_EXCEEDED"):
            await sender.send(batch())
    nobody = f"{{endpoint: '127.0.0.1:1', tls: {{insecure: true}}, engine: {sink.engine}}}"
    async with exporter(otlp, nobody, tmp_path) as sender:
        with pytest.raises(RetryError, match=r"127\.0\.0\.1:1: UNAVAILABLE"):
            await sender.send(batch())


@pytest.mark.parametrize(
    ("text", "secure"),
    [
        ("endpoint: siem:4317", True),
        ("endpoint: https://siem:4317", True),
        ("endpoint: http://siem:4317", False),
        ("endpoint: siem:4317, tls: {insecure: true}", False),
        ("endpoint: https://siem:4317, tls: {insecure: true}", True),
        ("endpoint: '[::1]:4317'", True),
    ],
)
def test_the_forms_of_an_endpoint(text: str, secure: bool) -> None:
    assert read_config(otlp, f"{{{text}}}").is_secure is secure


@pytest.mark.parametrize(
    ("text", "coding"),
    [
        ("", "gzip"),
        (", compression: none", "none"),
        (", compression: zstd", "zstd"),
        (", compression: zstd, engine: grpcio", "gzip"),
        (", compression: snappy", "gzip"),
    ],
)
def test_what_compresses_is_told(text: str, coding: str) -> None:
    read = read_config(otlp, f"{{endpoint: 'a:1'{text}}}")
    assert read.coding == coding
    assert [key for key, _ in read.notes()] == (["compression"] if coding != read.compression else [])


def test_what_cannot_be_is_named_and_no_secret_shown() -> None:
    wrong = problems_of(otlp, '{endpoint: "a:1", headers: {"a b": x, te: x, key: "se\\ncret"}, compression: brotli}')
    assert set(wrong) == {"compression"}
    wrong = problems_of(otlp, '{endpoint: "a:1", headers: {"a b": x, te: x, key: "se\\ncret"}}')
    assert set(wrong) == {"headers.a b", "headers.te", "headers.key"}
    assert "cret" not in str(wrong)
    assert set(problems_of(otlp, "{endpoint: ':4317'}")) == {"endpoint"}
