"""Each table's message through its real receiver: each row holds, and no value that was sent is missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fidelity import table
from tests.fidelity.test_nothing_vanishes import told
from tests.fidelity.ways import WAYS, To, Way
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

SENT: set[str] = set()
"""What was sent already: each message goes out once."""


def filled(config: object, folder: Path) -> object:
    if isinstance(config, dict):
        return {key: filled(value, folder) for key, value in config.items()}
    if isinstance(config, list):
        return [filled(value, folder) for value in config]
    return config.replace("{folder}", str(folder)) if isinstance(config, str) else config


@pytest.fixture(scope="module")
def logloom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Logloom, Path]]:
    folder: Path = tmp_path_factory.mktemp("fidelity")
    pipelines = {
        f"{kind}/{name}": {"receivers": [name], "exporters": [f"file/{name}"]}
        for name in WAYS
        for kind in (("traces",) if name in ("zipkin", "jaeger") else ("logs",))
    }
    config = {
        "receivers": {name: filled(way.config, folder) for name, way in WAYS.items()},
        "exporters": {f"file/{name}": {"path": str(folder / f"{name}.jsonl")} for name in WAYS},
        "service": {"pipelines": pipelines},
    }
    with Logloom(config, folder / "logloom") as running:
        yield running, folder


def received(logloom: tuple[Logloom, Path], name: str, way: Way) -> list[table.Record]:
    collector, folder = logloom
    written = folder / f"{name}.jsonl"
    message = table.read(name)
    if name not in SENT:
        SENT.add(name)
        way.send(To(collector, name, folder), message.message())
    count = 1 + max(row.record for row in message.rows)
    found: list[table.Record] = []

    def enough() -> bool:
        lines = written.read_bytes().splitlines(keepends=True)
        found[:] = [record for line in lines if line.endswith(b"\n") for record in table.from_json(line)]
        return len(found) >= count

    wait_until(enough, f"{count} records of {name}", failed=collector.ended)
    assert len(found) == count
    return found


@pytest.mark.parametrize("name", table.names())
def test_each_row_holds(logloom: tuple[Logloom, Path], name: str) -> None:
    found = received(logloom, name, WAYS[name])
    wrong = [
        f"{'/'.join(row.field)} is not {row.value!r} in {row.place} but {found[row.record].places.get(row.place)!r}"
        for row in table.read(name).rows
        if found[row.record].places.get(row.place) != row.value
    ]
    assert not wrong, "\n".join([*wrong, *(f"{record.places}" for record in found)])


@pytest.mark.parametrize("name", table.names())
def test_no_attribute_is_unspoken_of(logloom: tuple[Logloom, Path], name: str) -> None:
    """What stands in a record stands in the table too."""
    rows = {(row.record, row.place) for row in table.read(name).rows}
    unspoken = [
        f"record {at}: {place} = {value!r}"
        for at, record in enumerate(received(logloom, name, WAYS[name]))
        for place, value in record.places.items()
        if value not in (0, "", None) and (at, place) not in rows and place not in (table.ORIGINAL, "observed time")
    ]
    assert not unspoken, "\n".join(unspoken)


@pytest.mark.parametrize("name", table.names())
def test_each_field_of_the_schema_is_spoken_of(name: str) -> None:
    this = table.read(name)
    missing = {"/".join(field) for field in WAYS[name].fields() if not this.speaks_of(field)}
    assert not missing, f"{name}.yaml says nothing of {sorted(missing)}"


@pytest.mark.parametrize("name", table.names())
def test_no_value_is_missing(logloom: tuple[Logloom, Path], name: str) -> None:
    """Apart from what the table says is left out, or becomes something else."""
    found = received(logloom, name, WAYS[name])
    there = "\0".join(str(leaf) for record in found for leaf in [*record.leaves(), *record.places])
    this = table.read(name)
    for row in this.rows:
        if row.value == row.sent and row.field not in this.left_out:
            lost = [one for one in told(row.sent) if one not in there]
            assert not lost, f"{'/'.join(row.field)}: {lost}"


def test_each_way_has_a_table() -> None:
    assert table.names() == sorted(WAYS)
