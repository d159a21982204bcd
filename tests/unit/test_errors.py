"""The exceptions: one root, the tree that the docstring draws, texts with a bound."""

import inspect
import re

from logloom import errors
from logloom.errors import InvalidConfigError, LogloomError, Problem, RetryError


def test_the_tree_is_as_drawn() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"([│ ]*)(?:[├└]── )?(\w+Error)\b", line):
            depth = 0 if found[2] == "LogloomError" else len(found[1]) // 4 + 1
            above[depth:] = [found[2]]
            drawn[found[2]] = above[depth - 1] if depth else "Exception"
    there = {
        name: thing.__base__.__name__
        for name, thing in inspect.getmembers(errors, inspect.isclass)
        if issubclass(thing, LogloomError) and thing.__base__
    }
    assert drawn == there


def test_all_problems_of_a_config_are_told_in_the_files_order() -> None:
    error = InvalidConfigError("a.yaml", [Problem(7, "b", "wrong"), Problem(2, "", "no service")])
    assert str(error) == "a.yaml:2: no service\na.yaml:7: b: wrong"


def test_a_text_has_a_bound_and_the_error_has_them_all() -> None:
    error = InvalidConfigError("a.yaml", [Problem(line, "x", "wrong") for line in range(1000)])
    assert len(str(error).splitlines()) == InvalidConfigError.PROBLEMS_MAX + 1
    assert str(error).endswith("a.yaml: and 900 more")
    assert len(error.problems) == 1000


def test_a_retry_says_when() -> None:
    assert RetryError("busy", 1.5).after_s == 1.5
