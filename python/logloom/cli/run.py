"""`logloom run`: the collector."""

import argparse
import asyncio
import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logloom.config import Config
    from logloom.service import Listening

DESCRIPTORS = 65_536
"""The most files and connections that are ever wanted open at once."""
SUMMARY = "run the collector"
EPILOG = """\
Without --config it takes OTLP (gRPC 4317, HTTP 4318) and Zipkin (9411) on the loopback interface, and writes
OpenTelemetry log records as OTLP JSON under the data folder, and briefly to the terminal. The config speaks the
OpenTelemetry Collector's language; 'logloom check --default' prints one to start from.

What fits in a line needs no file: --tail follows files (from their ends, those that come later from their beginnings),
--listen takes OTLP, --to says where it goes: otlp://HOST:PORT (gRPC, plain text), otlps://HOST:PORT (TLS), http://… and
https://… (OTLP/HTTP), file:PATH, debug (the terminal, briefly). Each may be given several times.

SIGHUP, and a change of the config's files, make it read the config again: what is the same lives on, connections too;
where it is not in order, the one before runs on, and the log says why.

SIGTERM or Ctrl-C stops it: what was accepted is delivered first, within service.shutdown_timeout; the rest stays in the
journal, and is delivered after the next start. A second Ctrl-C ends it at once, and loses nothing either. Exit codes:
0 stopped; 1 it failed (or, with journal.kind: memory, could not deliver in time); 2 the config is wrong.

examples:
  logloom run
  logloom run --config logloom.yaml --data /var/lib/logloom
  logloom run --tail '/var/log/pods/**' --to otlp://gateway:4317
  logloom run --listen otlp --to https://otlp.example:4318 --to file:/var/log/all.jsonl
  logloom run --config otel-collector-config.yaml --ignore-unsupported"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--config`, or `--tail`, `--listen` and `--to`; `--data` and `--ignore-unsupported`."""
    parser.add_argument(
        "-c",
        "--config",
        action="append",
        metavar="FILE",
        help="the config (default: the embedded one); several are read as one, later ones over those before them; "
        "env:NAME and yaml:TEXT stand for a file",
    )
    parser.add_argument(
        "-d",
        "--data",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="where all that logloom keeps lies (default: ./data)",
    )
    for flag, metavar, told in (
        ("--tail", "GLOB", "without a config: files to follow; '**' stands for any folders"),
        ("--listen", "WHERE", "without a config: otlp, or otlp://HOST:PORT"),
        ("--to", "WHERE", "without a config: where it goes, such as otlp://gateway:4317, https://…, file:PATH, debug"),
    ):
        parser.add_argument(flag, action="extend", nargs="+", metavar=metavar, default=[], help=told)
    parser.add_argument(
        "--ignore-unsupported",
        action="store_true",
        help="leave out what logloom has not of a Collector's config, and say so, instead of refusing it",
    )


def run(args: argparse.Namespace) -> int:
    """Run until stopped; see the exit codes in the help."""
    from logloom import logs
    from logloom.errors import ServiceError

    loaded = _loaded(args)
    _show_logs(loaded)
    _tell_notes(loaded)
    os.umask(0o077)  # what is written holds what people's programs logged
    _allow_descriptors()
    try:
        asyncio.run(_serve(loaded, args))
    except ServiceError as error:
        print(f"logloom: {error}", file=sys.stderr)
        return 1
    finally:
        logs.end()
    return 0


def _loaded(args: argparse.Namespace) -> "Config":
    """The config that was asked for.

    Raises:
        ConfigError: It cannot be had, or all that is wrong with it.
    """
    from logloom import config
    from logloom.cli import _from_words
    from logloom.errors import ConfigError

    words = (args.tail, args.listen, args.to)
    if args.config:
        if any(words):
            msg = "--config says it all: --tail, --listen and --to are for a run without one"
            raise ConfigError(msg)
        return config.load(*args.config, ignore_unsupported=args.ignore_unsupported)
    if any(words):
        return config.loads(_from_words.config_text(*words), _from_words.NAME)
    return config.loads(config.default_text(), "default.yaml")


def _show_logs(config: "Config") -> None:
    from logloom import logs

    logs.end()
    logs.show(config.service.telemetry.logs.level, config.service.telemetry.logs.encoding)


def _tell_notes(config: "Config") -> None:
    from logloom import logs

    for note in config.notes:
        logs.log_of("config").warning(
            note.what, extra={"at": f"{note.file or config.file}:{note.line}", "key": note.path}
        )


def _allow_descriptors() -> None:
    """As many open files as the system lets us have: each connection is one, and 1,024 is what a shell gives."""
    from logloom import logs

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            logs.log_of("service").info("may have more files and connections open", extra={"was": soft, "now": wanted})


async def _serve(config: "Config", args: argparse.Namespace) -> None:
    from logloom.service import Service

    def taken(new: "Config") -> None:
        _show_logs(new)
        _tell_notes(new)

    data: Path = args.data
    service = Service(config, data, reread=lambda: _loaded(args), on_config=taken)
    loop = asyncio.get_running_loop()
    interrupts = 0

    def interrupted(name: str) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts > 1:
            left = "is lost" if config.journal.kind == "memory" else "is in the journal: the next start delivers it"
            print(f"logloom: ended at once; what was not delivered yet {left}", file=sys.stderr, flush=True)
            os._exit(130)
        print(f"logloom: {name}: delivering what was accepted; once more ends at once", file=sys.stderr, flush=True)
        service.stop()

    for number, name in ((signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")):
        loop.add_signal_handler(number, interrupted, name)
    loop.add_signal_handler(signal.SIGHUP, service.reload)
    await service.run(lambda listening: print(_banner(config, data, listening), file=sys.stderr, flush=True))


def _banner(config: "Config", data: Path, listening: "Listening") -> str:
    """What listens where, where it goes, and what to try."""
    from logloom import __version__

    lines = [f"logloom {__version__} is ready (process {os.getpid()}); its data is in {data}"]
    for identifier, endpoints in listening.items():
        where = ", ".join(f"{protocol} {endpoint}" for protocol, endpoint in endpoints.items())
        lines.append(f"  {identifier:16} {where or 'reading'}")
    for name, pipeline in config.service.pipelines.items():
        lines.append(f"  {name:16} {', '.join(pipeline.receivers)} → {', '.join(pipeline.exporters)}")
    for identifier, endpoints in listening.items():
        receiver = config.receivers.get(identifier)
        if receiver is not None and receiver.type == "otlp" and (http := receiver.config.protocols.http) is not None:
            if "http" in endpoints and http.tls is None and http.auth is None:  # else it takes more than a line
                lines += ["Try:", f"  {_CURL.format(endpoint=endpoints['http'])}"]
            break
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines)


_CURL = (
    "curl http://{endpoint}/v1/logs -H 'Content-Type: application/json' -d "
    """'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"hello"}}}}]}}]}}]}}'"""
)
