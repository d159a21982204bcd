"""The other end of an exporter: an OTLP gRPC server that keeps each request's bytes as they came."""

import threading
from collections.abc import Callable
from concurrent import futures
from types import TracebackType
from typing import Any, Self

import grpc

EXPORTS = {
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
}


class OtlpSink(grpc.GenericRpcHandler):
    """Collects exports on a loopback port. `answers` are codes to give first, one a request, before OK."""

    def __init__(self, answers: list[grpc.StatusCode] | None = None, port: int = 0) -> None:
        self._answers = list(answers or [])
        self._changed = threading.Condition()
        self._received: dict[str, list[bytes]] = {kind: [] for kind in EXPORTS}
        self._server = grpc.server(
            futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", 64 * 1024 * 1024)]
        )
        self._server.add_generic_rpc_handlers((self,))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(None).wait(30)

    def service(self, handler_call_details: Any) -> Any:
        """gRPC's own entry: one handler for each of `EXPORTS`."""
        for kind, method in EXPORTS.items():
            if handler_call_details.method == method:
                return grpc.unary_unary_rpc_method_handler(self._handler(kind))
        return None

    def _handler(self, kind: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def export(request: bytes, context: grpc.ServicerContext) -> bytes:
            with self._changed:
                if self._answers:
                    code = self._answers.pop(0)
                    context.abort(code, "as the test asked")
                self._received[kind].append(request)
                self._changed.notify_all()
            return b""

        return export

    def received(self, kind: str = "logs") -> list[bytes]:
        """The exports acknowledged so far."""
        with self._changed:
            return list(self._received[kind])

    def wait_for(
        self, enough: Callable[[list[bytes]], bool], what: str, kind: str = "logs", timeout_seconds: float = 60
    ) -> list[bytes]:
        """Waits until the exports are `enough`, and returns them."""
        with self._changed:
            if not self._changed.wait_for(lambda: enough(self._received[kind]), timeout_seconds):
                raise AssertionError(
                    f"waited {timeout_seconds:g} s for {what}; got {len(self._received[kind])} exports"
                )
            return list(self._received[kind])
