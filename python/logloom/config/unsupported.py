"""What a Collector's config has and logloom lacks, taken out of what was typed, so that the rest can be read.

Each thing is told once, where it is defined, with what comes nearest. Taken out are components that logloom has not,
pipelines of metrics and profiles, pipelines of which nothing is left, and what only those name.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from logloom.config.collector import INERT, lacking, plain, type_of
from logloom.config.read import Reader, nearest
from logloom.config.shared import Unfit
from logloom.config.typed import Typed
from logloom.errors import Problem

__all__ = ["Left", "leave_out"]

LISTS: Final = ("receivers", "processors", "exporters")
ALL: Final = ("extensions", *LISTS, "connectors")
"""The sections; extensions before those who name them."""
SIGNALS: Final = {"metrics": "logloom takes logs and traces, no metrics", "profiles": "logloom takes no profiles"}


@dataclasses.dataclass(frozen=True, slots=True)
class Left:
    """What is left of a config.

    Attributes:
        root: What can be read.
        lacking: What was taken out, each with what comes nearest.
        pipelines: The pipelines that were taken out.
        extensions: The extensions that were taken out.
    """

    root: Typed
    lacking: list[Problem]
    pipelines: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()


Unfitness = Callable[[str, str, AbstractSet[str]], Unfit | None]
"""Of a section, a type and the keys of a component: why it is left out whole."""


def leave_out(reader: Reader, root: Typed, types: Callable[[str], list[str]], unfit: Unfitness) -> Left:
    """`root` without what logloom lacks, and what that is.

    Args:
        reader: Resolves what is a reference; is told what is left out without being lacking.
        root: The whole config.
        types: The types that logloom has, by section.
        unfit: Asked of each component whose type logloom has.
    """
    return _Pruner(reader, root, types, unfit).pruned()


class _Pruner:
    def __init__(self, reader: Reader, root: Typed, types: Callable[[str], list[str]], unfit: Unfitness) -> None:
        self._reader = reader
        self._types = types
        self._unfit = unfit
        self._root = root
        self._top = dict(root.value) if isinstance(root.value, dict) else {}
        self._gone: dict[str, set[str]] = {section: set() for section in ALL}
        self._lacking: list[Problem] = []
        self._pipelines_gone: frozenset[str] = frozenset()

    def pruned(self) -> Left:
        if not isinstance(self._root.value, dict):
            return Left(self._root, [])
        for section in ALL:
            self._section(section)
        self._service()
        root = dataclasses.replace(self._root, value=self._top)
        return Left(root, self._lacking, self._pipelines_gone, frozenset(self._gone["extensions"]))

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
            if (found := type_of(section, kind, types)) is not None:
                if self._fits(section, found, identifier, value):
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

    def _fits(self, section: str, kind: str, identifier: str, typed: Typed) -> bool:
        """Whether a component of a type that logloom has can do something here, as it is configured."""
        inside = self._reader.resolve(typed).value
        if not isinstance(inside, dict):
            return True
        if (unfit := self._unfit(section, kind, inside.keys())) is not None:
            if unfit.changes_nothing:
                self._reader.note(typed, f"has no effect here: {unfit.why}")
            else:
                self._lack(typed, unfit.why)
        elif section == "exporters" and (name := self._authenticator(inside)) in self._gone["extensions"]:
            self._lack(typed, f"it sends as '{name}' says, which logloom has not")
        else:
            return True
        self._gone[section].add(identifier)
        return False

    def _authenticator(self, inside: dict[str, Typed]) -> str:
        auth = self._reader.resolve(inside["auth"]).value if "auth" in inside else None
        name = auth.get("authenticator") if isinstance(auth, dict) else None
        return self._reader.resolve(name).text if name is not None else ""

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
        why: dict[str, str] = {}
        while True:
            found = {name: self._pipeline(name, self._reader.resolve(typed)) for name, typed in pipelines.items()}
            kept = {name: left for name, (left, reason) in found.items() if not reason}
            why = {name: reason for name, (_, reason) in found.items() if reason}
            if not (idle := self._idle_connectors(pipelines, kept)):
                break
            self._gone["connectors"] |= idle
            self._drop("connectors", idle)
        only_there: dict[str, set[str]] = {section: set() for section in LISTS}
        for name, reason in why.items():
            self._lack(pipelines[name], reason)
            for section in LISTS:
                only_there[section] |= set(self._names(self._reader.resolve(pipelines[name]), section))
        self._pipelines_gone = frozenset(why)
        for section in LISTS:
            used = {name for pipeline in kept.values() for name in self._names(pipeline, section)}
            self._drop(section, only_there[section] - self._gone[section] - used)
        return kept

    def _idle_connectors(self, typed: dict[str, Typed], kept: dict[str, Typed]) -> set[str]:
        """Connectors that stood between pipelines, and at one end of which none is left."""

        def between(pipelines: Iterable[Typed]) -> set[str]:
            whole = [self._reader.resolve(pipeline) for pipeline in pipelines]
            ends = ({name for one in whole for name in self._names(one, end)} for end in ("exporters", "receivers"))
            return set.intersection(*ends)

        connectors = self._top.get("connectors")
        have = connectors.value if connectors is not None and isinstance(connectors.value, dict) else {}
        return (between(typed.values()) - between(kept.values())) & have.keys() - self._gone["connectors"]

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
