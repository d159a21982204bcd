"""The names in a certificate, and which of them is the identity of who showed it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

__all__ = ["AmbiguousNameError", "identity_of", "names_of_auth_context", "names_of_peercert"]

SPIFFE: Final = "spiffe://"
NAME_CHARS_MAX: Final = 2048
"""The longest name that is an identity; SPIFFE's own bound."""
NAMES_MAX: Final = 100
"""The most names of one certificate that are looked at."""

_DNS: Final = re.compile(r"(?=.*[A-Za-z])(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")


class AmbiguousNameError(ValueError):
    """A certificate names several SPIFFE ids, which none may."""


def identity_of(names: Sequence[str]) -> str:
    """Who the certificate with these names is of: its SPIFFE id, or else a DNS name, or else its common name.

    Args:
        names: Its subject's alternative names, in their order; at the end its common name, where it has one.

    Raises:
        AmbiguousNameError: There are two SPIFFE ids.
    """
    usable = [name for name in names[:NAMES_MAX] if 0 < len(name) <= NAME_CHARS_MAX and name.isprintable()]
    ids = {name for name in usable if name.lower().startswith(SPIFFE)}
    if len(ids) > 1:
        msg = "the certificate has several SPIFFE ids, of which it may have one"
        raise AmbiguousNameError(msg)
    if ids:
        return ids.pop()
    dns = next((name for name in usable if _DNS.fullmatch(name)), "")
    return dns or (usable[-1] if usable else "")


def names_of_peercert(shown: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names in what `SSLSocket.getpeercert` tells of a certificate that was verified."""
    if not shown:
        return ()
    names = [str(name) for _, name in shown.get("subjectAltName", ())]
    common = [str(value) for part in shown.get("subject", ()) for key, value in part if key == "commonName"]
    return (*names, *common[-1:])


def names_of_auth_context(shown: Mapping[str, Iterable[bytes]]) -> tuple[str, ...]:
    """The same of what gRPC tells."""
    names = shown.get("x509_subject_alternative_name", ())
    common = list(shown.get("x509_common_name", ()))
    return tuple(name.decode("utf-8", "replace") for name in (*names, *common[-1:]))
