"""Which route a request's method and path lead to."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from urllib.parse import unquote

if TYPE_CHECKING:
    from logloom.receivers._settings import HttpSettings

__all__ = ["Routes", "hold_claims"]

R = TypeVar("R")
_NAME: Final = re.compile(r"\{(\w+)(\*?)\}")


class Routes(Generic[R]):
    """Routes by method and path pattern.

    A key is a method and a path: `POST /api/v2/spans`, `POST /{index}/_bulk`, `PUT /_template/{name*}`. A name in
    braces stands for one part of the path, one with an asterisk for all that follows. What leads to GET leads to HEAD,
    too. Where several patterns fit, the one with the most letters of its own is taken.
    """

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, R]] = {}
        self._patterns: list[tuple[str, re.Pattern[str], dict[str, R]]] = []

    def add(self, routes: Mapping[str, R]) -> None:
        """Further routes; a key that is there already leads to the new one."""
        for key, route in routes.items():
            method, _, path = key.partition(" ")
            self._methods(path)[method] = route

    def find(self, path: str) -> tuple[Mapping[str, R], dict[str, str]]:
        """The routes of this path (percent-encoded, without a query) by method, and what its names stand for."""
        exact = self._exact.get(unquote(path))
        if exact is not None:
            return exact, {}
        for _, pattern, methods in self._patterns:
            if (match := pattern.fullmatch(path)) is not None:
                return methods, {name: unquote(value) for name, value in match.groupdict().items()}
        return {}, {}

    def paths(self) -> Iterator[str]:
        """All paths and patterns."""
        yield from self._exact
        yield from (path for path, _, _ in self._patterns)

    def _methods(self, path: str) -> dict[str, R]:
        if "{" not in path:
            return self._exact.setdefault(path, {})
        for known, _, methods in self._patterns:
            if known == path:
                return methods
        methods = {}
        self._patterns.append((path, _compiled(path), methods))
        self._patterns.sort(key=lambda row: -len(_NAME.sub("", row[0])))
        return methods


def _compiled(path: str) -> re.Pattern[str]:
    pattern, end = "", 0
    for match in _NAME.finditer(path):
        inside = ".*" if match[2] else "[^/]+"
        pattern += f"{re.escape(path[end : match.start()])}(?P<{match[1]}>{inside})"
        end = match.end()
    return re.compile(pattern + re.escape(path[end:]))


def hold_claims(config: "HttpSettings", routes: Collection[str]) -> None:
    """Hold the routes that there are against what the config claims, which `logloom check` compares.

    Raises:
        ValueError: They are not the same.
    """
    if set(routes) != set(config.claims()):
        msg = f"{type(config).__qualname__}.claims() names other routes than there are: {', '.join(routes)}"
        raise ValueError(msg)
