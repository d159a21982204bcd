"""The same actions on resources."""

import pytest

from tests.unit.processors.shaping import batch, flat, problems, processor, record


def test_the_collectors_example() -> None:
    actions = (
        "{key: cloud.availability_zone, value: zone-1, action: upsert}, "
        "{key: k8s.cluster.name, from_attribute: k8s-cluster, action: insert}, "
        "{key: redundant-attribute, action: delete}"
    )
    given = batch(
        record("1", a=1, resource={"k8s-cluster": "c", "redundant-attribute": 1, "cloud.availability_zone": "old"}),
        record("2"),
    )
    made, _ = processor("resource", f"attributes: [{actions}]").apply(given)
    assert [(one.body, one.attributes, one.resource) for one in flat(made)] == [
        ("1", {"a": 1}, {"k8s-cluster": "c", "cloud.availability_zone": "zone-1", "k8s.cluster.name": "c"}),
        ("2", {}, {"cloud.availability_zone": "zone-1"}),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "attributes: nothing is done"),
        ("attributes: [{key: a, action: hash, converted_type: int}]", "attributes[0].converted_type: "),
        ("attributes: [{key: a, pattern: '(?P<b>(', action: extract}]", "attributes: '(?P<b>('"),
    ],
)
def test_what_is_wrong_is_said(text: str, told: str) -> None:
    assert any(told in problem for problem in problems("resource", text)), problems("resource", text)
