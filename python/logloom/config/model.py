"""The whole config: its sections, its components, and what must hold between them."""

import dataclasses
import importlib
import os
import pkgutil
import re
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

from logloom.config.collector import type_of
from logloom.config.exposed import exposed
from logloom.config.journal import JournalConfig
from logloom.config.policy import PolicyConfig
from logloom.config.policy import check as check_policy
from logloom.config.read import Reader, at, nearest, unknown
from logloom.config.service import ServiceConfig
from logloom.config.shared import Auth, Unfit
from logloom.config.sharing import conflicts
from logloom.config.sources import paths_of, read_sources
from logloom.config.typed import Typed, read_yaml
from logloom.config.unsupported import Left, leave_out
from logloom.config.wiring import wrong as wrong_wiring
from logloom.errors import InvalidConfigError, Problem

__all__ = ["Component", "Config", "Survey", "auths", "component_types", "default_text", "load", "loads", "survey"]

SECTIONS: Final = ("receivers", "processors", "exporters", "connectors")
"""Top keys that hold components; each is a folder of logloom too, and each type a file in it."""

EXTENSIONS: Final = "extensions"
"""The top key, and the folder, of what stands beside the pipelines."""

TOP: Final = (*SECTIONS, EXTENSIONS, "journal", "policy", "service")
"""All top keys."""

Start = Literal["tail", "oldest"]
"""Where an exporter that the journal does not know yet begins."""


@dataclass(frozen=True, slots=True)
class Component:
    """One receiver, processor, exporter or extension of the config.

    Attributes:
        id: As typed: `filelog/mesh`.
        type: Its file's name: `filelog`.
        config: The `Config` that stands beside its code.
        line: Where it stands.
        start: Of an exporter that the journal does not know yet: with what is in it already (`oldest`), or with what
            comes from now on (`tail`).
        file: Where it stands, as in `Problem`.
    """

    id: str
    type: str
    config: Any
    line: int
    start: Start = "tail"
    file: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """A config that holds together: every name that is used is there.

    Attributes:
        file: Its name, for errors; `-` for standard input.
        receivers: By id, those that a pipeline uses.
        processors: By id, those that a pipeline uses.
        exporters: By id, those that a pipeline uses.
        journal: Where what was accepted lies.
        service: What runs.
        notes: What is accepted and does nothing here, each with its place.
        extensions: By id, those that `service.extensions` names, in its order.
        connectors: By id, those that a pipeline uses.
        policy: What may become of which data, if the config says.
        files: All that it was read from.
    """

    file: str
    receivers: dict[str, Component]
    processors: dict[str, Component]
    exporters: dict[str, Component]
    journal: JournalConfig
    service: ServiceConfig
    notes: tuple[Problem, ...]
    extensions: dict[str, Component] = dataclasses.field(default_factory=dict)
    connectors: dict[str, Component] = dataclasses.field(default_factory=dict)
    policy: PolicyConfig | None = None
    files: tuple[str, ...] = ()


def default_text() -> str:
    """The embedded config, which `logloom run` takes where it is given none."""
    return resources.files("logloom.config").joinpath("default.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Survey:
    """All that can be said of a config.

    Attributes:
        file: Its name.
        config: What of it can run; None where something is wrong with that.
        problems: What is wrong.
        lacking: What logloom has not, each with what comes nearest; it is left out of `config`.
        notes: What is accepted and does nothing here.
    """

    file: str
    config: Config | None
    problems: tuple[Problem, ...]
    lacking: tuple[Problem, ...]
    notes: tuple[Problem, ...]

    def checked(self, *, ignore_unsupported: bool = False) -> Config:
        """The config; what is lacking is wrong with it too, or noted.

        Raises:
            InvalidConfigError: All that is wrong with it.
        """
        wrong = self.problems if ignore_unsupported else (*self.problems, *self.lacking)
        if self.config is None or wrong:
            raise InvalidConfigError(self.file, list(wrong))
        left_out = (dataclasses.replace(problem, what=f"left out: {problem.what}") for problem in self.lacking)
        return dataclasses.replace(self.config, notes=(*self.config.notes, *left_out))


def load(
    *sources: Path | str, environment: Mapping[str, str] | None = None, ignore_unsupported: bool = False
) -> Config:
    """Read and check a config.

    Args:
        sources: Files of at most 1 MiB each, or what `logloom.config.sources` has in their place; later ones go over
            those before them.
        environment: What `${env:NAME}` is read from; the process's where not given.
        ignore_unsupported: Leave out what logloom has not, and note it, instead of refusing it.

    Raises:
        ConfigError: A source cannot be read.
        InvalidConfigError: All that is wrong with it.
    """
    environment = os.environ if environment is None else environment
    names = [str(source) for source in sources]
    root, file = read_sources(names, environment)
    config = survey(root, file, environment).checked(ignore_unsupported=ignore_unsupported)
    return dataclasses.replace(config, files=(*paths_of(names), *config.files))


def loads(text: str, file: str = "config", environment: Mapping[str, str] | None = None) -> Config:
    """The same for a text; `file` names it in errors."""
    return survey(read_yaml(text, file), file, environment).checked()


def survey(root: Typed, file: str, environment: Mapping[str, str] | None = None) -> Survey:
    """Check what was typed, and say all that there is to say."""
    reader = Reader(os.environ if environment is None else environment)
    left = leave_out(reader, root, component_types, unfit)
    config = _Checker(reader, left, file).config()
    lacking = [*left.lacking, *reader.lacking]
    problems = tuple(reader.problems)
    return Survey(file, None if problems else config, problems, tuple(lacking), tuple(reader.notes))


def unfit(section: str, kind: str, keys: AbstractSet[str]) -> Unfit | None:
    """Why a component that has these keys is left out whole, if it is."""
    asked = getattr(importlib.import_module(f"logloom.{section}.{kind}").Config, "unfit", None)
    told: Unfit | None = asked(keys) if asked is not None else None
    return told


@cache
def component_types(section: str) -> list[str]:
    """The types that a section may hold: the files in its folder."""
    package = importlib.import_module(f"logloom.{section}")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))


_ID: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(/[^\s]{1,256})?")


class _Checker:
    """Reads the sections and holds them against each other."""

    def __init__(self, reader: Reader, left: Left, file: str) -> None:
        self.reader = reader
        self.root = left.root
        self.file = file
        self.left = left
        self.top = left.root.value if isinstance(left.root.value, dict) else {}

    def config(self) -> Config | None:
        if not isinstance(self.root.value, dict):
            self.reader.problem(self.root, f"a config is a map of {', '.join(TOP)}; this is {self.root.kind}")
            return None
        for key, value in self.top.items():
            if key not in TOP:
                self.reader.problem(value, unknown("key", key, [*TOP]))
        sections = {section: self.components(section) for section in (*SECTIONS, EXTENSIONS)}
        journal = self.reader.fields(JournalConfig, self.top["journal"]) if "journal" in self.top else JournalConfig()
        policy = self.reader.fields(PolicyConfig, self.top["policy"]) if "policy" in self.top else None
        service = self.service()
        connectors = sections["connectors"]
        used = {section: self.used(section, sections[section], connectors) for section in SECTIONS}
        extensions = self.running(sections[EXTENSIONS])
        self.shared({"receivers": used["receivers"], EXTENSIONS: extensions})
        for section in ("receivers", "exporters"):
            self.authenticators(section, used[section], extensions)
        self.authenticators(EXTENSIONS, extensions, extensions)
        if service is not None and not service.insecure:
            self.exposed(used["receivers"])
        if service is None or journal is None:
            return None
        self.dead_letters(service, used["processors"])
        self.note_bounds(journal)
        taken = sections["receivers"].keys() | sections["exporters"].keys()
        for place, what in wrong_wiring(
            service, used["connectors"], taken, self.top, self.pipelines(), left_out=self.left.pipelines
        ):
            self.reader.problem(place, what)
        components = (used["receivers"], used["processors"], used["exporters"])
        config = Config(self.file, *components, journal, service, (), extensions, used["connectors"], policy)
        if not self.reader.problems:  # of a config that hangs together
            check_policy(self.reader, config, used, top=self.top, typed_pipelines=self.pipelines())
        return dataclasses.replace(config, notes=tuple(self.reader.notes), files=self.reader.files)

    def shared(self, sections: dict[str, dict[str, Component]]) -> None:
        """What listens at one endpoint must get on with each other."""
        those = {
            name if section == "receivers" else f"{section}.{name}": (section, component)
            for section, components in sections.items()
            for name, component in components.items()
        }
        for name, inside, what in conflicts({name: component.config for name, (_, component) in those.items()}):
            section, component = those[name]
            path = f"{section}.{component.id}{'.' if inside else ''}{inside}"
            self.reader.problems.append(Problem(component.line, path, what, component.file))

    def dead_letters(self, service: ServiceConfig, processors: dict[str, Component]) -> None:
        """A processor's dead letters go to the pipeline that is for them."""
        for component in processors.values():
            if getattr(component.config, "on_error", "") == "dead_letter" and service.dead_letter_pipeline is None:
                path = f"processors.{component.id}.on_error"
                what = "there is no pipeline for dead letters: name one in service.dead_letter_pipeline"
                self.reader.problems.append(Problem(component.line, path, what, component.file))

    def exposed(self, receivers: dict[str, Component]) -> None:
        """What listens beyond this machine is secured, or meant to be open."""
        for component in receivers.values():
            for inside, what in exposed(component.config):
                typed: Any = self.top["receivers"].value
                self.reader.problem(at(typed[component.id], inside), what)

    def note_bounds(self, journal: JournalConfig) -> None:
        """A bound that the other kind of journal has is accepted, and does nothing."""
        service = self.top["service"].value
        bounds = service.get("journal") if isinstance(service, dict) else None
        if bounds is not None and journal.kind == "disk":
            self.reader.note(bounds, "has no effect here: journal.max_mib bounds a journal on disk")

    def components(self, section: str) -> dict[str, Component | None]:
        typed = self.top.get(section)
        if typed is None or typed.value is None:
            return {}
        if not isinstance(typed.value, dict):
            self.reader.wrong(typed, "a map of components")
            return {}
        return {identifier: self.component(section, identifier, value) for identifier, value in typed.value.items()}

    def component(self, section: str, identifier: str, typed: Typed) -> Component | None:
        match = _ID.fullmatch(identifier)
        if match is None:
            self.reader.problem(typed, "an id is a type, or type/name: otlp, filelog/mesh")
            return None
        types = component_types(section)
        if (kind := type_of(section, match[1], types)) is None:
            self.reader.problem(typed, _unknown_type(f"{section[:-1]} type", match[1], types))
            return None
        typed, start = self.start(typed) if section == "exporters" else (typed, "tail")
        made = self.reader.fields(
            importlib.import_module(f"logloom.{section}.{kind}").Config, self.reader.resolve(typed)
        )
        return None if made is None else Component(identifier, kind, made, typed.line, start, typed.file)

    def start(self, typed: Typed) -> tuple[Typed, Start]:
        """What all exporters have: `start`; and the rest, which is the type's own."""
        if not isinstance(typed.value, dict) or "start" not in typed.value:
            return typed, "tail"
        own = {key: value for key, value in typed.value.items() if key != "start"}
        return dataclasses.replace(typed, value=own), self.reader.read(Start, typed.value["start"]) or "tail"

    def service(self) -> ServiceConfig | None:
        typed = self.top.get("service")
        if typed is None:
            self.reader.problem(self.root, "lacks 'service', whose pipelines say what runs")
            return None
        pipelines = self.pipelines()
        if not pipelines and self.left.lacking:
            self.reader.problem(at(typed, "pipelines"), "nothing is left that logloom could run")
            return None
        for name, pipeline in pipelines.items():
            signal = name.partition("/")[0]
            if signal not in ("logs", "traces") or not _ID.fullmatch(name):
                self.reader.problem(pipeline, "a pipeline's name is logs, logs/name, traces or traces/name")
        self.named_pipeline(typed, "default_pipeline", pipelines)
        for_dead_letters = self.named_pipeline(typed, "dead_letter_pipeline", pipelines)
        for name, pipeline in pipelines.items():
            if isinstance(pipeline.value, dict) and name != for_dead_letters:
                receivers = pipeline.value.get("receivers")
                if receivers is None:
                    self.reader.problem(pipeline, "lacks 'receivers'")
                elif not receivers.value:
                    self.reader.problem(receivers, "empty: a pipeline needs at least one of the receivers")
        return self.reader.fields(ServiceConfig, typed)

    def named_pipeline(self, service: Typed, key: str, pipelines: dict[str, Typed]) -> str:
        """The pipeline that `key` names, which must be there; empty where it names none."""
        typed = service.value.get(key) if isinstance(service.value, dict) else None
        name = self.reader.resolve(typed).text if typed is not None else ""
        if typed is not None and name and name not in pipelines:
            self.reader.problem(typed, unknown("pipeline", name, pipelines))
        return name

    def pipelines(self) -> dict[str, Typed]:
        service = self.top.get("service")
        typed = service.value.get("pipelines") if service and isinstance(service.value, dict) else None
        return typed.value if typed and isinstance(typed.value, dict) else {}

    def running(self, have: dict[str, Component | None]) -> dict[str, Component]:
        """The extensions that `service.extensions` names, in its order."""
        service = self.top.get("service")
        typed = service.value.get("extensions") if service and isinstance(service.value, dict) else None
        named = self.named("extension", typed, have)
        self.note_unused(EXTENSIONS, have, named, "service.extensions does not name it")
        return {name: component for name in named if (component := have.get(name)) is not None}

    def authenticators(self, section: str, components: dict[str, Component], have: dict[str, Component]) -> None:
        """Each `auth` names an extension that runs, and can do what is asked of it."""
        role, does = ("client", "says as whom to send") if section == "exporters" else ("server", "tells who sends")
        for component in components.values():
            for path, auth in auths(component.config):
                extension = have.get(auth.authenticator)
                if extension is None:
                    what = self.no_authenticator(auth.authenticator, have)
                elif role not in getattr(extension.config, "roles", ()):
                    what = f"'{auth.authenticator}' is no extension that {does}, as it is configured"
                else:
                    continue
                typed: Any = self.top[section].value
                self.reader.problem(at(typed[component.id], f"{path}.authenticator"), what)

    def no_authenticator(self, name: str, have: Collection[str]) -> str:
        if name in self.left.extensions:
            return f"logloom has no '{name}', and without it anybody could send: give one of those that it has"
        near = nearest(name, have)
        hint = f"did you mean '{near}'?" if near else "define it under extensions, name it there"
        return f"no extension '{name}' in service.extensions: {hint}"

    def used(
        self, section: str, have: dict[str, Component | None], connectors: dict[str, Component | None]
    ) -> dict[str, Component]:
        """The components that the pipelines name; each name that stands for nothing is a problem."""
        names: set[str] = set()
        for pipeline in self.pipelines().values():
            lists = ("receivers", "exporters") if section == "connectors" else (section,)
            for key in lists:
                typed = pipeline.value.get(key) if isinstance(pipeline.value, dict) else None
                if section == "connectors":  # names that stand for nothing are told where receivers are read
                    names |= {
                        self.reader.resolve(item).text
                        for item in (typed.value if typed and isinstance(typed.value, list) else [])
                    }
                else:
                    names |= self.named(section[:-1], typed, have if key == "processors" else have | connectors).keys()
        self.note_unused(section, have, names, "no pipeline names it")
        return {name: component for name, component in have.items() if component is not None and name in names}

    def named(self, what: str, typed: Typed | None, have: Mapping[str, Component | None]) -> dict[str, None]:
        """The names in one list, in order; each must be there, and once."""
        names: dict[str, None] = {}
        for item in typed.value if typed and isinstance(typed.value, list) else []:
            identifier = self.reader.resolve(item).text
            if identifier and identifier not in have:
                near = nearest(identifier, have)
                hint = f"did you mean '{near}'?" if near else f"it is not among the {what}s"
                self.reader.problem(item, f"no {what} '{identifier}': {hint}")
            if identifier in names:
                self.reader.problem(item, f"'{identifier}' a second time")
            names[identifier] = None
        return names

    def note_unused(self, section: str, have: dict[str, Component | None], names: Collection[str], why: str) -> None:
        """What is defined and does not run does nothing."""
        for identifier, component in have.items():
            if component is not None and identifier not in names:
                place = f"{section}.{identifier}"
                self.reader.notes.append(Problem(component.line, place, f"unused: {why}", component.file))


def auths(config: Any, path: str = "") -> Iterator[tuple[str, Auth]]:
    """Each `auth` in a component's config, with its place there."""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        inside = f"{path}.{field.name}" if path else field.name
        if isinstance(value, Auth):
            yield inside, value
        elif dataclasses.is_dataclass(value):
            yield from auths(value, inside)


def _unknown_type(what: str, kind: str, types: list[str]) -> str:
    near = nearest(kind, types)
    return (
        f"no such {what}, did you mean '{near}'?"
        if near
        else f"no such {what}; logloom has {', '.join(types) or 'none yet'}"
    )
