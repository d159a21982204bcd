"""`logloom check`: read a config as `run` would, open nothing, and say all that is wrong with it."""

import argparse
import sys
from pathlib import Path

SUMMARY = "say all that is wrong with a config, without starting anything"
EPILOG = """\
Each problem is a line: the file, the line in it, the place, what is wrong and the way out. ${env:NAME} is read from the
environment. Exit code 1: there are problems.

examples:
  logloom check logloom.yaml
  logloom check --default > logloom.yaml        the embedded config, to start from"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`CONFIG` and `--default`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("config", metavar="CONFIG", nargs="?", help="the file; - for standard input")
    what.add_argument("--default", action="store_true", help="print the config that 'logloom run' takes without one")


def run(args: argparse.Namespace) -> int:
    """Check; 1 where there are problems."""
    from logloom import config
    from logloom.errors import InvalidConfigError

    if args.default:
        print(config.default_text(), end="")
        return 0
    try:
        if args.config == "-":
            text = sys.stdin.buffer.read(config.FILE_BYTES_MAX + 1).decode(errors="replace")
            checked = config.loads(text, "-")
        else:
            checked = config.load(Path(args.config))
    except InvalidConfigError as error:
        print(error)
        count = len(error.problems)
        print(f"{count} problem{'s' if count > 1 else ''}", file=sys.stderr)
        return 1
    for note in checked.notes:
        print(f"{checked.file}:{note.line}: {note.path}: {note.what}")
    names = ", ".join(checked.service.pipelines)
    print(f"{checked.file}: in order; pipelines: {names}")
    return 0
