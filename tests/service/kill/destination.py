"""A destination that may itself be killed: it acknowledges only what stands, synced, in a file of its own.

`python -m tests.service.kill.destination grpc|http PORT FILE`. One line a record that arrived: when (monotonic
seconds), its id, the digest of its body, its key in the journal, and a full stop, without which a kill cut the line and
it counts for nothing.
"""

import os
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.service.kill.notes import digest
from tests.service.kill.records import ID
from tests.service.sinks import EXPORTS

__all__ = ["Arrival", "Keeper", "arrivals", "written"]

REQUEST_BYTES_MAX = 64 << 20
UID = "log.record.uid"
PATH = "url.path"
"""What a record without a body is known by."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record at the destination; `id` is empty for one that no sender made whole, `uid` where it has no key."""

    at_s: float
    id: str
    digest: int
    uid: str = ""


class Keeper:
    """The file."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        if (size := os.fstat(self._fd).st_size) and os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n")  # the line that the last kill cut

    def keep(self, request: bytes) -> None:
        """Returns when it is on disk."""
        now = time.monotonic()
        lines = "".join(
            f"{now:.6f} {name or '?'} {check} {uid or '?'} .\n" for name, check, uid in found(request)
        ).encode()
        with self._lock:
            while lines:
                lines = lines[os.write(self._fd, lines) :]
            os.fdatasync(self._fd)


def found(request: bytes) -> Iterator[tuple[str, int, str]]:
    """Ids, digests and keys of all records."""
    for group in ExportLogsServiceRequest.FromString(request).resource_logs:
        for scope in group.scope_logs:
            for record in scope.log_records:
                texts = {pair.key: pair.value.string_value for pair in record.attributes if pair.key in (UID, PATH)}
                body, uid = record.body.string_value or texts.get(PATH, ""), texts.get(UID, "")
                named = ID.search(body)
                yield named[1] if named else "", digest(body), uid


def arrivals(path: Path) -> list[Arrival]:
    """What the file holds, in order; lines that a kill cut are left out."""
    if not path.exists():
        return []
    lines = (line.split(" ") for line in path.read_text("ascii").split("\n")[:-1])
    whole = (line for line in lines if len(line) == 5 and line[4] == ".")
    return [Arrival(float(at), name.strip("?"), int(check), uid.strip("?")) for at, name, check, uid, _ in whole]


def written(path: Path) -> list[Arrival]:
    """What the exporter `file` wrote to `path`, its rotated files included; when is not known."""
    files = path.parent.glob(f"{path.stem}*{path.suffix}")
    whole = (line for file in files for line in file.read_bytes().split(b"\n")[:-1])
    return [_arrival(record) for line in whole for record in _records(line)]


def _records(line: bytes) -> Iterator[dict[str, Any]]:
    for group in orjson.loads(line)["resourceLogs"]:
        for scope in group["scopeLogs"]:
            yield from scope["logRecords"]


def _arrival(record: dict[str, Any]) -> Arrival:
    body = record["body"]["stringValue"] if "body" in record else _path(record)
    named = ID.search(body)
    return Arrival(0.0, named[1] if named else "", digest(body))


def _path(record: dict[str, Any]) -> str:
    found: Iterator[str] = (pair["value"]["stringValue"] for pair in record["attributes"] if pair["key"] == PATH)
    return next(found)


class _Grpc(grpc.GenericRpcHandler):
    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def service(self, handler_call_details: Any) -> Any:
        if handler_call_details.method != EXPORTS["logs"]:
            return None
        return grpc.unary_unary_rpc_method_handler(self._export)

    def _export(self, request: bytes, _: grpc.ServicerContext) -> bytes:
        self._keeper.keep(request)
        return b""


def _http(keeper: Keeper) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = zlib.decompressobj(wbits=31).decompress(body, REQUEST_BYTES_MAX)
            keeper.keep(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler


def main(kind: str, port: int, path: Path) -> None:
    """Serves until it is killed."""
    keeper = Keeper(path)
    if kind == "http":
        ThreadingHTTPServer(("127.0.0.1", port), _http(keeper)).serve_forever()
    server = grpc.server(
        futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", REQUEST_BYTES_MAX)]
    )
    server.add_generic_rpc_handlers((_Grpc(keeper),))
    assert server.add_insecure_port(f"127.0.0.1:{port}") == port
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
