"""Clients that send messages and believe the answer, and nothing else."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import grpc
import grpc.aio
import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from logloom._native import compress
from tests.encoders import jaeger, loki
from tests.service.kill import records
from tests.service.kill.notes import Notes
from tests.service.kill.streams import AccessLog, Beats, Forward, Stream
from tests.service.sinks import EXPORTS

__all__ = ["ANSWER_S", "Ports", "Senders"]

ANSWER_S = 10.0
"""How long a client waits for an answer."""
POST_SPANS = "/jaeger.api_v2.CollectorService/PostSpans"
RECORDS_MAX = 40
"""The most in a request."""
GIVE_UP = 0.05
"""How often a client that had no answer does not try again: what it sent may arrive or not."""

Send = Callable[[dict[str, str]], Awaitable[bool]]
"""Sends bodies by id: whether they were acknowledged."""


@dataclass(frozen=True)
class Ports:
    """Where logloom listens."""

    grpc: int
    http: int
    zipkin: int
    forward: int
    lumberjack: int
    jaeger: int
    post: int
    envoyals: int


class RefusedError(AssertionError):
    """logloom said that a good request is a bad one."""


class Senders:
    """Many clients at once, on one event loop."""

    def __init__(self, ports: Ports, notes: Notes, seed: int) -> None:
        self._ports = ports
        self._notes = notes
        self._seed = seed
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """No more requests; those that wait for an answer still get it."""
        self._stopping.set()

    async def run(self, counts: dict[str, int], pause_s: float) -> None:
        """Runs as many clients of each way as `counts` says, until stopped; each pauses between two requests."""
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_S), connector=aiohttp.TCPConnector(limit=0))
            )
            options = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]
            otlp, jaegers, envoys = [
                await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options))
                for port in (self._ports.grpc, self._ports.jaeger, self._ports.envoyals)
            ]
            logs = f"http://127.0.0.1:{self._ports.http}/v1/logs"
            spans = f"http://127.0.0.1:{self._ports.zipkin}/api/v2/spans"
            lines = f"http://127.0.0.1:{self._ports.post}/"
            push = f"http://127.0.0.1:{self._ports.post}/loki/api/v1/push"
            bulk = f"http://127.0.0.1:{self._ports.post}/logs-shop-default/_bulk"
            events = f"http://127.0.0.1:{self._ports.post}/services/collector/event"
            intake = f"http://127.0.0.1:{self._ports.post}/api/v2/logs"
            ways: dict[str, Callable[[], Send]] = {
                "grpc": lambda: _Call(otlp, EXPORTS["logs"], _protobuf),
                "envoy": lambda: AccessLog(envoys, ANSWER_S),
                "jaeger": lambda: _Call(jaegers, POST_SPANS, _jaeger),
                "post": lambda: _Post(session, lines, "x-ndjson", _lines),
                "proto": lambda: _Post(session, logs, "x-protobuf", _protobuf),
                "json": lambda: _Post(session, logs, "json", _json),
                "datadog": lambda: _Post(session, intake, "json", _entries, 202),
                "loki": lambda: _Post(session, push, "x-protobuf", _push, 204),
                "bulk": lambda: _Post(session, bulk, "x-ndjson", _documents),
                "hec": lambda: _Post(session, events, "json", _events),
                "zipkin": lambda: _Post(session, spans, "json", _spans, 202),
                "forward": lambda: _opened(stack, Forward(self._ports.forward, ANSWER_S)),
                "beats": lambda: _opened(stack, Beats(self._ports.lumberjack, ANSWER_S)),
            }
            async with asyncio.TaskGroup() as group:
                for way, count in counts.items():
                    for number in range(count):
                        group.create_task(self._client(f"{way}{number}", ways[way](), pause_s))

    async def _client(self, name: str, send: Send, pause_s: float) -> None:
        chance = random.Random(f"{self._seed} {name}")
        for number in itertools.takewhile(lambda _: not self._stopping.is_set(), itertools.count()):
            ids = [f"{name}-{number}-{at}" for at in range(chance.randint(1, RECORDS_MAX))]
            await self._until_taken({one: records.message(chance, one) for one in ids}, send, chance)
            await asyncio.sleep(chance.uniform(0, 2 * pause_s))

    async def _until_taken(self, bodies: dict[str, str], send: Send, chance: random.Random) -> None:
        while True:
            self._notes.sending(bodies)
            if await send(bodies):
                self._notes.acknowledged(bodies)
                return
            self._notes.failed += 1
            if self._stopping.is_set() or chance.random() < GIVE_UP:
                return
            await asyncio.sleep(chance.uniform(0.02, 0.3))


@dataclass(frozen=True)
class _Call:
    """Requests over gRPC; what says nothing took them all."""

    channel: grpc.aio.Channel
    method: str
    encode: Callable[[dict[str, str]], bytes]

    async def __call__(self, bodies: dict[str, str]) -> bool:
        call: Any = self.channel.unary_unary(self.method)
        try:
            answer = await call(self.encode(bodies), timeout=ANSWER_S)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.INVALID_ARGUMENT:
                raise RefusedError(error.details()) from error
            return False
        assert not ExportLogsServiceResponse.FromString(answer).HasField("partial_success")
        return True


@dataclass(frozen=True)
class _Post:
    """Requests over HTTP; `ok` is the status that acknowledges."""

    session: aiohttp.ClientSession
    url: str
    kind: str
    encode: Callable[[dict[str, str]], bytes]
    ok: int = 200

    async def __call__(self, bodies: dict[str, str]) -> bool:
        headers = {"Content-Type": f"application/{self.kind}"}
        try:
            async with self.session.post(self.url, data=self.encode(bodies), headers=headers) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        if 400 <= response.status < 500 and response.status not in (408, 429):
            raise RefusedError(f"{response.status} {answer!r}")
        return response.status == self.ok


def _opened(stack: AsyncExitStack, stream: Stream) -> Stream:
    stack.callback(stream.close)
    return stream


def _protobuf(bodies: dict[str, str]) -> bytes:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = group.scope_logs.add()
    for body in bodies.values():
        scope.log_records.add(time_unix_nano=1_763_740_800_000_000_000, severity_number=9).body.string_value = body
    return request.SerializeToString()


def _json(bodies: dict[str, str]) -> bytes:
    found = [{"timeUnixNano": "1763740800000000000", "body": {"stringValue": body}} for body in bodies.values()]
    return orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": found}]}]})


def _lines(bodies: dict[str, str]) -> bytes:
    return b"\n".join(orjson.dumps({"message": body}) for body in bodies.values())


def _documents(bodies: dict[str, str]) -> bytes:
    lines = (orjson.dumps({"message": body}) for body in bodies.values())
    return b"".join(b'{"create":{}}\n' + line + b"\n" for line in lines)


def _events(bodies: dict[str, str]) -> bytes:
    return b"".join(orjson.dumps({"event": body}) for body in bodies.values())


def _entries(bodies: dict[str, str]) -> bytes:
    return orjson.dumps([{"message": body, "service": "shop", "ddtags": "env:kill"} for body in bodies.values()])


def _push(bodies: dict[str, str]) -> bytes:
    lines = tuple(loki.Line(at, body) for at, body in enumerate(bodies.values(), 1_763_740_800_000_000_000))
    return compress(loki.proto([loki.Stream({"service_name": "shop"}, lines)]), "snappy")


def _jaeger(bodies: dict[str, str]) -> bytes:
    spans = (jaeger.Span(at, at, body, 1_795_430_459_000_000, 5) for at, body in enumerate(bodies.values(), 1))
    return jaeger.proto(jaeger.Batch("shop", (), tuple(spans)))


def _spans(bodies: dict[str, str]) -> bytes:
    return orjson.dumps(list(_each_span(bodies)))


def _each_span(bodies: dict[str, str]) -> Iterator[dict[str, Any]]:
    for number, body in enumerate(bodies.values(), 1):
        yield {
            "traceId": f"{number:032x}",
            "id": f"{number:016x}",
            "name": body,
            "timestamp": 1_763_740_800_000_000,
            "duration": 5,
            "localEndpoint": {"serviceName": "shop"},
        }
