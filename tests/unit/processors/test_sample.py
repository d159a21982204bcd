"""A share of the records, the same one everywhere."""

import pytest

from tests.unit.processors.shaping import batch, flat, loaded, problems, processor, record

# The hash of the Collector: FNV-1a of the seed's four bytes, little-endian, and the id; its 14 low bits are the bucket.


def bucket(data: bytes, seed: int = 0) -> int:
    value = 0x811C9DC5
    for byte in seed.to_bytes(4, "little") + data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value & 0x3FFF


TRACES = [f"{n * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128:032x}" for n in range(1, 200)]


@pytest.mark.parametrize(("percentage", "seed"), [(10, 0), (50, 22), (99.9, 7), (0.1, 0)])
def test_the_hash_keeps_what_the_collector_keeps(percentage: float, seed: int) -> None:
    made, outcome = processor("probabilistic_sampler", f"sampling_percentage: {percentage}, hash_seed: {seed}").apply(
        batch(*[record(trace_id=trace) for trace in TRACES])
    )
    kept = [trace for trace in TRACES if bucket(bytes.fromhex(trace), seed) < int(percentage * 163.84)]
    assert [one.trace_id for one in flat(made)] == kept
    assert outcome["dropped"] == len(TRACES) - len(kept)


def test_what_stays_says_how_much_it_stands_for() -> None:
    made, _ = processor("sample", "sampling_percentage: 25").apply(
        batch(*[record(trace_id=trace, a=1) for trace in TRACES])
    )
    told = flat(made)
    assert told
    for one in told:
        assert one.attributes["a"] == 1
        assert one.attributes["sampling.threshold"] == "c"  # as the Collector's README has it
        assert one.attributes["sampling.adjusted_count"] == 4.0
        assert (
            one.attributes["sampling.randomness"][:4]
            == f"{(0x3FFF - bucket(bytes.fromhex(one.trace_id))) << 2:04x}"[:3]
            + (one.attributes["sampling.randomness"][3])
        )


def test_errors_stay_and_stand_for_themselves() -> None:
    given = batch(record(severity=17, trace_id=TRACES[0]), record(severity=21), record(severity=16, trace_id=TRACES[1]))
    made, _ = processor("sample", "sampling_percentage: 0").apply(given)
    assert [(one.severity, one.attributes) for one in flat(made)] == [(17, {}), (21, {})]
    made, _ = processor("sample", "sampling_percentage: 0, keep: ''").apply(given)
    assert len(made) == 0


def test_all_stay_untouched_at_a_hundred_percent() -> None:
    given = batch(record(), record(trace_id=TRACES[0]))
    made, _ = processor("sample", "sampling_percentage: 100").apply(given)
    assert bytes(made.to_otlp()) == bytes(given.to_otlp())


def test_a_rate_for_some() -> None:
    healthz = '{when: \'attributes["p"] == "/healthz"\', percentage: 0}'
    text = f"sampling_percentage: 100, rates: [{healthz}, {{when: 'true', percentage: 100}}]"
    made, _ = processor("sample", text).apply(batch(record(p="/healthz"), record(p="/cart")))
    assert [one.attributes["p"] for one in flat(made)] == ["/cart"]


@pytest.mark.parametrize("mode", ["proportional", "equalizing"])
def test_the_trace_ids_own_randomness(mode: str) -> None:
    # 50 %: the randomness, the low 56 bits, is at least 0x80000000000000.
    low, high = "0" * 18 + "7fffffffffffff", "0" * 18 + "80000000000000"
    made, _ = processor("sample", f"sampling_percentage: 50, mode: {mode}").apply(
        batch(
            record(trace_id=low),
            record(trace_id=high),
            record(trace_id=low, **{"sampling.randomness": "9b8233f7e3a151"}),
        )
    )
    told = [
        (one.trace_id, one.attributes["sampling.threshold"], one.attributes["sampling.adjusted_count"])
        for one in flat(made)
    ]
    assert told == [(high, "8", 2.0), (low, "8", 2.0)]


@pytest.mark.parametrize(("mode", "threshold", "count"), [("proportional", "c", 4.0), ("equalizing", "8", 2.0)])
def test_what_was_sampled_before(mode: str, threshold: str, count: float) -> None:
    made, _ = processor("sample", f"sampling_percentage: 50, mode: {mode}").apply(
        batch(record(trace_id="f" * 32, **{"sampling.threshold": "8"}))
    )
    [one] = flat(made)
    assert (one.attributes["sampling.threshold"], one.attributes["sampling.adjusted_count"]) == (threshold, count)


def test_an_attribute_decides_where_there_is_no_trace_id() -> None:
    ids = [f"user-{n}" for n in range(100)]
    text = "sampling_percentage: 30, attribute_source: record, from_attribute: user.id, fail_closed: true"
    made, _ = processor("sample", text).apply(
        batch(record(), *[record(trace_id=TRACES[0], **{"user.id": one}) for one in ids])
    )
    assert [one.attributes["user.id"] for one in flat(made)] == [
        one for one in ids if bucket(one.encode()) < int(30 * 163.84)
    ]


@pytest.mark.parametrize(("text", "share"), [("", 0.3), (", fail_closed: true", 0.0), (", fail_closed: false", 1.0)])
def test_records_without_anything_to_decide_by(text: str, share: float) -> None:
    made, _ = processor("sample", f"sampling_percentage: 30{text}").apply(
        batch(*[record(f"line {n}", time=n) for n in range(2000)])
    )
    assert abs(len(made) / 2000 - share) < 0.06


def test_priority() -> None:
    given = batch(*[record(p=percent, trace_id=trace) for trace in TRACES for percent in (0, 100, 50)])
    made, _ = processor("sample", "sampling_percentage: 1, sampling_priority: p").apply(given)
    told = [one.attributes["p"] for one in flat(made)]
    assert told.count(0) == 0
    assert told.count(100) == len(TRACES)
    assert 60 < told.count(50) < 140


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "lacks 'sampling_percentage'"),
        ("sampling_percentage: 1, attribute_source: record", "is needed where attribute_source is 'record'"),
        ("sampling_percentage: 1, keep: 'severty > 1'", "sample.keep: unknown field 'severty'"),
        ("sampling_percentage: 1, rates: [{when: '', percentage: 1}]", "rates[0].when: the condition is empty"),
        ("sampling_percentage: 1, mode: random", "expected 'hash_seed' or"),
    ],
)
def test_what_is_wrong_is_said(text: str, told: str) -> None:
    assert any(told in problem for problem in problems("sample", text)), problems("sample", text)


def test_the_collectors_name() -> None:
    assert (
        loaded("probabilistic_sampler", "sampling_percentage: 15.3, hash_seed: 22, mode: proportional").type == "sample"
    )
