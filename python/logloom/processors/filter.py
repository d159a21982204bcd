"""`filter`: which records stay.

Conditions are those of `when:` (`docs/conditions.md`). A record that one of `drop` holds for goes; where there are
conditions under `keep`, so does one that none of these holds for. What each condition dropped is counted under it. The
Collector's `logs` and `log_conditions` drop likewise, by conditions in its own language (OTTL), and by what its older
`include` and `exclude` name.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from logloom._native import Processor, check_condition
from logloom.config.shared import Unfit
from logloom.errors import ConfigError
from logloom.processors._match import Attribute, Match, SeverityNumber

CONTEXT = Literal["log", "resource", "scope"]
"""What the paths of conditions begin at."""

SEVERITIES: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_SPANS: Final = "a span is a record here: write a condition under 'drop'"
_OWN: Final = frozenset({"drop", "keep", "logs", "log_conditions"})


@dataclass(frozen=True, slots=True)
class Severity:
    """Severities that are asked for.

    Attributes:
        min: The least, by its name (`INFO`, `warn2`) or its number.
        match_undefined: Whether records without one are meant as well.
    """

    min: str = ""
    match_undefined: bool = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """It is one."""
        if self.min and not self.number:
            yield "min", f"expected a severity, such as INFO or WARN2, not '{self.min}'"

    @property
    def number(self) -> int:
        """Its number; 0 where it is none."""
        text = self.min.upper()
        if text.isdecimal():
            return int(text) if 1 <= int(text) <= 4 * len(SEVERITIES) else 0
        name, step = (text[:-1], text[-1]) if text[-1:] in ("2", "3", "4") else (text, "1")
        return SEVERITIES.index(name) * 4 + int(step) if name in SEVERITIES else 0


@dataclass(frozen=True, slots=True)
class LogMatch:
    """Which records are meant: those for which everything that is given holds.

    Attributes:
        match_type: Whether texts are the same, or found by a regular expression.
        resource_attributes: The resource has all of these attributes.
        record_attributes: The record has all of these attributes.
        severity_texts: The severity's text is one of these.
        severity_number: The severity's number.
        bodies: The body is one of these texts.
    """

    match_type: Literal["strict", "regexp"]
    resource_attributes: list[Attribute] = field(default_factory=list)
    record_attributes: list[Attribute] = field(default_factory=list)
    severity_texts: list[str] = field(default_factory=list)
    severity_number: Severity | None = None
    bodies: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """It can be read."""
        try:
            if text := self.condition():
                check_condition(text)
        except ConfigError as error:
            yield "", str(error)

    def condition(self) -> str:
        """The same as a condition; empty where nothing is asked."""
        severity = self.severity_number
        number = SeverityNumber(severity.number, severity.match_undefined) if severity and severity.number else None
        return Match(
            match_type=self.match_type,
            resources=self.resource_attributes,
            attributes=self.record_attributes,
            log_severity_texts=self.severity_texts,
            log_severity_number=number,
            log_bodies=self.bodies,
        ).condition()


@dataclass(frozen=True, slots=True)
class Logs:
    """The Collector's conditions on log records.

    Attributes:
        log_record: Conditions in OTTL; a record that any of them holds for is dropped.
        resource: The same of its resource.
        include: The records that stay; all where not given.
        exclude: Of these: those that go.
    """

    log_record: list[str] = field(default_factory=list)
    resource: list[str] = field(default_factory=list)
    include: LogMatch | None = None
    exclude: LogMatch | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions with a context in common.

    Attributes:
        conditions: In OTTL; a record that any of them holds for is dropped.
        context: What their paths begin at; without it they say so themselves, as in `log.body`.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "error_mode": "a condition that does not fit a record does not hold: none ever fails"
    }

    conditions: list[str]
    context: CONTEXT = "log"


@dataclass(frozen=True, slots=True)
class Config:
    """What goes, and what stays.

    Attributes:
        drop: Conditions; a record that any of them holds for is dropped.
        keep: Conditions; a record that none of them holds for is dropped. Empty: all others stay.
        logs: The Collector's conditions.
        log_conditions: The same, as newer Collectors have them: conditions in OTTL, or groups of them.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "error_mode": "a condition that does not fit a record does not hold: none ever fails",
        "metrics": "logloom takes no metrics",
        "metric_conditions": "logloom takes no metrics",
        "profiles": "logloom takes no profiles",
        "profile_conditions": "logloom takes no profiles",
    }
    LACKING: ClassVar[Mapping[str, str]] = {"spans": _SPANS, "traces": _SPANS, "trace_conditions": _SPANS}

    drop: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)
    logs: Logs = field(default_factory=Logs)
    log_conditions: list[str | Conditions] = field(default_factory=list)

    @classmethod
    def unfit(cls, keys: AbstractSet[str]) -> Unfit | None:
        """It filters other signals alone."""
        if keys & _OWN:
            return None
        if spans := sorted(keys & cls.LACKING.keys()):
            return Unfit(f"it has {' and '.join(repr(key) for key in spans)} alone: {_SPANS}")
        if keys & cls.IGNORED.keys():
            return Unfit("it filters metrics and profiles", changes_nothing=True)
        return None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Something must be asked, and can be read."""
        if not (self.drop or self.keep or self.of_collector() or self.matched()):
            yield "drop", "nothing is filtered: give conditions here, or under 'keep'"
        for key, conditions in (("drop", self.drop), ("keep", self.keep)):
            for place, condition in enumerate(conditions):
                try:
                    check_condition(condition)
                except ConfigError as error:
                    yield f"{key}[{place}]", str(error)
        for path, asked in self.of_collector():
            try:
                Processor.filter(drop=[], keep=[], drop_ottl=[asked])
            except ConfigError as error:
                yield path, str(error)

    def of_collector(self) -> list[tuple[str, tuple[str, str]]]:
        """The conditions in OTTL: where each stands, its context, and itself."""
        found = [(f"logs.resource[{at}]", ("resource", text)) for at, text in enumerate(self.logs.resource)]
        found += [(f"logs.log_record[{at}]", ("log", text)) for at, text in enumerate(self.logs.log_record)]
        for at, one in enumerate(self.log_conditions):
            path = f"log_conditions[{at}]"
            if isinstance(one, Conditions):
                inside = enumerate(one.conditions)
                found += [(f"{path}.conditions[{place}]", (one.context, text)) for place, text in inside]
            else:
                found.append((path, ("log", one)))
        return found

    def matched(self) -> list[str]:
        """What `include` and `exclude` drop, as conditions."""
        include = self.logs.include.condition() if self.logs.include else ""
        exclude = self.logs.exclude.condition() if self.logs.exclude else ""
        return [*([f"not ({include})"] if include else []), *([exclude] if exclude else [])]


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    asked = [condition for _, condition in config.of_collector()]
    return Processor.filter(drop=[*config.drop, *config.matched()], keep=config.keep, drop_ottl=asked)
