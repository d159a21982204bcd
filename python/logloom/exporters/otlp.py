"""`otlp`: OpenTelemetry's own protocol over gRPC, to a Collector, another logloom, or a vendor.

A batch is sent as the bytes that it is. Which answers are tried again, and when, is the specification's:
https://opentelemetry.io/docs/specs/otlp/#failures; but that answers about us (a wrong token, a wrong address) and not
about the records lose nothing: they are tried again until somebody puts it right.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, NoReturn, Self

import grpc
import grpc.aio

from logloom import rpc
from logloom.config import Auth, Bound, ClientTls, Endpoint, Retry, Seconds, Secret, SendingQueue
from logloom.errors import DestinationError, RefuseError, RetryError
from logloom.exporters import TooLargeError
from logloom.exporters._client import USER_AGENT, Answers, credentials_of, header_problems, record_headers
from logloom.exporters._pinned import Pinned, presented
from logloom.tls import Pems, Reloaded, client_context, for_grpc, roots

if TYPE_CHECKING:
    from logloom._native import Batch, Delivery
    from logloom.exporters import ExporterContext

METHOD: Final = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
ANSWER_BYTES_MAX: Final = 64 << 10
RECONNECT_MS_MAX: Final = 5_000
"""gRPC itself would wait up to two minutes before it looks for a destination again that was down."""

RETRYABLE: Final = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}
"""And RESOURCE_EXHAUSTED, where the destination says when."""
ABOUT_US: Final = {
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.NOT_FOUND,
}
"""Codes that say nothing about the records."""
ABOUT_THE_RECORDS: Final = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.ALREADY_EXISTS}
"""What is in none of these may be about either."""

REQUEST_BYTES_MAX: Final = 4_000_000
"""Servers of gRPC take 4 MiB where nothing else is set."""
TOO_LARGE: Final = {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.OUT_OF_RANGE}
TOO_LARGE_SAID: Final = re.compile("larger than max|too large|exceeds maximum size")
"""What the libraries of gRPC answer to a message over their limit: C and Go, Rust, Java. No code is for that alone."""


@dataclass(frozen=True, slots=True)
class Keepalive:
    """How a silent connection is probed.

    Attributes:
        time: After so long without anything from the destination.
        timeout: It is given up where the probe has no answer for so long.
        permit_without_stream: Whether also while nothing is being sent.
    """

    time: Annotated[Seconds, Bound(10, 86400)] = 60.0
    timeout: Annotated[Seconds, Bound(1, 3600)] = 10.0
    permit_without_stream: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """Where to, and how.

    Attributes:
        endpoint: `host:port`; with `http://` before it plain text, with `https://` TLS in any case.
        authority: The name that requests say they are for, where it is not the endpoint's.
        tls: How the connection is secured; by default TLS, with the system's authorities.
        compression: How requests are compressed; gzip in place of zstd and snappy, which gRPC's library has not.
        headers: Sent with each request.
        auth: As whom to send.
        record_uid: Give each record that has no `log.record.uid` its key in the journal as one, so that a destination
            knows what comes again.
        timeout: How long a request may take.
        keepalive: How a silent connection is probed.
        retry_on_failure: When what was not taken is sent again.
        sending_queue: How batches are cut.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "dialer": "gRPC dials",
        "user_agent": "logloom says who it is",
        "balancer_name": "one connection is used",
        "read_buffer_size": "answers are small",
        "wait_for_ready": "a destination that is down is tried again, as retry_on_failure says",
        "write_buffer_size": "gRPC chooses it",
    }

    LACKING: ClassVar[Mapping[str, str]] = {"middlewares": "a request goes out as it is"}

    endpoint: Endpoint
    authority: str = ""
    tls: ClientTls = field(default_factory=ClientTls)
    compression: Literal["gzip", "zstd", "snappy", "none"] = "gzip"
    headers: dict[str, Secret] = field(default_factory=dict)
    auth: Auth | None = None
    record_uid: bool = False
    timeout: Annotated[Seconds, Bound(0.001, 3600)] = 5.0
    keepalive: Keepalive = field(default_factory=Keepalive)
    retry_on_failure: Retry = field(default_factory=Retry)
    sending_queue: SendingQueue = field(default_factory=SendingQueue)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What gRPC cannot do."""
        if not self.endpoint.host:
            yield "endpoint", "lacks a host: write host:port"
        yield from header_problems(self.headers)

    def notes(self) -> Iterator[tuple[str, str]]:
        """What is done in another way."""
        if self.compression in ("zstd", "snappy"):
            yield "compression", "gRPC's library has gzip alone: that is used"

    @property
    def is_secure(self) -> bool:
        """Whether TLS is used."""
        return self.endpoint.scheme == "https" or not (self.tls.insecure or self.endpoint.scheme == "http")


def create(config: Config, context: "ExporterContext") -> "Otlp":
    """The exporter; it connects when it sends."""
    return Otlp(config, context)


class Otlp:
    """Calls `LogsService/Export`."""

    request_bytes_max = REQUEST_BYTES_MAX

    def __init__(self, config: Config, context: "ExporterContext") -> None:
        self._config = config
        self._answers = Answers(context.log)
        self._credentials = credentials_of(config.auth, context, in_the_open=not config.is_secure)
        self._metadata = tuple((name.lower(), value.reveal()) for name, value in config.headers.items())
        self._pins = config.is_secure and config.tls.insecure_skip_verify
        self._pems = Pems(None, None, None)
        self._is_stale = False
        self._reloaded = Reloaded(config.tls, self._take, context.log)
        self._channel: grpc.aio.Channel | None = None
        self._export: Any = None

    async def __aenter__(self) -> Self:
        """Set the channel up.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
        """
        if self._config.is_secure:
            for_grpc(self._config.tls)
            self._reloaded.start()
        if not self._pins:  # or the channel is opened when there is something to send
            self._open(None)
        return self

    def _take(self, pems: Pems) -> None:
        client_context(self._config.tls, pems)  # says what will not do, where gRPC would only fail
        self._pems, self._is_stale = pems, self._channel is not None

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
        self._export = self._channel.unary_unary(METHOD)

    async def __aexit__(self, *_error: object) -> None:
        """Close the connection."""
        await self._reloaded.stop()
        await self._close()

    async def _close(self) -> None:
        if self._channel is not None:
            channel, self._channel, self._export = self._channel, None, None
            await channel.close()

    async def send(self, batch: "Batch") -> "Delivery":
        """Send it in one request, and read the answer."""
        if self._is_stale:
            self._is_stale = False
            await self._close()
            if not self._pins:
                self._open(None)
        if self._pins and self._channel is None:
            self._open(
                await asyncio.to_thread(presented, self._config.endpoint, self._config.tls, self._config.timeout)
            )
        try:
            data = bytes(batch.with_uids() if self._config.record_uid else batch)
            metadata = (*self._metadata, *self._credentials().items(), *record_headers(batch).items())
            answer = await self._export(data, timeout=self._config.timeout, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            if self._pins and error.code() == grpc.StatusCode.UNAVAILABLE:
                await self._close()  # it may show another certificate by now
            self._fail(error)
        return self._answers.delivery(batch, rpc.read_partial_success(answer))

    def _fail(self, error: grpc.aio.AioRpcError) -> NoReturn:
        details = next((value for key, value in error.trailing_metadata() or () if key == rpc.STATUS_KEY), b"")
        delay_s = rpc.read_status(details).retry_after_s if isinstance(details, bytes) else None
        code = error.code()
        why = f"{self._config.endpoint}: {code.name}: {(error.details() or '')[: rpc.MESSAGE_CHARS_MAX]}"
        if code in TOO_LARGE and delay_s is None and TOO_LARGE_SAID.search(error.details() or ""):
            raise TooLargeError(why) from None
        if code in RETRYABLE or (code == grpc.StatusCode.RESOURCE_EXHAUSTED and delay_s is not None):
            raise RetryError(why, delay_s or 0.0) from None
        if code in ABOUT_US:
            raise DestinationError(why, delay_s or 0.0) from None
        raise RefuseError(why, is_sure=code in ABOUT_THE_RECORDS) from None
