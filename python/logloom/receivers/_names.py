"""By which paths the rules name the files that are followed."""

import os
import stat
from collections.abc import Iterable, Mapping

from logloom.receivers._find import Finder, Found, Key, Rules, Troubles
from logloom.receivers._tail import Tail

__all__ = ["Names"]


class Names:
    """The names of files, as of the last look and of what was seen to change since."""

    def __init__(self, rules: Rules, troubles: Troubles) -> None:
        self._finder = Finder(rules, troubles)
        self._troubles = troubles
        self._keys: dict[str, Key] = {}
        self._aliases: dict[str, set[str]] = {}

    def __contains__(self, path: object) -> bool:
        return path in self._keys

    def find(self, tails: Mapping[Key, Tail]) -> Found:
        """Look at the disk; the files that are followed have the names that they have now."""
        found = self._finder.find()
        self._keys, self._aliases = found.names, found.aliases
        for tail in tails.values():
            tail.names.clear()
        self.spread(tails)
        return found

    def spread(self, tails: Mapping[Key, Tail]) -> None:
        """Give all names to those that are followed."""
        for path, key in self._keys.items():
            if (tail := tails.get(key)) is not None:
                tail.names.add(path)

    def concerned(self, paths: Iterable[str]) -> Iterable[tuple[str, os.stat_result | None]]:
        """The names among these paths, and those of links that lead there, with what the disk says of them now."""
        named = set[str]()
        for path in paths:
            named |= self._aliases.get(path, set())
            if self._finder.names(path):
                named.add(path)
        for path in sorted(named):
            status = self._troubles.attempt(path, os.stat, path)
            yield path, status if status is not None and stat.S_ISREG(status.st_mode) else None

    def move(self, path: str, key: Key | None, tails: Mapping[Key, Tail]) -> Tail | None:
        """The path names this file now, or none: which one has no name any more.

        Raises:
            LookupError: Only a look at everything tells what that means.
        """
        before = self._keys.get(path)
        if before == key:
            return None
        if self._finder.is_choosy or os.path.islink(path):
            raise LookupError(path)  # others may be read instead; or it leads to a folder that is not watched
        self._keys.pop(path, None)
        if key is not None:
            self._keys[path] = key
        tail = tails.get(before) if before is not None else None
        if tail is not None:
            tail.names.discard(path)
        return None if tail is None or tail.names else tail
