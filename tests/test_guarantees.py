"""Each promise of docs/guarantees.md names the test that holds it: the test must be there."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAMED = re.compile(r"`((?:tests|rust|bench)/[\w/.-]+\.(?:py|rs))::(\w+)`")
RUNG = re.compile(r"^\| .*", re.MULTILINE)


def test_the_tests_that_are_named_are_there() -> None:
    text = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
    named = set(NAMED.findall(text))
    assert len(named) >= 12, "has the page lost its tests?"
    for path, name in sorted(named):
        file = ROOT / path
        assert file.exists(), f"docs/guarantees.md: there is no {path}"
        assert re.search(rf"^\s*(?:async )?(?:def|fn) {name}\(", file.read_text("utf-8"), re.MULTILINE), (
            f"docs/guarantees.md: {path} has no test {name}"
        )
