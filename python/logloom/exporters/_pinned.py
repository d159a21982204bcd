"""`insecure_skip_verify` over gRPC, whose library always verifies: what the destination shows is trusted.

So any certificate will do that is valid today and has a name in it, as long as the destination goes on showing it; when
it shows another one, that is asked for anew.
"""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logloom.errors import RetryError
from logloom.tls import client_context, read_pems

if TYPE_CHECKING:
    from logloom.config import ClientTls, Endpoint

__all__ = ["Pinned", "presented"]


@dataclass(frozen=True, slots=True)
class Pinned:
    """A certificate, and a name that it has.

    Attributes:
        pem: The certificate.
        name: One of its names; empty where it has none.
    """

    pem: bytes
    name: str


def presented(endpoint: "Endpoint", tls: "ClientTls", timeout_s: float) -> Pinned:
    """What the destination shows; blocking.

    Raises:
        ConfigError: The files of `tls` are not as they must be.
        RetryError: It shows nothing, or what is not valid.
    """
    try:
        pems = read_pems(tls)
        pem = ssl.DER_cert_to_PEM_cert(_certificate(endpoint, client_context(tls, pems), timeout_s)).encode()
        # Its names are only told of a certificate that was verified: once more, with itself as the authority.
        itself = client_context(tls, pems)
        itself.load_verify_locations(cadata=pem.decode())
        itself.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        itself.verify_mode = ssl.CERT_REQUIRED
        with _connected(endpoint, itself, timeout_s) as connection:
            shown: Any = connection.getpeercert()
    except OSError as error:  # ssl.SSLError is one
        msg = f"{endpoint}: {error.strerror or error}"
        raise RetryError(msg) from None
    return Pinned(pem, next(_names(shown), ""))


def _certificate(endpoint: "Endpoint", context: ssl.SSLContext, timeout_s: float) -> bytes:
    with _connected(endpoint, context, timeout_s) as connection:
        return connection.getpeercert(binary_form=True) or b""


def _connected(endpoint: "Endpoint", context: ssl.SSLContext, timeout_s: float) -> ssl.SSLSocket:
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection((endpoint.host, endpoint.port), timeout_s)
    try:
        return context.wrap_socket(plain, server_hostname=endpoint.host)
    except BaseException:
        plain.close()
        raise


def _names(shown: dict[str, Any]) -> Iterator[str]:
    """DNS names and addresses; of old certificates the common name."""
    for kind, name in shown.get("subjectAltName", ()):
        if kind in ("DNS", "IP Address"):
            yield str(name).replace("*", "any")
    for part in shown.get("subject", ()):
        for key, value in part:
            if key == "commonName":
                yield str(value)
