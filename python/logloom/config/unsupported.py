"""What a Collector's config has and logloom lacks, taken out of what was typed, so that the rest can be read.

Each thing is told once, where it is defined, with what comes nearest. Taken out are components that logloom has not,
pipelines of metrics and profiles, pipelines of which nothing is left, and what only those name.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Final

from logloom.config.collector import INERT, lacking, plain, type_of
from logloom.config.read import Reader, nearest
from logloom.config.typed import Typed
from logloom.errors import Problem

__all__ = ["leave_out"]

LISTS: Final = ("receivers", "processors", "exporters")
ALL: Final = (*LISTS, "extensions", "connectors")
SIGNALS: Final = {"metrics": "logloom takes logs and traces, no metrics", "profiles": "logloom takes no profiles"}


def leave_out(reader: Reader, root: Typed, types: Callable[[str], list[str]]) -> tuple[Typed, list[Problem]]:
    """`root` without what logloom lacks, and what that is.

    Args:
        reader: Resolves what is a reference; is told what is left out without being lacking.
        root: The whole config.
        types: The types that logloom has, by section.
    """
    return _Pruner(reader, root, types).pruned()


class _Pruner:
    def __init__(self, reader: Reader, root: Typed, types: Callable[[str], list[str]]) -> None:
        self._reader = reader
        self._types = types
        self._root = root
        self._top = dict(root.value) if isinstance(root.value, dict) else {}
        self._gone: dict[str, set[str]] = {section: set() for section in ALL}
        self._lacking: list[Problem] = []

    def pruned(self) -> tuple[Typed, list[Problem]]:
        if not isinstance(self._root.value, dict):
            return self._root, []
        for section in ALL:
            self._section(section)
        self._service()
        return dataclasses.replace(self._root, value=self._top), self._lacking

    def _section(self, section: str) -> None:
        """Take out the components that logloom has not."""
        if (typed := self._top.get(section)) is None:
            return
        typed = self._reader.resolve(typed)
        if not isinstance(typed.value, dict):
            self._top[section] = typed
            return
        kept = {}
        types = self._types(section)
        for identifier, value in typed.value.items():
            kind = identifier.partition("/")[0]
            if type_of(section, kind, types) is not None:
                kept[identifier] = value
            elif (why := INERT.get(section, {}).get(plain(kind))) is not None:
                self._gone[section].add(identifier)
                self._reader.note(value, f"has no effect here: {why}")
            elif (hint := lacking(section, kind)) is not None:
                self._gone[section].add(identifier)
                self._lack(value, f"no {section[:-1]} '{kind}' here: {hint}")
            elif _is_no_slip(kind, types):
                self._gone[section].add(identifier)
                has = f"logloom has {', '.join(types)}"
                self._lack(value, f"no such {section[:-1]} type; {has}")
            else:
                kept[identifier] = value
        self._top[section] = dataclasses.replace(typed, value=kept)

    def _service(self) -> None:
        """Take what is gone out of the pipelines, and out of the service what is left empty by that."""
        service = self._top.get("service")
        if service is None or not isinstance((service := self._reader.resolve(service)).value, dict):
            return
        inside = dict(service.value)
        if "extensions" in inside:
            inside["extensions"] = self._without(inside["extensions"], self._gone["extensions"])
        if (typed := inside.get("pipelines")) is not None:
            typed = self._reader.resolve(typed)
            if isinstance(typed.value, dict):
                inside["pipelines"] = dataclasses.replace(typed, value=self._pipelines(typed.value))
        self._top["service"] = dataclasses.replace(service, value=inside)

    def _pipelines(self, pipelines: dict[str, Typed]) -> dict[str, Typed]:
        kept: dict[str, Typed] = {}
        only_there: dict[str, set[str]] = {section: set() for section in LISTS}
        for name, pipeline in pipelines.items():
            left, why = self._pipeline(name, self._reader.resolve(pipeline))
            if why:
                self._lack(pipeline, why)
                for section in LISTS:
                    only_there[section] |= set(self._names(pipeline, section)) - self._gone[section]
            else:
                kept[name] = left
        for section in LISTS:
            used = {name for pipeline in kept.values() for name in self._names(pipeline, section)}
            self._drop(section, only_there[section] - used)
        return kept

    def _pipeline(self, name: str, pipeline: Typed) -> tuple[Typed, str]:
        """One pipeline without what is gone, or why it is left out."""
        if (why := SIGNALS.get(name.partition("/")[0])) is not None:
            return pipeline, why
        if not isinstance(pipeline.value, dict):
            return pipeline, ""
        inside = dict(pipeline.value)
        for section in LISTS:
            if section not in inside:
                continue
            gone = self._gone[section] | (self._gone["connectors"] if section != "processors" else set())
            before = self._names(pipeline, section)
            inside[section] = self._without(inside[section], gone)
            if section != "processors" and before and set(before) <= gone:
                return pipeline, f"logloom has none of its {section}: {', '.join(before)}"
        return dataclasses.replace(pipeline, value=inside), ""

    def _drop(self, section: str, names: set[str]) -> None:
        """What only pipelines name that are left out is not read."""
        typed = self._top.get(section)
        if typed is None or not isinstance(typed.value, dict):
            return
        for name in sorted(names & typed.value.keys()):
            self._reader.note(typed.value[name], "left out: only pipelines name it that are left out")
        kept = {name: value for name, value in typed.value.items() if name not in names}
        self._top[section] = dataclasses.replace(typed, value=kept)

    def _without(self, typed: Typed, gone: set[str]) -> Typed:
        typed = self._reader.resolve(typed)
        if not isinstance(typed.value, list):
            return typed
        return dataclasses.replace(typed, value=[item for item in self._items(typed) if item.text not in gone])

    def _names(self, pipeline: Typed, section: str) -> list[str]:
        typed = pipeline.value.get(section) if isinstance(pipeline.value, dict) else None
        return [item.text for item in self._items(self._reader.resolve(typed))] if typed is not None else []

    def _items(self, typed: Typed) -> Iterator[Typed]:
        for item in typed.value if isinstance(typed.value, list) else ():
            yield self._reader.resolve(item)

    def _lack(self, typed: Typed, what: str) -> None:
        self._lacking.append(Problem(typed.line, typed.path, what, typed.file))


def _is_no_slip(kind: str, types: list[str]) -> bool:
    """Whether a type that nobody knows is none of ours with a letter wrong."""
    return kind.replace("_", "").isalnum() and nearest(kind, types) is None
