"""The proxy of HTTP through which gRPC goes, as the environment names it for gRPC's own libraries.

The first of `grpc_proxy`, `https_proxy` and `http_proxy` that is set, unless `no_grpc_proxy`, or `no_proxy` where that
is not set, names the destination: https://grpc.github.io/grpc/core/md_doc_environment_variables.html
"""

import base64
import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

__all__ = ["proxy_for"]

_PROXY_PORT = 80


def proxy_for(host: str, environment: Mapping[str, str] | None = None) -> tuple[str, int, str | None] | None:
    """Its host, its port, and what it is told of who we are; None where there is none for `host`."""
    known = os.environ if environment is None else environment
    named = next((known[key] for key in ("grpc_proxy", "https_proxy", "http_proxy") if known.get(key)), "")
    spared = known.get("no_grpc_proxy") or known.get("no_proxy") or ""
    if not named or any(_is_spared(host, name.strip()) for name in spared.split(",")):
        return None
    try:
        url = urlsplit(named if "://" in named else f"http://{named}")
        port = url.port or _PROXY_PORT
    except ValueError:
        return None
    if url.scheme != "http" or not url.hostname:
        return None  # as gRPC's libraries have it
    if url.username is None:
        return url.hostname, port, None
    who = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
    return url.hostname, port, f"Basic {base64.b64encode(who).decode()}"


def _is_spared(host: str, name: str) -> bool:
    """Whether `name`, of a list of what needs no proxy, is `host`: a name's end, an address, or a network."""
    if not name:
        return False
    if name == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return host.lower().endswith(name.lower())
