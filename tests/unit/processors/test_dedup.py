"""What comes again is counted."""

import time

import pytest

from logloom._native import Processor
from tests.otlp import Flat
from tests.unit.processors.shaping import batch, flat, loaded, problems, processor, record

LATER = 3600 * 10**9


def said(dedup: Processor, *, is_last: bool = False) -> list[Flat]:
    return [
        one for made in dedup.tick(time.time_ns() + (0 if is_last else LATER), is_last=is_last) for one in flat(made)
    ]


def test_the_first_goes_on_and_the_others_are_counted_after_it() -> None:
    dedup = processor("dedup", "interval: 1m")
    made, outcome = dedup.apply(batch(*[record(time=n, a=1) for n in range(1, 6)], record("y")))
    assert [one.body for one in flat(made)] == ["x", "y"]
    assert outcome == {"dropped": 4, "added": 0, "failed": 0, "rules": {"duplicates": 4}}
    assert dedup.tick(time.time_ns()) == []
    [count] = said(dedup)
    assert (count.body, count.severity, count.attributes["a"], count.attributes["log_count"]) == ("x", 9, 1, 4)
    first, last = count.attributes["first_observed_timestamp"], count.attributes["last_observed_timestamp"]
    assert first.endswith("Z")
    assert first == last
    assert count.time == count.observed > time.time_ns()


def test_at_the_end_all_windows_close() -> None:
    dedup = processor("dedup", "interval: 24h")
    dedup.apply(batch(record(), record()))
    assert [one.attributes["log_count"] for one in said(dedup, is_last=True)] == [1]
    assert said(dedup, is_last=True) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (record(), record("y")),
        (record(), record(severity=10)),
        (record(a=1), record(a=2)),
        (record(a=1), record(b=1)),
        (record(resource={"host.name": "a"}), record(resource={"host.name": "b"})),
    ],
)
def test_what_differs_is_not_the_same(one: dict[str, object], other: dict[str, object]) -> None:
    made, _ = processor("dedup", "").apply(batch(one, other))
    assert len(made) == 2


def test_neither_order_nor_where_it_was_read_tells_records_apart() -> None:
    made, _ = processor("dedup", "").apply(
        batch(
            record(a=1, b=2, trace_id="0" * 31 + "1"),
            record(
                b=2, a=1, trace_id="0" * 31 + "2", **{"log.record.original": "at 10:00", "log.file.record_offset": 7}
            ),
        )
    )
    assert len(made) == 1


def test_fields_may_be_excluded() -> None:
    dedup = processor("dedup", r"exclude_fields: ['attributes.host\.name', attributes.src.ip, body.time]")
    one = record({"time": 1, "n": 1}, **{"host.name": "a", "src": {"ip": "1", "port": 1}})
    other = record({"time": 2, "n": 1}, **{"host.name": "b", "src": {"ip": "2", "port": 1}})
    third = record({"time": 2, "n": 1}, **{"host.name": "b", "src": {"ip": "2", "port": 2}})
    made, _ = dedup.apply(batch(one, other, third))
    assert len(made) == 2
    [count] = said(dedup)
    assert (count.body, count.attributes["src"], "host.name" in count.attributes) == ({"n": 1}, {"port": 1}, False)


def test_fields_alone_may_be_compared() -> None:
    dedup = processor("dedup", "include_fields: [attributes.id, attributes.name]")
    made, _ = dedup.apply(batch(record("a", id=1), record("b", id=1), record("b", id=2), record("c"), record("d")))
    assert [one.body for one in flat(made)] == ["a", "b", "c", "d"]


def test_only_what_a_condition_holds_for_is_compared() -> None:
    text = """conditions: ['log.attributes["ID"] == 1', 'resource.attributes["service.name"] == "my-service"']"""
    made, _ = processor("logdedup", text).apply(
        batch(record(), record(), record(ID=1), record(ID=1), *[record(resource={"service.name": "my-service"})] * 2)
    )
    assert len(made) == 4
    made, _ = processor("dedup", "when: 'severity >= WARN'").apply(
        batch(record(), record(), record(severity=13), record(severity=13))
    )
    assert len(made) == 3


def test_what_finds_no_room_goes_on() -> None:
    dedup = processor("dedup", "max_keys: 1")
    made, outcome = dedup.apply(batch(record("a"), record("b"), record("b"), record("a")))
    assert [one.body for one in flat(made)] == ["a", "b", "b"]
    assert outcome["rules"] == {"duplicates": 1, "over_max_keys": 2}


def test_the_collectors_config_as_its_documents_have_it() -> None:
    text = "interval: 60s, log_count_attribute: dedup_count, timezone: 'America/Los_Angeles'"
    dedup = processor("log_dedup", text)
    dedup.apply(batch(record(), record()))
    [count] = said(dedup)
    assert count.attributes["dedup_count"] == 1
    assert count.attributes["first_observed_timestamp"][-6:] in ("-07:00", "-08:00")
    assert loaded("log_dedup", text).type == "dedup"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("timezone: Mars/Olympus", "no time zone 'Mars/Olympus'"),
        ("exclude_fields: [body]", "'body' is no field: body.KEY or attributes.KEY"),
        ("exclude_fields: [body.a], include_fields: [body.b]", "not together with exclude_fields"),
        ("conditions: ['IsInt(body)']", "conditions[0]: the function 'IsInt' has no counterpart"),
        ("when: 'severty > 1'", "unknown field 'severty'"),
        ("log_count_attribute: ''", "is empty: name an attribute"),
        ("interval: 0s", "must be from"),
    ],
)
def test_what_is_wrong_is_said(text: str, told: str) -> None:
    assert any(told in problem for problem in problems("dedup", text))
