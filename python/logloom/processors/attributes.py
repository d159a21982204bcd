"""`attributes`: adds, changes and removes attributes of records. The Collector's, and its keys.

Actions are done in their order, on the records that `include` takes and `exclude` does not; `when` says the same as a
condition of `docs/conditions.md`. What no action names stays byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from logloom._native import Processor, attributes_processor, check_condition
from logloom.errors import ConfigError
from logloom.processors._actions import Action, Value, problems_of, specs

__all__ = ["Config", "create"]


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
        resources: The resource has one of these attributes.
        libraries: The scope is one of these.
        log_bodies: The body is one of these texts.
        log_severity_texts: The severity's text is one of these.
        log_severity_number: The severity's number.
        attributes: The record has all of these attributes.
    """

    match_type: Literal["strict", "regexp"]
    services: list[str] = field(default_factory=list)
    resources: list[Attribute] = field(default_factory=list)
    libraries: list[Library] = field(default_factory=list)
    log_bodies: list[str] = field(default_factory=list)
    log_severity_texts: list[str] = field(default_factory=list)
    log_severity_number: SeverityNumber | None = None
    attributes: list[Attribute] = field(default_factory=list)

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
            _one_of([self._has("resource", attribute) for attribute in self.resources]),
            _one_of([self._is(library) for library in self.libraries]),
            self._any("body", self.log_bodies),
            self._any("severity_text", self.log_severity_texts),
            *(self._has("attributes", attribute) for attribute in self.attributes),
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


@dataclass(frozen=True, slots=True)
class Config:
    """What is done, and on which records.

    Attributes:
        actions: What is done, in this order.
        include: The records that are meant; all where not given.
        exclude: Of these: those that are not.
        when: A condition besides.
    """

    actions: list[Action] = field(default_factory=list)
    include: Match | None = None
    exclude: Match | None = None
    when: str | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """There are actions, and they can be read."""
        yield from problems_of("actions", self.actions)
        if self.when is not None:
            try:
                check_condition(self.when)
            except ConfigError as error:
                yield "when", str(error)
                return
        if not any(True for match in (self.include, self.exclude) if match for _ in match.problems()):
            if any(True for action in self.actions for _ in action.problems()):
                return
            try:
                create(self)
            except ConfigError as error:
                yield "actions", str(error)


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    parts = [f"({config.when})"] if config.when is not None else []
    if config.include is not None:
        parts.append(f"({config.include.condition()})")
    if config.exclude is not None:
        parts.append(f"not ({config.exclude.condition()})")
    return attributes_processor(specs(config.actions), when=" and ".join(parts) or None)


def _one_of(parts: list[str]) -> str:
    return f"({' or '.join(parts)})" if parts else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
