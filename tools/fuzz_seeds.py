"""Writes the fuzz targets' first corpus: fixtures, format strings, conditions. `make fuzz-brief` runs it."""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import orjson

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "formats"
CORPUS = ROOT / "rust" / "fuzz" / "corpus"
# Targets that read one format only, by its name.
SINGLE = {"elasticsearch_bulk": "bulk", "otlp": "otlp", "otlp_json": "otlp_json"}
# Formats of the target that reads patterns of the user's, by their number there, and the option that has the pattern.
PATTERNS = (
    ("regex", "pattern"),
    ("dissect", "pattern"),
    ("apache", "format_string"),
    ("haproxy", "format_string"),
    ("nginx", "format_string"),
    ("log4j", "layout"),
    ("postgresql", "log_line_prefix"),
    ("python", "format_string"),
    ("squid", "format_string"),
)
# Ways in which the target that reads spans is told their encoding, by their number there.
SPANS = tuple((name, encoding) for name in ("zipkin", "jaeger") for encoding in ("json", "proto", "thrift"))


def seeds() -> Iterator[tuple[str, str, bytes]]:
    """The target, a name and the bytes of each seed; how they are laid out is told in rust/fuzz/src/lib.rs."""
    for place, folder in enumerate(sorted(path for path in FIXTURES.iterdir() if path.is_dir())):
        for fixture in sorted(folder.glob("*.log")):
            data, name = fixture.read_bytes(), f"{folder.name}-{fixture.stem}"
            yield "formats", name, bytes([place, 128]) + data  # the format by its place, cut in the middle
            if target := SINGLE.get(folder.name):
                yield target, name, data
                yield "content", f"{name}-gzip", b"\0" + gzip.compress(data, mtime=0)  # the encoding by its place
                yield "content", f"{name}-deflate", b"\2" + zlib.compress(data)
            if folder.name == "otlp":
                yield "journal_entry", name, data
            if folder.name == "syslog":
                yield "syslog", name, bytes([128]) + data
            options = fixture.with_suffix(".options.json")
            given = orjson.loads(options.read_bytes()) if options.exists() else {}
            if folder.name == "envoy" and "format_string" in given:
                yield "envoy_format", name, given["format_string"].encode() + b"\0" + data
            for which, (format_name, option) in enumerate(PATTERNS):
                if folder.name == format_name and option in given:
                    yield "user_pattern", name, bytes([which, 128]) + given[option].encode() + b"\0" + data
            for which, (format_name, encoding) in enumerate(SPANS):
                if folder.name == format_name:
                    yield "spans", f"{name}-{encoding}", bytes([which, 128]) + data
            if folder.name == "grok":
                yield "grok", name, given["pattern"].encode() + b"\0" + data
            if folder.name == "csv":
                signs = "\n".join(given.get(key, "") for key in ("columns", "delimiter", "quote", "null"))
                yield "table", name, signs.encode() + b"\0" + data
    journal = (ROOT / "rust" / "journal" / "tests" / "fixtures" / "v1.journal").read_bytes()
    yield "journal_file", "header", journal[:8192]
    yield "journal_file", "entries", journal[8192:]
    yield "journal_entry", "sealed", journal[8192:]
    yield "journal_entry", "plain", (ROOT / "rust" / "journal" / "tests" / "fixtures" / "v1.body").read_bytes()
    yield from _programs()
    for number, text in enumerate(re.findall(r"`([^`\n]+)`", (ROOT / "docs" / "conditions.md").read_text("utf-8"))):
        yield "condition", f"{number}", text.encode()


def _programs() -> Iterator[tuple[str, str, bytes]]:
    """What the page of `transform` has in code, and its statements, over the records of a fixture."""
    page = (ROOT / "docs" / "transform.md").read_text("utf-8")
    behind = b"\0" + min((FIXTURES / "otlp").glob("*.log")).read_bytes()
    for number, text in enumerate(re.findall(r"`([^`\n]+)`", page)):
        yield "transform", f"vrl-{number}", b"\0" + text.encode() + behind
    for number, text in enumerate(re.findall(r"- ([a-z_]+\(.*\).*)", page)):
        yield "transform", f"ottl-{number}", b"\1" + text.encode() + behind


def main() -> None:
    """See the module's own text."""
    for target, name, seed in seeds():
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        (CORPUS / target / name).write_bytes(seed)


if __name__ == "__main__":
    main()
