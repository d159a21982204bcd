"""How pipelines hang together by connectors: what comes behind what, and what keeps a config from being wired so.

A connector is an exporter of the pipelines before it, and a receiver of those behind it. It hands on within a signal,
as in the Collector; spans, which are records here, go on into `logs` pipelines where it has no `traces` pipeline.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

from logloom.config.read import at, nearest
from logloom.config.service import PipelineConfig, ServiceConfig
from logloom.config.typed import Typed

__all__ = ["Wired", "behind", "named_by", "onward", "reached", "signal_of", "signals_into", "wrong"]


class Wired(Protocol):
    """A config, as far as it is asked here."""

    @property
    def service(self) -> Any:
        """What runs."""

    @property
    def connectors(self) -> Mapping[str, Any]:
        """By id, those that pipelines name."""


def signal_of(pipeline: str) -> str:
    """`logs` or `traces`."""
    return pipeline.partition("/")[0]


def behind(pipelines: Mapping[str, PipelineConfig], connector: str, signal: str) -> list[str]:
    """The pipelines that have the connector as a receiver and take what it got of a signal, in order."""
    fed = [name for name, pipeline in pipelines.items() if connector in pipeline.receivers]
    same = [name for name in fed if signal_of(name) == signal]
    return same or (fed if signal == "traces" else [])


def signals_into(pipelines: Mapping[str, PipelineConfig], connector: str) -> list[str]:
    """The signals of the pipelines that have the connector as an exporter."""
    into = (signal_of(name) for name, pipeline in pipelines.items() if connector in pipeline.exporters)
    return list(dict.fromkeys(into))


def named_by(config: Any) -> list[tuple[str, str, list[str]]]:
    """The ways on that a connector's config names, if it does: the condition, the key, the pipelines."""
    if not hasattr(config, "table"):
        return []
    ways = [(route.text, f"table[{place}].pipelines", route.pipelines) for place, route in enumerate(config.table)]
    return [*ways, ("", "default_pipelines", config.default_pipelines)]


def onward(config: Wired, pipeline: str) -> Iterator[tuple[str, str, str]]:
    """Where a pipeline's records may go on: the connector, the condition (empty: else, or always), the pipeline."""
    pipelines: Mapping[str, PipelineConfig] = config.service.pipelines
    for connector in pipelines[pipeline].exporters:
        if (component := config.connectors.get(connector)) is None:
            continue
        fed = behind(pipelines, connector, signal_of(pipeline))
        if not hasattr(component.config, "table"):
            yield from ((connector, "", name) for name in fed)
            continue
        for condition, _, names in named_by(component.config):
            yield from ((connector, condition, name) for name in names if name in fed)


def reached(config: Wired, receiver: str) -> list[str]:
    """The pipelines that what a receiver takes may come to, over connectors too; not the default pipeline."""
    seen = [name for name, pipeline in config.service.pipelines.items() if receiver in pipeline.receivers]
    for name in seen:
        seen += dict.fromkeys(to for _, _, to in onward(config, name) if to not in seen)
    return seen


def wrong(
    service: ServiceConfig,
    connectors: Mapping[str, Any],
    taken: Collection[str],
    top: Mapping[str, Typed],
    typed_pipelines: Mapping[str, Typed],
    *,
    left_out: Collection[str] = (),
) -> Iterator[tuple[Typed, str]]:
    """What is wrong with the wiring, each with its place.

    Args:
        service: What runs.
        connectors: Those that pipelines name.
        taken: The ids of receivers and exporters.
        top: The sections, as they were typed.
        typed_pipelines: The pipelines, as they were typed.
        left_out: Pipelines that logloom has not: what a table sends there goes nowhere.
    """
    typed: Any = top["connectors"].value if connectors else {}
    for name in connectors.keys() & taken:
        yield typed[name], "another component has this id: give the connector one of its own"
    yield from _wrong_ways(service.pipelines, connectors, typed, left_out)
    own = "it has connectors alone: say it of a pipeline behind them, which has exporters"
    for name, pipeline in service.pipelines.items():
        if set(pipeline.exporters) <= connectors.keys():
            place = typed_pipelines[name]
            if pipeline.lossy is not None:
                yield at(place, "lossy"), own
            if name == service.dead_letter_pipeline:
                yield at(place, "exporters"), f"no dead-letter pipeline: {own}"


def _wrong_ways(
    pipelines: Mapping[str, PipelineConfig],
    connectors: Mapping[str, Any],
    typed: Mapping[str, Typed],
    left_out: Collection[str],
) -> Iterator[tuple[Typed, str]]:
    for connector, component in connectors.items():
        place = typed[connector]
        into = [name for name, pipeline in pipelines.items() if connector in pipeline.exporters]
        fed = [name for name, pipeline in pipelines.items() if connector in pipeline.receivers]
        if not into:
            yield place, "no pipeline has it among its exporters: nothing comes to it"
        if not fed:
            yield place, "no pipeline has it among its receivers: nothing comes out of it"
        if into and fed:
            for signal in signals_into(pipelines, connector):
                if not behind(pipelines, connector, signal):
                    yield place, f"what {signal} pipelines give it goes to no traces pipeline: name a {signal} pipeline"
        for _, key, names in named_by(component.config):
            for number, name in enumerate(names):
                here = _below(place, f"{key}[{number}]")
                if name in left_out:
                    continue
                if name not in pipelines:
                    near = nearest(name, pipelines)
                    hint = f"did you mean '{near}'?" if near else "define it under service.pipelines"
                    yield here, f"no pipeline '{name}': {hint}"
                elif name not in fed:
                    yield here, f"pipeline '{name}' does not take it: write {connector} among its receivers"
    if (circle := _circle(pipelines, connectors)) is not None:
        yield typed[circle[1]], f"records would go in a circle: {' → '.join(circle)}"


def _below(typed: Typed, path: str) -> Typed:
    """The value at `table[0].pipelines[1]`, or as near to it as there is one."""
    for step in path.replace("[", ".").replace("]", "").split("."):
        inside = typed.value
        if isinstance(inside, dict) and step in inside:
            typed = inside[step]
        elif isinstance(inside, list) and step.isdigit() and int(step) < len(inside):
            typed = inside[int(step)]
    return typed


def _circle(pipelines: Mapping[str, PipelineConfig], connectors: Mapping[str, Any]) -> list[str] | None:
    """A way that comes back to where it began, pipelines and connectors by turns, whatever the tables say."""
    done: set[str] = set()
    for start in pipelines:
        path: list[tuple[str, str]] = []  # by which connector, to which pipeline
        steps = [iter([("", start)])]
        while steps:
            if (step := next(steps[-1], None)) is None:
                steps.pop()
                if path:
                    done.add(path.pop()[1])
                continue
            on = [name for _, name in path]
            if step[1] in on:
                circle = [*path[on.index(step[1]) :], step]
                return [word for connector, name in circle for word in (connector, name)][1:]
            if step[1] not in done:
                path.append(step)
                steps.append(iter(_after(pipelines, connectors, step[1])))
    return None


def _after(pipelines: Mapping[str, PipelineConfig], connectors: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    return [
        (connector, to)
        for connector in pipelines[name].exporters
        if connector in connectors
        for to in behind(pipelines, connector, signal_of(name))
    ]
