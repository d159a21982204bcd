"""Writes docs/fidelity.md from the tables in tests/fidelity, which tests hold. `make formats` runs it.

fidelity.py            rewrite the page
fidelity.py --check    rewrite nothing; fail when it is stale
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "fidelity.md"
sys.path.insert(0, str(ROOT))

HEAD = """# What becomes of each field

Written by `tools/fidelity.py` from the tables in `tests/fidelity`. The tests send the message of each table to the real
receiver: each row holds, no attribute is there that has no row, each field of a protocol that has a schema is in its
table. What is in none of them is kept too: tests send fields that nobody has heard of, of any type, and find all of it
in the record. The message as it came is `log.record.original` where the receiver's format keeps it.
"""


def page() -> str:
    """The whole page."""
    from tests.fidelity import table

    parts = [HEAD]
    for name in table.names():
        this = table.read(name)
        parts.append(f"\n## {this.title}\n\n[`{name}`]({this.page})\n\n| field | becomes | |\n|---|---|---|\n")
        shown: set[tuple[str, str]] = set()
        for row in this.rows:
            field, place = "/".join(part for part in row.field if not part.isdigit()), table.code(row.place)
            sent = f" `{row.sent['key']}`" if isinstance(row.sent, dict) and "key" in row.sent else ""
            if (field + sent, place) in shown:
                continue
            shown.add((field + sent, place))
            parts.append(f"| `{field}`{sent} | {place} | {row.note} |\n")
        for path, why in this.left_out.items():
            parts.append(f"| `{'/'.join(part for part in path if not part.isdigit())}` | left out | {why} |\n")
    return "".join(parts)


def main() -> int:
    """Rewrites, or with --check compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    text = page()
    if not parser.parse_args().check:
        PAGE.write_text(text, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        print("docs/fidelity.md is stale: run `make formats`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
