"""`logloom graph`: draw how a config's receivers, pipelines, connectors and exporters hang together."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from logloom.config import Config

SUMMARY = "draw how a config's receivers, pipelines and exporters hang together"
EPILOG = """\
Boxes are pipelines, with their processors; diamonds are connectors. On an arrow stands the condition of what goes along
it; a dotted one is what no pipeline took. Mermaid is drawn by GitHub, GitLab and many editors; dot by Graphviz.

examples:
  logloom graph logloom.yaml
  logloom graph --format dot logloom.yaml | dot -Tsvg > pipelines.svg
  logloom graph --format text logloom.yaml"""

LABEL_CHARS_MAX: Final = 80
"""The longest condition on an arrow; what is longer is cut."""

Kind = Literal["receiver", "pipeline", "connector", "exporter"]


@dataclass(frozen=True, slots=True)
class Node:
    """One box: what it is, and the lines in it."""

    key: str
    kind: Kind
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow; `is_rest`: it is what nobody else took."""

    start: str
    end: str
    label: str = ""
    is_rest: bool = False


@dataclass(slots=True)
class Picture:
    """Boxes and arrows."""

    nodes: dict[tuple[Kind, str], Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def node(self, kind: Kind, name: str, *more: str) -> str:
        """The key of a box, which is made where there is none."""
        made = self.nodes.setdefault((kind, name), Node(f"{kind[0]}{len(self.nodes)}", kind, (name, *more)))
        return made.key


def arguments(parser: argparse.ArgumentParser) -> None:
    """`CONFIG` and `--format`."""
    parser.add_argument("config", metavar="CONFIG", nargs="+", help="the files, read as one; - for standard input")
    parser.add_argument("--format", choices=tuple(DRAWN), default="mermaid", help="how it is drawn (mermaid)")
    parser.add_argument("--ignore-unsupported", action="store_true", help="leave out what logloom has not")


def run(args: argparse.Namespace) -> int:
    """Draw."""
    from logloom import config

    checked = config.load(*args.config, ignore_unsupported=args.ignore_unsupported)
    for line in DRAWN[args.format](picture(checked)):
        print(line)
    return 0


def picture(config: "Config") -> Picture:
    """What is to be drawn of a config."""
    from logloom.config.wiring import behind, named_by, signal_of

    drawn, pipelines = Picture(), config.service.pipelines
    for name in config.receivers:
        drawn.node("receiver", name)
    for name, pipeline in pipelines.items():
        chain = [" → ".join(pipeline.processors)] if pipeline.processors else []
        here = drawn.node("pipeline", name, *chain)
        for receiver in pipeline.receivers:
            if receiver in config.receivers:
                drawn.edges.append(Edge(drawn.node("receiver", receiver), here, pipeline.when or ""))
    if (rest := config.service.default_pipeline) is not None:
        for receiver in config.receivers:
            start, end = drawn.node("receiver", receiver), drawn.node("pipeline", rest)
            drawn.edges.append(Edge(start, end, "matched no pipeline", is_rest=True))
    for name, pipeline in pipelines.items():
        here = drawn.node("pipeline", name)
        for to in pipeline.exporters:
            kind: Kind = "connector" if to in config.connectors else "exporter"
            drawn.edges.append(Edge(here, drawn.node(kind, to)))
    for connector, component in config.connectors.items():
        start = drawn.node("connector", connector)
        ways = named_by(component.config)
        if not hasattr(component.config, "table"):
            fed = [name for name, pipeline in pipelines.items() if connector in pipeline.receivers]
            ways = [("", "", fed)]
        into = {signal_of(name) for name, pipeline in pipelines.items() if connector in pipeline.exporters}
        takes = {name for signal in into for name in behind(pipelines, connector, signal)}
        for condition, key, names in ways:
            is_rest = key == "default_pipelines"
            for name in names:
                if name in takes:
                    when = pipelines[name].when
                    label = "no route" if is_rest else condition
                    label = f"{label}, {when}" if when and label else when or label
                    drawn.edges.append(Edge(start, drawn.node("pipeline", name), label, is_rest))
    return drawn


# --- Mermaid ---

_SHAPES: Final[dict[Kind, tuple[str, str]]] = {
    "receiver": ('(["', '"])'),
    "pipeline": ('["', '"]'),
    "connector": ('{"', '"}'),
    "exporter": ('[("', '")]'),
}


def mermaid(drawn: Picture) -> Iterator[str]:
    """A flowchart."""
    yield "flowchart LR"
    for node in drawn.nodes.values():
        begin, end = _SHAPES[node.kind]
        yield f"  {node.key}{begin}{'<br/>'.join(map(_mermaid_text, node.lines))}{end}"
    for edge in drawn.edges:
        arrow = "-.->" if edge.is_rest else "-->"
        label = f'|"{_mermaid_text(_cut(edge.label))}"|' if edge.label else ""
        yield f"  {edge.start} {arrow}{label} {edge.end}"


def _mermaid_text(text: str) -> str:
    """What would mean something in a label is written as an entity."""
    return "".join(c if c.isalnum() or c in " _-/.:,→=!()[]" else f"#{ord(c)};" for c in " ".join(text.split()))


# --- Graphviz ---

_DOT_SHAPES: Final[dict[Kind, str]] = {
    "receiver": "oval",
    "pipeline": "box",
    "connector": "diamond",
    "exporter": "cylinder",
}


def dot(drawn: Picture) -> Iterator[str]:
    """A digraph."""
    yield "digraph logloom {"
    yield "  rankdir=LR;"
    for node in drawn.nodes.values():
        yield f"  {node.key} [label={_dot_text(*node.lines)}, shape={_DOT_SHAPES[node.kind]}];"
    for edge in drawn.edges:
        given = [f"label={_dot_text(_cut(edge.label))}"] if edge.label else []
        given += ["style=dotted"] if edge.is_rest else []
        attributes = f" [{', '.join(given)}]" if given else ""
        yield f"  {edge.start} -> {edge.end}{attributes};"
    yield "}"


def _dot_text(*lines: str) -> str:
    escaped = (" ".join(line.split()).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


# --- text ---


def text(drawn: Picture) -> Iterator[str]:
    """For each box what leads on from it."""
    names = {node.key: node for node in drawn.nodes.values()}
    for node in drawn.nodes.values():
        ways = [edge for edge in drawn.edges if edge.start == node.key]
        if not ways:
            continue
        yield f"{node.kind} {': '.join(node.lines)}"
        for edge in ways:
            end = names[edge.end]
            label = (f"  ({edge.label})" if edge.is_rest else f"  when {edge.label}") if edge.label else ""
            yield f"  {'╌>' if edge.is_rest else '─>'} {end.kind} {end.lines[0]}{label}"


def _cut(label: str) -> str:
    return label if len(label) <= LABEL_CHARS_MAX else f"{label[: LABEL_CHARS_MAX - 1]}…"


DRAWN: Final[dict[str, Callable[[Picture], Iterator[str]]]] = {"mermaid": mermaid, "dot": dot, "text": text}
"""The ways to draw, by name."""
