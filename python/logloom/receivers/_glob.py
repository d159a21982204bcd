"""Globs as the Collector has them, with what they need watched: `*`, `?`, `[a-z]`, `**` for any folders, `{a,b}`.

Names that begin with a dot are meant only where the glob says the dot.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

__all__ = ["Globs", "Listing", "alternatives"]

ALTERNATIVES_MAX: Final = 1000
"""The most globs that the braces of one make."""
FOLDERS_MAX: Final = 100_000
"""The most folders that are listed in one look."""
DEPTH_MAX: Final = 64
"""How deep `**` reaches."""

_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_MAGIC: Final = re.compile(r"[*?\[]")


@dataclass(slots=True)
class Listing:
    """What one look found.

    Attributes:
        paths: What the globs name; whether it is a symbolic link.
        folders: Where something that they name may come to be.
    """

    paths: dict[str, bool] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)


class Globs:
    """Some globs: which paths they name, and which are there."""

    def __init__(self, globs: Iterable[str]) -> None:
        self._globs = [_plain(one) for glob in globs for one in alternatives(glob)]
        whole = "|".join(f"(?:{_whole(glob)})" for glob in self._globs) or "(?!)"
        self._named = re.compile(whole, re.DOTALL).fullmatch

    def names(self, path: str) -> bool:
        """Whether one of them names this path, as it is spelled."""
        return self._named(path) is not None

    def list(self) -> Listing:
        """What is there."""
        listing = Listing()
        for glob in self._globs:
            _list("/" if glob.startswith("/") else "", glob.strip("/").split("/"), listing, 0)
        return listing


def alternatives(glob: str) -> list[str]:
    """The globs without braces that a glob stands for; innermost braces first."""
    waiting, done = [glob], list[str]()
    while waiting and len(waiting) + len(done) <= ALTERNATIVES_MAX:
        one = waiting.pop()
        if (braces := _BRACES.search(one)) is None:
            done.append(one)
        else:
            waiting += [one[: braces.start()] + choice + one[braces.end() :] for choice in braces[1].split(",")]
    return list(dict.fromkeys(done))


def _plain(glob: str) -> str:
    """Without what says nothing: `a//b`, `./a`."""
    parts = [part for part in glob.split("/") if part not in ("", ".")]
    return "/" * glob.startswith("/") + "/".join(parts)


def _list(folder: str, parts: list[str], listing: Listing, depth: int) -> None:
    part, rest = parts[0] if parts else "", parts[1:]
    while rest and not _MAGIC.search(part):  # a name: no need to list what is around it
        if not os.path.isdir(folder + part):
            listing.folders.add(folder or ".")
            return
        folder, part, rest = f"{folder}{part}/", rest[0], rest[1:]
    if len(listing.folders) >= FOLDERS_MAX:
        return
    listing.folders.add(folder.rstrip("/") or ("/" if folder else "."))
    if part == "**":
        _list(folder, rest or ["*"], listing, depth)
        for entry in _entries(folder) if depth < DEPTH_MAX else ():
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                _list(f"{folder}{entry.name}/", ["**", *rest], listing, depth + 1)
    elif not rest and not _MAGIC.search(part):
        if part and os.path.lexists(folder + part):
            listing.paths[folder + part] = os.path.islink(folder + part)
    else:
        match = _component(part)
        for entry in _entries(folder):
            if match(entry.name):
                if not rest:
                    listing.paths[folder + entry.name] = entry.is_symlink()
                elif entry.is_dir():
                    _list(f"{folder}{entry.name}/", rest, listing, depth)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder or ".") as entries:
            yield from entries
    except OSError:  # gone, or not ours to list: it names nothing
        return


@lru_cache(maxsize=4096)
def _component(part: str) -> Callable[[str], object]:
    return re.compile(_text(part), re.DOTALL).fullmatch


def _whole(glob: str) -> str:
    """A glob as a regular expression for whole paths."""
    parts = glob.split("/")
    texts = [r"(?:(?!\.)[^/]+/)*" if part == "**" else _text(part) + "/" for part in parts[:-1]]
    return "".join(texts) + (r"(?:(?!\.)[^/]+/)*(?!\.)[^/]+" if parts[-1] == "**" else _text(parts[-1]))


def _text(part: str) -> str:
    """One part of a path."""
    texts, at = ["" if part.startswith(".") or not part else r"(?!\.)"], 0
    while at < len(part):
        if part[at] == "[" and (end := part.find("]", at + 2)) > 0:
            inside = re.sub(r"([\\\[&~|])", r"\\\1", part[at + 1 : end])
            texts.append(f"(?!/)[{'^' + inside[1:] if inside[0] in '!^' else inside}]")
            at = end
        else:
            texts.append({"*": "[^/]*", "?": "[^/]"}.get(part[at], re.escape(part[at])))
        at += 1
    return "".join(texts)
