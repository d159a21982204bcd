"""Writes the table of docs/peers.md from .ci/peers. `make formats` runs it.

peers.py            rewrite what stands between the marks
peers.py --check    rewrite nothing; fail when it is stale
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "peers.md"
BEGIN, END = "<!-- peers:begin -->\n", "<!-- peers:end -->\n"
FROM = {"deb": "Debian", "go": "Go", "maven": "Java"}


def generated() -> str:
    """A row for each listed peer."""
    lines = (ROOT / ".ci" / "peers").read_text("utf-8").splitlines()
    rows = ["| from | what | version | driven for |", "|---|---|---|---|"]
    for line in lines:
        if line.strip() and not line.startswith("#"):
            kind, name, version, what = line.split(maxsplit=3)
            rows.append(f"| {FROM[kind]} | `{name}` | {version} | {what} |")
    return "\n".join(rows)


def main() -> None:
    """See the module's own text."""
    parser = argparse.ArgumentParser(description="Write the table of docs/peers.md.")
    parser.add_argument("--check", action="store_true", help="rewrite nothing; fail when it is stale")
    check = parser.parse_args().check
    text = PAGE.read_text("utf-8")
    head, _, rest = text.partition(BEGIN)
    new = f"{head}{BEGIN}\n{generated()}\n\n{END}{rest.partition(END)[2]}"
    if check and new != text:
        sys.exit("docs/peers.md is stale: run 'make formats'")
    PAGE.write_text(new, "utf-8")


if __name__ == "__main__":
    main()
