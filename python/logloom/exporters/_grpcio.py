"""Calls of gRPC by the library `grpcio`, within the event loop: `engine: grpcio`."""

import asyncio
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio

from logloom import rpc
from logloom.exporters._calls import ANSWER_BYTES_MAX, CallError, Code
from logloom.exporters._client import USER_AGENT
from logloom.exporters._pinned import Pinned, presented
from logloom.tls import Pems, client_context, for_grpc, roots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logloom._native import Batch
    from logloom.exporters.otlp import Config

__all__ = ["GrpcioCaller"]

RECONNECT_MS_MAX: Final = 5_000
"""gRPC itself would wait up to two minutes before it looks for a destination again that was down."""


class GrpcioCaller:
    """See `Caller`. Where any certificate will do, what the destination shows is trusted: `_pinned.py`."""

    def __init__(self, config: "Config", method: str) -> None:
        self._config = config
        self._method = method
        self._pins = config.is_secure and config.tls.insecure_skip_verify
        self._pems = Pems(None, None, None)
        self._is_stale = False
        self._channel: grpc.aio.Channel | None = None
        self._export: Any = None

    def take(self, pems: Pems) -> None:
        """TLS with these from the next call on."""
        for_grpc(self._config.tls)
        client_context(self._config.tls, pems)  # says what will not do, where gRPC would only fail
        self._pems, self._is_stale = pems, self._channel is not None

    async def call(self, batch: "Batch", headers: "Sequence[tuple[str, str]]") -> bytes:
        """Send it, and return the answer's message."""
        config = self._config
        if self._is_stale:
            self._is_stale = False
            await self.close()
        if self._channel is None:
            shown = (config.endpoint, config.tls, config.timeout)
            self._open(await asyncio.to_thread(presented, *shown) if self._pins else None)
        try:
            answer: bytes = await self._export(bytes(batch), timeout=config.timeout, metadata=tuple(headers))
        except grpc.aio.AioRpcError as error:
            if self._pins and error.code() == grpc.StatusCode.UNAVAILABLE:
                await self.close()  # it may show another certificate by now
            trailers = error.trailing_metadata() or ()
            details = next((value for key, value in trailers if key == rpc.STATUS_KEY), b"")
            details = details if isinstance(details, bytes) else b""
            raise CallError(Code.of(error.code().value[0]), error.details() or "", details) from None
        return answer

    def _open(self, pinned: Pinned | None) -> None:
        config, target = self._config, str(self._config.endpoint)
        compression = grpc.Compression.NoCompression if config.compression == "none" else grpc.Compression.Gzip
        options: list[tuple[str, Any]] = [
            ("grpc.primary_user_agent", USER_AGENT),
            ("grpc.enable_retries", 0),
            ("grpc.initial_reconnect_backoff_ms", 1_000),
            ("grpc.max_reconnect_backoff_ms", RECONNECT_MS_MAX),
            ("grpc.max_receive_message_length", ANSWER_BYTES_MAX),
            ("grpc.keepalive_time_ms", round(config.keepalive.time * 1000)),
            ("grpc.keepalive_timeout_ms", round(config.keepalive.timeout * 1000)),
            ("grpc.keepalive_permit_without_calls", int(config.keepalive.permit_without_stream)),
        ]
        if config.authority:
            options.append(("grpc.default_authority", config.authority))
        if config.is_secure:
            name = config.tls.server_name_override or (pinned.name if pinned else "")
            if name:
                options.append(("grpc.ssl_target_name_override", name))
            pems = self._pems
            trusted = pinned.pem if pinned else roots(config.tls, pems)
            credentials = grpc.ssl_channel_credentials(trusted, pems.key, pems.cert)
            self._channel = grpc.aio.secure_channel(target, credentials, options=options, compression=compression)
        else:
            self._channel = grpc.aio.insecure_channel(target, options=options, compression=compression)
        self._export = self._channel.unary_unary(self._method)

    async def close(self) -> None:
        """End the connection."""
        if self._channel is not None:
            channel, self._channel, self._export = self._channel, None, None
            await channel.close()
