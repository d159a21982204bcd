"""`syslog`: what rsyslog, syslog-ng, journald's forwarders, network devices and `logger` send.

UDP, TCP and TLS; RFC 3164 as the wild has it and RFC 5424, by lines or counted octets, each found by its looks.
Syslog has no acknowledgements: over TCP a full journal reaches the sender as a closed window, UDP loses what finds no
room, and how much is told.

Specifications: RFC 3164, RFC 5424, RFC 5425, RFC 5426, RFC 6587
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from logloom._native import Wire
from logloom.config import Endpoint, FormatOptions, format_problems
from logloom.receivers._native import until_stopped
from logloom.receivers._native_datagram import datagram_server
from logloom.receivers._stream import StreamServer
from logloom.receivers._syslog import Tcp, Udp

if TYPE_CHECKING:
    from logloom._native import Source
    from logloom.identity import Sender
    from logloom.intake import Push, ReceiverContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The Collector's `syslog` receiver.

    Attributes:
        tcp: Syslog over TCP, and TLS.
        udp: Syslog over UDP.
        protocol: Read for the Collector's sake: each message is read as what it is.
        location: The time zone of messages that name none: `UTC`, `Europe/Berlin`, `+02:00`.
        options: Options of the format `syslog`.
    """

    IGNORED: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (
            "allow_skip_pri_header",
            "enable_octet_counting",
            "max_octets",
            "non_transparent_framing_trailer",
            "on_error",
        ),
        "framing and headers are found by their looks",
    ) | {
        "retry_on_failure": "where the journal is full, the sender is made to wait",
        "storage": "nothing is to be kept",
    }
    LACKING: ClassVar[Mapping[str, str]] = {
        "operators": "logloom keeps each record as it came; a Collector behind it, or the destination, can change it",
        "attributes": "nothing is added to records; the Collector behind it, or the destination, can",
        "resource": "nothing is added to records; the Collector behind it, or the destination, can",
    }

    tcp: Tcp | None = None
    udp: Udp | None = None
    protocol: Literal["rfc3164", "rfc5424"] | None = None
    location: str = "UTC"
    options: FormatOptions | None = None

    def format_options(self) -> dict[str, Any]:
        """What the format is given."""
        return {"timezone": self.location} | dict(self.options or {})

    def problems(self) -> Iterator[tuple[str, str]]:
        """A way in is needed, and options that the format has."""
        if self.tcp is None and self.udp is None:
            yield "", "names no way in: give 'tcp:', 'udp:' or both"
        yield from format_problems("syslog", self.format_options())


def create(config: Config, context: "ReceiverContext") -> "Syslog":
    """The receiver; it listens when it runs."""
    return Syslog(config, context)


class Syslog:
    """Serves TCP and UDP."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context

    async def run(self, push: "Push") -> None:
        """Listen until the service stops."""
        options, listening, servers = self._config.format_options(), dict[str, str](), list[object]()

        def source(sender: "Sender") -> "Source":
            return push.source("syslog", sender=sender, **options)

        async with contextlib.AsyncExitStack() as opened:
            if (tcp := self._config.tcp) is not None:
                stream = StreamServer(tcp.settings(), self._context, push, source, Wire.plain)
                listening["tcp"] = await stream.start()
                opened.push_async_callback(stream.stop)
            if (udp := self._config.udp) is not None:
                messages = push.messages("syslog", keep_unreadable=True, **options)
                datagrams = datagram_server(udp.settings(), self._context, push, messages)
                servers.append(datagrams)
                listening["udp"] = str(Endpoint(udp.listen_address.host, await datagrams.start()))
                opened.push_async_callback(datagrams.stop)
            self._context.up(**listening)
            await until_stopped(self._context.stopping, *servers)
