"""`logloom tail`: records as they leave a component of the running service."""

import argparse
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from logloom._native import Batch

SUMMARY = "show records live, as they leave a component of the running service"
EPILOG = """\
COMPONENT is an id of the config, or its place where several have that id: receivers.otlp, processors.redaction,
pipelines.logs/mesh, exporters.file (what its pipelines give it). Records are shown as they pass; nothing waits for who
looks on, and what is not shown for that reason is told at the end. What a receiver or an early processor puts out is
not masked yet: only the owner of the data folder may look, and where the policy names readers, only if he is one.

examples:
  logloom tail filelog/mesh
  logloom tail processors.redaction --filter 'severity >= WARN' --output ndjson
  logloom tail exporters.otlp --output otlp-json > traffic.jsonl        for 'logloom try --against'"""

HEAD_BYTES = 5
_COLOURS = ((17, "31"), (13, "33"), (9, "32"), (1, "2"))
"""By the least severity: red, yellow, green, faint."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`COMPONENT`, which records, and how they are shown."""
    parser.add_argument("component", metavar="COMPONENT", help="an id, or its place: processors.redaction")
    parser.add_argument(
        "--data", metavar="DIR", type=Path, default=Path("data"), help="the service's data folder (data)"
    )
    parser.add_argument("--filter", metavar="CONDITION", action="append", default=[], help="only records it holds for")
    parser.add_argument("--output", choices=("ndjson", "otlp-json", "table"), default="table", help="how (table)")
    parser.add_argument("--records", metavar="N", type=int, default=0, help="end after so many")
    parser.add_argument("--color", choices=("always", "auto", "never"), default="auto", help="by severity (auto)")


def run(args: argparse.Namespace) -> int:
    """Show them until Ctrl-C, or until the service stops."""
    from logloom._native import check_condition
    from logloom.cli import _outputs

    for condition in args.filter:
        check_condition(condition)
    shown = missed = 0
    colour = args.color == "always" or (args.color == "auto" and sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    to = _Coloured(sys.stdout.buffer) if colour and args.output == "table" else sys.stdout.buffer
    try:
        with _outputs.writer(args.output, to, None) as write:  # type: ignore[arg-type]  # it is only written to
            for came, lost in _frames(args.data, args.component, args.filter):
                missed += lost
                if came is None:
                    continue
                left = args.records - shown
                batch = came.slice(0, left) if args.records and len(came) > left else came
                if isinstance(to, _Coloured):
                    for place, record in enumerate(batch):
                        to.colour = next((code for least, code in _COLOURS if record.severity_number >= least), "")
                        write(batch.slice(place, place + 1))
                else:
                    write(batch)
                sys.stdout.flush()
                shown += len(batch)
                if args.records and shown >= args.records:
                    break
    except KeyboardInterrupt:
        pass
    if missed:
        print(f"logloom: {missed} records were not shown: they came faster than they were taken", file=sys.stderr)
    return 0


class _Coloured:
    """What a line is written to, in the colour of its record."""

    def __init__(self, to: BinaryIO) -> None:
        self._to = to
        self.colour = ""

    def write(self, data: bytes) -> None:
        line = b"\x1b[%sm%s\x1b[0m\n" % (self.colour.encode(), data.rstrip(b"\n")) if self.colour else data
        self._to.write(line)


def _frames(data: Path, component: str, keep: list[str]) -> "Iterator[tuple[Batch | None, int]]":
    import orjson

    from logloom._native import Batch
    from logloom.errors import ServiceError
    from logloom.tailing import at

    if not data.is_dir():
        msg = f"{data}: no such folder: name the service's data folder with --data"
        raise ServiceError(msg)
    path, folder = at(data)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connected:
        try:
            connected.connect(path)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            msg = f"{data}: no service runs here"
            raise ServiceError(msg) from error
        finally:
            os.close(folder)
        connected.sendall(orjson.dumps({"component": component, "keep": keep}) + b"\n")
        with connected.makefile("rb") as stream:
            while len(head := stream.read(HEAD_BYTES)) == HEAD_BYTES:
                body = stream.read(int.from_bytes(head[1:], "big"))
                if head[:1] == b"e":
                    raise ServiceError(body.decode(errors="replace"))
                yield (Batch.from_otlp(body), 0) if head[:1] == b"b" else (None, int(body))
