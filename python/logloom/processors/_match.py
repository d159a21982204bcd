"""Which records the Collector's `include` and `exclude` mean, of `attributes` and `filter`, as a condition."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from logloom._native import check_condition
from logloom.errors import ConfigError
from logloom.processors._actions import Value

__all__ = ["Attribute", "Match", "SeverityNumber"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that is asked for.

    Attributes:
        key: Its key.
        value: Its value; where not given, it need only be there.
    """

    key: str
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Library:
    """A scope that is asked for.

    Attributes:
        name: Its name.
        version: Its version; any where not given.
    """

    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class SeverityNumber:
    """Severities that are asked for.

    Attributes:
        min: The least.
        match_undefined: Whether records without one are meant as well.
    """

    min: int = 0
    match_undefined: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Which records are meant: those for which everything that is given holds.

    Attributes:
        match_type: Whether texts are the same, or found by a regular expression.
        services: The resource's `service.name` is one of these.
        resources: The resource has all of these attributes.
        libraries: The scope is one of these.
        log_bodies: The body is one of these texts.
        log_severity_texts: The severity's text is one of these.
        log_severity_number: The severity's number.
        attributes: The record has all of these attributes.
        span_names: It is a span, of one of these names.
        span_kinds: It is a span, of one of these kinds: `SPAN_KIND_SERVER`, …
    """

    IGNORED: ClassVar[Mapping[str, str]] = {"regexp": "compiled patterns are kept, others are not"}
    LACKING: ClassVar[Mapping[str, str]] = {"metric_names": "logloom takes no metrics"}

    match_type: Literal["strict", "regexp"]
    services: list[str] = field(default_factory=list)
    resources: list[Attribute] = field(default_factory=list)
    libraries: list[Library] = field(default_factory=list)
    log_bodies: list[str] = field(default_factory=list)
    log_severity_texts: list[str] = field(default_factory=list)
    log_severity_number: SeverityNumber | None = None
    attributes: list[Attribute] = field(default_factory=list)
    span_names: list[str] = field(default_factory=list)
    span_kinds: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Something is asked, and can be read."""
        if not (text := self.condition()):
            yield "", "nothing is asked: give attributes, resources, libraries, log_bodies or severities"
            return
        try:
            check_condition(text)
        except ConfigError as error:
            yield "", str(error)

    def condition(self) -> str:
        """The same as a condition; empty where nothing is asked."""
        parts = [
            self._any('resource["service.name"]', self.services),
            *(self._has("resource", attribute) for attribute in self.resources),
            _one_of([self._is(library) for library in self.libraries]),
            self._any("body", self.log_bodies),
            self._any("severity_text", self.log_severity_texts),
            *(self._has("attributes", attribute) for attribute in self.attributes),
            'event_name == "span"' if self.span_names or self.span_kinds else "",
            self._any("body", self.span_names),
            self._any('attributes["span.kind"]', [kind.removeprefix("SPAN_KIND_").lower() for kind in self.span_kinds]),
        ]
        if (number := self.log_severity_number) is not None:
            undefined = " or not has severity" if number.match_undefined else ""
            parts.append(f"(severity >= {max(number.min, 1)}{undefined})")
        return " and ".join(part for part in parts if part)

    def _any(self, name: str, texts: list[str]) -> str:
        return _one_of([self._text(name, text) for text in texts])

    def _text(self, name: str, text: str) -> str:
        return f"{name} {'==' if self.match_type == 'strict' else '=~'} {_quoted(text)}"

    def _has(self, where: str, attribute: Attribute) -> str:
        name = f"{where}[{_quoted(attribute.key)}]"
        match attribute.value:
            case None:
                return f"has {name}"
            case bool() as value:
                return f"{name} == {str(value).lower()}"
            case int() | float() as value:
                return f"{name} == {value}"
            case list() as values:
                return "(" + " and ".join(f"{name} contains {_quoted(str(value))}" for value in values) + ")"
            case text:
                return self._text(name, str(text))

    def _is(self, library: Library) -> str:
        name = self._text("scope.name", library.name)
        if library.version is None:
            return name
        version = self._text("scope.version", library.version) if library.version else "not has scope.version"
        return f"({name} and {version})"


def _one_of(parts: list[str]) -> str:
    return f"({' or '.join(parts)})" if parts else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
