"""OTLP over gRPC and HTTP: what each Delivery is to a client, by the specification."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import grpc.aio
import pytest
from google.protobuf import json_format
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from logloom._native import Delivery
from logloom.receivers import otlp
from tests.components import Pushed, Running, running

LOGS = logs.ExportLogsServiceRequest()
LOGS.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "hello"
TRACES = traces.ExportTraceServiceRequest()
TRACES.resource_spans.add().scope_spans.add().spans.add().name = "get"
SIGNALS: dict[str, tuple[Any, Any, Any]] = {
    "logs": (LOGS, logs.ExportLogsServiceResponse, LogsServiceStub),
    "traces": (TRACES, traces.ExportTraceServiceResponse, TraceServiceStub),
}
PROTOBUF, JSON = "application/x-protobuf", "application/json"
HTTP_ENGINES = {"native": "native", "grpcio": "aiohttp"}
FORMATS = {("logs", PROTOBUF): "otlp", ("logs", JSON): "otlp_json", ("traces", PROTOBUF): "otlp_traces"}
FORMATS |= {("traces", JSON): "otlp_traces_json"}


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


@pytest.fixture(params=["native", "grpcio"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def server(pushed: Pushed, tmp_path: Path, engine: str) -> AsyncIterator[Running]:
    http_engine = HTTP_ENGINES[engine]
    config = (
        f"protocols: {{grpc: {{endpoint: '127.0.0.1:0', engine: {engine}}},"
        f" http: {{endpoint: '127.0.0.1:0', engine: {http_engine}}}}}"
    )
    async with running(otlp, config, pushed, tmp_path) as runs:
        yield runs


async def export(server: Running, signal: str) -> Any:
    message, _, stub = SIGNALS[signal]
    async with grpc.aio.insecure_channel(server.listening["grpc"]) as channel:
        return await stub(channel).Export(message, timeout=20)


async def post(server: Running, signal: str, content_type: str, body: bytes | None = None) -> tuple[Any, bytes]:
    message = SIGNALS[signal][0]
    as_json = json_format.MessageToJson(message).encode()
    data = body if body is not None else as_json if content_type == JSON else message.SerializeToString()
    headers = {"Content-Type": content_type}
    async with (
        aiohttp.ClientSession() as client,
        client.post(server.url(f"/v1/{signal}"), data=data, headers=headers) as response,
    ):
        return response, await response.read()


def read(content_type: str, data: bytes, message: Any) -> Any:
    return json_format.Parse(data, message) if content_type == JSON else type(message).FromString(data)


@pytest.mark.parametrize("signal", SIGNALS)
async def test_grpc_takes_the_bytes_as_they_came(server: Running, pushed: Pushed, signal: str) -> None:
    answer = await export(server, signal)
    assert answer == SIGNALS[signal][1]()
    assert not answer.HasField("partial_success")
    assert [taken[:2] for taken in pushed.taken] == [
        (FORMATS[signal, PROTOBUF], SIGNALS[signal][0].SerializeToString())
    ]


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
@pytest.mark.parametrize("signal", SIGNALS)
async def test_http_takes_them_and_answers_in_kind(
    server: Running, pushed: Pushed, signal: str, content_type: str
) -> None:
    response, data = await post(server, signal, content_type)
    assert (response.status, response.content_type) == (200, content_type)
    assert read(content_type, data, SIGNALS[signal][1]()) == SIGNALS[signal][1]()
    assert [taken[0] for taken in pushed.taken] == [FORMATS[signal, content_type]]


@pytest.mark.parametrize("signal", SIGNALS)
async def test_what_was_refused_of_a_request_is_a_partial_success(server: Running, pushed: Pushed, signal: str) -> None:
    partial = Delivery.done(3, [(1, "no time"), (4, "too long")])
    expected = SIGNALS[signal][1]()
    name = "rejected_log_records" if signal == "logs" else "rejected_spans"
    setattr(expected.partial_success, name, 2)
    expected.partial_success.error_message = "no time"
    pushed.answers = [partial] * 3
    assert await export(server, signal) == expected
    for content_type in (PROTOBUF, JSON):
        response, data = await post(server, signal, content_type)
        assert (response.status, read(content_type, data, SIGNALS[signal][1]())) == (200, expected)


@pytest.mark.parametrize(
    "case",
    [
        (Delivery.retry(1.5, "the journal is full"), grpc.StatusCode.UNAVAILABLE, 503, 1.5),
        (Delivery.refuse("no OTLP: byte 7"), grpc.StatusCode.INVALID_ARGUMENT, 400, None),
    ],
)
@pytest.mark.parametrize("signal", SIGNALS)
async def test_what_was_not_taken(
    server: Running,
    pushed: Pushed,
    signal: str,
    case: tuple[Delivery, grpc.StatusCode, int, float | None],
) -> None:
    delivery, code, status, delay_s = case
    pushed.answers = [delivery] * 3
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await export(server, signal)
    details = Status.FromString(dict(error.value.trailing_metadata())["grpc-status-details-bin"])
    assert (error.value.code(), details.code) == (code, code.value[0])
    for content_type in (PROTOBUF, JSON):
        response, data = await post(server, signal, content_type)
        assert (response.status, response.content_type) == (status, content_type)
        assert read(content_type, data, Status()) == details
        assert response.headers.get("Retry-After") == ("2" if delay_s else None)
    assert details.message == delivery.why
    info = RetryInfo()
    assert len(details.details) == (1 if delay_s else 0)
    assert not delay_s or (details.details[0].Unpack(info) and info.retry_delay.ToMilliseconds() == delay_s * 1000)
    assert pushed.taken == []


async def test_metrics_are_not_taken(server: Running, pushed: Pushed) -> None:
    async with grpc.aio.insecure_channel(server.listening["grpc"]) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await MetricsServiceStub(channel).Export(ExportMetricsServiceRequest(), timeout=20)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "no metrics" in (error.value.details() or "")
    async with aiohttp.ClientSession() as client, client.post(server.url("/v1/metrics"), data=b"") as response:
        assert response.status == 404
    assert pushed.taken == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-ndjson", "multipart/form-data", "nonsense"])
async def test_another_content_type_is_415(server: Running, pushed: Pushed, content_type: str) -> None:
    response, data = await post(server, "logs", content_type, b"{}")
    assert response.status == 415
    assert Status.FromString(data).code == 3
    assert pushed.taken == []


async def test_a_content_type_has_parameters_and_any_case(server: Running, pushed: Pushed) -> None:
    for content_type in ("application/json; charset=utf-8", "Application/JSON", "application/X-Protobuf;a=b"):
        response, _ = await post(server, "logs", content_type, b"")
        assert response.status == 200
    assert [taken[0] for taken in pushed.taken] == ["otlp_json", "otlp_json", "otlp"]


async def test_oversize_is_told_in_the_kind_of_the_request(tmp_path: Path) -> None:
    pushed = Pushed()
    config = "protocols: {http: {endpoint: '127.0.0.1:0', max_request_body_size: 1024}}"
    async with running(otlp, config, pushed, tmp_path) as server:
        assert set(server.listening) == {"http"}
        for content_type in (PROTOBUF, JSON):
            response, data = await post(server, "logs", content_type, bytes(1025))
            assert response.status == 413
            assert read(content_type, data, Status()).code == 8
    assert pushed.taken == []


async def test_stopping_is_told_as_something_that_passes(server: Running, pushed: Pushed) -> None:
    async with grpc.aio.insecure_channel(server.listening["grpc"]) as channel:
        await LogsServiceStub(channel).Export(LOGS)
        await server.stop()
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await LogsServiceStub(channel).Export(LOGS, timeout=20)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    assert len(pushed.taken) == 1


async def test_one_grpc_connection_too_many_is_closed_and_a_free_place_taken(tmp_path: Path, engine: str) -> None:
    config = f"protocols: {{grpc: {{endpoint: '127.0.0.1:0', max_connections: 2, engine: {engine}}}}}"
    own = [("grpc.use_local_subchannel_pool", 1)]  # else channels would share a connection
    async with running(otlp, config, Pushed(), tmp_path) as server:
        channels = [grpc.aio.insecure_channel(server.listening["grpc"], options=own) for _ in range(3)]
        for channel in channels[:2]:
            await LogsServiceStub(channel).Export(LOGS, timeout=20)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await LogsServiceStub(channels[2]).Export(LOGS, timeout=20)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
        await channels[0].close()
        await LogsServiceStub(channels[2]).Export(LOGS, timeout=20, wait_for_ready=True)
        for channel in channels[1:]:
            await channel.close()


async def test_ipv6_is_served(tmp_path: Path) -> None:
    pushed = Pushed()
    config = "protocols: {grpc: {endpoint: '[::1]:0'}, http: {endpoint: '[::1]:0'}}"
    async with running(otlp, config, pushed, tmp_path) as server:
        await export(server, "logs")
        assert (await post(server, "logs", PROTOBUF))[0].status == 200
    assert [peer.startswith("[::1]:") for _, _, peer in pushed.taken] == [True, True]
