"""Of the files found, those that the Collector's `ordering_criteria` say."""

import os
from pathlib import Path
from typing import Any

import pytest

from logloom.receivers import filelog
from tests.components import problems_of
from tests.files import Followed

REGEX = r"(?P<app>\w+)-(?P<number>\d+)-(?P<day>\d{4}-\d{2}-\d{2})\.log$"
NAMES = ["a-9-2026-01-03.log", "a-10-2026-01-02.log", "b-2-2026-01-01.log", "b-x.log"]


def read(tmp_path: Path, names: list[str] = NAMES, **criteria: Any) -> set[str]:
    """The files that are read, by their names."""
    files = Followed(tmp_path, "*.log", ordering_criteria={"regex": REGEX} | criteria)
    for at, name in enumerate(names):
        path = files.write(name, f"{name}\n")
        os.utime(path, (at, at))
    return set(files.poll())


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"sort_by": [{"sort_type": "numeric", "regex_key": "number"}]}, {"a-10-2026-01-02.log"}),
        ({"sort_by": [{"sort_type": "numeric", "regex_key": "number", "ascending": True}]}, {"b-2-2026-01-01.log"}),
        ({"sort_by": [{"sort_type": "alphabetical", "regex_key": "number"}]}, {"a-9-2026-01-03.log"}),
        (
            {"top_n": 2, "sort_by": [{"sort_type": "timestamp", "regex_key": "day", "layout": "%Y-%m-%d"}]},
            {"a-9-2026-01-03.log", "a-10-2026-01-02.log"},
        ),
        (
            {"group_by": r"/(?P<app>\w+)-\d+-", "sort_by": [{"sort_type": "numeric", "regex_key": "number"}]},
            {"a-10-2026-01-02.log", "b-2-2026-01-01.log"},
        ),
        (
            {
                "sort_by": [
                    {"sort_type": "numeric", "regex_key": "number", "ascending": True},
                    {"sort_type": "alphabetical", "regex_key": "app", "ascending": True},
                ]
            },
            {"a-9-2026-01-03.log"},
        ),
        ({"regex": "", "sort_by": [{"sort_type": "mtime"}]}, {"b-x.log"}),
        ({"regex": "", "sort_by": [{"sort_type": "mtime", "max_time": "1h"}]}, set()),
        ({}, set(NAMES)),
    ],
)
def test_the_first_are_read(tmp_path: Path, criteria: dict[str, Any], expected: set[str]) -> None:
    assert read(tmp_path, **criteria) == expected


def test_what_is_not_among_the_first_any_more_is_read_to_its_end(tmp_path: Path) -> None:
    criteria = {"regex": REGEX, "sort_by": [{"sort_type": "numeric", "regex_key": "number"}]}
    files = Followed(tmp_path, "*.log", ordering_criteria=criteria)
    files.write("a-1-2026-01-01.log", "one\n")
    assert files.poll() == ["one"]
    files.write("a-1-2026-01-01.log", "last\n")
    files.write("a-2-2026-01-01.log", "two\n")
    assert sorted(files.poll() + files.poll()) == ["last", "two"]
    files.write("a-1-2026-01-01.log", "nobody reads this\n")
    assert files.poll() == []


@pytest.mark.parametrize(
    ("criteria", "where"),
    [
        ("{regex: '('}", "ordering_criteria.regex"),
        ("{regex: 'a', sort_by: [{sort_type: numeric, regex_key: n}]}", "ordering_criteria.regex"),
        ("{regex: '(?P<n>a)', sort_by: [{sort_type: numeric}]}", "ordering_criteria.sort_by[0].regex_key"),
        ("{regex: '(?P<n>a)', sort_by: [{sort_type: timestamp, regex_key: n}]}", "ordering_criteria.sort_by[0].layout"),
        ("{group_by: 'a'}", "ordering_criteria.group_by"),
        ("{top_n: 0}", "ordering_criteria.top_n"),
    ],
)
def test_what_cannot_be_is_named(criteria: str, where: str) -> None:
    assert where in problems_of(filelog, f"{{include: [a], format: text, ordering_criteria: {criteria}}}")
