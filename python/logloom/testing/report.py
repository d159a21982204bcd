"""What tests reached of a config, and their results for CI."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from logloom.config import Config

if TYPE_CHECKING:
    from logloom.testing.run import Result

__all__ = ["Coverage", "junit"]


class Coverage:
    """Which parts of the configs some test reached: receivers, pipelines, exporters, and the rules of processors."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._reached: dict[tuple[str, str], set[str]] = {}
        self._there: dict[tuple[str, str], set[str]] = {}

    def add(self, config: Config, counters: Mapping[str, Any], came: Mapping[str, Sequence[Any]]) -> None:
        """What one test reached."""
        counted = {name: row for name, row in counters["pipelines"].items() if row["records"] or row["dropped"]}
        self._note(
            config, "receiver", config.receivers, [k for k, row in counters["receivers"].items() if row["records"]]
        )
        self._note(config, "pipeline", config.service.pipelines, counted)
        self._note(config, "exporter", config.exporters, [name for name, records in came.items() if records])
        for name, component in config.processors.items():
            found = counters["processors"].get(name, {}).get("rules", {})
            self._note(config, f"rule of {name}", _rules(component.config), found)

    def _note(self, config: Config, what: str, there: Iterable[str], reached: Iterable[str]) -> None:
        key = (config.file, what)
        self._there.setdefault(key, set()).update(there)
        self._reached.setdefault(key, set()).update(self._there[key].intersection(reached))

    def share(self) -> float:
        """The share of all parts that was reached, 0 to 1; 1 where there are none."""
        there = sum(map(len, self._there.values()))
        return sum(map(len, self._reached.values())) / there if there else 1.0

    def lines(self) -> Iterator[str]:
        """For people: a line for what was reached, and one for each part that no test reached."""
        reached, there = sum(map(len, self._reached.values())), sum(map(len, self._there.values()))
        if there:
            yield f"reached {reached} of {there} receivers, pipelines, exporters and rules ({self.share():.0%})"
        for (file, what), names in sorted(self._there.items()):
            for name in sorted(names - self._reached[file, what]):
                yield f"  {file}: no test reaches {what} '{name}'"


def _rules(config: Any) -> list[str]:
    """The names under which a processor counts what it found, so far as its config tells them."""
    rules = getattr(config, "rules", None)
    if isinstance(rules, list):
        return [rule for rule in rules if isinstance(rule, str)]
    conditions: list[str] = []
    for key in ("drop", "log_conditions"):
        conditions += getattr(config, key, ())
    return conditions


def junit(results: Sequence["Result"]) -> bytes:
    """The results as JUnit's XML, which every CI reads: https://github.com/testmoapp/junitxml."""
    suites = ET.Element("testsuites", name="logloom", tests=str(len(results)), failures=str(_failed(results)))
    for file in dict.fromkeys(result.file for result in results):
        own = [result for result in results if result.file == file]
        took = sum(result.took_s for result in own)
        counts: dict[str, Any] = {"tests": str(len(own)), "failures": str(_failed(own)), "time": f"{took:.3f}"}
        suite = ET.SubElement(suites, "testsuite", name=str(file), **counts)
        for result in own:
            about = {"name": result.name, "classname": str(file), "time": f"{result.took_s:.3f}"}
            case = ET.SubElement(suite, "testcase", about)
            if result.failures:
                failure = ET.SubElement(case, "failure", message=_clean(result.failures[0].splitlines()[0]))
                failure.text = _clean("\n".join(result.failures))
    ET.indent(suites)
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _failed(results: Sequence["Result"]) -> int:
    return sum(bool(result.failures) for result in results)


def _clean(text: str) -> str:
    """Without what XML has no place for."""
    return "".join(c if c in "\t\n" or 0x20 <= ord(c) < 0xD800 or 0xE000 <= ord(c) < 0xFFFE else "\ufffd" for c in text)
