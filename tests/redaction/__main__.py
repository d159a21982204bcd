"""`make redaction-report`: recall and precision of each rule, on seeded traffic and on Presidio's cases."""

import sys

from tests.redaction import published, traffic
from tests.redaction.score import LOOSE, Score, score


def show(title: str, made: Score, *, verbose: bool) -> None:
    """One table."""
    print(f"\n{title}")
    strict = [rule for rule in made.rules() if rule not in LOOSE]
    rows = [(rule, [rule]) for rule in made.rules()]
    rows += [("check digit, prefix, e-mail, address", strict), ("without these", sorted(LOOSE))]
    for name, rules in rows:
        hits, misses, wrong = (sum(counts[rule] for rule in rules) for counts in (made.hits, made.misses, made.wrong))
        print(
            f"  {name:38} recall {made.recall(rules):.4f} ({hits}/{hits + misses})  "
            f"precision {made.precision(rules):.4f} ({wrong} wrong)"
        )
    for example in made.examples[: 1000 if verbose else 0]:
        print(f"    {example}")


def main() -> None:
    """Print both."""
    verbose = "-v" in sys.argv[1:]
    show("seeded traffic", score(traffic.lines()), verbose=verbose)
    if not published.CASES.exists():
        print(f"\nNOT RUN: Presidio's cases: {published.CASES} is absent")
        return
    show("Presidio's cases", published.scored(), verbose=verbose)


main()
