"""`logloom completion`: what the shell needs to complete commands, options, formats and files."""

import argparse
from collections.abc import Callable
from typing import Final

SUMMARY = "print a completion script for bash, zsh or fish"
EPILOG = """\
examples:
  eval "$(logloom completion bash)"             in ~/.bashrc
  eval "$(logloom completion zsh)"              in ~/.zshrc
  logloom completion fish > ~/.config/fish/completions/logloom.fish"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`SHELL`."""
    parser.add_argument("shell", choices=sorted(_SHELLS), metavar="SHELL", help=", ".join(sorted(_SHELLS)))


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(_SHELLS[args.shell](), end="")
    return 0


def _commands() -> dict[str, tuple[str, list[argparse.Action]]]:
    """By name: the summary and the arguments."""
    from logloom.cli import COMMANDS, command, parser_of

    return {name: (command(name).SUMMARY, parser_of(name)._actions) for name in COMMANDS}  # noqa: SLF001 - argparse has no other way to list them


def _values(action: argparse.Action) -> list[str]:
    """What an argument may be; empty where it is free, or a file."""
    from logloom._native import formats

    if action.choices is not None:
        return [str(choice) for choice in action.choices]
    if action.dest == "format" or (action.dest == "name" and not action.option_strings):
        return sorted({"auto"} | {about["name"] for about in formats()})
    return []


def _takes_value(action: argparse.Action) -> bool:
    return action.nargs != 0


def _bash() -> str:
    cases = []
    for name, (_, actions) in _commands().items():
        flags = [flag for action in actions for flag in action.option_strings]
        words = [word for action in actions if not action.option_strings for word in _values(action)]
        valued = [
            f"      {name}:{'|'.join(action.option_strings)}) ".replace("|", f"|{name}:")
            + f'words="{" ".join(_values(action))}" ;;\n'
            for action in actions
            if action.option_strings and _takes_value(action) and _values(action)
        ]
        cases.append((name, flags, words, valued))
    by_value = "".join(line for *_, valued in cases for line in valued)
    by_command = "".join(f'      {name}) words="{" ".join(flags + words)}" ;;\n' for name, flags, words, _ in cases)
    return f"""\
_logloom() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="{" ".join(name for name, *_ in cases)} --help --version"
  else
    case "${{COMP_WORDS[1]}}:$before" in
{by_value}    esac
    if [ -z "$words" ]; then case "${{COMP_WORDS[1]}}" in
{by_command}    esac; fi
  fi
  local IFS=$'\\n'
  COMPREPLY=($(IFS=' ' compgen -W "$words" -- "$current"; compgen -f -- "$current"))
}}
complete -o filenames -F _logloom logloom
"""


def _zsh() -> str:
    def quoted(text: str) -> str:
        return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")

    commands = _commands()
    listed = "\n".join(f"    '{name}:{quoted(summary)}'" for name, (summary, _) in commands.items())
    cases = []
    for name, (_, actions) in commands.items():
        specs = []
        for action in actions:
            values = _values(action)
            what = f"({' '.join(values)})" if values else "_files"
            if not action.option_strings:
                specs.append(f"'*:{quoted(str(action.metavar or action.dest))}:{what}'")
            for flag in action.option_strings:
                value = f":{quoted(str(action.metavar or action.dest))}:{what}" if _takes_value(action) else ""
                specs.append(f"'{flag}[{quoted(action.help or '')}]{value}'")
        cases.append(f"    {name}) _arguments {' '.join(specs)} ;;\n")
    return f"""\
#compdef logloom
_logloom() {{
  local -a commands=(
{listed}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local name="$words[2]"
  shift words; (( CURRENT-- ))
  case "$name" in
{"".join(cases)}  esac
}}
(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit; }}
compdef _logloom logloom
"""


def _fish() -> str:
    def quoted(text: str) -> str:
        return text.replace("\\", "\\\\").replace("'", "\\'")

    lines = []
    for name, (summary, actions) in _commands().items():
        lines.append(f"complete -c logloom -f -n __fish_use_subcommand -a {name} -d '{quoted(summary)}'")
        seen = f"-n '__fish_seen_subcommand_from {name}'"
        for action in actions:
            values = _values(action)
            given = f" -x -a '{' '.join(values)}'" if values else " -r" if _takes_value(action) else ""
            if not action.option_strings:
                if values:
                    lines.append(f"complete -c logloom -f {seen} -a '{' '.join(values)}'")
                continue
            flags = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in action.option_strings
            )
            lines.append(f"complete -c logloom {seen} {flags}{given} -d '{quoted(action.help or '')}'")
    return "\n".join(lines) + "\n"


_SHELLS: Final[dict[str, Callable[[], str]]] = {"bash": _bash, "fish": _fish, "zsh": _zsh}
