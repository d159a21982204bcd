"""What the exporters that connect to a destination have in common: TLS, headers, and reading its answers."""

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from logloom._native import VERSION, Delivery
from logloom.errors import ConfigError

if TYPE_CHECKING:
    from logloom._native import Batch
    from logloom.config import Auth, ClientTls, Secret
    from logloom.exporters import ExporterContext
    from logloom.logs import Log
    from logloom.rpc import PartialSuccess

__all__ = [
    "USER_AGENT",
    "Answers",
    "Pems",
    "credentials_of",
    "header_problems",
    "load_pems",
    "record_headers",
    "retry_after_s",
    "ssl_context",
]

USER_AGENT: Final = f"logloom/{VERSION}"

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_OURS: Final = {"content-type", "content-length", "content-encoding", "transfer-encoding", "te", "connection"}


@dataclass(frozen=True, slots=True)
class Pems:
    """The contents of a `tls:` section's files; None where they are not given."""

    ca: bytes | None
    cert: bytes | None
    key: bytes | None


def record_headers(batch: "Batch") -> dict[str, str]:
    """What tells a destination which records a request holds, so that it knows one that comes again.

    `logloom-journal` is the journal's id, `logloom-records` the first and the last record in it, as `17.0..19.4`:
    position and number within. None where the batch is of no journal.
    """
    first, last = batch.key(0), batch.key(len(batch) - 1)
    if first is None or last is None:
        return {}
    journal, _, start = first.partition("/")
    return {"logloom-journal": journal, "logloom-records": f"{start}..{last.partition('/')[2]}"}


class Answers:
    """What a destination says of requests that it took."""

    def __init__(self, log: "Log") -> None:
        self._log = log
        self._warning = ""

    def delivery(self, batch: "Batch", said: "PartialSuccess") -> Delivery:
        """What became of `batch`. Which records were rejected OTLP does not tell, but where it is all of them."""
        rejected = min(said.rejected, len(batch))
        why = said.message or "no reason given"
        if rejected == len(batch) > 0:
            return Delivery.done(0, [(record, why) for record in range(len(batch))])
        if rejected:
            return Delivery.done(len(batch) - rejected, [(len(batch), why)])  # no record's number: it has the reason
        if said.message and said.message != self._warning:
            self._log.warning("the destination took all, and warns", extra={"why": said.message})
        self._warning = said.message
        return Delivery.done(len(batch))


def credentials_of(
    auth: "Auth | None", context: "ExporterContext", *, in_the_open: bool
) -> Callable[[], Mapping[str, str]]:
    """What gives the headers that prove who we are, for each request anew; none without `auth`.

    `in_the_open`: whether they go without TLS, which is told.
    """
    if auth is None:
        return dict
    if in_the_open:
        context.log.warning("sends its credentials without TLS: whoever is on the way can read them")
    return context.credentials[auth.authenticator].headers


def load_pems(tls: "ClientTls") -> Pems:
    """Read the files of `tls`, and prove that they fit together.

    Raises:
        ConfigError: One cannot be read, is no PEM, or the key is not the certificate's; or more is asked than gRPC can.
    """
    if tls.min_version == "1.3":
        msg = "tls: min_version 1.3 cannot be had with gRPC, whose library speaks 1.2 too: use HTTP, or give 1.2"
        raise ConfigError(msg)
    ssl_context(tls)
    return Pems(*(_read(path) if path else None for path in (tls.ca_file, tls.cert_file, tls.key_file)))


def ssl_context(tls: "ClientTls") -> ssl.SSLContext:
    """A client's context: TLS 1.2 or newer; the destination must prove its name, unless `tls` says otherwise.

    Raises:
        ConfigError: As `load_pems`.
    """
    for path in (tls.ca_file, tls.cert_file, tls.key_file):
        if path is not None:
            _read(path)
    try:
        context = ssl.create_default_context(cafile=str(tls.ca_file) if tls.ca_file else None)
    except ssl.SSLError as error:
        msg = f"tls: {tls.ca_file} holds no certificates in PEM: {error}"
        raise ConfigError(msg) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if tls.min_version == "1.3" else ssl.TLSVersion.TLSv1_2
    if tls.cert_file and tls.key_file:
        try:
            context.load_cert_chain(str(tls.cert_file), str(tls.key_file), password=lambda: "")
        except (ssl.SSLError, ValueError) as error:
            told = "are no certificate and its key, in PEM and without a password"
            msg = f"tls: {tls.cert_file} and {tls.key_file} {told}: {error}"
            raise ConfigError(msg) from None
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"tls: {path} cannot be read: {error.strerror}"
        raise ConfigError(msg) from None


def header_problems(headers: "Mapping[str, Secret]") -> Iterator[tuple[str, str]]:
    """What is wrong with the names and values of headers; no value is shown."""
    for name, value in headers.items():
        if not _HEADER.fullmatch(name):
            yield f"headers.{name}", "is no name of a header: letters, digits and dashes"
        elif name.lower() in _OURS:
            yield f"headers.{name}", "is set by the exporter itself: remove it"
        elif not _VALUE.fullmatch(value.reveal()):
            yield f"headers.{name}", "its value has characters that a header cannot have: only printable ASCII"


def retry_after_s(text: str | None, now: datetime | None = None) -> float:
    """The delay of a `Retry-After` header in seconds: a number, or a date; 0.0 where it is absent or neither."""
    if not text:
        return 0.0
    if text.strip().isascii() and text.strip().isdigit():
        return float(text.strip()[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())
