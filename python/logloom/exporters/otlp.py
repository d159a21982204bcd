"""`otlp`: OpenTelemetry's own protocol over gRPC, to a Collector, another logloom, or a vendor.

A batch is sent as the bytes that it is. Which answers are tried again, and when, is the specification's:
https://opentelemetry.io/docs/specs/otlp/#failures; but that answers about us (a wrong token, a wrong address) and not
about the records lose nothing: they are tried again until somebody puts it right.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, NoReturn, Self

from logloom import rpc
from logloom.config import Auth, Bound, ClientTls, Compression, Endpoint, Retry, Seconds, Secret, SendingQueue
from logloom.errors import DestinationError, RefuseError, RetryError
from logloom.exporters import TooLargeError
from logloom.exporters._calls import Caller, CallError, Code
from logloom.exporters._client import Answers, credentials_of, header_problems, record_headers
from logloom.exporters._native_grpc import NativeCaller
from logloom.tls import Reloaded

if TYPE_CHECKING:
    from logloom._native import Batch, Delivery
    from logloom.exporters import ExporterContext

METHOD: Final = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

RETRYABLE: Final = {
    Code.CANCELLED,
    Code.DEADLINE_EXCEEDED,
    Code.ABORTED,
    Code.OUT_OF_RANGE,
    Code.UNAVAILABLE,
    Code.DATA_LOSS,
}
"""And RESOURCE_EXHAUSTED, where the destination says when."""
ABOUT_US: Final = {
    Code.UNAUTHENTICATED,
    Code.PERMISSION_DENIED,
    Code.UNIMPLEMENTED,
    Code.NOT_FOUND,
}
"""Codes that say nothing about the records."""
ABOUT_THE_RECORDS: Final = {Code.INVALID_ARGUMENT, Code.ALREADY_EXISTS}
"""What is in none of these may be about either."""

REQUEST_BYTES_MAX: Final = 4_000_000
"""Servers of gRPC take 4 MiB where nothing else is set."""
TOO_LARGE: Final = {Code.RESOURCE_EXHAUSTED, Code.OUT_OF_RANGE}
TOO_LARGE_SAID: Final = re.compile("larger than max|too large|exceeds maximum size")
"""What the libraries of gRPC answer to a message over their limit: C and Go, Rust, Java. No code is for that alone."""

ENCODING_SAID: Final = "grpc-encoding"
"""In what libraries of gRPC answer to a compression that they have not: C's by INTERNAL, Go's by UNIMPLEMENTED."""


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
class CompressionParams:
    """How hard requests are compressed.

    Attributes:
        level: Of gzip 1 to 9, of zstd 1 to 22: from the cheapest to the smallest. `grpcio` has gzip's 6 alone.
    """

    level: Annotated[int, Bound(1, 22)] = 1


@dataclass(frozen=True, slots=True)
class Config:
    """Where to, and how.

    Attributes:
        endpoint: `host:port`; with `http://` before it plain text, with `https://` TLS in any case.
        authority: The name that requests say they are for, where it is not the endpoint's.
        tls: How the connection is secured; by default TLS, with the system's authorities.
        engine: `native` sends from the core, without Python; `grpcio` is the Python library, within one event loop.
        compression: How requests are compressed; gzip in place of snappy, and with `grpcio` also of zstd.
        compression_params: How hard.
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
    engine: Literal["native", "grpcio"] = "native"
    compression: Literal["gzip", "zstd", "snappy", "none"] = "gzip"
    compression_params: CompressionParams = field(default_factory=CompressionParams)
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
        if self.compression != self.coding:
            yield "compression", "not to be had here: gzip is used"

    @property
    def coding(self) -> Compression:
        """What messages are compressed with."""
        if self.compression == "none" or (self.compression == "zstd" and self.engine == "native"):
            return self.compression
        return "gzip"

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
        self._headers = tuple((name.lower(), value.reveal()) for name, value in config.headers.items())
        self._caller = _caller(config)
        self._reloaded = Reloaded(config.tls, self._caller.take, context.log)

    async def __aenter__(self) -> Self:
        """Read the certificates.

        Raises:
            ConfigError: The files of `tls` are not as they must be.
        """
        if self._config.is_secure:
            self._reloaded.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close the connection."""
        await self._reloaded.stop()
        await self._caller.close()

    async def send(self, batch: "Batch") -> "Delivery":
        """Send it in one request, and read the answer."""
        headers = (*self._headers, *self._credentials().items(), *record_headers(batch).items())
        try:
            answer = await self._caller.call(batch.with_uids() if self._config.record_uid else batch, headers)
        except CallError as error:
            self._fail(error)
        return self._answers.delivery(batch, rpc.read_partial_success(answer))

    def _fail(self, error: CallError) -> NoReturn:
        code, delay_s = error.code, rpc.read_status(error.details).retry_after_s
        why = f"{self._config.endpoint}: {code.name}: {error.message[: rpc.MESSAGE_CHARS_MAX]}"
        if code in TOO_LARGE and delay_s is None and TOO_LARGE_SAID.search(error.message):
            raise TooLargeError(why) from None
        if code in RETRYABLE or (code == Code.RESOURCE_EXHAUSTED and delay_s is not None):
            raise RetryError(why, delay_s or 0.0) from None
        if code in ABOUT_US or ENCODING_SAID in error.message:
            raise DestinationError(why, delay_s or 0.0) from None
        raise RefuseError(why, is_sure=code in ABOUT_THE_RECORDS) from None


def _caller(config: Config) -> Caller:
    if config.engine == "native":
        return NativeCaller(config, METHOD)
    from logloom.exporters._grpcio import GrpcioCaller  # a large library, for who asks for it

    return GrpcioCaller(config, METHOD)
