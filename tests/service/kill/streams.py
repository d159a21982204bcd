"""Clients of protocols on connections, each on one of its own: a message is taken once its acknowledgement has come."""

import asyncio
import itertools
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc.aio
import msgpack
import orjson

from tests.protos import generated

__all__ = ["AccessLog", "Beats", "Forward", "Stream"]

ACCESS_LOGS = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"


class Stream(ABC):
    """A connection that is opened when it is needed, and again when it broke."""

    def __init__(self, port: int, answer_s: float) -> None:
        self._port = port
        self._answer_s = answer_s
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._numbers = itertools.count(1)

    async def __call__(self, bodies: dict[str, str]) -> bool:
        """Sends the bodies in one message: whether it was acknowledged."""
        try:
            async with asyncio.timeout(self._answer_s):
                if self._open is None:
                    self._open = await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = self._open
                writer.write(self.message(bodies))
                await writer.drain()
                await self.acknowledged(reader, len(bodies))
        except (OSError, EOFError, TimeoutError):
            self.close()
            return False
        return True

    def close(self) -> None:
        """Give the connection up."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    @abstractmethod
    def message(self, bodies: dict[str, str]) -> bytes:
        """What is sent."""

    @abstractmethod
    async def acknowledged(self, reader: asyncio.StreamReader, count: int) -> None:
        """Returns when all of it is acknowledged; EOFError where the connection ends before."""


class Forward(Stream):
    """Fluent Forward, with an id for each chunk."""

    chunk = ""

    def message(self, bodies: dict[str, str]) -> bytes:
        """Forward mode."""
        self.chunk = f"chunk {next(self._numbers)}"
        events = [[1_795_430_459, {"message": body}] for body in bodies.values()]
        found: bytes = msgpack.packb(["shop", events, {"chunk": self.chunk}])
        return found

    async def acknowledged(self, reader: asyncio.StreamReader, count: int) -> None:
        """The chunk's id comes back."""
        unpacker: Any = msgpack.Unpacker()
        while data := await reader.read(4096):
            unpacker.feed(data)
            for value in unpacker:
                assert value == {"ack": self.chunk}
                return
        raise EOFError


class Beats(Stream):
    """Lumberjack, version 2: one window."""

    def message(self, bodies: dict[str, str]) -> bytes:
        """A window of JSON events."""
        events = (orjson.dumps({"@timestamp": "2026-11-21T10:40:00.123Z", "message": body}) for body in bodies.values())
        frames = (b"2J" + struct.pack(">II", at, len(event)) + event for at, event in enumerate(events, 1))
        return b"2W" + struct.pack(">I", len(bodies)) + b"".join(frames)

    async def acknowledged(self, reader: asyncio.StreamReader, count: int) -> None:
        """The number of the last event; lower ones say that the connection lives."""
        taken = 0
        while taken < count:
            kind, taken = struct.unpack(">2sI", await reader.readexactly(6))
            assert kind == b"2A"
            assert taken <= count


@dataclass(frozen=True)
class AccessLog:
    """Envoy's access log service: a stream that is closed, whose answer says that all of it was taken."""

    channel: grpc.aio.Channel
    answer_s: float

    async def __call__(self, bodies: dict[str, str]) -> bool:
        """Sends the bodies as the paths of requests, in several messages: whether the stream was answered."""
        call: Any = self.channel.stream_unary(ACCESS_LOGS)
        open_stream = call(timeout=self.answer_s)
        try:
            for message in self._messages(list(bodies.values())):
                await open_stream.write(message)
            await open_stream.done_writing()
            await open_stream
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return False
        return True

    @staticmethod
    def _messages(bodies: list[str]) -> Iterator[bytes]:
        for at in range(0, len(bodies), 10):
            message = generated("envoy_als")[0].StreamAccessLogsMessage()
            if not at:
                message.identifier.node.id = "edge"
                message.identifier.log_name = "als"
            for body in bodies[at : at + 10]:
                message.http_logs.log_entry.add().request.path = body
            yield message.SerializeToString()
