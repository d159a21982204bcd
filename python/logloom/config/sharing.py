"""Receivers that listen at one endpoint: what must be the same for them, and what only one of them may have.

HTTP receivers whose endpoints are the same share one server: one socket, one bound on connections, one certificate. A
request goes to the receiver whose path it names. A port of 0 is any free one, so it is never the same.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from logloom.config.fields import Endpoint

__all__ = ["Shared", "conflicts", "served_by_python"]

_NAMES: Final = re.compile(r"\{[^}*]*(\*?)\}")


@runtime_checkable
class Shared(Protocol):
    """The settings of a server that others may share.

    Attributes:
        SAME: The settings that must be the same for all that share it.
    """

    SAME: tuple[str, ...]
    endpoint: "Endpoint"

    def claims(self) -> list[str]:
        """What it answers, each as `POST /api/{name}`; no other at the same endpoint may have it."""
        ...


def conflicts(receivers: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What keeps receivers from sharing an endpoint: of whose config, where in it, and why.

    Args:
        receivers: Their configs, by id.
    """
    first: dict[Endpoint, tuple[str, Shared]] = {}
    taken: dict[tuple[Endpoint, str], tuple[str, str]] = {}
    for receiver, config in receivers.items():
        for path, settings in _servers(config):
            endpoint = settings.endpoint
            if not endpoint.port:
                continue
            other, theirs = first.setdefault(endpoint, (receiver, settings))
            for name in settings.SAME:
                if getattr(settings, name) != getattr(theirs, name):
                    at = f"{path}.{name}" if path else name
                    told = f"differs from that of '{other}', which shares {endpoint}: give both the same"
                    yield receiver, at, f"{told}, or each an endpoint of its own"
            for claim in settings.claims():
                whose, where = taken.setdefault((endpoint, _NAMES.sub(r"{\1}", claim)), (receiver, path))
                if (whose, where) != (receiver, path):
                    told = f"'{whose}' answers {claim} at {endpoint}, too"
                    yield receiver, path, f"{told}: give each an endpoint of its own"
    listening: dict[str, tuple[str, Any]] = {}
    for receiver, config in receivers.items():
        for path, settings in _listeners(config):
            other, theirs = listening.setdefault(str(settings.endpoint), (receiver, settings))
            if theirs is not settings and not (isinstance(settings, Shared) and isinstance(theirs, Shared)):
                told = f"'{other}' listens at {settings.endpoint}, too: give each an endpoint of its own"
                yield receiver, f"{path}.endpoint" if path else "endpoint", told


def served_by_python(components: Mapping[str, Any]) -> "set[Endpoint]":
    """The endpoints at which a component listens that the native server cannot serve, or is not to."""
    servers = (settings for config in components.values() for _, settings in _servers(config))
    return {settings.endpoint for settings in servers if getattr(settings, "engine", "") != "native"}


def _listeners(config: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What listens for connections at an endpoint, not at any that is free, each with its place."""
    if not dataclasses.is_dataclass(config):
        return
    endpoint: Any = getattr(config, "endpoint", None)
    if endpoint is not None and hasattr(config, "max_connections") and not str(endpoint).endswith(":0"):
        yield path, config
    for field in dataclasses.fields(config):
        yield from _listeners(getattr(config, field.name), f"{path}.{field.name}" if path else field.name)


def _servers(config: Any, path: str = "") -> Iterator[tuple[str, Shared]]:
    """The servers in a config, each with its place there."""
    if isinstance(config, Shared):
        yield path, config
    if dataclasses.is_dataclass(config):
        for field in dataclasses.fields(config):
            yield from _servers(getattr(config, field.name), f"{path}.{field.name}" if path else field.name)
