"""What several components' configs have in common, under the Collector's names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from logloom.config.fields import Bound, FormatOptions, Seconds

__all__ = ["Auth", "ClientTls", "QueueBatch", "Retry", "SendingQueue", "ServerTls", "format_problems"]


@dataclass(frozen=True, slots=True)
class Retry:
    """When what a destination did not take is sent again: exponential backoff with jitter.

    A delay that the destination names (`RetryInfo`, `Retry-After`, at most an hour) is kept where it is longer. While
    it takes nothing from us at all (401, 403, 404, UNAUTHENTICATED, PERMISSION_DENIED, …), nothing is ever dropped.

    Attributes:
        enabled: Off: what was not taken at the first attempt is dropped, logged and counted.
        initial_interval: The wait after the first failure.
        randomization_factor: A wait is drawn from its length times 1 minus this to 1 plus this.
        multiplier: Each wait is so many times the one before.
        max_interval: The longest wait.
        max_elapsed_time: After so long the batch is dropped, logged and counted. 0, unlike the Collector's 5m: never.
    """

    enabled: bool = True
    initial_interval: Annotated[Seconds, Bound(0.001, 3600)] = 5.0
    randomization_factor: Annotated[float, Bound(0, 1)] = 0.5
    multiplier: Annotated[float, Bound(1, 100)] = 1.5
    max_interval: Annotated[Seconds, Bound(0.001, 86400)] = 30.0
    max_elapsed_time: Annotated[Seconds, Bound(0, 365 * 86400)] = 0.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """The longest wait cannot be shorter than the first."""
        if self.max_interval < self.initial_interval:
            yield (
                "max_interval",
                f"shorter than initial_interval ({self.initial_interval:g}s): make it at least as long",
            )


@dataclass(frozen=True, slots=True)
class QueueBatch:
    """How an exporter's batches are cut, measured in records.

    Attributes:
        flush_timeout: The longest that a record waits for others.
        min_size: Send as soon as so many records are there.
        max_size: The most records in one request, but that what came in one message stays together; 0: as many as are
            there, up to 3.5 MB.
        sizer: How `min_size` and `max_size` are measured; only in records.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"partition": "no metadata of a request is kept"}

    flush_timeout: Annotated[Seconds, Bound(0, 3600)] = 0.2
    min_size: Annotated[int, Bound(0, 10_000_000)] = 8192
    max_size: Annotated[int, Bound(0, 10_000_000)] = 0
    sizer: Literal["items"] = "items"

    def problems(self) -> Iterator[tuple[str, str]]:
        """The sizes must be in order."""
        if 0 < self.max_size < self.min_size:
            yield "max_size", f"less than min_size ({self.min_size}): make it at least as large, or 0"


@dataclass(frozen=True, slots=True)
class SendingQueue:
    """The Collector's queue before an exporter. Here that is the Journal; when full, it drops nothing: it refuses.

    Attributes:
        enabled: Read for the Collector's sake; the Journal is always there.
        batch: How batches are cut; `{}` for the defaults. Without it, whatever waits is sent at once.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "storage": "the journal is on disk",
        "block_on_overflow": "a full journal asks the senders to wait",
        "num_consumers": "one request at a time keeps the order",
        "queue_size": "the journal is the queue, and has its own bounds",
        "sizer": "the journal is measured in bytes",
        "wait_for_result": "receivers that need it wait for the exporters",
    }

    enabled: bool = True
    batch: QueueBatch | None = None


@dataclass(frozen=True, slots=True)
class Auth:
    """Who may send, or as whom to send.

    Attributes:
        authenticator: The id of an extension that decides it, such as `basicauth/agents`.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"request_params": "credentials are read from headers alone"}

    authenticator: str

    def problems(self) -> Iterator[tuple[str, str]]:
        """It names one."""
        if not self.authenticator:
            yield "authenticator", "is needed: the id of an extension"


_TLS_IGNORED: Final[Mapping[str, str]] = {
    "cipher_suites": "the TLS library's own are used",
    "client_ca_file_reload": "certificates are read when logloom starts",
    "curve_preferences": "the TLS library's own are used",
    "include_system_ca_certs_pool": "the system's authorities hold where no ca_file is given, and only there",
    "max_version": "the newest that both sides know is used",
    "reload_interval": "certificates are read when logloom starts",
}
_TLS_REFUSED: Final[Mapping[str, str]] = {
    "ca_pem": "put it in a file, and give ca_file",
    "cert_pem": "put it in a file, and give cert_file",
    "key_pem": "put it in a file, and give key_file",
    "tpm": "give key_file",
}

TlsVersion = Literal["1.0", "1.1", "1.2", "1.3"]


@dataclass(frozen=True, slots=True)
class ClientTls:
    """How a connection to a destination is secured.

    Attributes:
        insecure: No TLS at all: plain text.
        insecure_skip_verify: TLS, but any certificate will do. Anyone on the way can read what is sent.
        ca_file: The authorities (PEM) that may have signed the destination's certificate; the system's where not given.
        cert_file: Our certificate (PEM), for destinations that ask for one; needs `key_file`.
        key_file: Its key (PEM).
        server_name_override: The name that the destination's certificate must have, where it is not the endpoint's.
        min_version: The oldest version of TLS that will do; none before 1.2 does.
    """

    IGNORED: ClassVar[Mapping[str, str]] = _TLS_IGNORED
    REFUSED: ClassVar[Mapping[str, str]] = _TLS_REFUSED

    insecure: bool = False
    insecure_skip_verify: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name_override: str = ""
    min_version: TlsVersion = "1.2"

    def problems(self) -> Iterator[tuple[str, str]]:
        """A certificate and its key come together."""
        yield from _pair(self.cert_file, self.key_file)


@dataclass(frozen=True, slots=True)
class ServerTls:
    """How the connections of a receiver are secured.

    Attributes:
        cert_file: The certificate (PEM).
        key_file: Its key (PEM).
        client_ca_file: Where given, clients must show a certificate that one of these authorities (PEM) signed.
        min_version: The oldest version of TLS that will do; none before 1.2 does.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {**_TLS_IGNORED, "ca_file": "client_ca_file says who may connect"}
    REFUSED: ClassVar[Mapping[str, str]] = _TLS_REFUSED

    cert_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None
    min_version: TlsVersion = "1.2"

    def problems(self) -> Iterator[tuple[str, str]]:
        """A certificate and its key are needed, both."""
        if self.cert_file is None and self.key_file is None:
            yield "cert_file", "TLS needs a certificate: give cert_file and key_file, or remove 'tls'"
        yield from _pair(self.cert_file, self.key_file)


def _pair(cert_file: Path | None, key_file: Path | None) -> Iterator[tuple[str, str]]:
    if cert_file is not None and key_file is None:
        yield "cert_file", "a certificate needs its key: give key_file"
    if key_file is not None and cert_file is None:
        yield "key_file", "a key needs its certificate: give cert_file"


def format_problems(format_name: str, options: FormatOptions) -> Iterator[tuple[str, str]]:
    """What is wrong with a receiver's `format` and `options`, as its `problems()` yields it."""
    from logloom._native import ConfigError, Parser

    arguments: dict[str, Any] = dict(options)
    try:
        Parser(format_name, **arguments)
    except ConfigError as error:
        yield ("format" if str(error).startswith("unknown format") else "options"), str(error)
