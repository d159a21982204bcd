"""The native gRPC server on the real core: from a client to the file, and to its end."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import grpc.aio
import orjson
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from logloom import config
from logloom.errors import ServiceError
from logloom.receivers._native import Fate, until_stopped
from logloom.service import Service
from tests.components import log

CONFIG = """
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:0"}}, http: {{endpoint: "127.0.0.1:0"}}}}}}}}
exporters: {{file: {{path: "{out}"}}}}
service: {{shutdown_timeout: 30s, pipelines: {{logs: {{receivers: [otlp], exporters: [file]}}}}}}
"""


def request(*bodies: str) -> Any:
    message = logs.ExportLogsServiceRequest()
    records = message.resource_logs.add().scope_logs.add().log_records
    for body in bodies:
        records.add().body.string_value = body
    return message


def bodies(out: Path) -> list[str]:
    lines = out.read_bytes().splitlines()
    return [
        record["body"]["stringValue"]
        for line in lines
        for resource in orjson.loads(line)["resourceLogs"]
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
    ]


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_a_service_starts_and_stops_again_and_again(tmp_path: Path, compression: grpc.Compression) -> None:
    """Nothing of a stopped server holds the journal, which the next one in the process would find locked."""
    out = tmp_path / "out.jsonl"
    parsed = config.loads(CONFIG.format(out=out))
    kept = []
    for number in range(3):
        service = Service(parsed, tmp_path / "data")
        up: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(service.run(up.set_result))
        await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        endpoint = up.result()["otlp"]["grpc"]
        async with grpc.aio.insecure_channel(endpoint, compression=compression) as channel:
            answer = await LogsServiceStub(channel).Export(request(f"a{number}", f"b{number}"), timeout=60)
            assert not answer.HasField("partial_success")
        url, data = f"http://{up.result()['otlp']['http']}/v1/logs", request(f"c{number}").SerializeToString()
        headers = {"Content-Type": "application/x-protobuf"}
        async with aiohttp.ClientSession() as client, client.post(url, data=data, headers=headers) as response:
            assert response.status == 200
        service.stop()
        await task
        kept.append(service)
    assert sorted(bodies(out)) == [f"{name}{number}" for name in "abc" for number in range(3)]


async def test_a_server_that_ends_by_itself_ends_its_receiver() -> None:
    class Server:
        fate = Fate(asyncio.get_running_loop(), log())

    stopping = asyncio.Event()
    waiting = asyncio.create_task(until_stopped(stopping, None, Server()))
    Server.fate.tell("panicked", "one request")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    Server.fate.tell("ended", "no socket")
    with pytest.raises(ServiceError, match="ended by itself: no socket"):
        await asyncio.wait_for(waiting, 20)


async def test_what_is_no_request_is_refused_for_good(tmp_path: Path) -> None:
    """Nothing of it is taken: not what is no OTLP, and not what is compressed and does not say so."""
    service = Service(config.loads(CONFIG.format(out=tmp_path / "out.jsonl")), tmp_path / "data")
    up: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(service.run(up.set_result))
    await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED)
    method = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    async with grpc.aio.insecure_channel(up.result()["otlp"]["grpc"]) as channel:
        call = channel.unary_unary(method)
        for data in (b"\x0a\x7f", gzip.compress(request("x").SerializeToString())):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await call(data, timeout=60)
            assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    service.stop()
    await task
