"""`logloom parse`: files in any format, out as OpenTelemetry log records, a piece at a time."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    from logloom._native import Batch, Parser
    from logloom.cli._progress import Progress

SUMMARY = "read log files into OpenTelemetry log records"
EPILOG = """\
gzip and zstd are read by their first bytes. Files of any size take the same memory. What a format cannot read still
comes out, as a record with the raw line, and is summed up on stderr.

exit codes: 0 all was read; 1 some frames were rejected; 2 usage, or a file that could not be read or written.

examples:
  logloom parse access.log                                   a table, in the terminal
  logloom parse --format envoy access.log.gz --output ndjson | jq .attributes
  logloom parse --format envoy --option format_string="%START_TIME% %RESPONSE_CODE%" access.log
  logloom parse *.log.zst --output parquet --write logs.parquet
  logloom parse app.log --output otlp | curl --data-binary @- -H 'Content-Type: application/x-protobuf' \\
      http://127.0.0.1:4318/v1/logs"""

REASONS_MAX: Final = 20
"""The most reasons that the summary of a file's rejects lists."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Files, format and output."""
    from logloom.cli._outputs import OUTPUTS

    parser.add_argument(
        "files", metavar="FILE", nargs="*", default=["-"], help="a file; - for standard input (default)"
    )
    parser.add_argument("-f", "--format", default="auto", metavar="F", help="as in 'logloom formats' (default: auto)")
    parser.add_argument(
        "-o",
        "--output",
        choices=OUTPUTS,
        metavar="O",
        help=f"{', '.join(OUTPUTS)} (default: table on a terminal, else ndjson)",
    )
    parser.add_argument("-w", "--write", metavar="FILE", help="write there instead of to standard output")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the format; NAME.KEY=VALUE for a table's entry",
    )
    parser.add_argument("--no-original", action="store_true", help="do not keep each record's original line")
    parser.add_argument(
        "--resource",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an attribute of every record's resource, such as service.name=cart",
    )
    parser.add_argument("--columns", type=_width, metavar="N", help="the width of a table (default: the terminal's)")
    parser.add_argument("--no-progress", action="store_true", help="no progress bar, also on a terminal")


def _width(text: str) -> int:
    """A number of characters: 1 or more."""
    if not text.isascii() or not text.isdigit() or (width := int(text[:9])) < 1:
        msg = f"'{text}' is no width: give a whole number of characters, 1 or more"
        raise argparse.ArgumentTypeError(msg)
    return width


def run(args: argparse.Namespace) -> int:
    """Parse; see the exit codes in the help."""
    from logloom.cli import _outputs
    from logloom.cli._progress import Progress

    output = args.output or ("table" if sys.stdout.isatty() and not args.write else "ndjson")
    if output in _outputs.BINARY and not args.write and sys.stdout.isatty():
        print(f"logloom parse: {output} is binary: give --write FILE, or a pipe", file=sys.stderr)
        return 2
    if args.files == ["-"] and sys.stdin.isatty():
        print(
            "logloom parse: no FILE given, and standard input is a terminal; see logloom parse --help", file=sys.stderr
        )
        return 2
    if (own := next((name for name in args.files if _is_same(name, args.write)), None)) is not None:
        print(f"logloom parse: --write {args.write} would overwrite {own}, which is to be read", file=sys.stderr)
        return 2
    # A table shows what was read, not the line it was read from as well.
    args.keep_original = not args.no_original and output != "table"
    _parser(args)  # what is wrong with the format, its options or the output is said before a file is touched
    _outputs.check(output)
    shown = sys.stderr.isatty() and (bool(args.write) or not sys.stdout.isatty()) and not args.no_progress
    progress = Progress(_total_bytes(args.files), shown=shown)
    code = 0
    with _target(args.write) as to, _outputs.writer(output, to, args.columns) as write:
        for name in args.files:
            rejects = _Rejects()
            try:
                for batch in _batches(name, args, progress):
                    if batch:  # a piece of a file may end before its first record does
                        write(batch)
                    progress.records += len(batch)
                    rejects.add(batch)
            except _UnreadableError as error:
                progress.end()
                print(f"logloom: {name}: {error}", file=sys.stderr)
                code = 2
            progress.end()
            if rejects.count:
                rejects.tell(name)
                code = max(code, 1)
    return code


class _UnreadableError(Exception):
    """A file that cannot be read, or not to its end; the others can."""


def _batches(name: str, args: argparse.Namespace, progress: "Progress") -> "Iterator[Batch]":
    from logloom.cli import _inputs
    from logloom.errors import DataError

    parser = _parser(args)
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(_inputs.opened(name))
            source = _inputs.chunks(file, on_read=progress.read)
            for chunk in source:
                yield parser.feed(chunk)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            raise _UnreadableError(error.strerror) from error
        except DataError as error:
            yield parser.flush()
            raise _UnreadableError(f"{error}; what came before it was read") from error
        yield parser.flush()


def _parser(args: argparse.Namespace) -> "Parser":
    from logloom._native import Parser

    resource = _pairs("--resource", args.resource)
    options: dict[str, Any] = _options(args.option)
    return Parser(args.format, keep_original=args.keep_original, resource=resource or None, **options)


def _pairs(flag: str, words: list[str]) -> dict[str, str]:
    from logloom.errors import ConfigError

    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals:
            msg = f"{flag} {word}: write KEY=VALUE"
            raise ConfigError(msg)
        pairs[key] = value
    return pairs


def _options(words: list[str]) -> dict[str, Any]:
    """`name=true`, `name=5`, `name=text`, and `name.key=text` for an entry of a table."""
    options: dict[str, Any] = {}
    for name, value in _pairs("--option", words).items():
        table, dot, key = name.partition(".")
        if dot:
            options.setdefault(table, {})[key] = value
        elif value in ("true", "false"):
            options[name] = value == "true"
        else:
            options[name] = int(value) if value.isascii() and value.isdigit() else value
    return options


@contextlib.contextmanager
def _target(name: str | None) -> Iterator[BinaryIO]:
    if name is None:
        yield sys.stdout.buffer
    else:
        with Path(name).open("wb") as file:
            yield file


def _is_same(name: str, write: str | None) -> bool:
    """Whether a file to be read is the regular file that the output goes to."""
    if write is None or name == "-":
        return False
    source, target = Path(name), Path(write)
    return source.is_file() and target.is_file() and source.samefile(target)


def _total_bytes(names: list[str]) -> int:
    """What there is to read; 0 where a file does not say."""
    total = 0
    for name in names:
        path = Path(name)
        if name == "-" or not path.is_file():
            return 0
        total += path.stat().st_size
    return total


class _Rejects:
    """The sum of a file's rejects: how many for which reason, and where the first one is."""

    def __init__(self) -> None:
        self.count = 0
        self.records = 0
        self.reasons: dict[tuple[str, str, str], list[int]] = {}

    def add(self, batch: "Batch") -> None:
        self.records += len(batch)
        for reject in batch.rejects:
            self.count += 1
            seen = self.reasons.setdefault((reject.format, reject.kind, reject.reason), [0, reject.offset])
            seen[0] += 1

    def tell(self, name: str) -> None:
        print(
            f"{name}: {self.count:,} of {self.records:,} records could not be read and hold the raw text:",
            file=sys.stderr,
        )
        ranked = sorted(self.reasons.items(), key=lambda item: -item[1][0])
        for (format_name, kind, reason), (count, offset) in ranked[:REASONS_MAX]:
            print(f"  {count:,} times {format_name}, {kind}: {reason} (first at byte {offset:,})", file=sys.stderr)
        if len(ranked) > REASONS_MAX:
            print(f"  and {len(ranked) - REASONS_MAX} more reasons", file=sys.stderr)
