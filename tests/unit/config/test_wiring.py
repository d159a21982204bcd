"""How pipelines hang together, and what is refused."""

import pytest

from logloom import config
from logloom.config.wiring import reached
from logloom.errors import InvalidConfigError
from tests.unit.components import installed

COMPONENTS = 'receivers: {tin: {}, tin/b: {}}\nexporters: {tout: {endpoint: "a:1"}}\n'


def refused(text: str) -> str:
    with installed(), pytest.raises(InvalidConfigError) as caught:
        config.loads(COMPONENTS + text)
    return str(caught.value)


def test_what_a_receiver_reaches_is_found_over_connectors() -> None:
    text = """connectors: {forward/a: , forward/b: }
service:
  pipelines:
    logs/1: {receivers: [tin], exporters: [forward/a]}
    logs/2: {receivers: [forward/a], exporters: [forward/b, tout]}
    logs/3: {receivers: [forward/b, tin/b], exporters: [tout]}
"""
    with installed():
        loaded = config.loads(COMPONENTS + text)
    assert reached(loaded, "tin") == ["logs/1", "logs/2", "logs/3"]
    assert reached(loaded, "tin/b") == ["logs/3"]
    assert list(loaded.connectors) == ["forward/a", "forward/b"]


def test_a_circle_is_told_with_its_way() -> None:
    text = """connectors: {forward/a: , forward/b: }
service:
  pipelines:
    logs/1: {receivers: [tin, forward/b], exporters: [forward/a]}
    logs/2: {receivers: [forward/a], exporters: [forward/b, tout]}
"""
    told = refused(text)
    assert "records would go in a circle: logs/1 → forward/a → logs/2 → forward/b → logs/1" in told
    assert "config:3: connectors.forward/a" in told


def test_a_long_chain_is_no_circle() -> None:
    links = ", ".join(f"forward/{n}: " for n in range(60))
    pipes = "\n".join(
        f"    logs/{n}: {{receivers: [{'tin' if n == 0 else f'forward/{n - 1}'}], exporters: [forward/{n}]}}"
        for n in range(60)
    )
    last = "    logs/60: {receivers: [forward/59], exporters: [tout]}"
    with installed():
        loaded = config.loads(f"{COMPONENTS}connectors: {{{links}}}\nservice:\n  pipelines:\n{pipes}\n{last}\n")
    assert len(reached(loaded, "tin")) == 61


@pytest.mark.parametrize(
    ("pipelines", "told"),
    [
        ("{logs: {receivers: [tin], exporters: [forward]}}", "no pipeline has it among its receivers"),
        ("{logs: {receivers: [forward], exporters: [tout]}}", "no pipeline has it among its exporters"),
        (
            "{logs: {receivers: [tin], exporters: [forward]}, traces: {receivers: [forward], exporters: [tout]}}",
            "what logs pipelines give it goes to no traces pipeline",
        ),
        (
            (
                "{logs: {receivers: [tin], exporters: [forward], lossy: drop_oldest},"
                " logs/b: {receivers: [forward], exporters: [tout]}}"
            ),
            "service.pipelines.logs.lossy: it has connectors alone",
        ),
        ("{logs: {receivers: [tin], exporters: [forwart]}}", "no exporter 'forwart': did you mean 'forward'?"),
    ],
)
def test_what_is_refused(pipelines: str, told: str) -> None:
    assert told in refused(f"connectors: {{forward: }}\nservice: {{pipelines: {pipelines}}}\n")


def test_an_id_is_of_one_component() -> None:
    text = """connectors: {tin: }
service: {pipelines: {logs: {receivers: [tin], exporters: [tout]}}}
"""
    assert "no such connector type" in refused(text)
