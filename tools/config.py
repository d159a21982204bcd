"""Writes the tables of docs/config.md from the Config classes beside each component's code. `make formats` runs it.

config.py            rewrite what stands between the marks
config.py --check    rewrite nothing; fail when it is stale
"""

import argparse
import dataclasses
import importlib
import inspect
import re
import sys
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from logloom import config
from logloom.config import collector, fields, model, read

PAGE = Path(__file__).resolve().parent.parent / "docs" / "config.md"
COLLECTOR_PAGE = PAGE.with_name("collector.md")
SHARED = (config.Auth, config.Retry, config.SendingQueue, config.QueueBatch, config.ClientTls, config.ServerTls)


def described(cls: type[Any]) -> dict[str, str]:
    """What the class's docstring says of each field, under `Attributes:`, over its parents too."""
    texts: dict[str, str] = {}
    for parent in reversed(cls.__mro__):
        section = inspect.cleandoc(parent.__doc__ or "").partition("Attributes:\n")[2]
        for name, text in re.findall(r"^    (\w+): (.*(?:\n        .*)*)", section, re.MULTILINE):
            texts[name] = " ".join(text.split())
    return texts


def kind(hint: Any) -> str:
    """A type, in a reader's words."""
    bounds = ""
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        unit = next((mark for mark in marks if isinstance(mark, fields.Unit)), None)
        for bound in marks:
            if isinstance(bound, fields.Bound):
                show = unit.show if unit else "{:.15g}".format
                bounds = f", {show(bound.least)} to {show(bound.most)}"
        if unit:
            return unit.expected.partition(" such")[0] + bounds
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(kind(part) for part in get_args(hint) if part is not types.NoneType))
    if get_origin(hint) is Literal:
        return ", ".join(f"`{choice}`" for choice in dict.fromkeys(str(c).lower() for c in get_args(hint)))
    if get_origin(hint) in (list, tuple):
        return "a list of " + kind(get_args(hint)[0]).removeprefix("a ") + "s"
    if get_origin(hint) is dict:
        return "a map"
    if hint in SHARED:
        return f"[as below](#{hint.__name__.lower()})"
    if nested(hint):
        return "a map"
    return {int: "a whole number", bool: "true or false", str: "a text", Path: "a path", float: "a number"}.get(
        hint, fields.READABLE.get(hint, "a text").partition(",")[0].partition(" such")[0]
    ) + bounds


def default(field: "dataclasses.Field[Any]", hint: Any) -> str:
    """What holds where nothing is typed."""
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    elif field.default is not dataclasses.MISSING:
        value = field.default
    else:
        return "needed"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    for mark in get_args(hint)[1:]:
        if isinstance(mark, fields.Unit):
            return f"`{mark.show(value)}`"
    if nested(type(value)) or value is None or value in ("", [], {}, ()):
        return ""
    return f"`{value}`"


def nested(hint: Any) -> bool:
    """Whether it is a map with keys of its own."""
    return isinstance(hint, type) and dataclasses.is_dataclass(hint) and hint not in fields.READABLE


def rows(cls: type[Any], prefix: str = "") -> list[str]:
    """The table's rows of one class; what is nested and not shared follows its own key."""
    texts, lines = described(cls), []
    for name, field in ((field.name, field) for field in dataclasses.fields(cls)):
        hint = read.field_hints(cls)[name]
        if name not in texts:
            sys.exit(f"{cls.__module__}.{cls.__qualname__}: say under 'Attributes:' what '{name}' is")
        cells = (f"`{prefix}{name}`", kind(hint), default(field, hint), texts[name])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        for inner in (hint, *get_args(hint)):
            if nested(inner) and inner not in SHARED:
                lines += rows(inner, f"{prefix}{name}.{'<name>.' if get_origin(hint) is dict else ''}")
    return lines


def table(cls: type[Any]) -> str:
    """One class's table."""
    return "\n".join(["| key | what it may be | default | what it does |", "|---|---|---|---|", *rows(cls), ""])


def generated() -> str:
    """All that stands between the marks."""
    parts = ["## service\n", table(config.ServiceConfig), "## journal\n", table(config.JournalConfig)]
    parts += ["## policy\n", "What may become of which data ([policy](policy.md)).\n", table(config.PolicyConfig)]
    for section in (*model.SECTIONS, model.EXTENSIONS):
        for name in model.component_types(section):
            module = importlib.import_module(f"logloom.{section}.{name}")
            about = inspect.cleandoc(module.__doc__ or "").split("\n\n")[0].replace("\n", " ")
            names = [other for other, of in collector.OTHER_NAMES[section].items() if of == name]
            also = f" Also read as {', '.join(f'`{other}`' for other in names)}." if names else ""
            parts += [f"## {section}: {name}\n", f"{about}{also}\n"]
            has_keys = bool(dataclasses.fields(module.Config))
            parts.append(table(module.Config) if has_keys else "It has no keys of its own.\n")
            if ignored := getattr(module.Config, "IGNORED", None):
                parts.append(f"Accepted, without effect: {', '.join(f'`{key}`' for key in sorted(ignored))}.\n")
            if lacking := getattr(module.Config, "LACKING", None):
                told = f"Of the Collector's keys, not there: {', '.join(f'`{key}`' for key in sorted(lacking))}"
                parts.append(f"{told}; `--ignore-unsupported` leaves them out.\n")
    for cls in SHARED:
        about = inspect.cleandoc(cls.__doc__ or "").split("\n\nAttributes:")[0].replace("\n\n", " ").replace("\n", " ")
        parts += [f"## {cls.__name__}\n", f"{about}\n", table(cls)]
    return "\n".join(parts)


def lacking() -> str:
    """The components that logloom has not, and what comes nearest."""
    parts = []
    for section, nearest in collector.nearest_table().items():
        rows: dict[str, list[str]] = {}
        for name, hint in nearest.items():
            rows.setdefault(hint, []).append(f"`{name}`")
        lines = [f"| {', '.join(names)} | {hint} |" for hint, names in rows.items()]
        parts += [f"### {section}\n", "\n".join(["| not here | nearest |", "|---|---|", *lines, ""])]
    return "\n".join(parts)


def main() -> None:
    """See the module's own text."""
    parser = argparse.ArgumentParser(description="Write the tables of docs/config.md.")
    parser.add_argument("--check", action="store_true", help="rewrite nothing; fail when it is stale")
    check = parser.parse_args().check
    for page, word, made in ((PAGE, "config", generated()), (COLLECTOR_PAGE, "collector", lacking())):
        begin, end = f"<!-- {word}:begin -->\n", f"<!-- {word}:end -->\n"
        text = page.read_text("utf-8")
        head, _, rest = text.partition(begin)
        new = f"{head}{begin}\n{made}\n{end}{rest.partition(end)[2]}"
        if check and new != text:
            sys.exit(f"docs/{page.name} is stale: run 'make formats'")
        page.write_text(new, "utf-8")


if __name__ == "__main__":
    main()
