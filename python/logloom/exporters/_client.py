"""What the exporters that connect to a destination have in common: headers, and reading its answers."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from logloom._native import VERSION, Delivery

if TYPE_CHECKING:
    from logloom._native import Batch
    from logloom.config import Auth, Secret
    from logloom.exporters import ExporterContext
    from logloom.logs import Log
    from logloom.rpc import PartialSuccess

__all__ = [
    "USER_AGENT",
    "Answers",
    "credentials_of",
    "header_problems",
    "record_headers",
    "retry_after_s",
]

USER_AGENT: Final = f"logloom/{VERSION}"

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_OURS: Final = {"content-type", "content-length", "content-encoding", "transfer-encoding", "te", "connection"}


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
