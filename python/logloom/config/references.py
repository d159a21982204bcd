"""What `${...}` stands for in a config: the environment, files, and YAML, as the Collector has it.

`${env:NAME}`, `${env:NAME:-default}` and `${NAME}` are a variable; `${file:PATH}` is what a file holds; `${yaml:TEXT}`
is itself; `$$` is a dollar sign. Where a reference stands alone and without quotes it may be a map or a list; else it
is a text, or a part of one. A default, and the name itself, may hold further references.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from logloom.config.typed import DEPTH_MAX, FILE_BYTES_MAX, Typed, plain_scalar, read_yaml
from logloom.errors import InvalidConfigError

__all__ = ["FILES_MAX", "References", "read_file"]

FILES_MAX: Final = 64
"""The most `${file:...}` of one config."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):(.*)", re.DOTALL)


class References:
    """Resolves the references of one config.

    Args:
        environment: What variables are read from.
        files: What a path is read with: at most `FILE_BYTES_MAX` bytes of UTF-8; OSError and ValueError where not.
    """

    def __init__(self, environment: Mapping[str, str], files: Callable[[str], str]) -> None:
        self._environment = environment
        self._files = files
        self._read: dict[str, str] = {}

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were read."""
        return tuple(self._read)

    def resolve(self, typed: Typed) -> Typed:
        """`typed` with what its references stand for; ValueError, with what is wrong, where one stands for nothing.

        What stands without quotes is read anew, so that a port from the environment is a number.
        """
        names: list[str] = []
        text = self._text(typed.text, names, 0)
        if not names:
            return dataclasses.replace(typed, value=plain_scalar(text) if typed.plain else text, text=text)
        if typed.plain and _is_one(typed.text):
            return self._tree(typed, text, tuple(names))
        value = plain_scalar(text) if typed.plain else text
        return dataclasses.replace(typed, value=value, text=text, names=tuple(names))

    def _text(self, text: str, names: list[str], depth: int) -> str:
        """`text` with each reference replaced; the names of all go to `names`."""
        if depth > DEPTH_MAX:
            msg = f"references within references, more than {DEPTH_MAX} deep"
            raise ValueError(msg)
        parts, at = [], 0
        while (dollar := text.find("$", at)) >= 0:
            parts.append(text[at:dollar])
            if text.startswith("$$", dollar):
                parts.append("$")
                at = dollar + 2
            elif text.startswith("${", dollar):
                at = _end(text, dollar)
                parts.append(self._value(text[dollar + 2 : at - 1], names, depth))
            else:
                parts.append("$")
                at = dollar + 1
        return "".join([*parts, text[at:]])

    def _value(self, inside: str, names: list[str], depth: int) -> str:
        scheme, rest = match.groups() if (match := _SCHEME.fullmatch(inside)) else ("", inside)
        if scheme == "yaml":
            names.append("yaml:…")
            return self._text(rest, names, depth + 1)
        if scheme == "file":
            path = self._text(rest, names, depth + 1)
            names.append(f"file:{path}")
            return self._file(path)
        name, dash, default = (rest if scheme == "env" else inside).partition(":-")
        name = self._text(name, names, depth + 1)
        if (scheme not in ("", "env") and not inside.startswith(f"{name}:-")) or not _NAME.fullmatch(name):
            raise ValueError(_bad_reference(f"${{{inside}}}", scheme))
        names.append(f"env:{name}")
        value = self._environment.get(name, "")
        if not value and dash:
            return self._text(default, names, depth + 1)
        if name not in self._environment:
            msg = (
                f"the environment variable {name} is not set: set it, or give a default as in ${{env:{name}:-default}}"
            )
            raise ValueError(msg)
        return value

    def _file(self, path: str) -> str:
        if path not in self._read:
            if len(self._read) >= FILES_MAX:
                msg = f"more than {FILES_MAX} files in one config"
                raise ValueError(msg)
            try:
                self._read[path] = self._files(path)
            except OSError as error:
                msg = f"the file {path} cannot be read: {error.strerror}"
                raise ValueError(msg) from None
        return self._read[path].rstrip("\r\n")

    def _tree(self, typed: Typed, text: str, names: tuple[str, ...]) -> Typed:
        """A reference by itself may be a whole map or list; what is no YAML is a text."""
        scalar = dataclasses.replace(typed, value=plain_scalar(text), text=text, names=names)
        in_the_environment = names[-1].startswith("env:")
        if in_the_environment and text[:1] not in ("[", "{"):
            return scalar
        try:
            root = read_yaml(text, names[-1])
        except InvalidConfigError:
            return scalar
        if not isinstance(root.value, list | dict):
            return scalar
        file = names[-1].removeprefix("file:") if names[-1].startswith("file:") else ""
        return dataclasses.replace(_moved(root, typed, file), text=text, names=names)


def read_file(path: str) -> str:
    """A file of a config.

    Raises:
        OSError: It cannot be read.
        ValueError: It is too large, or not UTF-8.
    """
    with Path(path).open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        msg = f"{path}: more than {FILE_BYTES_MAX} bytes"
        raise ValueError(msg)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        msg = f"{path}: not UTF-8: save the file as UTF-8"
        raise ValueError(msg) from None


def _is_one(text: str) -> bool:
    """Whether `text` is one reference and nothing else."""
    return text.startswith("${") and text.count("}") > 0 and _end(text, 0) == len(text)


def _end(text: str, start: int) -> int:
    """Where the reference that begins at `start` ends."""
    depth, at = 0, start
    while at < len(text):
        if text.startswith("$$", at) and at > start:
            at += 2
        elif text.startswith("${", at):
            depth += 1
            at += 2
        elif text[at] == "}":
            depth -= 1
            at += 1
            if not depth:
                return at
        else:
            at += 1
    msg = f"'{text[start:]}' has no end: write }}, or $${{ for a plain ${{"
    raise ValueError(msg)


def _moved(inner: Typed, outer: Typed, file: str) -> Typed:
    """A value from elsewhere, as if it stood where `outer` does; its lines are those of its own file, if any."""
    joint = "." if outer.path and inner.path and not inner.path.startswith("[") else ""
    path = f"{outer.path}{joint}{inner.path}"
    value = inner.value
    if isinstance(value, dict):
        value = {key: _moved(item, outer, file) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_moved(item, outer, file) for item in value]
    line = inner.line if file else outer.line
    return dataclasses.replace(inner, value=value, path=path, line=line, file=file or outer.file)


def _bad_reference(text: str, scheme: str) -> str:
    if scheme in ("http", "https"):
        return f"'{text}': no config is read over the network: put it in a file, and write ${{file:PATH}}"
    if scheme not in ("", "env"):
        return f"'{text}': only ${{env:NAME}}, ${{file:PATH}} and ${{yaml:TEXT}} are read; write $${{ for a plain ${{"
    return f"'{text}' names no environment variable: write ${{env:NAME}}, or $${{ for a plain ${{"
