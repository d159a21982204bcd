"""TLS of servers and clients: contexts from a `tls:` section, and new ones when its files change.

TLS 1.2 and 1.3 and nothing older; of 1.2 the suites with forward secrecy and authenticated encryption alone. Files are
read at once and held against each other before anything is made of them: what does not fit together changes nothing.
"""

import asyncio
import contextlib
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from logloom.config.tls import CIPHERS
from logloom.errors import ConfigError

if TYPE_CHECKING:
    from logloom.config import ClientTls, ServerTls
    from logloom.logs import Log

__all__ = [
    "Pems",
    "Reloaded",
    "client_context",
    "for_grpc",
    "not_only_1_2",
    "read_pems",
    "roots",
    "server_context",
    "swapping",
    "system_roots",
]

PEM_BYTES_MAX: Final = 4 << 20
"""The largest file that is read; all the authorities of a system take some 200 KiB."""

_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class Pems:
    """What the files of a `tls:` section hold, at one moment; None where it has none.

    Attributes:
        cert: The certificate, and those between it and its authority.
        key: Its key.
        ca: The authorities: of a server those of its clients, of a client those of its server.
    """

    cert: bytes | None
    key: bytes | None = field(repr=False)
    ca: bytes | None


def read_pems(tls: "ServerTls | ClientTls") -> Pems:
    """Read the files of `tls`; `server_context` and `client_context` say whether they will do.

    Raises:
        ConfigError: One cannot be read.
    """
    cert_file, key_file, ca_file = tls.files()
    return Pems(
        _read(cert_file) if cert_file else tls.cert_pem.encode() or None,
        _read(key_file) if key_file else tls.key_pem.reveal().encode() or None,
        _read(ca_file) if ca_file else tls.authorities_pem().encode() or None,
    )


def server_context(tls: "ServerTls", pems: Pems) -> ssl.SSLContext:
    """A server's context; clients must show a certificate where there are authorities for that.

    Raises:
        ConfigError: What is in the files will not do.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _settle(context, tls)
    _show(context, tls, pems)
    if pems.ca is not None:
        _trust(context, tls, pems.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        # A session taken up again would not be held against the authorities of today.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    return context


def client_context(tls: "ClientTls", pems: Pems) -> ssl.SSLContext:
    """A client's context; the destination must prove its name, unless `tls` says otherwise.

    Raises:
        ConfigError: What is in the files will not do.
    """
    context = ssl.create_default_context(cadata=None) if pems.ca is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if pems.ca is not None:
        _trust(context, tls, pems.ca)
        if tls.include_system_ca_certs_pool:
            context.load_default_certs()
    _settle(context, tls)
    if pems.cert is not None:
        _show(context, tls, pems)
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def for_grpc(tls: "ServerTls | ClientTls") -> None:
    """Refuse what grpcio cannot be told.

    Raises:
        ConfigError: It speaks 1.2 and 1.3, and both.
    """
    if tls.min_version == "1.3":
        msg = "tls: min_version 1.3 cannot be had with gRPC, whose library speaks 1.2 too: use HTTP, or give 1.2"
        raise ConfigError(msg)
    not_only_1_2(tls)


def not_only_1_2(tls: "ServerTls | ClientTls") -> None:
    """Refuse what no library of gRPC can be told.

    Raises:
        ConfigError: It speaks 1.3 in any case.
    """
    if tls.max_version == "1.2":
        msg = (
            "tls: max_version 1.2 cannot be had with gRPC, nor with engine: native, which speak 1.3 too: leave it away"
        )
        raise ConfigError(msg)


def roots(tls: "ClientTls", pems: Pems) -> bytes | None:
    """The authorities as gRPC takes them: those of `tls`, and the system's where they hold too; None: its own."""
    if pems.ca is not None and not tls.include_system_ca_certs_pool:
        return pems.ca
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    system = "".join(ssl.DER_cert_to_PEM_cert(each) for each in known).encode()
    return (pems.ca or b"") + b"\n" + system if system or pems.ca is not None else None


def system_roots() -> bytes:
    """The system's authorities as one PEM, where its OpenSSL does not give them: read where systems keep them.

    Raises:
        ConfigError: It has none.
    """
    named = ssl.get_default_verify_paths()
    for file in filter(None, (os.environ.get(named.openssl_cafile_env), named.cafile, *_BUNDLES)):
        with contextlib.suppress(OSError):
            return Path(file).read_bytes()
    msg = "tls: this system has no authorities of its own: give ca_file"
    raise ConfigError(msg)


def swapping(context: ssl.SSLContext, current: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """`context`, with which a server listens, but each new connection gets what `current` gives."""

    def swap(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = current()

    context.sni_callback = swap  # asked at each handshake, also where the client names no server
    return context


class Reloaded:
    """The files of one `tls:` section, read again when they change; from `start` to `stop`.

    Args:
        tls: The section.
        take: Called with what is in them, first by `start` and then after each change; ConfigError where it will not
            do: then what was there before holds.
        log: Where that is told.
    """

    def __init__(self, tls: "ServerTls | ClientTls", take: Callable[[Pems], None], log: "Log") -> None:
        self._tls = tls
        self._take = take
        self._log = log
        self._pems: Pems | None = None
        self._refused: str = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Read them, and look at them from now on.

        Raises:
            ConfigError: They cannot be read, or will not do.
        """
        self._pems = read_pems(self._tls)
        self._take(self._pems)
        if self._tls.reload_interval and any(self._tls.files()):
            self._task = asyncio.get_running_loop().create_task(self._watch(self._tls.reload_interval))

    async def stop(self) -> None:
        """Look at them no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                pems = await asyncio.to_thread(read_pems, self._tls)
                if pems == self._pems:
                    self._refused = ""
                    continue
                self._take(pems)
            except ConfigError as error:
                if str(error) != self._refused:  # once, not at each look
                    self._refused = str(error)
                    self._log.warning("the certificate from before holds on", extra={"why": self._refused})
                continue
            self._pems, self._refused = pems, ""
            self._log.info("a new certificate holds for new connections", extra={"cert_file": self._tls.cert_file})


def _settle(context: ssl.SSLContext, tls: "ServerTls | ClientTls") -> None:
    context.minimum_version = _VERSIONS.get(tls.min_version, ssl.TLSVersion.TLSv1_2)
    if tls.max_version:
        context.maximum_version = _VERSIONS.get(tls.max_version, ssl.TLSVersion.TLSv1_2)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    suites = [CIPHERS[name] for name in tls.cipher_suites if CIPHERS.get(name)] or [*filter(None, CIPHERS.values())]
    context.set_ciphers(":".join(dict.fromkeys(suites)))  # of TLS 1.2; those of 1.3 are all sound


def _show(context: ssl.SSLContext, tls: "ServerTls | ClientTls", pems: Pems) -> None:
    try:
        with _as_file(pems.cert or b"") as cert, _as_file(pems.key or b"") as key:
            context.load_cert_chain(cert, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        told = "are no certificate and its key, in PEM and without a password"
        msg = f"tls: {tls.cert_file or 'cert_pem'} and {tls.key_file or 'key_pem'} {told}: {_reason(error)}"
        raise ConfigError(msg) from None


def _trust(context: ssl.SSLContext, tls: "ServerTls | ClientTls", ca: bytes) -> None:
    try:
        context.load_verify_locations(cadata=ca.decode("ascii", "replace"))
        if context.get_ca_certs() or context.cert_store_stats()["x509"]:
            return
        why = "nothing in it is one"
    except (ssl.SSLError, ValueError) as error:
        why = _reason(error)
    msg = f"tls: {tls.files()[2] or 'the PEM of authorities'} holds no certificates in PEM: {why}"
    raise ConfigError(msg)


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error)


def _no_password() -> str:
    """OpenSSL would ask on the terminal otherwise."""
    return ""


@contextlib.contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """The path of a file that holds `data`, which only this process reads: OpenSSL takes keys from files alone."""
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("pem", os.MFD_CLOEXEC)
        try:
            os.write(number, data)
            yield f"/proc/self/fd/{number}"
        finally:
            os.close(number)
        return
    with tempfile.NamedTemporaryFile() as file:  # readable by its owner alone
        file.write(data)
        file.flush()
        yield file.name


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(PEM_BYTES_MAX + 1)
    except OSError as error:
        msg = f"tls: {path} cannot be read: {error.strerror}"
        raise ConfigError(msg) from None
    if len(data) > PEM_BYTES_MAX:
        msg = f"tls: {path} has more than {PEM_BYTES_MAX} bytes"
        raise ConfigError(msg)
    return data
