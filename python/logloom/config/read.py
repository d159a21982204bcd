"""Step two of a config: what was resolved. Typed values become the dataclasses that stand beside each component's code.

Everything is read from the type hints, so that a component says each thing once. Nothing is read but the files of
`${file:PATH}`; the environment comes in as a mapping. All problems are collected: reading goes on past each.
"""

import dataclasses
import re
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from logloom.config.fields import READABLE, Bound, Secret, Unit
from logloom.config.references import References, read_file
from logloom.config.typed import Typed
from logloom.errors import Problem

__all__ = ["Reader", "nearest"]

T = TypeVar("T")

_MISSING: Final = dataclasses.MISSING
_SHELLS: Final = re.compile(r"\$([A-Za-z_]\w*)")
"""A variable as shells, and older Collectors, have it."""


class Reader:
    """Reads typed values by their hints; collects the problems and the notes.

    Attributes:
        problems: All that is wrong.
        notes: What is accepted and does nothing here, and why.
        lacking: What the Collector has and logloom has not, among keys, and what comes nearest.
    """

    def __init__(self, environment: Mapping[str, str], files: Callable[[str], str] = read_file) -> None:
        """`environment`: what `${env:NAME}` is read from; `files`: what `${file:PATH}` is read with."""
        self._references = References(environment, files)
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.lacking: list[Problem] = []

    @property
    def files(self) -> tuple[str, ...]:
        """What `${file:PATH}` has named so far."""
        return self._references.files

    def problem(self, typed: Typed, what: str) -> None:
        """Note what is wrong with `typed`."""
        self.problems.append(Problem(typed.line, typed.path, what, typed.file))

    def note(self, typed: Typed, what: str) -> None:
        """Note what is accepted and does nothing here."""
        self.notes.append(Problem(typed.line, typed.path, what, typed.file))

    def read(self, hint: Any, typed: Typed) -> Any:
        """The value of `typed` as `hint` has it; None where it is wrong and the problem is noted."""
        typed = self.resolve(typed)
        marks: tuple[Any, ...] = ()
        if get_origin(hint) is Annotated:
            hint, *rest = get_args(hint)
            marks = tuple(rest)
        if get_origin(hint) in (Union, types.UnionType):
            return self._union(get_args(hint), typed)
        if dataclasses.is_dataclass(hint) and hint not in READABLE:
            return self.fields(hint, typed)  # type: ignore[arg-type]
        if (origin := get_origin(hint)) in (list, tuple):
            return self._list(origin, get_args(hint)[0], typed)
        if origin is dict:
            return self._map(get_args(hint)[1], typed)
        return self._scalar(hint, marks, typed)

    def resolve(self, typed: Typed) -> Typed:
        """Replace `${env:NAME}` and the like, where there are any."""
        if not isinstance(typed.value, str) or "$" not in typed.text:
            return typed
        try:
            return self._references.resolve(typed)
        except ValueError as error:
            self.problem(typed, str(error))
            return dataclasses.replace(typed, value=_WRONG, text="")

    def fields(self, cls: type[T], typed: Typed) -> T | None:
        """A dataclass from a map; an empty value is an empty map."""
        if typed.value is None:
            typed = dataclasses.replace(typed, value={})
        if not isinstance(typed.value, dict):
            self.wrong(typed, "a map")
            return None
        hints = field_hints(cls)
        values: dict[str, Any] = {}
        before = len(self.problems)
        for key, value in typed.value.items():
            if key in hints:
                hint = _without_none(hints[key]) if value.value is None else hints[key]
                values[key] = self.read(hint, value)
            else:
                self._no_field(cls, key, value, hints)
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            if field.name not in typed.value and field.default is _MISSING and field.default_factory is _MISSING:
                self.problem(typed, f"lacks '{field.name}'")
        if len(self.problems) > before:
            return None
        made = cls(**values)
        if (check := getattr(made, "problems", None)) is not None:
            for key, what in check():
                self.problem(at(typed, key), what)
        for told, kind in ((self.notes, "notes"), (self.lacking, "lacking")):
            for key, what in getattr(made, kind, tuple)():
                place = at(typed, key)
                told.append(Problem(place.line, place.path, what, place.file))
        return made

    def _no_field(self, cls: type[Any], key: str, typed: Typed, hints: Mapping[str, Any]) -> None:
        """A key that is no field: the class may know it all the same."""
        if (why := getattr(cls, "IGNORED", {}).get(key)) is not None:
            self.note(typed, f"has no effect here: {why}")
        elif (why := getattr(cls, "LACKING", {}).get(key)) is not None:
            if typed.value not in (None, [], {}):
                self.lacking.append(Problem(typed.line, typed.path, f"not supported: {why}", typed.file))
        elif (why := getattr(cls, "REFUSED", {}).get(key)) is not None:
            self.problem(typed, f"not supported: {why}")
        else:
            self.problem(typed, unknown("key", key, hints))

    def wrong(self, typed: Typed, expected: str, hint: str = "") -> None:
        """Note that `typed` is not what is `expected`."""
        if typed.value is not _WRONG:
            self.problem(typed, f"expected {expected}, not {typed.kind}{hint}")

    def _union(self, hints: tuple[Any, ...], typed: Typed) -> Any:
        if typed.value is None and types.NoneType in hints:
            return None
        kinds = [hint for hint in hints if hint is not types.NoneType]
        if len(kinds) > 1:  # of str, bool, int and a map: the one that fits what was typed
            for hint in kinds:
                if isinstance(typed.value, dict if dataclasses.is_dataclass(hint) else get_origin(hint) or hint) and (
                    not isinstance(typed.value, bool) or hint is bool
                ):
                    return self.read(hint, typed)
            self.wrong(typed, " or ".join(_expected(hint) for hint in kinds))
            return None
        return self.read(kinds[0], typed)

    def _list(self, origin: type[Any], hint: Any, typed: Typed) -> Any:
        if typed.value is None:
            return origin()
        if not isinstance(typed.value, list):
            simple = isinstance(typed.value, str) and typed.value is not _WRONG and not typed.names
            self.wrong(typed, "a list", f": write [{typed.text}]" if simple and len(typed.text) <= 60 else "")
            return None
        return origin([self.read(hint, item) for item in typed.value])

    def _map(self, hint: Any, typed: Typed) -> Any:
        if typed.value is None:
            return {}
        if hint is Secret and isinstance(typed.value, list):
            typed = _named(typed)
        if not isinstance(typed.value, dict):
            self.wrong(typed, "a map")
            return None
        return {key: self.read(hint, value) for key, value in typed.value.items()}

    def _whatever(self, typed: Typed) -> Any:
        """The value as it was typed, with what it refers to."""
        typed = self.resolve(typed)
        if isinstance(typed.value, dict):
            return {key: self._whatever(value) for key, value in typed.value.items()}
        if isinstance(typed.value, list):
            return [self._whatever(value) for value in typed.value]
        return typed.value

    def _scalar(self, hint: Any, marks: tuple[Any, ...], typed: Typed) -> Any:
        if hint is Any:
            return self._whatever(typed)
        if isinstance(typed.value, list | dict):
            if not typed.names or hint not in (str, Secret):
                self.wrong(typed, _expected(hint, marks))
                return None
            typed = dataclasses.replace(typed, value=typed.text)  # a text that could also be read as YAML
        unit = next((mark for mark in marks if isinstance(mark, Unit)), None)
        try:
            value = unit.read(_number(typed)) if unit else _READ[_kind(hint)](hint, typed)
        except (ValueError, OverflowError) as error:
            if typed.value is _WRONG:
                return None
            told = (
                str(error) if str(error) and not typed.names else f"expected {_expected(hint, marks)}, not {typed.kind}"
            )
            if match := _SHELLS.fullmatch(typed.text):
                told += f": a variable is ${{env:{match[1]}}}"
            self.problem(typed, told)
            return None
        for bound in marks:
            if isinstance(bound, Bound) and not bound.least <= value <= bound.most:
                show: Callable[[float], str] = unit.show if unit else "{:.15g}".format
                told = f"must be from {show(bound.least)} to {show(bound.most)}, not {typed.kind}"
                self.problem(typed, told)
                return None
        return value


def _named(typed: Typed) -> Typed:
    """A map that stands as the Collector also has it: a list of `{name: …, value: …}`."""
    pairs: dict[str, Typed] = {}
    for item in typed.value if isinstance(typed.value, list) else ():
        if not isinstance(item.value, dict) or item.value.keys() != {"name", "value"}:
            return typed
        pairs[item.value["name"].text] = item.value["value"]
    return dataclasses.replace(typed, value=pairs)


class _Wrong(str):
    """Stands for a value whose problem is noted, so that it is not noted twice."""

    __slots__ = ()


_WRONG: Final = _Wrong()


def _number(typed: Typed) -> str | int | float:
    if typed.value is None or isinstance(typed.value, bool | list | dict) or typed.value is _WRONG:
        raise ValueError
    return typed.value


def _read_text(hint: type[str], typed: Typed) -> str:
    if typed.value is _WRONG or (typed.value is None and not typed.names):
        raise ValueError  # a variable that is empty is an empty text
    return hint(typed.text)


def _read_exact(hint: type[Any], typed: Typed) -> Any:
    if hint is float and isinstance(typed.value, int) and not isinstance(typed.value, bool):
        return float(typed.value)
    if type(typed.value) is not hint:
        raise ValueError
    return typed.value


def _read_literal(hint: Any, typed: Typed) -> Any:
    choices = get_args(hint)
    for choice in choices:
        if typed.text == str(choice) or typed.value is choice:
            return choice
    for choice in choices:  # the Collector reads levels in letters of any size
        if isinstance(choice, str) and typed.text.lower() == choice.lower() and typed.value is not _WRONG:
            return choice
    if typed.value is not _WRONG and not typed.names and (near := nearest(typed.text, map(str, choices))):
        msg = f"expected {_expected(hint)}, not {typed.kind}: did you mean '{near}'?"
        raise ValueError(msg)
    raise ValueError


def _read_readable(hint: Any, typed: Typed) -> Any:
    return hint.read(_read_text(str, typed))


def _read_path(_hint: Any, typed: Typed) -> Path:
    text = _read_text(str, typed)
    if not text or "\0" in text:
        raise ValueError
    return Path(text)


def _kind(hint: Any) -> Any:
    return Literal if get_origin(hint) is Literal else hint


_READ: Final[dict[Any, Callable[[Any, Typed], Any]]] = {
    bool: _read_exact,
    int: _read_exact,
    float: _read_exact,
    str: _read_text,
    Secret: _read_text,
    Path: _read_path,
    Literal: _read_literal,
} | dict.fromkeys(READABLE, _read_readable)
_EXPECTED: Final[dict[Any, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Secret: "a text",
    Path: "a path",
} | READABLE


def _expected(hint: Any, marks: tuple[Any, ...] = ()) -> str:
    for mark in marks:
        if isinstance(mark, Unit):
            return mark.expected
    if get_origin(hint) is Literal:
        return " or ".join(f"'{choice}'" for choice in get_args(hint))
    if get_origin(hint) is dict:
        return "a map"
    return _EXPECTED[hint]


def field_hints(cls: type[Any]) -> dict[str, Any]:
    """The hints of a dataclass's fields, by name, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _without_none(hint: Any) -> Any:
    """`Nested | None` typed with an empty value means Nested's defaults, as in `grpc:`."""
    kinds = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else ()
    return next((kind for kind in kinds if dataclasses.is_dataclass(kind) and kind not in READABLE), hint)


def at(typed: Typed, path: str) -> Typed:
    """The value `path` (`a.b[0].c`) below `typed`, or as near to it as was typed; the path is whole in any case."""
    here = typed
    for key in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if key.startswith("["):
            below = (
                here.value[int(key[1:-1])]
                if isinstance(here.value, list) and int(key[1:-1]) < len(here.value)
                else None
            )
        else:
            below = here.value.get(key) if isinstance(here.value, dict) else None
        if below is None:
            return dataclasses.replace(here, path=f"{typed.path}.{path}" if typed.path else path)
        here = below
    return here


def plain(typed: Typed) -> Any:
    """The value without its places."""
    if isinstance(typed.value, dict):
        return {key: plain(value) for key, value in typed.value.items()}
    if isinstance(typed.value, list):
        return [plain(value) for value in typed.value]
    return typed.value


def unknown(what: str, name: str, known: "Mapping[str, Any] | list[str]") -> str:
    """The text of an unknown name's problem, with the way out."""
    names = sorted(known)
    if near := nearest(name, names):
        return f"unknown {what}, did you mean '{near}'?"
    return f"unknown {what}; known here: {', '.join(names)}" if names else f"unknown {what}; none is known here"


def nearest(word: str, names: "Any") -> str | None:
    """The name nearest to `word`, where one is near enough to be meant."""
    best = min(((_distance(word.lower(), name.lower()), name) for name in names), default=None)
    return best[1] if best and best[0] * 3 <= max(len(word), 3) else None


def _distance(a: str, b: str) -> int:
    """How many letters must change, two exchanged neighbours counting once; names are short."""
    a, b = a[:64], b[:64]
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
