"""So many records and bytes a second."""

import pytest

from tests.unit.processors.shaping import batch, flat, problems, processor, record


def test_a_burst_passes_and_no_more() -> None:
    limit = processor("rate_limit", "records_per_second: 0.001, records_burst: 10, shed_by_severity: false")
    made, outcome = limit.apply(batch(*[record(str(n)) for n in range(30)]))
    assert [one.body for one in flat(made)] == [str(n) for n in range(10)]
    assert outcome == {"dropped": 20, "added": 0, "failed": 0, "rules": {"records_per_second": 20}}
    assert len(limit.apply(batch(record()))[0]) == 0


def test_bytes_are_limited_likewise() -> None:
    limit = processor("rate_limit", "bytes_per_second: 1, bytes_burst: 1000, shed_by_severity: false")
    made, outcome = limit.apply(batch(*[record("x" * 400)] * 5))
    assert (len(made), outcome["rules"]) == (2, {"bytes_per_second": 3})


def test_a_record_larger_than_all_goes_when_there_is_all() -> None:
    limit = processor("rate_limit", "bytes_per_second: 1, bytes_burst: 100, shed_by_severity: false")
    made, _ = limit.apply(batch(*[record("x" * 400)] * 2))
    assert len(made) == 1


def test_each_key_has_its_own() -> None:
    limit = processor(
        "rate_limit", """records_per_second: 0.001, records_burst: 1, key: [tenant, 'resource["service.name"]']"""
    )
    services = [{"service.name": name} for name in ("a", "b", "a", "b")]
    made, _ = limit.apply(
        batch(
            *[record(severity=17, resource=service) for service in services], record(severity=17), record(severity=17)
        )
    )
    assert len(made) == 3


def test_keys_over_the_bound_share_one() -> None:
    limit = processor("rate_limit", "records_per_second: 0.001, records_burst: 1, max_keys: 2, key: [body]")
    made, _ = limit.apply(batch(*[record(str(n), severity=17) for n in range(10)]))
    assert [one.body for one in flat(made)] == ["0", "1", "2"]


def test_the_least_severe_go_first() -> None:
    limit = processor("rate_limit", "records_per_second: 0.001, records_burst: 10")
    made, _ = limit.apply(batch(*[record(severity=n) for n in (5, 9, 13, 17, 21)] * 10))
    assert {one.severity for one in flat(made)} == {21}
    assert len(made) == 10
    limit = processor("rate_limit", "records_per_second: 0.001, records_burst: 100")
    assert len(limit.apply(batch(*[record(severity=5)] * 100))[0]) == 50
    assert len(limit.apply(batch(*[record(severity=9)] * 100))[0]) == 25
    assert len(limit.apply(batch(*[record(severity=13)] * 100))[0]) == 15
    assert len(limit.apply(batch(*[record(severity=17)] * 100))[0]) == 10


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "nothing is limited"),
        ("records_per_second: 1, key: [tenat]", "key[0]: 'tenat': unknown field 'tenat': did you mean 'tenant'?"),
        ("records_per_second: 1, key: [attributes]", "'attributes' are many"),
        ("records_per_second: -1", "must be from 0"),
    ],
)
def test_what_is_wrong_is_said(text: str, told: str) -> None:
    assert any(told in problem for problem in problems("rate_limit", text)), problems("rate_limit", text)
