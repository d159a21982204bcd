"""The whole config: its sections, its components, and what must hold between them."""

import dataclasses
import importlib
import os
import pkgutil
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

from logloom.config.journal import JournalConfig
from logloom.config.read import Reader, at, nearest, unknown
from logloom.config.service import ServiceConfig
from logloom.config.shared import Auth
from logloom.config.sharing import conflicts
from logloom.config.typed import FILE_BYTES_MAX, Typed, read_yaml
from logloom.errors import ConfigError, InvalidConfigError, Problem

__all__ = ["ALIASES", "Component", "Config", "component_types", "default_text", "load", "loads"]

SECTIONS: Final = ("receivers", "processors", "exporters")
"""Top keys that hold components; each is a folder of logloom too, and each type a file in it."""

EXTENSIONS: Final = "extensions"
"""The top key, and the folder, of what stands beside the pipelines."""

TOP: Final = (*SECTIONS, EXTENSIONS, "journal", "service")
"""All top keys."""

Start = Literal["tail", "oldest"]
"""Where an exporter that the journal does not know yet begins."""

ALIASES: Final = {
    "receivers": {"file_log": "filelog"},
    "processors": {},
    "exporters": {"otlp_grpc": "otlp", "otlp_http": "otlphttp", "logging": "debug"},
    "extensions": {"basic_auth": "basicauth", "bearer_token_auth": "bearertokenauth"},
}
"""Other names of the same things, as the Collector's releases have had them."""

ELSEWHERE: Final[dict[str, dict[str, str]]] = {
    "receivers": {"prometheus": "logloom takes logs and spans, no metrics", "hostmetrics": "logloom takes no metrics"},
    "processors": {
        "memory_limiter": "the journal is on disk, and what is held in memory bounded: remove this",
    },
    "exporters": {},
    "extensions": {},
    "": {
        "connectors": "one record may go to several pipelines, each with its own 'when:'; remove this",
    },
}
"""What Collector configs often have and logloom has in another way: the way out, by section."""


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
    """

    id: str
    type: str
    config: Any
    line: int
    start: Start = "tail"


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
    """

    file: str
    receivers: dict[str, Component]
    processors: dict[str, Component]
    exporters: dict[str, Component]
    journal: JournalConfig
    service: ServiceConfig
    notes: tuple[Problem, ...]
    extensions: dict[str, Component] = dataclasses.field(default_factory=dict)


def default_text() -> str:
    """The embedded config, which `logloom run` takes where it is given none."""
    return resources.files("logloom.config").joinpath("default.yaml").read_text(encoding="utf-8")


def load(path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read and check a config file.

    Args:
        path: The file; at most 1 MiB.
        environment: What `${env:NAME}` is read from; the process's where not given.

    Raises:
        ConfigError: The file cannot be read.
        InvalidConfigError: All that is wrong with it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(msg) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidConfigError(str(path), [Problem(line, "", "not UTF-8: save the file as UTF-8")]) from error
    return loads(text, str(path), environment)


def loads(text: str, file: str = "config", environment: Mapping[str, str] | None = None) -> Config:
    """The same for a text; `file` names it in errors."""
    root = read_yaml(text, file)
    reader = Reader(os.environ if environment is None else environment)
    config = _Checker(reader, root, file).config()
    if config is None or reader.problems:
        raise InvalidConfigError(file, reader.problems)
    return config


@cache
def component_types(section: str) -> list[str]:
    """The types that a section may hold: the files in its folder."""
    package = importlib.import_module(f"logloom.{section}")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))


_ID: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(/[^/\s]{1,256})?")


class _Checker:
    """Reads the sections and holds them against each other."""

    def __init__(self, reader: Reader, root: Typed, file: str) -> None:
        self.reader = reader
        self.root = root
        self.file = file
        self.top = root.value if isinstance(root.value, dict) else {}

    def config(self) -> Config | None:
        if not isinstance(self.root.value, dict):
            self.reader.problem(self.root, f"a config is a map of {', '.join(TOP)}; this is {self.root.kind}")
            return None
        for key, value in self.top.items():
            if key not in TOP:
                hint = ELSEWHERE[""].get(key)
                self.reader.problem(value, f"not needed: {hint}" if hint else unknown("key", key, [*TOP]))
        sections = {section: self.components(section) for section in (*SECTIONS, EXTENSIONS)}
        journal = self.reader.fields(JournalConfig, self.top["journal"]) if "journal" in self.top else JournalConfig()
        service = self.service()
        used = {section: self.used(section, sections[section]) for section in SECTIONS}
        self.shared(used["receivers"])
        extensions = self.running(sections[EXTENSIONS])
        for section in ("receivers", "exporters"):
            self.authenticators(section, used[section], extensions)
        if service is None or journal is None:
            return None
        self.note_bounds(journal)
        notes = tuple(self.reader.notes)
        components = (used["receivers"], used["processors"], used["exporters"])
        return Config(self.file, *components, journal, service, notes, extensions)

    def shared(self, receivers: dict[str, Component]) -> None:
        """Receivers at one endpoint must get on with each other."""
        for identifier, inside, what in conflicts({name: receiver.config for name, receiver in receivers.items()}):
            path = f"receivers.{identifier}.{inside}" if inside else f"receivers.{identifier}"
            self.reader.problems.append(Problem(receivers[identifier].line, path, what))

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
        kind = ALIASES[section].get(match[1], match[1])
        types = component_types(section)
        if kind not in types:
            what = f"{section[:-1]} type"
            hint = ELSEWHERE[section].get(kind)
            self.reader.problem(typed, f"no such {what}: {hint}" if hint else _unknown_type(what, kind, types))
            return None
        typed, start = self.start(typed) if section == "exporters" else (typed, "tail")
        made = self.reader.fields(
            importlib.import_module(f"logloom.{section}.{kind}").Config, self.reader.resolve(typed)
        )
        return None if made is None else Component(identifier, kind, made, typed.line, start)

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
        for name, pipeline in list(pipelines.items()):
            signal = name.partition("/")[0]
            if signal in ("metrics", "profiles"):
                self.reader.problem(pipeline, f"logloom takes logs and traces, no {signal}: remove this pipeline")
                del pipelines[name]
            elif signal not in ("logs", "traces") or not _ID.fullmatch(name):
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
        role, does = ("server", "tells who sends") if section == "receivers" else ("client", "says as whom to send")
        for component in components.values():
            for path, auth in _auths(component.config):
                extension = have.get(auth.authenticator)
                if extension is None:
                    near = nearest(auth.authenticator, have)
                    hint = f"did you mean '{near}'?" if near else "define it under extensions, name it there"
                    what = f"no extension '{auth.authenticator}' in service.extensions: {hint}"
                elif role not in getattr(extension.config, "roles", ()):
                    what = f"'{auth.authenticator}' is no extension that {does}, as it is configured"
                else:
                    continue
                typed: Any = self.top[section].value
                self.reader.problem(at(typed[component.id], f"{path}.authenticator"), what)

    def used(self, section: str, have: dict[str, Component | None]) -> dict[str, Component]:
        """The components that the pipelines name; each name that stands for nothing is a problem."""
        names: set[str] = set()
        for pipeline in self.pipelines().values():
            typed = pipeline.value.get(section) if isinstance(pipeline.value, dict) else None
            names |= self.named(section[:-1], typed, have).keys()
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
                self.reader.notes.append(Problem(component.line, f"{section}.{identifier}", f"unused: {why}"))


def _auths(config: Any, path: str = "") -> Iterator[tuple[str, Auth]]:
    """Each `auth` in a component's config, with its place there."""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        inside = f"{path}.{field.name}" if path else field.name
        if isinstance(value, Auth):
            yield inside, value
        elif dataclasses.is_dataclass(value):
            yield from _auths(value, inside)


def _unknown_type(what: str, kind: str, types: list[str]) -> str:
    near = nearest(kind, types)
    return (
        f"no such {what}, did you mean '{near}'?"
        if near
        else f"no such {what}; logloom has {', '.join(types) or 'none yet'}"
    )
