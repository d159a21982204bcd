"""From one config to another while it runs: only what is another one stops and starts; all else lives on."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from logloom.access import Rules
from logloom.config import Component, Config, auths
from logloom.config.wiring import reached
from logloom.errors import ConfigError
from logloom.intake import pipelines_of, routing_of
from logloom.journal import tell_policy
from logloom.logs import log_of
from logloom.memory import Memory
from logloom.service._crew import Crew
from logloom.service._units import (
    ExporterUnit,
    ExtensionUnit,
    ReceiverUnit,
    Site,
    WorkUnit,
    at_python,
    cut_of,
    in_flight_bytes,
    is_limiter,
    memories_of,
    memory_of,
    pipelines_with,
)

__all__ = ["Changes", "go_over"]

RECEIVERS_SHARE: Final = 0.8
"""The share of `service.shutdown_timeout` that what stops has to finish what is in hand."""


@dataclass(frozen=True, slots=True)
class Change:
    """Of the components of one kind, by id: those that are no more, are others, and are new."""

    gone: frozenset[str]
    other: frozenset[str]
    new: frozenset[str]

    @classmethod
    def between(
        cls, old: Mapping[str, Component], new: Mapping[str, Component], is_other: Callable[[str], bool]
    ) -> "Change":
        """Compare; `is_other` is asked of those that are in both, and are configured as before."""
        both = old.keys() & new.keys()
        other = {name for name in both if not _is_same(old[name], new[name]) or is_other(name)}
        return cls(frozenset(old.keys() - new.keys()), frozenset(other), frozenset(new.keys() - old.keys()))

    @property
    def stops(self) -> frozenset[str]:
        """Those that stop."""
        return self.gone | self.other

    @property
    def starts(self) -> frozenset[str]:
        """Those that start."""
        return self.new | self.other


@dataclass(frozen=True, slots=True)
class Changes:
    """What is another one in a new config."""

    extensions: Change
    exporters: Change
    receivers: Change
    limiters: Change
    pipelines: frozenset[str]

    @classmethod
    def between(cls, old: Config, new: Config) -> "Changes":
        """Compare.

        Raises:
            ConfigError: Something is another that cannot change while it runs.
        """
        for what, before, now in (
            ("journal", old.journal, new.journal),
            ("service.journal", old.service.journal, new.service.journal),
            ("service.identities, and what they may feed", _access(old), _access(new)),
            ("service.memory_limit_mib", old.service.memory_limit_mib, new.service.memory_limit_mib),
            ("service.telemetry", _telling(old), _telling(new)),
            ("service.pipelines: lossy", _lossy(old), _lossy(new)),
        ):
            if before != now:
                msg = f"{new.file}: {what}: cannot change while logloom runs: start it anew, or put back what was there"
                raise ConfigError(msg)
        extensions = Change.between(old.extensions, new.extensions, lambda _: False)

        def names_other(component: Component) -> bool:
            return any(auth.authenticator in extensions.stops for _, auth in auths(component.config))

        def exporter_is_other(name: str) -> bool:
            before, now = old.exporters[name], new.exporters[name]
            is_same = pipelines_with(name, old).keys() == pipelines_with(name, new).keys()
            return not is_same or cut_of(before, old) != cut_of(now, new) or names_other(now)

        def receiver_is_other(name: str) -> bool:
            return names_other(new.receivers[name]) or _limits(old, name) != _limits(new, name)

        return cls(
            extensions,
            Change.between(old.exporters, new.exporters, exporter_is_other),
            Change.between(old.receivers, new.receivers, receiver_is_other),
            Change.between(_limiters(old), _limiters(new), lambda _: False),
            _pipelines(old, new),
        )

    def words(self) -> str:
        """What changes, for the log."""
        kinds = (("extension", self.extensions), ("exporter", self.exporters), ("receiver", self.receivers))
        parts = [
            f"{kind} {name} {'removed' if name in change.gone else 'new' if name in change.new else 'changed'}"
            for kind, change in kinds
            for name in sorted(change.gone | change.starts)
        ]
        return ", ".join([*parts, *(f"pipeline {name}" for name in sorted(self.pipelines))])


async def go_over(site: Site, crew: Crew, old: Config, new: Config) -> Changes:
    """Go over to the new config. What cannot start is tried again, with back-off, while all else runs.

    Raises:
        ConfigError: It cannot be gone over to; nothing has changed then.
    """
    changes = Changes.between(old, new)
    timeout_s = new.service.shutdown_timeout * RECEIVERS_SHARE
    specs = await asyncio.to_thread(pipelines_of, new, site.made, site.telemetry)
    receivers, extensions = crew.of(ReceiverUnit), crew.of(ExtensionUnit)
    # What stops gives up its ports first; clients are told to come again, or connect anew.
    stops = [receivers[name] for name in sorted(changes.receivers.stops)]
    await crew.stop(stops, timeout_s)
    crew.forget(stops)
    ends = [extensions[name] for name in sorted(changes.extensions.stops)]
    await crew.stop(ends, timeout_s)
    crew.forget(ends)
    site.shared["aiohttp"] = at_python(new)
    fresh = [ExtensionUnit(one, site) for one in _those(new.extensions, changes.extensions.starts)]
    for named in (True, False):
        units = [unit for unit in fresh if hasattr(unit.component.config, "roles") == named]
        crew.start(units)
        await crew.tried(units, site.stopping)
    # Who is to have what comes has its place in the journal before it comes.
    exporters = await _exporters(site, crew, new, changes.exporters, timeout_s)
    if site.intake is not None:
        said = await asyncio.to_thread(site.intake.take_pipelines, specs, **routing_of(new))
        if said[1] or said[2]:
            log_of("processors").warning("the last words of processors that are no more are lost")
    for journal in filter(None, (site.journals.main, site.journals.dead)):
        tell_policy(journal, new)
    crew.start(exporters)
    await _without(crew, changes.exporters.gone, timeout_s)
    await asyncio.to_thread(site.journals.main.all_attached)
    await _limit(site, crew, new, changes.limiters)
    site.room.grow(in_flight_bytes(new, memory_of(new)) - site.room.bytes_max)
    for receiver in crew.of(ReceiverUnit).values():
        receiver.memories = memories_of(receiver.id, new, site)
    begins = [ReceiverUnit(one, new, site) for one in _those(new.receivers, changes.receivers.starts)]
    crew.start(begins)
    await crew.tried([*exporters, *begins], site.stopping)
    return changes


async def _exporters(site: Site, crew: Crew, new: Config, change: Change, timeout_s: float) -> list[ExporterUnit]:
    """Those that begin, each at its place; those that they follow have ended."""
    running = crew.of(ExporterUnit)
    before = [running[name] for name in sorted(change.other)]
    for unit in before:
        unit.leave()
    await crew.stop(before, timeout_s)
    units = [
        ExporterUnit(one, new, site, successor_of=running[one.id] if one.id in change.other else None)
        for one in _those(new.exporters, change.starts)
    ]
    for unit in units:
        await asyncio.to_thread(unit.attach)
    return units


async def _without(crew: Crew, gone: frozenset[str], timeout_s: float) -> None:
    """These end; what they have not delivered stays in the journal, until it is retired, or they come again."""
    units = [unit for name, unit in crew.of(ExporterUnit).items() if name in gone]
    for unit in units:
        unit.leave()
    await crew.stop(units, timeout_s)
    for unit in units:
        if left := unit.pending_records:
            unit.log.warning("removed; what it has not delivered stays in the journal", extra={"records": left})
        await asyncio.to_thread(unit.detach)
    crew.forget(units)


async def _limit(site: Site, crew: Crew, new: Config, change: Change) -> None:
    works = [unit for name, unit in crew.of(WorkUnit).items() if unit.kind == "processor" and name in change.stops]
    await crew.cut(works)
    for name in change.stops:
        site.memories.pop(name, None)
    for component in _those(new.processors, change.starts):
        memory = site.memories[component.id] = Memory(component.config, log_of(component.id))
        crew.start([WorkUnit("processor", component.id, site.restart, memory.run)])


def _is_same(old: Component, new: Component) -> bool:
    return (old.type, old.config) == (new.type, new.config)


def _those(components: Mapping[str, Component], names: frozenset[str]) -> Iterable[Component]:
    return [component for name, component in components.items() if name in names]


def _limiters(config: Config) -> dict[str, Component]:
    return {name: component for name, component in config.processors.items() if is_limiter(component)}


def _limits(config: Config, receiver: str) -> dict[str, object]:
    """The `memory_limiter`s of the pipelines that the receiver feeds: native servers know them from their start."""
    pipelines = config.service.pipelines
    names = {name for pipeline in reached(config, receiver) for name in pipelines[pipeline].processors}
    return {name: component.config for name, component in _limiters(config).items() if name in names}


def _telling(config: Config) -> object:
    """How it tells of itself, but for its logs."""
    telemetry = config.service.telemetry
    return telemetry.metrics, telemetry.resource, telemetry.stall


def _access(config: Config) -> object:
    """What the core and the receivers were told of those who send."""
    rules = Rules.of(config.service)
    return rules.identities, rules.tenant_headers, rules.feeds if rules.identities else None


def _lossy(config: Config) -> set[str]:
    return {name for name, pipeline in config.service.pipelines.items() if pipeline.lossy}


def _pipelines(old: Config, new: Config) -> frozenset[str]:
    """Those that are others, or have a processor that is."""
    both = old.service.pipelines.keys() | new.service.pipelines.keys()
    return frozenset(name for name in both if _shape(old, name) != _shape(new, name))


def _shape(config: Config, name: str) -> object:
    pipeline = config.service.pipelines.get(name)
    if pipeline is None:
        return None
    processors = [config.processors[identifier] for identifier in pipeline.processors]
    return pipeline, [(one.id, one.type, one.config) for one in processors]
