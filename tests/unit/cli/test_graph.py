"""`logloom graph`: what it draws, read by a grammar that takes no more than Mermaid does."""

import re
from pathlib import Path

from tests.unit.cli.command import logloom

CONFIG = """\
receivers:
  otlp: {protocols: {http: }}
processors:
  redaction: {rules: [credit_card]}
  filter: {drop: ['severity < INFO']}
connectors:
  routing/tenants:
    default_pipelines: [logs/rest]
    table:
      - {when: 'tenant == "a|b] <c>" and body =~ "#x;&`%y"', pipelines: [logs/acme]}
      - {condition: 'attributes["service.name"] == "checkout"', pipelines: [logs/acme, logs/rest]}
exporters:
  file/acme: {path: ./acme.jsonl}
  nop:
service:
  default_pipeline: logs/rest
  pipelines:
    logs/in:
      {receivers: [otlp], processors: [redaction, filter], exporters: [routing/tenants], when: 'severity >= INFO'}
    logs/acme: {receivers: [routing/tenants], exporters: [file/acme]}
    logs/rest: {receivers: [routing/tenants], exporters: [nop, file/acme], when: 'not body contains "ping"'}
"""

# A text in quotes, as Mermaid's flowcharts read it: what is no letter and no plain sign is an entity.
TEXT = r'"(?:[\w \-/.:,→=!()\[\]…]|#\d+;|<br/>)+"'
NODE = re.compile(rf"  (\w+)(?:\(\[{TEXT}\]\)|\[{TEXT}\]|\{{{TEXT}\}}|\[\({TEXT}\)\])")
EDGE = re.compile(rf"  (\w+) (-->|-\.->)(?:\|({TEXT})\|)? (\w+)")


def drawn(tmp_path: Path, *arguments: str) -> list[str]:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, "utf-8")
    done = logloom("graph", *arguments, path)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def test_mermaid(tmp_path: Path) -> None:
    first, *lines = drawn(tmp_path)
    assert first == "flowchart LR"
    nodes, edges = {}, []
    for line in lines:
        if match := NODE.fullmatch(line):
            assert not edges, "boxes come first, so that their order is that of the config"
            nodes[match[1]] = line
        else:
            match = EDGE.fullmatch(line)
            assert match, line
            edges.append(match.groups())
    assert {end for start, _, _, end in edges} | {start for start, _, _, end in edges} == set(nodes)
    assert len(nodes) == 1 + 3 + 1 + 2
    assert len([kind for _, kind, _, _ in edges if kind == "-.->"]) == 2
    assert sum("routing/tenants" in line and "{" in line for line in nodes.values()) == 1
    assert any("logs/in<br/>redaction → filter" in line for line in nodes.values())
    assert any(label and "a#124;b] #60;c#62;" in label for _, _, label, _ in edges)


def test_dot(tmp_path: Path) -> None:
    first, *lines, last = drawn(tmp_path, "--format", "dot")
    assert (first, last) == ("digraph logloom {", "}")
    text = r'"(?:[^"\\]|\\["\\n])*"'
    attribute = rf"(?:label={text}|shape=\w+|style=dotted)"
    statement = re.compile(rf"  (?:rankdir=LR|\w+(?: -> \w+)?(?: \[{attribute}(?:, {attribute})*\])?);")
    assert [line for line in lines if not statement.fullmatch(line)] == []


def test_text(tmp_path: Path) -> None:
    lines = drawn(tmp_path, "--format", "text")
    assert "pipeline logs/in: redaction → filter" in lines
    assert '  ─> pipeline logs/acme  when attributes["service.name"] == "checkout"' in lines
    assert "  ╌> pipeline logs/rest  (matched no pipeline)" in lines


def test_the_picture_in_the_documentation_is_that_of_its_config(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "routing.md").read_text("utf-8")
    blocks = dict(reversed(re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)))
    (tmp_path / "config.yaml").write_text(blocks["yaml"], "utf-8")
    assert logloom("graph", tmp_path / "config.yaml").stdout.decode() == blocks["mermaid"]


def test_a_config_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("receivers: {}\n", "utf-8")
    done = logloom("graph", tmp_path / "bad.yaml")
    assert done.returncode == 2
    assert b"lacks 'service'" in done.stderr
