"""Attributes of records become those of their resource."""

from tests.unit.processors.shaping import batch, flat, loaded, processor, record


def test_attributes_move_and_take_the_place_of_what_was_there() -> None:
    resource = {"host.name": "old", "a": "b"}
    given = batch(
        record("1", resource=resource, **{"host.name": "host-A", "n": 1}),
        record("2", resource=resource, **{"host.name": "host-B", "n": 2}),
        record("3", resource=resource, **{"host.name": "host-A", "n": 3}),
        record("4", resource=resource, n=4),
    )
    made, _ = processor("groupbyattrs", "keys: [host.name, none]").apply(given)
    assert [(one.body, one.attributes, one.resource) for one in flat(made)] == [
        ("1", {"n": 1}, {"host.name": "host-A", "a": "b"}),
        ("3", {"n": 3}, {"host.name": "host-A", "a": "b"}),
        ("2", {"n": 2}, {"host.name": "host-B", "a": "b"}),
        ("4", {"n": 4}, resource),
    ]
    assert len(made.to_proto().resource_logs) == 3
    assert [one.body for one in made] == ["1", "2", "3", "4"]


def test_without_keys_what_says_the_same_stands_together() -> None:
    given = batch(*[record(str(n), resource={"host.name": f"h{n % 2}"}) for n in range(6)])
    made, _ = processor("group_by", "").apply(given)
    assert len(made.to_proto().resource_logs) == 2
    assert [one.body for one in made] == ["0", "1", "2", "3", "4", "5"]
    assert made.otlp_len < given.otlp_len
    again, _ = processor("group_by", "").apply(made)
    assert bytes(again.to_otlp()) == bytes(made.to_otlp())


def test_the_collectors_name() -> None:
    assert loaded("groupbyattrs", "keys: [foo, bar]").type == "group_by"
