"""Step one of a config: what was typed. YAML, as a tree in which every value knows its path and its line.

Written on PyYAML's event stream, so that nothing is built before it is bounded: not the file's size, not its nesting,
not what aliases multiply to. Duplicate keys are problems. Plain scalars follow YAML 1.2's core schema (`on` is a text).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from logloom.errors import InvalidConfigError, Problem

__all__ = ["DEPTH_MAX", "FILE_BYTES_MAX", "Scalar", "Typed", "read_yaml"]

FILE_BYTES_MAX: Final = 1 << 20
"""The largest config file, in bytes."""
DEPTH_MAX: Final = 32
"""The deepest nesting, in levels."""
NODES_MAX: Final = 50_000
"""The most values, those that aliases repeat counted each time."""

Scalar = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Typed:
    """One value, and where it stands.

    Attributes:
        value: A scalar, a list or a map of further values.
        text: A scalar as it was typed, so that `007` can be a text; empty otherwise.
        path: From the file's top, as in `receivers.filelog/mesh.include[0]`.
        line: Counted from 1; a map's entry has its key's line.
        plain: Whether it stood without quotes.
        names: What the value came from (`env:NAME`, `file:PATH`); then no error shows it.
        file: The file that it stands in, where that is not the one that was asked for.
    """

    value: "Scalar | list[Typed] | dict[str, Typed]"
    text: str
    path: str
    line: int
    plain: bool = True
    names: tuple[str, ...] = ()
    file: str = ""

    @property
    def kind(self) -> str:
        """What it is, in an error's words: `a map`, `'5 apples'`. Never what came from the environment or a file."""
        if isinstance(self.value, dict):
            return "a map"
        if isinstance(self.value, list):
            return "a list"
        if self.names:
            return f"the value of ${{{self.names[0]}}}"
        if self.value is None:
            return "nothing"
        if isinstance(self.value, bool | int | float):
            return self.text
        return f"'{self.text}'" if len(self.text) <= 60 else f"'{self.text[:57]}...'"


def read_yaml(text: str, file: str) -> Typed:
    """The tree of one YAML document; `file` names it in errors.

    Raises:
        InvalidConfigError: Not YAML, or over a bound, or duplicate keys: all that could be found.
    """
    if (size := len(text.encode(errors="surrogatepass"))) > FILE_BYTES_MAX:
        raise InvalidConfigError(file, [Problem(1, "", f"{size} bytes; a config has at most {FILE_BYTES_MAX}")])
    reader = _Reader()
    try:
        document = reader.document(text)
        root = reader.expand(document, "", document.line, 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (column {mark.column + 1})" if mark else ""
        what = f"{error.problem or error.context}"
        line = "".join(text.splitlines()[mark.line : mark.line + 1]) if mark else ""
        if "\t" in line[: len(line) - len(line.lstrip())]:
            what = "a tab stands before a key: YAML is indented by blanks"
        reader.problem(mark.line + 1 if mark else 1, "", f"not YAML: {what}{where}")
    except yaml.YAMLError as error:
        reader.problem(1, "", f"not YAML: {str(error).splitlines()[0]}")
    except _StopError:
        pass
    else:
        if not reader.problems:
            return root
    raise InvalidConfigError(file, reader.problems)


class _StopError(Exception):
    """No point in reading on; the problem is noted."""


@dataclass(slots=True)
class _Node:
    """One value as its events gave it, aliases still shared."""

    line: int
    scalar: str | None = None
    plain: bool = True
    tag: str | None = None
    items: "list[_Node] | None" = None
    pairs: "list[tuple[_Node, _Node]] | None" = None


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Node] = {}
        self.nodes = 0

    def problem(self, line: int, path: str, what: str) -> None:
        self.problems.append(Problem(line, path, what))

    def stop(self, line: int, path: str, what: str) -> _StopError:
        self.problem(line, path, what)
        return _StopError()

    def document(self, text: str) -> _Node:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        events: Iterator[Any] = (
            event for event in yaml.parse(text, loader) if not isinstance(event, yaml.StreamStartEvent)
        )
        first = next(events)
        if isinstance(first, yaml.StreamEndEvent):
            return _Node(1, "")
        root = self.node(next(events), events, 0)
        next(events)  # the document's end
        if not isinstance(event := next(events), yaml.StreamEndEvent):
            raise self.stop(event.start_mark.line + 1, "", "a second YAML document: a config is one")
        return root

    def node(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        line = event.start_mark.line + 1
        if depth > DEPTH_MAX:
            raise self.stop(line, "", f"nested deeper than {DEPTH_MAX} levels")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self.stop(line, "", f"no '&{event.anchor}' stands before '*{event.anchor}'")
            return self.anchors[event.anchor]
        tag = None if event.tag in (None, "!") else event.tag
        if isinstance(event, yaml.ScalarEvent):
            node = _Node(line, event.value, plain=event.implicit[0], tag=tag)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = _Node(line, tag=tag, items=[])
            while not isinstance(event_inside := next(events), yaml.SequenceEndEvent):
                node.items.append(self.node(event_inside, events, depth + 1))  # type: ignore[union-attr]
        else:
            node = _Node(line, tag=tag, pairs=[])
            while not isinstance(event_inside := next(events), yaml.MappingEndEvent):
                key = self.node(event_inside, events, depth + 1)
                node.pairs.append((key, self.node(next(events), events, depth + 1)))  # type: ignore[union-attr]
        if event.anchor is not None:
            self.anchors[event.anchor] = node  # after its content: no value can hold itself
        return node

    def count(self, line: int, path: str, depth: int) -> None:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise self.stop(line, path, f"more than {NODES_MAX} values, aliases written out")
        if depth > DEPTH_MAX:
            raise self.stop(line, path, f"nested deeper than {DEPTH_MAX} levels, aliases written out")

    def expand(self, node: _Node, path: str, line: int, depth: int) -> Typed:
        self.count(node.line, path, depth)
        if node.tag not in _TAGS[(node.items is not None) - (node.pairs is not None)]:
            self.problem(node.line, path, f"the tag '{node.tag}' means nothing here: remove it")
        if node.items is not None:
            items = [self.expand(item, f"{path}[{i}]", item.line, depth + 1) for i, item in enumerate(node.items)]
            return Typed(items, "", path, line)
        if node.pairs is not None:
            return Typed(self.expand_pairs(node.pairs, path, depth), "", path, line)
        text = node.scalar or ""
        value: Scalar = text
        if node.tag is not None:
            value = text if node.tag.endswith(":str") else plain_scalar(text)
        elif node.plain:
            value = plain_scalar(text)
        return Typed(value, text, path, line, plain=node.plain and node.tag is None)

    def expand_pairs(self, pairs: list[tuple[_Node, _Node]], path: str, depth: int) -> dict[str, Typed]:
        own: dict[str, Typed] = {}
        merged: dict[str, Typed] = {}
        for key, value in pairs:
            if key.scalar is None:
                self.problem(key.line, path, "a key is a text, not a list or a map")
                continue
            if key.scalar == "<<" and key.plain:
                for source in value.items if value.items is not None else [value]:
                    self.count(key.line, path, depth + 1)
                    if source.pairs is None:
                        self.problem(key.line, path, "'<<' takes a map, or a list of maps")
                    else:
                        merged = self.expand_pairs(source.pairs, path, depth + 1) | merged
                continue
            inside = f"{path}.{key.scalar}" if path else key.scalar
            if key.scalar in own:
                self.problem(key.line, inside, f"a second time; it stands in line {own[key.scalar].line} already")
                continue
            own[key.scalar] = self.expand(value, inside, key.line, depth + 1)
        return merged | own


_TAGS: Final = tuple(
    {None, *(f"tag:yaml.org,2002:{name}" for name in names)}
    for names in (("str", "int", "float", "bool", "null"), ("seq",), ("map",))
)
"""The tags that mean something: of a scalar, of a list, of a map."""
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT: Final = re.compile(r"[-+]?[0-9]{1,30}|0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


def plain_scalar(text: str) -> Scalar:
    """What a text without quotes stands for, by YAML 1.2's core schema."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text, 0 if text[:2] in ("0o", "0x") else 10)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
