"""Which of the files found are read: the Collector's `ordering_criteria`, and how a Config says it."""

import os
import re
import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from logloom.config import Bound, Seconds

__all__ = ["OrderingCriteria", "SortBy"]

Found = tuple[str, os.stat_result]


@dataclass(frozen=True, slots=True)
class SortBy:
    """One rule by which files are put in order. Of several, the last weighs most.

    Attributes:
        sort_type: By a number, a text or a time in the path, or by when it was written to last (the latest first).
        regex_key: The group of `regex` that holds it.
        ascending: Whether the smallest, or earliest, comes first.
        layout: How the time is written, as strptime has it.
        location: Its time zone, by its IANA name.
        max_time: Of `mtime`: files that were not written to for so long are left out; 0: none.
    """

    sort_type: Literal["numeric", "alphabetical", "timestamp", "mtime"]
    regex_key: str = ""
    ascending: bool = False
    layout: str = ""
    location: str = "UTC"
    max_time: Annotated[Seconds, Bound(0, 3650 * 86400)] = 0.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """What each kind needs."""
        if self.sort_type != "mtime" and not self.regex_key:
            yield "regex_key", "name the group of 'regex' that holds what is sorted by"
        if self.sort_type == "timestamp":
            if not self.layout:
                yield "layout", "say how the time is written, as in '%Y-%m-%d'"
            try:
                zoneinfo.ZoneInfo(self.location)
            except (ValueError, zoneinfo.ZoneInfoNotFoundError):
                yield "location", f"'{self.location}' is no time zone: write its IANA name, as in Europe/Berlin"

    def sorted(self, files: Iterable[tuple[Found, dict[str, str]]], now_s: float) -> list[tuple[Found, dict[str, str]]]:
        """The files in this order, without those whose path has nothing to sort by."""
        keyed: list[tuple[Any, tuple[Found, dict[str, str]]]] = []
        for file in files:
            try:
                keyed.append((self._key(*file, now_s), file))
            except (ValueError, KeyError):
                continue
        ascending = self.ascending and self.sort_type != "mtime"
        return [file for _, file in sorted(keyed, key=lambda pair: pair[0], reverse=not ascending)]

    def _key(self, found: Found, groups: dict[str, str], now_s: float) -> Any:
        if self.sort_type == "mtime":
            if self.max_time and now_s - found[1].st_mtime >= self.max_time:
                raise ValueError
            return found[1].st_mtime_ns
        text = groups[self.regex_key]
        if self.sort_type == "numeric":
            return int(text)
        if self.sort_type == "alphabetical":
            return text
        moment = datetime.strptime(text, self.layout)  # noqa: DTZ007 — the zone is given beside it
        return (moment if moment.tzinfo else moment.replace(tzinfo=zoneinfo.ZoneInfo(self.location))).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class OrderingCriteria:
    """Of all files found, those to be read: the first after sorting.

    Attributes:
        regex: What of a path is sorted by, in named groups: `(?P<day>[0-9]+)`. A path in which it finds
            nothing is left out.
        group_by: With this regular expression, `top_n` are read of each group of paths with the same values in its
            named groups.
        top_n: How many are read.
        sort_by: The order.
    """

    regex: str = ""
    group_by: str = ""
    top_n: Annotated[int, Bound(1, 1_000_000)] = 1
    sort_by: list[SortBy] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Patterns must be patterns, and have the groups that are sorted by."""
        groups: dict[str, set[str]] = {}
        for name, pattern in (("regex", self.regex), ("group_by", self.group_by)):
            try:
                groups[name] = set(re.compile(pattern).groupindex)
            except re.error as error:
                yield name, f"no regular expression: {error}"
        lacking = {rule.regex_key for rule in self.sort_by if rule.regex_key} - groups.get("regex", set())
        for key in sorted(lacking) if "regex" in groups else ():
            yield "regex", f"has no group '{key}': write (?P<{key}>...)"
        if self.group_by and not groups.get("group_by", {""}):
            yield "group_by", "has no named group: write (?P<name>...)"

    def chosen(self, files: Iterable[Found], now_s: float) -> list[Found]:
        """Those of the files that are read."""
        if not self.sort_by:
            return list(files)
        found = ((file, re.search(self.regex, file[0])) for file in files)
        ordered = [(file, match.groupdict()) for file, match in found if match is not None]
        for rule in self.sort_by:
            ordered = rule.sorted(ordered, now_s)
        chosen: dict[tuple[str | None, ...], list[Found]] = {}
        for file, _ in ordered:
            group = re.search(self.group_by, file[0]) if self.group_by else None
            chosen.setdefault(group.groups() if group else (), []).append(file)
        return [file for group_files in chosen.values() for file in group_files[: self.top_n]]
