"""Writes the two lists of formats: Rust's registry, and the README's table. `make formats` runs it.

The registry (in rust/formats/src/formats/mod.rs, between its marks) follows from the files beside it; the table (in
README.md, between its marks) from what the built library says of itself, `logloom.formats()`.

    formats.py --registry    rewrite the registry: before the core is built
    formats.py --readme      rewrite the table: after
    formats.py --check       rewrite nothing; fail, naming what is stale
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REGISTRY = ROOT / "rust" / "formats" / "src" / "formats" / "mod.rs"
README = ROOT / "README.md"


def between(text: str, begin: str, end: str, new: str, where: Path) -> str:
    """`text` with what stands between the lines `begin` and `end` replaced by `new`."""
    head, found_begin, rest = text.partition(begin + "\n")
    _, found_end, tail = rest.partition(end)
    if not (found_begin and found_end):
        sys.exit(f"{where.relative_to(ROOT)}: needs the lines '{begin}' and '{end}': the list goes between them")
    return f"{head}{begin}\n{new}{end}{tail}"


def registry(text: str) -> str:
    """mod.rs as it should be: one `mod` and one row of `FORMATS` for each file, sorted by name."""
    folder = REGISTRY.parent
    names = sorted(
        {path.stem for path in folder.glob("*.rs")} - {"mod"} | {p.parent.name for p in folder.glob("*/mod.rs")}
    )
    rows = "".join(f"    &{name}::SPEC,\n" for name in names)
    mods = "".join(f"pub mod {name};\n" for name in names)
    # One row a line, whatever their number: a new format is then one line in a diff.
    new = f"{mods}\n/// Every format, sorted by name.\n#[rustfmt::skip]\npub static FORMATS: &[&Spec] = &[\n{rows}];\n"
    return between(text, "// formats:begin", "// formats:end", new, REGISTRY)


def readme(text: str) -> str:
    """README.md as it should be: a row for each format the library has."""
    import logloom

    def cell(value: str) -> str:
        return value.replace("|", "\\|")

    rows = [f"| [`{row['name']}`]({row['page']}) | {cell(row['about'])} |" for row in logloom.formats()]
    new = "\n".join(["| format | what it reads |", "|---|---|", *rows, ""])
    return between(text, "<!-- formats:begin -->", "<!-- formats:end -->", new, README)


def main() -> None:
    """See the module's own text."""
    parser = argparse.ArgumentParser(
        description="Rewrite the lists of formats from the files of rust/formats/src/formats."
    )
    parser.add_argument("--registry", action="store_true", help="rewrite the registry in Rust")
    parser.add_argument("--readme", action="store_true", help="rewrite the README's table")
    parser.add_argument("--check", action="store_true", help="rewrite nothing, fail when either is stale")
    options = parser.parse_args()
    stale = []
    for path, make, asked in ((REGISTRY, registry, options.registry), (README, readme, options.readme)):
        if not (asked or options.check):
            continue
        old = path.read_text("utf-8")
        new = make(old)
        if new != old and options.check:
            stale.append(str(path.relative_to(ROOT)))
        elif new != old:
            path.write_text(new, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    if stale:
        sys.exit(f"stale list of formats in {' and '.join(stale)}: run 'make formats' and commit what it writes")


if __name__ == "__main__":
    main()
