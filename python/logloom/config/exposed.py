"""Listeners that the network reaches: TLS and proof of who sends, or a word that neither is wanted."""

import dataclasses
import ipaddress
from collections.abc import Iterator
from typing import Any

__all__ = ["exposed", "is_loopback"]


def exposed(config: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What is wrong with the listeners in a receiver's config: where in it, and what."""
    if not dataclasses.is_dataclass(config):
        return
    if hasattr(config, "insecure") and not config.insecure and (what := _what_lacks(config)):
        key = "endpoint" if hasattr(config, "endpoint") else "listen_address"
        yield f"{path}.{key}" if path else key, what
    for field in dataclasses.fields(config):
        yield from exposed(getattr(config, field.name), f"{path}.{field.name}" if path else field.name)


def _what_lacks(settings: Any) -> str:
    """What a listener lacks that the network reaches, and the way out; empty where it lacks nothing."""
    endpoint = getattr(settings, "endpoint", None) or getattr(settings, "listen_address", None)
    if endpoint is None or getattr(endpoint, "path", None) is not None or is_loopback(endpoint.host):
        return ""
    reached = f"{endpoint} is reached by other machines"
    out = "give an endpoint of 127.0.0.1, or write 'insecure: true' beside it, or 'service.insecure: true'"
    if not hasattr(settings, "tls"):
        return f"{reached}, and datagrams have neither TLS nor proof of who sends: {out}"
    asks = any(getattr(settings, name, None) is not None for name in ("auth", "security"))
    tls = settings.tls
    if tls is not None and (asks or tls.client_ca_file is not None):
        return ""
    how = "'auth', or 'client_ca_file' in 'tls'" if hasattr(settings, "auth") else "'client_ca_file' in 'tls'"
    if tls is None and not asks:
        return f"{reached}, without TLS, and whoever reaches it can write: give 'tls' and {how}; else {out}"
    if tls is None:
        return (
            f"{reached}, without TLS: what is sent, and the credentials, can be read on the way: give 'tls'; else {out}"
        )
    return f"{reached}, and whoever reaches it can write: give {how}; else {out}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"
