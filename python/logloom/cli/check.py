"""`logloom check`: read a config as `run` would, open nothing, and say all that is wrong with it."""

import argparse
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logloom.config import Config, Survey
    from logloom.errors import Problem

SUMMARY = "say all that is wrong with a config, without starting anything"
EPILOG = """\
Each problem is a line: the file, the line in it, the place, what is wrong and the way out. ${env:NAME} is read from the
environment. The lookup tables of 'enrich' are read too, where all else is in order. Exit code 1: there are problems.

With --collector, for a config of the OpenTelemetry Collector, each line begins with what becomes of a thing: it runs
unchanged, it is ignored (it changes nothing here), it is lacking (with what comes nearest), or it is wrong. Exit code
0: all of it runs; 3: something is lacking, and the rest runs with 'logloom run --ignore-unsupported'; 1: it does not.

Several files are read as one, later ones over those before them, as 'logloom run' reads them.

examples:
  logloom check logloom.yaml
  logloom check --collector otel-collector-config.yaml
  logloom check --default > logloom.yaml        the embedded config, to start from"""

LACKING = 3
"""The exit code where the rest would run."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`CONFIG`, `--collector` and `--default`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("config", metavar="CONFIG", nargs="*", default=[], help="the files; - for standard input")
    what.add_argument("--default", action="store_true", help="print the config that 'logloom run' takes without one")
    parser.add_argument("--collector", action="store_true", help="list what runs, what is ignored and what is lacking")


def run(args: argparse.Namespace) -> int:
    """Check; 1 where there are problems."""
    from logloom import config
    from logloom.errors import InvalidConfigError

    if args.default:
        print(config.default_text(), end="")
        return 0
    try:
        survey = _survey(args.config)
        if args.collector:
            return _collector(survey)
        checked = survey.checked()
    except InvalidConfigError as error:
        print(error)
        print(_count(len(error.problems), "problem"), file=sys.stderr)
        return 1
    for note in checked.notes:
        print(_line(survey.file, note))
    if unusable := list(_unusable(checked)):
        for line in unusable:
            print(f"{checked.file}: {line}")
        print(_count(len(unusable), "problem"), file=sys.stderr)
        return 1
    print(f"{checked.file}: in order; pipelines: {', '.join(checked.service.pipelines)}")
    return 0


def _unusable(config: "Config") -> "Iterator[str]":
    """What is wrong with files that the config stands on: they are read, as at a start."""
    import importlib

    for identifier, component in config.processors.items():
        module = importlib.import_module(f"logloom.processors.{component.type}")
        if hasattr(module, "unusable"):
            for place, why in module.unusable(component.config):
                yield f"processors.{identifier}.{place}: {why}"


def _survey(sources: list[str]) -> "Survey":
    from logloom import config
    from logloom.config.typed import read_yaml

    if sources == ["-"]:
        text = sys.stdin.buffer.read(config.FILE_BYTES_MAX + 1).decode(errors="replace")
        return config.survey(read_yaml(text, "-"), "-")
    return config.survey(*config.read_sources(sources, os.environ))


def _collector(survey: "Survey") -> int:
    """What becomes of each thing, in the order of the file."""
    if survey.config is not None:
        for line in _runs(survey.config):
            print(f"runs     {line}")
    for what, problems in (("ignored", survey.notes), ("lacking", survey.lacking), ("wrong", survey.problems)):
        for problem in sorted(problems, key=lambda problem: (problem.file, problem.line)):
            print(f"{what:8} {_line(survey.file, problem)}")
    if survey.config is None:
        print(f"{survey.file}: does not run: {_count(len(survey.problems), 'problem')}")
        return 1
    if survey.lacking:
        print(f"{survey.file}: the rest runs with --ignore-unsupported; lacking: {len(survey.lacking)}")
        return LACKING
    print(f"{survey.file}: runs unchanged")
    return 0


def _runs(config: "Config") -> Iterator[str]:
    for section in ("extensions", "receivers", "processors", "connectors", "exporters"):
        for component in getattr(config, section).values():
            yield f"{component.file or config.file}:{component.line}: {section}.{component.id}"
    for name, pipeline in config.service.pipelines.items():
        ways = [", ".join(names) for names in (pipeline.receivers, pipeline.processors, pipeline.exporters) if names]
        yield f"{config.file}: service.pipelines.{name}: {' → '.join(ways)}"


def _line(file: str, problem: "Problem") -> str:
    return f"{problem.file or file}:{problem.line}: {problem.path}{': ' if problem.path else ''}{problem.what}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
