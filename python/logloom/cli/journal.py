"""`logloom journal`: what lies in the journal, whether it is whole, and what is to become of it."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from logloom.config import Config

SUMMARY = "show, verify and mend the journal of a collector, also while it runs"
EPILOG = """\
  ls            its files; each exporter's place, and how far it is behind; with --dead-letter, what was refused and why
  verify        read all of it: each entry's checksums and seal; exit code 1 where something is damaged or missing
  accounts      what came in, what was made of it, and what became of that; exit code 1 where a row does not add up
  replay        with --dead-letter: give what destinations refused to their exporters again; of all, or of those named
  rotate-key    begin a new key file; what the one before sealed can still be read
  retire NAME   forget an exporter that is gone from the config: what waits for it is dropped, and counted

ls, verify and accounts only read; they, and rotate-key, may run beside the collector. replay and retire are done by the
collector that runs, or, where none does, by this command. The config says where the journal is, and its key.

examples:
  logloom journal ls --data /var/lib/logloom
  logloom journal verify --config logloom.yaml --data /var/lib/logloom
  logloom journal replay --dead-letter otlp/siem"""

ACTIONS: Final = ("ls", "verify", "accounts", "rotate-key", "replay", "retire")
REFUSED_MAX: Final = 10_000
"""The most dead letters that are listed, the latest of them."""
ANSWER_S_MAX: Final = 120.0
"""How long the collector may take for what it is asked, in seconds."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`ACTION`, `NAME`, and where the journal is."""
    parser.add_argument("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    parser.add_argument("names", nargs="*", metavar="NAME", help="exporters, as the config calls them: otlp/siem")
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="the config (default: the embedded one)")
    parser.add_argument("-d", "--data", type=Path, default=Path("data"), metavar="DIR", help="default: ./data")
    parser.add_argument(
        "--dead-letter",
        nargs="*",
        metavar="EXPORTER",
        help="what was refused: of all exporters, or of these",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Do it; see the exit codes in the help, and 2 where there is no journal, or it cannot be done."""
    from logloom import config, journal

    loaded = config.load(args.config) if args.config else config.loads(config.default_text(), "default.yaml")
    if (wrong := _misused(args)) is not None:
        print(f"logloom journal {args.action}: {wrong}", file=sys.stderr)
        return 2
    if loaded.journal.kind == "memory":
        print("logloom: the config says journal.kind: memory: there is nothing on disk", file=sys.stderr)
        return 2
    path = journal.folder_of(loaded, args.data)
    if not path.is_dir():
        print(f"logloom: no journal in {path}: give the collector's --data (and --config)", file=sys.stderr)
        return 2
    if args.action == "ls" and args.dead_letter is not None:
        return _refused(path / journal.DEAD_LETTERS, loaded, args)
    if args.action == "ls":
        return _ls(path, as_json=args.json)
    if args.action == "verify":
        return _verify(path, loaded, args)
    if args.action == "accounts":
        return _accounts(path, as_json=args.json)
    if args.action == "rotate-key":
        return _rotate_key(loaded, args)
    return _ask(loaded, args)


def _misused(args: argparse.Namespace) -> str | None:
    if args.action == "retire" and len(args.names) != 1:
        return "name one exporter; 'logloom journal ls' lists them"
    if args.action == "replay" and args.dead_letter is None:
        return "say what: --dead-letter, which is what destinations refused"
    if args.action in ("ls", "verify", "accounts", "rotate-key") and args.names:
        return f"takes no names: {args.names[0]}"
    return None


# --- what only reads ---


def _ls(path: Path, *, as_json: bool) -> int:
    from logloom._native import survey_journal
    from logloom.journal import DEAD_LETTERS

    main = survey_journal(str(path))
    letters = path / DEAD_LETTERS
    dead = survey_journal(str(letters)) if letters.is_dir() else {"cursors": [], "files": []}
    if as_json:
        _print_json({**main, "dead_letters": dead["cursors"], "dead_letter_files": dead["files"]})
        return 0
    size_bytes = sum(file["bytes"] for file in main["files"])
    print(f"journal {main['id']} in {path}: {_count(len(main['files']), 'file')}, {_size(size_bytes)}")
    _table(
        ("file", "entries", "last", "size", "begun", "key", "policy", ""),
        (
            (
                file["name"],
                file["entries"],
                file["last"] or "-",
                _size(file["bytes"]),
                _time(file["created_unix_nano"]),
                f"{file['provider']} {file['key_id']}",
                (file["policy"] or "-")[:12],
                file["damage"] or ("" if file["is_finished"] else "not full yet"),
            )
            for file in main["files"]
        ),
    )
    print()
    _table(
        ("exporter", "done to", "behind", "size", "by", "last seen", ""),
        (
            (
                row["name"],
                row["done"],
                _count(row["pending"], "record"),
                _size(row["pending_bytes"]),
                _age(row["oldest_unix_nano"]),
                _age(row["seen_unix_nano"]),
                row["trouble"] or "",
            )
            for row in main["cursors"]
        ),
    )
    if dead["cursors"]:
        print()
        _table(
            ("dead letters of", "records", "size", "oldest"),
            (
                (row["name"], row["pending"], _size(row["pending_bytes"]), _age(row["oldest_unix_nano"]))
                for row in dead["cursors"]
            ),
        )
    return 0


def _refused(path: Path, config: "Config", args: argparse.Namespace) -> int:
    """What destinations refused and why, the latest last; of all exporters, or of those that are named."""
    import orjson

    from logloom._native import journal_facts, survey_journal
    from logloom.journal import key_of

    facts = journal_facts(str(path), latest=REFUSED_MAX, **key_of(config, args.data)) if path.is_dir() else []
    done = {row["name"]: row["done"] for row in survey_journal(str(path))["cursors"]} if facts else {}
    wanted, rows = set(args.dead_letter or ()), list[dict[str, Any]]()
    for time, position, name, fact in facts:
        if name == "dead_letter":
            row = {"time_unix_nano": time, **orjson.loads(fact)}
            is_wanted = not wanted or row["exporter"] in wanted
            if is_wanted and position > done.get(row["exporter"], 0):  # what was replayed stays in its file for a while
                rows.append(row)
    if args.json:
        _print_json(rows)
        return 0
    _table(
        ("time", "exporter", "records", "first", "why"),
        ((_time(row["time_unix_nano"]), row["exporter"], row["records"], row["first"], row["why"]) for row in rows),
    )
    return 0


def _verify(path: Path, config: "Config", args: argparse.Namespace) -> int:
    from logloom._native import verify_journal
    from logloom.journal import DEAD_LETTERS, key_of

    found = {
        str(folder): verify_journal(str(folder), **key_of(config, args.data))
        for folder in (path, path / DEAD_LETTERS)
        if folder.is_dir()
    }
    is_whole = not any(report["damaged"] or report["unreadable"] or report["missing"] for report in found.values())
    if args.json:
        _print_json(found)
        return 0 if is_whole else 1
    for folder, report in found.items():
        for damaged in report["damaged"]:
            print(
                f"{folder}/{damaged['file']}: {_size(damaged['bytes'])} at byte {damaged['offset']}: {damaged['why']}"
            )
        for file, why in report["unreadable"]:
            print(f"{folder}/{file}: {why}")
        if report["missing"]:
            print(f"{folder}: {_count(report['missing'], 'time')} an entry names one before it that is not there")
        counted = f"{_count(report['entries'], 'entry', 'entries')} in {_count(report['files'], 'file')}"
        holds = not (report["damaged"] or report["missing"])
        print(f"{folder}: {counted}, {_size(report['bytes'])}: {'whole' if holds else 'damaged'}")
    return 0 if is_whole else 1


def _accounts(path: Path, *, as_json: bool) -> int:
    import orjson

    from logloom._native import journal_accounts

    text = journal_accounts(str(path))
    if text is None:
        print(f"logloom: the journal in {path} has no accounts yet, or its state is lost", file=sys.stderr)
        return 2
    accounts = orjson.loads(text)
    problems: list[str] = accounts["unbalanced"]
    if as_json:
        print(text)
    else:
        for title, rows in (("receiver", "receivers"), ("pipeline", "pipelines"), ("exporter", "exporters")):
            table = accounts[rows]
            keys = list(dict.fromkeys(key for row in table.values() for key in row))
            _table((title, *keys), ((name, *(_cell(row.get(key, "")) for key in keys)) for name, row in table.items()))
            print()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


# --- what changes it ---


def _rotate_key(config: "Config", args: argparse.Namespace) -> int:
    from logloom._native import rotate_key
    from logloom.journal import key_of

    key_file = key_of(config, args.data).get("key_file")
    if key_file is None:
        wrong = "the key is a passphrase: change journal.key.passphrase, and give the old one in older_passphrases"
        print(f"logloom journal rotate-key: {wrong}", file=sys.stderr)
        return 2
    key_id = rotate_key(key_file)
    if args.json:
        _print_json({"key_id": key_id})
    else:
        print(f"{key_file} is key {key_id} now, and seals the files that are begun from now on. Back it up.")
        print(f"Older keys stand beside it as {key_file}.ID: keep each as long as 'logloom journal ls' shows its ID")
    return 0


def _ask(config: "Config", args: argparse.Namespace) -> int:
    from logloom import errands
    from logloom.errors import DataFolderError, ServiceError
    from logloom.folder import held

    names = [*args.names, *(args.dead_letter or ())]
    what = {"what": args.action, "name": names[0] if names else "", "names": names}
    try:
        with held(args.data):
            answer: dict[str, Any] | None = asyncio.run(_do(config, args.data, what))
    except DataFolderError:
        if not (args.data / "listening.json").exists():
            raise
        answer = asyncio.run(errands.ask(args.data, what, ANSWER_S_MAX))
    if answer is None:
        msg = f"the collector did not answer within {ANSWER_S_MAX:g} s; what was asked may still have been done"
        raise ServiceError(msg)
    if error := answer.get("error"):
        raise ServiceError(error)
    if args.json:
        _print_json(answer)
    elif args.action == "retire":
        print(f"retired {answer['retired']}: {_count(answer['fact']['pending'], 'record')} dropped")
    else:
        for name, records in answer["replayed"].items():
            print(f"{name}: {_count(records, 'dead letter')} given to it again")
        if not answer["replayed"]:
            print("there are no dead letters")
    return 0


async def _do(config: "Config", data: Path, what: dict[str, Any]) -> dict[str, Any]:
    from logloom.commits import Commits
    from logloom.errands import Errands
    from logloom.journal import opened

    with opened(config, data) as journals:
        commits = Commits(journals.main)
        with commits.watched():
            return await Errands(journals, commits).do(what)


# --- how it is shown ---


def _print_json(document: Any) -> None:
    import orjson

    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    lines = [titles, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(titles))]
    for line in lines:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "-"
    return value


def _count(number: int, one: str, more: str = "") -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def _size(size_bytes: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes} B"


def _time(unix_nano: int) -> str:
    return datetime.fromtimestamp(unix_nano / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if unix_nano else "-"


def _age(unix_nano: int) -> str:
    """How long ago, in the largest unit that gives 2 or more."""
    seconds = datetime.now(UTC).timestamp() - unix_nano / 1e9 if unix_nano else 0
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(seconds, 0):.0f} s" if unix_nano else "-"
