"""The command: `logloom COMMAND …`, one file each. A command's libraries are loaded when it runs, not before.

Exit codes: 0 all went well; 1 what was asked about is not in order (rejects, a config's problems, a service that
failed); 2 the command could not do its work (usage, a file that cannot be read or written); 130 Ctrl-C.
"""

import argparse
import importlib
import os
import sys
from typing import Final, Protocol, cast

from logloom import errors

__all__ = ["COMMANDS", "Command", "command", "main", "parser_of"]

COMMANDS: Final = (
    "check",
    "completion",
    "detect",
    "formats",
    "graph",
    "journal",
    "parse",
    "run",
    "status",
    "tail",
    "test",
    "token",
    "top",
    "try",
)
"""The commands, each a file of this folder."""

HELP: Final = """\
usage: logloom COMMAND [OPTIONS]

Logs of a service mesh, and of everything around it, as OpenTelemetry log records.

commands:
{commands}

examples:
  logloom run                                     a collector on the loopback interface
  logloom parse access.log --output table         what an access log says
  kubectl logs deploy/web | logloom parse - --output ndjson

`logloom COMMAND --help` tells more of each; `logloom --version` which one this is."""


class Command(Protocol):
    """What a command's file holds.

    Attributes:
        SUMMARY: One line.
        EPILOG: Examples, for its help.
    """

    SUMMARY: str
    EPILOG: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it; the exit code. LogloomError and OSError are told to the user by `main`, as code 2."""
        ...


def command(name: str) -> Command:
    """The file of a command."""
    return cast("Command", importlib.import_module(f"logloom.cli.{name}"))


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of a command's arguments."""
    module = command(name)
    parser = argparse.ArgumentParser(
        prog=f"logloom {name}",
        description=module.SUMMARY[0].upper() + module.SUMMARY[1:] + ".",
        epilog=module.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.arguments(parser)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = _main(words)
        sys.stdout.flush()
    except BrokenPipeError:  # who read our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except errors.LogloomError as error:
        print(f"logloom: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"logloom: {error.filename or ''}{': ' if error.filename else ''}{error.strerror}", file=sys.stderr)
        return 2
    return code


def _main(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        if len(words) > 1 and words[1] in COMMANDS:
            parser_of(words[1]).print_help()
            return 0
        summaries = "\n".join(f"  {name:12}{command(name).SUMMARY}" for name in COMMANDS)
        print(HELP.format(commands=summaries), file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    if words[0] in ("-V", "--version"):
        from logloom import __version__

        print(f"logloom {__version__}")
        return 0
    if words[0] not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(words[0], COMMANDS, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"commands are {', '.join(COMMANDS)}"
        print(f"logloom: no command '{words[0]}': {hint}", file=sys.stderr)
        return 2
    return command(words[0]).run(parser_of(words[0]).parse_args(words[1:]))
