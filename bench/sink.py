"""The other end of an exporter, a process of its own: takes OTLP over gRPC, counts records, prints its address.

`python -m bench.sink FILE`: FILE has how many records came so far, in text.
"""

import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc

from logloom import Batch

EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


class Sink(grpc.GenericRpcHandler):
    """Answers each export with success."""

    def __init__(self, file: Path) -> None:
        self._file, self._next = file, file.with_suffix(".next")
        self._lock = threading.Lock()
        self._count = 0

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """The one method."""
        return grpc.unary_unary_rpc_method_handler(self._export) if handler_call_details.method == EXPORT else None

    def _export(self, request: bytes, _context: grpc.ServicerContext) -> bytes:
        with self._lock:
            self._count += len(Batch.from_otlp(request))
            self._next.write_text(str(self._count))
            self._next.replace(self._file)  # whoever reads it meets no half of it
        return b""


if __name__ == "__main__":
    options = [("grpc.max_receive_message_length", 64 << 20)]
    server = grpc.server(futures.ThreadPoolExecutor(4), options=options)
    server.add_generic_rpc_handlers((Sink(Path(sys.argv[1])),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"127.0.0.1:{port}", flush=True)
    server.wait_for_termination()
