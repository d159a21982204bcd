"""Writes a page for each format (python/logloom/pages/NAME.md) and docs/formats.md, which lists them; `make formats`.

All that stands there follows from a format's own file (what the built library says of it) and from its fixtures
(tests/formats/NAME): what it is and whose, an example and the record that it becomes, its options, every attribute
that its fixtures show with type and convention, and why its lines are rejected. `logloom formats NAME` prints it.

    format_pages.py            rewrite the pages: after the core is built
    format_pages.py --check    rewrite nothing; fail, naming what is stale
"""

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "python" / "logloom" / "pages"
INDEX = ROOT / "docs" / "formats.md"
FIXTURES = ROOT / "tests" / "formats"
#: Of these the About text describes what is no text.
BINARY = {"auto", "otlp", "otlp_traces"}
VALUE_CHARS_MAX = 60


def conventions() -> set[str]:
    """Every attribute of OpenTelemetry's semantic conventions, stable or not, as the official package lists them."""
    from importlib.util import find_spec

    found = find_spec("opentelemetry.semconv")
    names: set[str] = set()
    for root in (found.submodule_search_locations or []) if found else []:
        for path in sorted(Path(root).rglob("*_attributes.py")):
            module = import_module("opentelemetry.semconv." + ".".join(path.relative_to(root).with_suffix("").parts))
            for key, value in vars(module).items():
                if key.isupper() and isinstance(value, str):
                    # A template stands for all names that begin so: http.request.header.
                    names.add(f"{value}." if key.endswith("_TEMPLATE") else value)
    return names


def records(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records that the fixtures of a format expect, each with its case."""
    for path in sorted((FIXTURES / name).glob("*.json")):
        if not path.name.endswith(".options.json"):
            for record in orjson.loads(path.read_bytes()):
                yield path.stem, record


def kind(value: object) -> str:
    """The type of an attribute's value, in the conventions' words."""
    match value:
        case bool():
            return "boolean"
        case int():
            return "int"
        case float():
            return "double"
        case str():
            return "string"
        case list():
            inner = sorted({kind(item) for item in value})
            return f"{inner[0]}[]" if len(inner) == 1 else "array"
        case dict():
            return "map"
        case _:
            return "null"


def cell(text: str) -> str:
    """A text as a cell of a table."""
    # Control characters by their pictures: a page is text.
    text = "".join(chr(0x2400 + ord(char)) if ord(char) < 0x20 else char for char in text)
    text = text if len(text) <= VALUE_CHARS_MAX else text[: VALUE_CHARS_MAX - 1] + "…"
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"


def attributes(name: str, known: set[str]) -> list[str]:
    """The table of attributes: name, type, convention, one value."""
    seen: dict[str, tuple[set[str], object, str]] = {}
    for _, record in records(name):
        for place, values in (("", record.get("attributes")), ("resource", record.get("resource"))):
            for key, value in (values or {}).items():
                kinds, example, _ = seen.setdefault(key, (set(), value, place))
                kinds.add(kind(value))
    rows = []
    for key, (kinds, example, place) in sorted(seen.items()):
        is_convention = key in known or any(key.startswith(prefix) for prefix in known if prefix.endswith("."))
        text = example if isinstance(example, str) else orjson.dumps(example).decode()
        where = " (resource)" if place else ""
        convention = "OpenTelemetry" if is_convention else ""
        rows.append(f"| `{key}`{where} | {', '.join(sorted(kinds))} | {convention} | {cell(text)} |")
    return rows


def rejects(name: str) -> list[str]:
    """Why lines of the fixtures are rejected, each reason once, with a line."""
    found: dict[str, str] = {}
    for _, record in records(name):
        reason = record.get("reject")
        if isinstance(reason, dict):
            body = record.get("body")
            line = body if isinstance(body, str) else orjson.dumps(body).decode()
            found.setdefault(f"{reason.get('kind')}: {reason.get('what')}", line)
    return [f"| {what} | {cell(line)} |" for what, line in sorted(found.items())]


def becomes(name: str, example: str) -> str | None:
    """The record of the example, as JSON; None where it is no text."""
    import logloom

    if name in BINARY:
        return None
    try:
        batch = logloom.Parser(name).parse(example.encode())
    except logloom.ConfigError:
        return None  # the format needs an option
    lines = []
    for line in batch.to_ndjson().splitlines():
        record = orjson.loads(line)
        if record.pop("observed_time", None) == record["time"]:
            del record["time"]  # it has none of its own
        lines.append(orjson.dumps(record, option=orjson.OPT_INDENT_2).decode())
    return "\n".join(lines)


def option_rows(options: dict[str, str]) -> list[str]:
    """The rows of a table of options."""
    return [f"| `{name}` | {' '.join(doc.split()).replace('|', chr(92) + '|')} |" for name, doc in options.items()]


def page(about: dict[str, Any], known: set[str]) -> str:
    """The page of a format."""
    name, example = about["name"], about["example"]
    out = [f"# {name}", "", f"{about['about']}.", "", f"Specified by <{about['page']}>.", "", "## An example", ""]
    out += ["```text", *example.splitlines(), "```", ""]
    if (record := becomes(name, example)) is not None:
        out += ["It becomes", "", "```json", *record.splitlines(), "```", ""]
    if about["options"]:
        out += ["## Options", "", "| option | what it says |", "|---|---|"]
        out += option_rows(about["options"])
        out += [
            "",
            "The options of all formats: [docs/formats.md](../../../docs/formats.md#options-of-all-formats).",
            "",
        ]
    if rows := attributes(name, known):
        out += [
            "## Attributes",
            "",
            "As its fixtures show them; time, severity, body and the ids of a trace are the record's own fields.",
            "",
        ]
        out += ["| attribute | type | convention | for instance |", "|---|---|---|---|", *rows, ""]
    if rows := rejects(name):
        out += ["## Rejects", "", "A line that cannot be read stays, as a record with the raw line as its body.", ""]
        out += ["| reason | for instance |", "|---|---|", *rows, ""]
    return "\n".join(out)


def index(formats: list[dict[str, Any]], common: dict[str, str]) -> str:
    """docs/formats.md."""
    out = [
        "# Formats",
        "",
        "Each has a page, written from its file and its fixtures; `logloom formats NAME` prints it.",
        "",
    ]
    out += ["| format | what it reads |", "|---|---|"]
    for about in formats:
        link = f"../python/logloom/pages/{about['name']}.md"
        out.append(f"| [{about['name']}]({link}) | {about['about'].replace('|', chr(92) + '|')} |")
    out += ["", "## Options of all formats", "", "| option | what it says |", "|---|---|"]
    out += option_rows(common)
    return "\n".join([*out, ""])


def main() -> None:
    """See the module's own text."""
    parser = argparse.ArgumentParser(description="Write the pages of the formats from their files and fixtures.")
    parser.add_argument("--check", action="store_true", help="rewrite nothing, fail when a page is stale")
    options = parser.parse_args()
    from logloom import _native

    formats = _native.formats()
    common = _native.common_options()
    known = conventions()
    wanted = {PAGES / f"{about['name']}.md": page(about, known) for about in formats}
    wanted[INDEX] = index(formats, common)
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    gone = [path for path in PAGES.glob("*.md") if path not in wanted]
    if options.check and (stale or gone):
        names = ", ".join(str(path.relative_to(ROOT)) for path in [*stale, *gone][:5])
        sys.exit(f"stale pages of formats ({names} …): run 'make formats' and commit what it writes")
    if not options.check:
        PAGES.mkdir(parents=True, exist_ok=True)
        for path in stale:
            path.write_text(wanted[path], "utf-8")
        for path in gone:
            path.unlink()
        print(f"wrote {len(stale)} pages, removed {len(gone)}")


if __name__ == "__main__":
    main()
