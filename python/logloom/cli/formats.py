"""`logloom formats`: what can be read, and with which options."""

import argparse
import shutil
import sys
import textwrap
from importlib import resources
from typing import Any

SUMMARY = "list the formats that can be read, or describe one"
EPILOG = """\
examples:
  logloom formats
  logloom formats envoy                         its page: an example, options, attributes, rejects
  logloom formats --json | jq -r '.[].name'"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`NAME` and `--json`."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="the format to describe")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """List, or describe; 2 where there is no such format."""
    from logloom import _native

    known = _native.formats()
    if args.name:
        known = [about for about in known if about["name"] == args.name]
        if not known:
            _native.Parser(args.name)  # raises, and says which name is near
    if args.json:
        import orjson

        sys.stdout.write(orjson.dumps(known if not args.name else known[0], option=orjson.OPT_INDENT_2).decode() + "\n")
    elif args.name:
        _describe(args.name)
    else:
        columns = max(shutil.get_terminal_size((100, 24)).columns, 60)
        width = max(len(about["name"]) for about in known)
        for about in known:
            line = f"{about['name']:{width}}  {_summary(about)}"
            print(textwrap.fill(line, columns, subsequent_indent=" " * (width + 2)))
    return 0


def _summary(about: dict[str, Any]) -> str:
    return str(about.get("summary") or about.get("about") or "")


def _describe(name: str) -> None:
    """Print the format's page, which is written from its file and its fixtures."""
    page = resources.files("logloom").joinpath("pages", f"{name}.md")
    print(page.read_text("utf-8").rstrip())
