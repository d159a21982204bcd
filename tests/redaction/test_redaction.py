"""The rules find what they look for, and little else: on traffic that is made, and on cases that others published."""

import pytest

from tests.redaction import published, traffic
from tests.redaction.score import LOOSE, score


def test_made_traffic() -> None:
    made = score(traffic.lines(seed=11, each=100))
    for rule in made.rules():
        # One number in fifty of as many digits as a card has is a card by its issuer and check digit, whosever it is.
        recall, precision = (0.9 if rule in LOOSE else 0.99), 0.9
        assert made.recall([rule]) >= recall, (rule, made.examples[:20])
        assert made.precision([rule]) >= precision, (rule, made.examples[:20])
    strict = [rule for rule in made.rules() if rule not in LOOSE]
    assert made.recall(strict) >= 0.99
    assert made.precision(strict) >= 0.98


def test_cases_of_presidio() -> None:
    if not published.CASES.exists():
        pytest.skip(f"NOT RUN: {published.CASES} is absent")
    made = published.scored()
    strict = [rule for rule in made.rules() if rule not in LOOSE]
    assert sum(made.hits[rule] for rule in strict) > 300
    assert made.recall(strict) >= 0.96
    assert made.precision(strict) >= 0.98
    assert made.precision(["phone"]) >= 0.9
