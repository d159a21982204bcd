"""Sends metrics to a destination, again and again, as OTLP over gRPC or HTTP."""

import asyncio
import gzip
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from logloom.config import OtlpConfig, PeriodicConfig
from logloom.errors import ConfigError
from logloom.logs import log_of
from logloom.telemetry.snapshot import Snapshot

__all__ = ["Sender", "push"]

METHOD: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
PATH: Final = "/v1/metrics"


class Sender:
    """One destination. Use as an async context manager."""

    def __init__(self, config: OtlpConfig) -> None:
        """No connection is made yet.

        Raises:
            ConfigError: A file of its TLS cannot be read.
        """
        self._config = config
        self._left = AsyncExitStack()
        self._headers = {name.lower(): value.reveal() for name, value in config.headers.items()}
        self._send: Callable[[bytes], Any] | None = None

    async def __aenter__(self) -> Self:
        """Make ready to send."""
        over = self._grpc if self._config.protocol == "grpc" else self._http
        self._send = await over()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Leave."""
        await self._left.aclose()

    async def send(self, body: bytes) -> None:
        """Send one request.

        Raises:
            OSError: It was not taken; why, in the text.
        """
        if self._send is not None:
            await self._send(body)

    async def _grpc(self) -> Callable[[bytes], Any]:
        import grpc

        config = self._config
        target = urlsplit(config.endpoint).netloc if "://" in config.endpoint else config.endpoint
        compression = grpc.Compression.Gzip if config.compression == "gzip" else grpc.Compression.NoCompression
        if config.is_secured:
            files = (config.certificate, config.client_key, config.client_certificate)
            credentials = grpc.ssl_channel_credentials(*[_content(file) if file else None for file in files])
            channel = grpc.aio.secure_channel(target, credentials, compression=compression)
        else:
            channel = grpc.aio.insecure_channel(target, compression=compression)
        await self._left.enter_async_context(channel)
        call: Any = channel.unary_unary(METHOD)

        async def send(body: bytes) -> None:
            try:
                await call(body, timeout=config.timeout / 1000, metadata=tuple(self._headers.items()))
            except grpc.RpcError as error:
                raise OSError(f"{error.code().name}: {error.details()}") from None

        return send

    async def _http(self) -> Callable[[bytes], Any]:
        import aiohttp

        config = self._config
        address = config.endpoint if "://" in config.endpoint else f"https://{config.endpoint}"
        if not urlsplit(address).path.strip("/"):
            address = address.rstrip("/") + PATH
        headers = {"content-type": "application/x-protobuf", **self._headers}
        if config.compression == "gzip":
            headers["content-encoding"] = "gzip"
        session = await self._left.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(config.timeout / 1000))
        )
        secured = _tls(config) if config.is_secured else True

        async def send(body: bytes) -> None:
            body = gzip.compress(body) if config.compression == "gzip" else body
            try:
                async with session.post(
                    address, data=body, headers=headers, ssl=secured, allow_redirects=False
                ) as answer:
                    if answer.status // 100 != 2:
                        raise OSError(f"HTTP {answer.status} {answer.reason}")
            except aiohttp.ClientError as error:
                raise OSError(str(error)) from None

        return send


async def push(config: PeriodicConfig, sender: Sender, snapshot: Callable[[], Snapshot]) -> None:
    """Send at each interval until it is cancelled, and then once more. What fails is told, and sent next time."""
    log, is_well, is_last = log_of("telemetry"), True, False
    endpoint = config.exporter.otlp.endpoint
    while not is_last:
        try:
            await asyncio.sleep(config.interval / 1000)
        except asyncio.CancelledError:
            is_last = True
        try:
            async with asyncio.timeout(config.timeout / 1000):
                await sender.send(await asyncio.to_thread(_body, snapshot))
        except (OSError, TimeoutError) as error:
            why = str(error) or "no answer in time"
            log.warning("metrics were not taken", extra={"endpoint": endpoint, "why": why})
            is_well = False
        else:
            if not is_well:
                log.info("metrics are taken again", extra={"endpoint": endpoint})
            is_well = True


def _body(snapshot: Callable[[], Snapshot]) -> bytes:
    from logloom.telemetry.otlp import request

    return request(snapshot()).SerializeToString()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"service.telemetry.metrics: {path}: {error.strerror}"
        raise ConfigError(msg) from error


def _tls(config: OtlpConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=config.certificate)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if config.client_certificate is not None:
            context.load_cert_chain(config.client_certificate, config.client_key)
    except (OSError, ssl.SSLError) as error:
        msg = f"service.telemetry.metrics: the files of its TLS cannot be used: {error.strerror or error}"
        raise ConfigError(msg) from error
    return context
