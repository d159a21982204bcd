"""A config's data path without its sockets, files and disk."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final

from logloom._native import Batch, Delivery, Intake, Journal, Source
from logloom.config import Config
from logloom.intake import intake_of
from logloom.testing.cases import Given, GivenError
from logloom.testing.ways import WAYS

__all__ = ["Rig"]

JOURNAL_BYTES_MAX: Final = 256 << 20
"""The most that a test may hold at once, in bytes."""
RECORDS_MAX: Final = 1_000_000
"""The most records of an exporter that are read at once."""


class Rig:
    """Pushes to a config's Intake, and says what each exporter would have sent."""

    def __init__(self, config: Config, *, bare: str = "") -> None:
        """Nothing of the config's receivers and exporters is opened.

        `bare`: only this receiver's records, as they are read, before any pipeline.

        Raises:
            ConfigError: What the config names cannot be had, such as a table's file.
        """
        self.config = config
        self._journal = Journal(bytes_max=JOURNAL_BYTES_MAX)
        pipelines = config.service.pipelines
        named = {
            exporter: [name for name, pipeline in pipelines.items() if exporter in pipeline.exporters]
            for exporter in config.exporters
        }
        if bare:
            named = {bare: [bare]}
        self._cursors = {
            exporter: self._journal.cursor(exporter, names, start="oldest") for exporter, names in named.items()
        }
        self._journal.all_attached()
        if bare:
            only = {"name": bare, "receivers": [bare], "when": None, "processors": []}
            self._intake = Intake(self._journal, [only])
        else:
            self._intake = intake_of(config, self._journal)
        self._sources: dict[tuple[str, str], Source] = {}

    def give(self, given: Given) -> Delivery:
        """Push; what a source has not finished waits for more, or for `finish`.

        Raises:
            GivenError: No such receiver, or it takes no such thing.
        """
        return self._give(given, lambda body: _bytes(given, body))

    def _give(self, given: Given, data: Callable[[Any], bytes]) -> Delivery:
        component = self.config.receivers.get(given.receiver)
        if component is None:
            known = ", ".join(self.config.receivers)
            msg = f"no receiver '{given.receiver}' runs in this config: there are {known}"
            raise GivenError(msg)
        way = WAYS[component.type](component.config, given)
        peer = given.peer or given.path
        if way.source is not None:
            key = (given.receiver, peer)
            if key not in self._sources:
                settings: dict[str, Any] = {"peer": peer, **way.source}
                settings["resource"] = {**settings.get("resource", {}), **given.resource}
                self._sources[key] = self._intake.source(given.receiver, way.format, **settings, **way.options)
            return self._sources[key].push(data(way.body))
        messages = self._intake.messages(given.receiver, way.format, **way.keep, **way.options)
        return messages.push(
            data(way.body),
            peer,
            identity=given.identity,
            tenant=given.tenant,
            resource=given.resource or None,
        )

    def feed(self, given: Given, data: bytes) -> Delivery:
        """Push `data` as `given` says, whose own lines or body count for nothing: more of a file, as it is read."""
        return self._give(given, lambda _: data)

    def push(self, receiver: str, lines: str | list[str] | None = None, **given: Any) -> Delivery:
        """The same, with what `Given` has as arguments."""
        return self.give(Given(receiver=receiver, lines=lines, **given))

    def finish(self) -> None:
        """Nothing more comes: what waits becomes records, and windows close."""
        for source in self._sources.values():
            source.flush()
        self._intake.tick(is_last=True)

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        """By exporter: the records since the last call, each as a map."""
        return {exporter: [_record(record) for record in self._taken(exporter)] for exporter in self._cursors}

    def batches(self) -> Mapping[str, list[Batch]]:
        """By exporter: the Batches since the last call."""
        return {exporter: self._batches(exporter) for exporter in self._cursors}

    def counters(self) -> dict[str, Any]:
        """What was matched, and what each rule found: see `Intake.counters`."""
        return self._intake.counters()

    def close(self) -> None:
        """The journal is of no more use."""
        self._journal.close()

    def _taken(self, exporter: str) -> list[Any]:
        return [record for batch in self._batches(exporter) for record in batch]

    def _batches(self, exporter: str) -> list[Batch]:
        cursor, batches = self._cursors[exporter], []
        while (taken := cursor.next(RECORDS_MAX, JOURNAL_BYTES_MAX, 0.0)) is not None:
            batch, position = taken
            batches.append(batch)
            cursor.done(position)
        return batches


def _bytes(given: Given, body: Any) -> bytes:
    if given.lines is not None:
        lines = [given.lines] if isinstance(given.lines, str) else given.lines
        return b"".join(line.encode() + (b"" if line.endswith("\n") else b"\n") for line in lines)
    if given.base64 is not None:
        try:
            return base64.b64decode(given.base64, validate=True)
        except binascii.Error as error:
            msg = f"receiver {given.receiver}: 'base64' is none: {error}"
            raise GivenError(msg) from error
    return given.body.encode() if isinstance(given.body, str) else bytes(body(given.body))


def _record(record: Any) -> dict[str, Any]:
    known: dict[str, Any] = record.to_dict()
    return known
