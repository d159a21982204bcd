"""What the kinds share: reading a source for a result, and finding the record that a case is about."""

from collections.abc import Iterable, Sequence
from typing import Any

import logloom
from tests.conformance.records import Reading, View, detect, kept, read
from tests.conformance.results import SourceResult
from tests.conformance.settings import WANTED, usable


class Options:
    """What the command line asks for."""

    auto_only = False  # leave the choice of each format to detection, whatever is configured


def read_into(
    result: SourceResult, data: bytes, reading: Reading, *, whole_source: bool = True, program: str = ""
) -> list[View]:
    """Read a source, and note in the result what read it, what detection says of it and what was lost."""
    if Options.auto_only:
        reading = Reading("auto", reading.options)
    try:
        views = read(data, usable(reading))
    except logloom.LogloomError as error:
        result.error = f"{reading.format}: {error}"
        return []
    names = {view.format for view in views}
    if "auto" in names:
        names = names - {"auto"} | {detect(data)}
    result.formats = tuple(dict.fromkeys((*result.formats, *sorted(names))))
    result.rejects += sum(view.is_reject for view in views)
    if whole_source:
        result.detected = detect(data)
        if program in WANTED:
            result.detections.append((program, result.detected, WANTED[program]))
        result.lost += kept(data, views)
    return views


def read_one(result: SourceResult, data: bytes, reading: Reading) -> View | None:
    """Read the input of one case, which is one record."""
    views = read_into(result, data, reading, whole_source=False)
    return views[0] if views else None


def align(keys: Sequence[Iterable[str]], views: Sequence[View]) -> list[View | None]:
    """For each case the record whose original holds all its keys: in order, else anywhere, each record once."""
    used: set[int] = set()
    found: list[View | None] = []
    at = 0
    for wanted in keys:
        needles = [key for key in wanted if key]
        index = _next(needles, views, used, at)
        found.append(None if index is None else views[index])
        if index is not None:
            used.add(index)
            at = index + 1
    return found


def _next(needles: Sequence[str], views: Sequence[View], used: set[int], at: int) -> int | None:
    order: list[int] = [*range(at, len(views)), *range(at)]
    for index in order:
        if index not in used and needles and all(needle in views[index].raw_text for needle in needles):
            return index
    if not needles and at < len(views) and at not in used:
        return at
    return None


def clean(value: Any) -> Any:
    """A value without the line break at its end."""
    return value.rstrip("\r\n") if isinstance(value, str) else value
