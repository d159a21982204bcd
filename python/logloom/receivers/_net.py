"""What the receivers that listen have in common: TLS, and words for what goes wrong."""

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from logloom.errors import ConfigError, ServiceError

if TYPE_CHECKING:
    from logloom.config import Endpoint, ServerTls
    from logloom.intake import ReceiverContext

__all__ = ["Pems", "cannot_listen", "load_pems", "ssl_context", "warn_if_open"]


@dataclass(frozen=True, slots=True)
class Pems:
    """The contents of a `tls:` section's files."""

    cert: bytes
    key: bytes
    client_ca: bytes | None


def load_pems(tls: "ServerTls", *, grpc_library: bool = True) -> Pems:
    """Read the files of `tls`, and prove that they fit together; `grpc_library`: for grpcio.

    Raises:
        ConfigError: One cannot be read, is no PEM, or the key is not the certificate's; or more is asked than gRPC can.
    """
    if tls.min_version == "1.3" and grpc_library:
        msg = "tls: min_version 1.3 cannot be had with grpcio, which speaks 1.2 too: give engine: native, or 1.2"
        raise ConfigError(msg)
    ssl_context(tls)
    client_ca = _read(tls.client_ca_file) if tls.client_ca_file else None
    return Pems(_read(tls.cert_file), _read(tls.key_file), client_ca)


def ssl_context(tls: "ServerTls") -> ssl.SSLContext:
    """A server's context: TLS 1.2 or newer, and clients' certificates where `client_ca_file` asks for them.

    Raises:
        ConfigError: As `load_pems`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if tls.min_version == "1.3" else ssl.TLSVersion.TLSv1_2
    _read(tls.cert_file), _read(tls.key_file)
    try:
        context.load_cert_chain(str(tls.cert_file), str(tls.key_file), password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        told = "are no certificate and its key, in PEM and without a password"
        msg = f"tls: {tls.cert_file} and {tls.key_file} {told}: {error}"
        raise ConfigError(msg) from None
    if tls.client_ca_file:
        _read(tls.client_ca_file)
        try:
            context.load_verify_locations(str(tls.client_ca_file))
        except ssl.SSLError as error:
            msg = f"tls: {tls.client_ca_file} holds no certificates in PEM: {error}"
            raise ConfigError(msg) from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _no_password() -> str:
    """OpenSSL would ask on the terminal otherwise."""
    return ""


def _read(path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as error:
        msg = f"tls: {path} cannot be read: {error.strerror}"
        raise ConfigError(msg) from None


def warn_if_open(context: "ReceiverContext", endpoint: "Endpoint", tls: "ServerTls | None") -> None:
    """Say it where plain text comes in over the network."""
    try:
        loopback = ipaddress.ip_address(endpoint.host).is_loopback
    except ValueError:
        loopback = endpoint.host == "localhost"
    if not loopback and tls is None:
        context.log.warning(
            "listens beyond this machine without TLS: whoever reaches it can read and write; "
            "give 'tls', or an endpoint of 127.0.0.1",
            extra={"endpoint": str(endpoint)},
        )


def cannot_listen(endpoint: object, why: str) -> ServiceError:
    """The error where `endpoint` cannot be bound."""
    return ServiceError(f"cannot listen on {endpoint}: {why}: stop what listens there, or give another endpoint")
