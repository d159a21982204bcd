"""Recall and precision by rule: what was to be found and was, and what was found and was to be."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from logloom._native import find_sensitive
from tests.redaction.traffic import Line

__all__ = ["LOOSE", "Score", "score"]

LOOSE = frozenset({"phone", "uk_nino"})
"""Rules whose finds have neither check digit nor prefix; all others are held to more."""


@dataclass
class Score:
    """Counts by rule.

    Attributes:
        hits: Found, and to be found.
        misses: To be found, and not found whole.
        wrong: Found where nothing is.
        examples: The first misses and wrong finds, to look at.
    """

    hits: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def recall(self, rules: Iterable[str]) -> float:
        """The share that was found, of what there was."""
        hits, misses = (sum(counts[rule] for rule in rules) for counts in (self.hits, self.misses))
        return hits / (hits + misses) if hits + misses else 1.0

    def precision(self, rules: Iterable[str]) -> float:
        """The share that was right, of what was found."""
        hits, wrong = (sum(counts[rule] for rule in rules) for counts in (self.hits, self.wrong))
        return hits / (hits + wrong) if hits + wrong else 1.0

    def rules(self) -> list[str]:
        """All that were seen."""
        return sorted({*self.hits, *self.misses, *self.wrong})


def score(lines: Iterable[Line], rules: list[str] | None = None, *, whole: bool = True) -> Score:
    """What the rules (all, where not given) find of what is in the lines.

    `whole`: all of it must be hidden; else a part of it is enough, for those who have other ideas of where it ends.
    """
    made = Score()
    for line in lines:
        data = line.text.encode()
        found = [
            (len(data[:start].decode(errors="replace")), len(data[:end].decode(errors="replace")), rule)
            for start, end, rule in find_sensitive(line.text, key=line.key, rules=rules)
        ]
        for start, end, rule in line.expected:
            # Whoever hides it hides it, whatever they call it.
            is_hidden = any(at <= start and end <= to if whole else at < end and start < to for at, to, _ in found)
            (made.hits if is_hidden else made.misses)[rule] += 1
            if not is_hidden:
                made.examples.append(f"missed {rule}: {line.text[:160]!r}, found {found}")
        for at, to, rule in found:
            if not any(at < end and start < to for start, end, _ in line.expected):
                made.wrong[rule] += 1
                made.examples.append(f"wrong {rule}: {line.text[at:to]!r} in {line.text[:160]!r}")
    return made
