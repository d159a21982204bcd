"""The Collector's `tls:` sections."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from logloom.config.fields import Bound, Seconds, Secret

__all__ = ["CIPHERS", "ClientTls", "ServerTls"]

CIPHERS: Final[Mapping[str, str]] = {
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_AES_128_GCM_SHA256": "",
    "TLS_AES_256_GCM_SHA384": "",
    "TLS_CHACHA20_POLY1305_SHA256": "",
}
"""The suites that may be named, by Go's names, and OpenSSL's; those of TLS 1.3 are always on."""

TlsVersion = Literal["1.0", "1.1", "1.2", "1.3"]
RELOAD_S: Final = 10.0

_IGNORED: Final[Mapping[str, str]] = {"curve_preferences": "the TLS library's own are used"}
_REFUSED: Final[Mapping[str, str]] = {"tpm": "give key_file"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tls:
    """What both sides have.

    Attributes:
        cert_pem: The certificate itself, instead of `cert_file`.
        key_pem: Its key itself, instead of `key_file`.
        min_version: The oldest version of TLS that will do; none before 1.2 does.
        max_version: The newest that is spoken; where not given, the newest that both sides know.
        cipher_suites: Those of TLS 1.2, by Go's names; only such with forward secrecy and authenticated encryption, and
            all of these where not given. Over gRPC the library's own are used, which are such.
        reload_interval: How often it is looked whether the files have changed; new ones hold for new connections, and
            such as will not do change nothing. 0: never.
    """

    cert_pem: str = ""
    key_pem: Secret = field(default_factory=Secret)
    min_version: TlsVersion = "1.2"
    max_version: TlsVersion | None = None
    cipher_suites: list[str] = field(default_factory=list)
    reload_interval: Annotated[Seconds, Bound(0, 86400)] = RELOAD_S

    def problems(self) -> Iterator[tuple[str, str]]:
        """Versions and suites that there are."""
        if self.max_version in ("1.0", "1.1"):
            yield "max_version", "nothing before 1.2 is spoken: give 1.2 or 1.3"
        elif self.max_version is not None and self.max_version < self.min_version:
            yield "max_version", f"older than min_version ({self.min_version})"
        for name in self.cipher_suites:
            if name not in CIPHERS:
                known = ", ".join(name for name, suite in CIPHERS.items() if suite)
                yield "cipher_suites", f"'{name}' is weak, or not known: there are {known}"


@dataclass(frozen=True, slots=True)
class ClientTls(_Tls):
    """How a connection to a destination is secured.

    Attributes:
        insecure: No TLS at all: plain text.
        insecure_skip_verify: TLS, but any certificate will do. Anyone on the way can read what is sent.
        ca_file: The authorities (PEM) that may have signed the destination's certificate; the system's where not given.
        cert_file: Our certificate (PEM), for destinations that ask for one; needs `key_file`.
        key_file: Its key (PEM).
        server_name_override: The name that the destination's certificate must have, where it is not the endpoint's.
        ca_pem: The authorities themselves, instead of `ca_file`.
        include_system_ca_certs_pool: The system's authorities hold beside those of `ca_file`.
    """

    IGNORED: ClassVar[Mapping[str, str]] = _IGNORED
    REFUSED: ClassVar[Mapping[str, str]] = _REFUSED

    insecure: bool = False
    insecure_skip_verify: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name_override: str = ""
    ca_pem: str = field(default="", kw_only=True)
    include_system_ca_certs_pool: bool = field(default=False, kw_only=True)

    def problems(self) -> Iterator[tuple[str, str]]:
        """A certificate and its key come together."""
        yield from _Tls.problems(self)
        yield from _pair(self)
        if self.ca_file is not None and self.ca_pem:
            yield "ca_pem", "stands beside 'ca_file': give one of the two"

    def files(self) -> tuple[Path | None, Path | None, Path | None]:
        """The certificate, its key, the authorities."""
        return self.cert_file, self.key_file, self.ca_file

    def authorities_pem(self) -> str:
        """Those that stand in the config."""
        return self.ca_pem


@dataclass(frozen=True, slots=True)
class ServerTls(_Tls):
    """How the connections of a receiver are secured.

    Attributes:
        cert_file: The certificate (PEM).
        key_file: Its key (PEM).
        client_ca_file: Where given, clients must show a certificate that one of these authorities (PEM) signed; its
            name is the identity of who sends.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        **_IGNORED,
        "ca_file": "client_ca_file says who may connect",
        "ca_pem": "client_ca_file says who may connect",
        "client_ca_file_reload": "client_ca_file is read again when it changes, as the others are",
        "include_system_ca_certs_pool": "client_ca_file says who may connect",
    }
    REFUSED: ClassVar[Mapping[str, str]] = _REFUSED

    cert_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """A certificate and its key are needed, both."""
        yield from _Tls.problems(self)
        if not any((self.cert_file, self.key_file, self.cert_pem, self.key_pem.reveal())):
            yield "cert_file", "TLS needs a certificate: give cert_file and key_file, or remove 'tls'"
        yield from _pair(self)

    def files(self) -> tuple[Path | None, Path | None, Path | None]:
        """The certificate, its key, the authorities."""
        return self.cert_file, self.key_file, self.client_ca_file

    def authorities_pem(self) -> str:
        """Those that stand in the config: the Collector has no such key for servers."""
        return ""


def _pair(tls: ClientTls | ServerTls) -> Iterator[tuple[str, str]]:
    cert, key = tls.cert_file or tls.cert_pem, tls.key_file or tls.key_pem.reveal()
    if cert and not key:
        yield "cert_file", "a certificate needs its key: give key_file"
    if key and not cert:
        yield "key_file", "a key needs its certificate: give cert_file"
    if tls.cert_file is not None and tls.cert_pem:
        yield "cert_pem", "stands beside 'cert_file': give one of the two"
    if tls.key_file is not None and tls.key_pem.reveal():
        yield "key_pem", "stands beside 'key_file': give one of the two"
