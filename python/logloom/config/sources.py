"""Step one of a config, of all its sources: files and what stands in their place, each over those before it.

As in the Collector: maps are merged key by key, all else is replaced, lists too; a source is a path, `file:PATH`,
`env:NAME` (a variable that holds YAML) or `yaml:TEXT`, in which `::` in a key goes one level down.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from logloom.config.typed import FILE_BYTES_MAX, Typed, read_yaml
from logloom.errors import ConfigError, InvalidConfigError, Problem

__all__ = ["SOURCES_MAX", "merged", "paths_of", "read_path", "read_sources"]

SOURCES_MAX: Final = 32
"""The most sources of one config."""

_SCHEME: Final = re.compile(r"(env|file|yaml|https?):(.*)", re.DOTALL)


def read_sources(sources: Sequence[str], environment: Mapping[str, str]) -> tuple[Typed, str]:
    """What was typed, and what to call it in errors.

    Raises:
        ConfigError: A source cannot be read.
        InvalidConfigError: One is no YAML.
    """
    if not 1 <= len(sources) <= SOURCES_MAX:
        msg = f"a config has 1 to {SOURCES_MAX} sources, not {len(sources)}"
        raise ConfigError(msg)
    trees, name = [], ""
    for source in sources:
        text, name = _text(source, environment)
        tree = read_yaml(text, name)
        if source.startswith("yaml:"):
            tree = _levels(tree)
        trees.append(tree if len(sources) == 1 else _named(tree, name))
    if len(trees) == 1:
        return trees[0], name
    root = trees[0]
    for tree in trees[1:]:
        if not isinstance(tree.value, dict) and tree.value is not None:
            raise InvalidConfigError(tree.file, [Problem(tree.line, "", f"a config is a map; this is {tree.kind}")])
        root = root if tree.value is None else merged(root, tree)
    return root, trees[-1].file


def paths_of(sources: Sequence[str]) -> list[str]:
    """Those of the sources that are files."""
    split = [match.groups() if (match := _SCHEME.fullmatch(source)) else ("file", source) for source in sources]
    return [rest for scheme, rest in split if scheme == "file"]


def read_path(path: Path) -> str:
    """The text of a config file.

    Raises:
        ConfigError: It cannot be read.
        InvalidConfigError: It is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(msg) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidConfigError(str(path), [Problem(line, "", "not UTF-8: save the file as UTF-8")]) from error


def merged(below: Typed, above: Typed) -> Typed:
    """`above` over `below`."""
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    both = dict(below.value)
    for key, value in above.value.items():
        both[key] = merged(both[key], value) if key in both else value
    return dataclasses.replace(below, value=both)


def _text(source: str, environment: Mapping[str, str]) -> tuple[str, str]:
    scheme, rest = match.groups() if (match := _SCHEME.fullmatch(source)) else ("file", source)
    if scheme == "yaml":
        return rest, "yaml:"
    if scheme == "env":
        if rest not in environment:
            msg = f"{source}: the environment variable {rest} is not set"
            raise ConfigError(msg)
        return environment[rest], source
    if scheme in ("http", "https"):
        msg = f"{source}: no config is read over the network: put it in a file"
        raise ConfigError(msg)
    return read_path(Path(rest)), rest


def _named(typed: Typed, name: str) -> Typed:
    """Every value knows its file, where there are several."""
    value = typed.value
    if isinstance(value, dict):
        value = {key: _named(item, name) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_named(item, name) for item in value]
    return dataclasses.replace(typed, value=value, file=name)


def _levels(typed: Typed) -> Typed:
    """`a::b: 1` is `a: {b: 1}`."""
    if not isinstance(typed.value, dict):
        return typed
    root = dataclasses.replace(typed, value={})
    for key, value in typed.value.items():
        tree = _levels(value)
        for part in reversed(key.split("::")):
            tree = dataclasses.replace(typed, value={part: tree})
        root = merged(root, tree)
    return _placed(root, "")


def _placed(typed: Typed, path: str) -> Typed:
    """The same with paths that fit."""
    if not isinstance(typed.value, dict):
        return dataclasses.replace(typed, path=path)
    inner = {key: _placed(value, f"{path}.{key}" if path else key) for key, value in typed.value.items()}
    return dataclasses.replace(typed, value=inner, path=path)
