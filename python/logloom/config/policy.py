"""`policy:`, what may become of which data: a section of the config that `logloom check` holds the pipelines against.

A class of data is found by rules of `redaction`, and by the names of attributes. The policy says whether it may be
logged as it is, into which zones it may go so, who may read it, and how long it is kept. What holds of a pipeline is
found on every way from a receiver to an exporter, over connectors too (`docs/policy.md`).
"""

import dataclasses
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal

import orjson

from logloom.config.fields import Bound, Seconds
from logloom.config.read import Reader, at
from logloom.config.service import PipelineConfig
from logloom.config.typed import Typed
from logloom.config.wiring import Wired, onward

__all__ = ["OUTSIDE", "DataClass", "PolicyConfig", "check", "plain_behind"]

OUTSIDE: Final = "outside"
"""The zone of the exporters that no zone names."""

HARMLESS: Final = frozenset(
    {"batch", "dedup", "filter", "group_by", "memory_limiter", "metrics", "rate_limit", "redaction", "sample"}
)
"""The processors that write no text of their own into records: behind `redaction` nothing comes back by them."""

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class DataClass:
    """A class of data.

    Attributes:
        rules: The rules of `redaction` that find it; `all` is all of them.
        keys: The attributes that hold it, such as `user.email` or `customer.*`.
        log: Whether it may be logged: `plain`, as it is; `redacted`, only with its values masked or as pseudonyms;
            `never`, only with its values dropped.
        to: The zones that it may go to as it is; elsewhere it must be redacted. Of a class that is logged `plain`.
        readers: Who may read it as it came, which `logloom tail` asks: names of `roles`. Empty: whoever gets there.
        keep: The longest that it is kept where it is written as it is; of files as `rotation.max_days` has it.
    """

    rules: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    log: Literal["plain", "redacted", "never"] = "redacted"
    to: list[str] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)
    keep: Annotated[Seconds, Bound(0, 36_500 * DAY_S)] | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """It can be found, and `to` has a sense."""
        from logloom._native import redaction_rules

        known = [name for name, _ in redaction_rules()]
        for place, name in enumerate(self.rules):
            if name != "all" and name not in known:
                yield f"rules[{place}]", f"no rule '{name}' of redaction: {', '.join(known)}"
        if not self.rules and not self.keys:
            yield "", "how is it found? give 'rules' of redaction, or 'keys'"
        if self.to and self.log != "plain":
            yield "to", f"it is logged '{self.log}' everywhere: zones are for a class that is logged 'plain'"

    def found_by(self) -> frozenset[str]:
        """Its rules, and its keys as `key:NAME`."""
        from logloom._native import redaction_rules

        rules = [name for name, _ in redaction_rules()] if "all" in self.rules else self.rules
        return frozenset(rules) | {f"key:{key}" for key in self.keys}


@dataclass(frozen=True, slots=True)
class PolicyConfig:
    """What may become of which data.

    Attributes:
        classes: The classes of data, by name.
        zones: By name, the exporters that send there, such as `file/*`; those that none names are `outside`.
        roles: By name, who has it: users of this machine, by name or number, and groups, as `group:NAME`.
    """

    classes: dict[str, DataClass]
    zones: dict[str, list[str]] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Every zone that a class may go to is there, and every role that may read it, with somebody who has it."""
        for role, users in self.roles.items():
            if not users or not all(user.removeprefix("group:").strip() for user in users):
                yield f"roles.{role}", "nobody has it: name users, by name or number, or groups as 'group:NAME'"
        for name, one in self.classes.items():
            for place, role in enumerate(one.readers):
                if role not in self.roles:
                    known = ", ".join(self.roles) or "there are none: give policy.roles"
                    yield f"classes.{name}.readers[{place}]", f"no role '{role}': {known}"
            for place, zone in enumerate(one.to):
                if zone not in self.zones and zone != OUTSIDE:
                    known = ", ".join([*self.zones, OUTSIDE])
                    yield f"classes.{name}.to[{place}]", f"no zone '{zone}': {known}"
        if OUTSIDE in self.zones:
            yield f"zones.{OUTSIDE}", "is what no other zone names: name the exporters of the others"

    def refused(self, names: Collection[str], left: frozenset[str] | None = None) -> str | None:
        """Why somebody may not read what passes somewhere; None: he may.

        Args:
            names: What he goes by in `roles`: his name, his number, `group:` and the name of each of his groups.
            left: What may be there as it came, as `plain_behind` tells it; None: all of it.
        """
        for name, one in self.classes.items():
            is_there = left is None or bool(one.found_by() & left)
            if one.readers and is_there and not any(user in names for role in one.readers for user in self.roles[role]):
                roles = " or ".join(one.readers)
                where = f"policy.classes.{name}.readers"
                return f"{name} data may be there, which only who has the role {roles} may read ({where})"
        return None

    @property
    def sha256(self) -> str:
        """Its hash, in hexadecimal: of JSON with sorted keys and without spaces, whatever order it was typed in."""
        text = orjson.dumps(dataclasses.asdict(self), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(text).hexdigest()

    def zone_of(self, exporter: str) -> str:
        """The first zone that names the exporter."""
        for zone, patterns in self.zones.items():
            if any(fnmatchcase(exporter, pattern) for pattern in patterns):
                return zone
        return OUTSIDE


@dataclass(frozen=True, slots=True)
class _Left:
    """What of a pipeline's records is still as it came, and what was not dropped but masked at least."""

    plain: frozenset[str]
    there: frozenset[str]

    def __or__(self, other: "_Left") -> "_Left":
        return _Left(self.plain | other.plain, self.there | other.there)


def broken(
    policy: PolicyConfig, config: Wired, components: Mapping[str, Mapping[str, Any]], typed: Mapping[str, Typed]
) -> Iterator[tuple[Typed, str]]:
    """Where a pipeline breaks the policy, each with the pipeline's place; the policy's stands in the text.

    Args:
        policy: What is to hold.
        config: The pipelines and connectors.
        components: By section, the processors and exporters.
        typed: The policy's classes, and the pipelines, as they were typed: `class NAME` and `pipeline NAME`.
    """
    everything = frozenset[str]().union(*(one.found_by() for one in policy.classes.values()))
    pipelines: Mapping[str, PipelineConfig] = config.service.pipelines
    behind = _left_behind(config, components["processors"], _Left(everything, everything))
    letters = config.service.dead_letter_pipeline
    if letters is not None:  # what was refused comes there as it went out, without its processors
        behind[letters] = _join([behind[letters], *behind.values()])
    for name, pipeline in pipelines.items():
        left, place = behind[name], typed[f"pipeline {name}"]
        for exporter in pipeline.exporters:
            if exporter not in components["exporters"]:
                continue
            here = _item(place, exporter)
            for of in policy.classes:
                rule = typed[f"class {of}"]
                where = f"policy.classes.{of}, {f'{rule.file}:' if rule.file != here.file else ''}line {rule.line}"
                to = components["exporters"][exporter]
                for what in _breaks(policy, of, to, left):
                    yield here, f"{what} ({where})"


def _breaks(policy: PolicyConfig, of: str, to: Any, left: _Left) -> Iterator[str]:
    one, exporter = policy.classes[of], to.id
    zone = policy.zone_of(exporter)
    plain, there = one.found_by() & left.plain, one.found_by() & left.there
    if one.log == "never" and there:
        way_out = "let redaction find them with action 'drop'"
        yield f"{of} data is never logged, and would go to '{exporter}' not dropped: {_named(there)}; {way_out}"
    elif plain and (one.log == "redacted" or (one.log == "plain" and zone not in one.to)):
        allowed = f"; as it is it may go to {', '.join(one.to)}" if one.to else ""
        way_out = "put redaction with these rules before it"
        yield f"{of} data would go to '{exporter}' (zone {zone}) unredacted: {_named(plain)}{allowed}; {way_out}"
    elif plain and one.keep is not None:
        days = getattr(getattr(to.config, "rotation", None), "max_days", None)
        if days is not None and (days == 0 or days * DAY_S > one.keep):
            kept = f"{days} days" if days else "for ever"
            keep = f"{of} data is kept {one.keep / DAY_S:g} days"
            yield f"{keep}, and '{exporter}' keeps it {kept}: set rotation.max_days"


def plain_behind(policy: PolicyConfig, config: Wired, processors: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """By pipeline, what of the policy's classes may leave it as it came."""
    everything = frozenset[str]().union(*(one.found_by() for one in policy.classes.values()))
    behind = _left_behind(config, processors, _Left(everything, everything))
    letters = config.service.dead_letter_pipeline
    if letters is not None:
        behind[letters] = _join([behind[letters], *behind.values()])
    return {name: left.plain for name, left in behind.items()}


def notes(config: Wired, processors: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Where a later processor could bring back what was masked: the pipeline, the processor, and what to do."""
    masked = _masked_into(config, processors)
    for name, pipeline in config.service.pipelines.items():
        by, open_ = masked[name], dict[str, str]()
        for identifier in pipeline.processors:
            kind = processors[identifier].type if identifier in processors else ""
            if kind == "redaction":
                by, open_ = identifier, {}
            elif by and kind and kind not in HARMLESS:
                open_[identifier] = by
        for identifier, before in open_.items():
            told = f"'{identifier}' comes behind '{before}' and could write again what that masked"
            yield name, identifier, f"{told}: put redaction last, or once more behind it"


def _masked_into(config: Wired, processors: Mapping[str, Any]) -> dict[str, str]:
    """For each pipeline a redaction that its records may have gone through before; empty: none."""
    before = dict.fromkeys(config.service.pipelines, "")
    for name in _in_order(config):
        own = [one for one in config.service.pipelines[name].processors if _is_redaction(processors.get(one))]
        last = own[-1] if own else before[name]
        for _, _, to in onward(config, name):
            before[to] = before[to] or last
    return before


def _left_behind(config: Wired, processors: Mapping[str, Any], all_of_it: _Left) -> dict[str, _Left]:
    """For each pipeline what is left behind its processors, on the worst way to it."""
    nothing = _Left(frozenset(), frozenset())
    into, behind = dict.fromkeys(config.service.pipelines, nothing), dict[str, _Left]()
    for name in _in_order(config):
        pipeline = config.service.pipelines[name]
        is_fed = any(receiver not in config.connectors for receiver in pipeline.receivers)
        left = all_of_it if is_fed or name == config.service.default_pipeline else into[name]
        for identifier in pipeline.processors:
            component: Any = processors.get(identifier)
            if _is_redaction(component):
                left = _after(left, component.config)
        behind[name] = left
        for _, _, to in onward(config, name):
            into[to] |= left
    return behind


def _is_redaction(component: Any) -> bool:
    return component is not None and component.type == "redaction"


def _after(left: _Left, redaction: Any) -> _Left:
    """What redaction leaves: what it looks for is no longer plain; what it drops is gone."""
    does = {what: redaction.does(what) for what in left.there}
    found = frozenset(what for what, action in does.items() if action)
    dropped = frozenset(what for what, action in does.items() if action == "drop")
    return _Left(left.plain - found, left.there - dropped)


def _in_order(config: Wired) -> list[str]:
    """The pipelines, each before those that its records go on to; there are no circles."""
    order: list[str] = []
    ways = {name: list(dict.fromkeys(to for _, _, to in onward(config, name))) for name in config.service.pipelines}
    before = dict.fromkeys(ways, 0)
    for to in (to for after in ways.values() for to in after):
        before[to] += 1
    ready = [name for name, count in before.items() if not count]
    while ready:
        order.append(name := ready.pop())
        for to in ways[name]:
            before[to] -= 1
            if not before[to]:
                ready.append(to)
    return order


def _join(those: list[_Left]) -> _Left:
    joined = those[0]
    for one in those[1:]:
        joined |= one
    return joined


def _item(pipeline: Typed, name: str, section: str = "exporters") -> Typed:
    """A component's name in a pipeline as it was typed, or the pipeline."""
    those = pipeline.value.get(section) if isinstance(pipeline.value, dict) else None
    items = those.value if those is not None and isinstance(those.value, list) else []
    return next((item for item in items if item.text == name), those or pipeline)


def _named(what: frozenset[str]) -> str:
    rules = sorted(name for name in what if not name.startswith("key:"))
    keys = sorted(name.removeprefix("key:") for name in what if name.startswith("key:"))
    told = rules[:6] + ([f"{len(rules) - 6} more"] if len(rules) > 6 else [])
    parts = [f"rule{'s' * (len(rules) > 1)} {', '.join(told)}"] if rules else []
    return " and ".join([*parts, *([f"attribute{'s' * (len(keys) > 1)} {', '.join(keys)}"] if keys else [])])


def check(
    reader: Reader,
    config: Wired,
    components: Mapping[str, Mapping[str, Any]],
    *,
    top: Mapping[str, Typed],
    typed_pipelines: Mapping[str, Typed],
) -> None:
    """Tell the reader where a pipeline breaks the policy, and where masked values could come back.

    Args:
        reader: Collects problems and notes.
        config: The pipelines and connectors, and the policy if there is one.
        components: By section, those that pipelines name.
        top: The sections, as they were typed.
        typed_pipelines: The pipelines, as they were typed.
    """
    policy: PolicyConfig | None = getattr(config, "policy", None)
    typed: dict[str, Typed] = {f"pipeline {name}": one for name, one in typed_pipelines.items()}
    if policy is not None:
        classes: Any = at(top["policy"], "classes").value
        typed |= {f"class {name}": classes[name] for name in policy.classes}
        for place, what in broken(policy, config, components, typed):
            reader.problem(place, what)
    for name, identifier, what in notes(config, components["processors"]):
        reader.note(_item(typed[f"pipeline {name}"], identifier, "processors"), what)
