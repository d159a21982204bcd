"""`logloom try`: what becomes of a line, step by step; or of recorded traffic, in numbers."""

import argparse
import difflib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from logloom._native import Batch
    from logloom.config import Config
    from logloom.testing.dry import Counts
    from logloom.testing.steps import Step

SUMMARY = "show what becomes of a line: its format, each processor's effect, what leaves"
EPILOG = """\
Nothing is opened and nothing is sent. Without a config: which format the line seems to be in, and the record that it
becomes. With one: also what each condition and processor makes of it, and what each exporter would send.

With --against, recorded traffic goes through the config instead, and what comes of it is told in numbers, beside those
of another config with --compare: what a change would do, before it is rolled out. Files of a receiver `otlp` are
requests in OTLP's JSON, one a line, as the exporter `file` writes them.

examples:
  logloom try '{"level":"info","msg":"hello"}'
  kubectl logs deploy/web | head -3 | logloom try - --config mesh.yaml --receiver filelog/mesh
  logloom try --config new.yaml --compare old.yaml --against /var/log/envoy/access.log"""

INPUT_BYTES_MAX = 1 << 20
"""The most bytes that are tried, unless they are recorded traffic."""
RECORDS_MAX = 20
"""The most records that are shown."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`LINE`, and what to try it with."""
    parser.add_argument("line", metavar="LINE", nargs="?", default="-", help="the line; - or nothing: standard input")
    parser.add_argument("--config", metavar="FILE", action="append", default=[], help="the config; may be repeated")
    parser.add_argument("--receiver", metavar="ID", default="", help="which of the config's receivers gets it")
    parser.add_argument("--format", metavar="FORMAT", default="", help="read it as this, where there is no config")
    parser.add_argument("--path", default="", help="the file, or the path of the request, that it comes by")
    parser.add_argument("--against", metavar="FILE", nargs="+", default=[], help="recorded traffic; may be compressed")
    parser.add_argument("--compare", metavar="FILE", action="append", default=[], help="the config to compare with")


def run(args: argparse.Namespace) -> int:
    """Try it; 1 where it cannot be read."""
    from logloom import config
    from logloom.errors import ConfigError

    if not args.config:
        if args.against or args.compare or args.receiver:
            msg = "--receiver, --against and --compare are for a config: name it with --config"
            raise ConfigError(msg)
        return _plain(_input(args.line), args.format)
    new = config.load(*args.config)
    if args.against:
        old = config.load(*args.compare) if args.compare else None
        return _against(new, old, args.receiver, args.against)
    if args.format:
        msg = "--format is for a line without a config: there the receiver's counts"
        raise ConfigError(msg)
    return _through(new, _receiver(new, args.receiver), _input(args.line), args.path)


def _input(line: str) -> bytes:
    if line != "-":
        return line.encode(errors="surrogateescape") + b"\n"
    return sys.stdin.buffer.read(INPUT_BYTES_MAX)


def _plain(data: bytes, name: str) -> int:
    from logloom import _native

    found = name or _native.detect(data)
    print(f"format: {found}{'' if name else ' (found out)'}")
    batch = _native.Parser(found).parse(data)
    _records(batch)
    print("as OTLP:")
    print(batch.to_otlp_json().decode().rstrip())
    return 1 if batch.rejects else 0


def _receiver(config: "Config", wanted: str) -> str:
    from logloom.errors import ConfigError

    known = ", ".join(config.receivers)
    if wanted and wanted not in config.receivers:
        msg = f"no receiver '{wanted}' runs in this config: there are {known}"
        raise ConfigError(msg)
    if not wanted and len(config.receivers) > 1:
        msg = f"which receiver gets it? --receiver takes one of {known}"
        raise ConfigError(msg)
    return wanted or next(iter(config.receivers))


def _through(config: "Config", receiver: str, data: bytes, path: str) -> int:
    from logloom import _native
    from logloom.testing.rig import Rig
    from logloom.testing.steps import decoded, steps

    given = _given(config, receiver, data, path)
    batch = decoded(config, given)
    print(f"{receiver}: seems to be {_native.detect(data)}; read as {_format_of(batch, config, receiver)}")
    _records(batch)
    for step in steps(config, receiver, batch):
        _step(step)
    rig = Rig(config)
    try:
        rig.give(given)
        rig.finish()
        out = rig.batches()
    finally:
        rig.close()
    for exporter, batches in out.items():
        count = sum(map(len, batches))
        print(f"exporter {exporter}: {count} record{'s' * (count != 1)}")
        for one in batches:
            print(one.to_otlp_json().decode().rstrip())
    return 1 if batch.rejects else 0


def _given(config: "Config", receiver: str, data: bytes, path: str) -> Any:
    import base64

    from logloom.testing.cases import Given

    kind = config.receivers[receiver].type
    if kind in ("filelog", "syslog"):
        return Given(receiver=receiver, lines=data.decode(errors="replace"), path=path)
    readable: Literal["json"] | None = "json" if data.lstrip()[:1] in (b"{", b"[") else None
    return Given(receiver=receiver, base64=base64.b64encode(data).decode(), serialization=readable, path=path)


def _format_of(batch: "Batch", config: "Config", receiver: str) -> str:
    if batch.rejects:
        return batch.rejects[0].format
    own = getattr(config.receivers[receiver].config, "format", None)
    return own if isinstance(own, str) else config.receivers[receiver].type


def _records(batch: "Batch") -> None:
    from logloom.testing.compare import shown

    why = {reject.record: reject for reject in batch.rejects}
    for place, record in enumerate(batch):
        if place == RECORDS_MAX:
            print(f"... and {len(batch) - RECORDS_MAX} more")
            break
        reject = why.get(place)
        told = f": cannot be read as {reject.format}: {reject.reason}" if reject else ""
        print(f"record {place + 1}{told}")
        print("\n".join(f"  {line}" for line in shown(_bare(record.to_dict()))))


def _bare(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if value not in ("", 0, None, {})}


def _step(step: "Step") -> None:
    what = f"pipeline {step.pipeline}: {step.processor or 'when'}"
    found = ", ".join(f"{rule} {count}" for rule, count in step.outcome.get("rules", {}).items() if step.processor)
    before, after = len(step.before), len(step.after)
    kept = "" if before == after else f": {after} of {before} records" if after < before else f": {after} records"
    lines = list(_diff(step.before, step.after)) if before == after else []
    changed = kept or ("" if lines else ": changes nothing")
    print(f"{what}{changed}{f' ({found})' if found else ''}")
    for line in lines:
        print(f"  {line}")


def _diff(before: "Batch", after: "Batch") -> Iterator[str]:
    from logloom.testing.compare import shown

    for one, other in zip(before, after, strict=True):
        old, new = shown(_bare(one.to_dict())), shown(_bare(other.to_dict()))
        yield from (line for line in difflib.ndiff(old, new) if line[:1] in "+-")


def _against(new: "Config", old: "Config | None", receiver: str, files: list[str]) -> int:
    from logloom.testing.dry import dry_run

    counted = dry_run(new, _traffic(new, _receiver(new, receiver), files))
    before = dry_run(old, _traffic(old, _receiver(old, receiver), files)) if old is not None else None
    for line in _table(counted, before):
        print(line)
    return 0


def _traffic(config: "Config", receiver: str, files: list[str]) -> Iterator[tuple[Any, Iterable[bytes]]]:
    from logloom.cli import _inputs
    from logloom.testing.cases import Given

    is_source = config.receivers[receiver].type in ("filelog", "syslog")
    for name in files:
        with _inputs.opened(name) as file:
            pieces = _inputs.chunks(file)
            given = Given(receiver=receiver, lines="" if is_source else None, path=name if is_source else "")
            yield given, pieces if is_source else _lines(pieces)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines: each is a message."""
    held = b""
    for piece in pieces:
        *lines, held = (held + piece).split(b"\n")
        yield from filter(None, lines)
    if held:
        yield held


def _table(new: "Counts", old: "Counts | None") -> Iterator[str]:
    from logloom.testing.dry import differences

    if old is None:
        yield from (f"{' '.join(what):60} {count:>12,}" for what, count in new.items())
        return
    yield f"{'':60} {'before':>12} {'after':>12} {'':>12}"
    for what, before, after in differences(old, new):
        yield f"{what:60} {before:>12,} {after:>12,} {f'{after - before:+,}' if after != before else '':>12}"
