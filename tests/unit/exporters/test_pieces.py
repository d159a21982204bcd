"""What is left of a batch: each record is taken or given up once, in order, whatever is too large or refused."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import logloom
from logloom.exporters._pieces import REFUSALS_MAX, Pieces


def batch(lines: int, size: int = 20) -> logloom.Batch:
    return logloom.parse("".join(f"{at:05} {'x' * size}\n" for at in range(lines)), format="text", keep_original=False)


def bodies(piece: logloom.Batch) -> list[int]:
    return [int(record.body[:5]) for record in piece]


class Sink:
    """Refuses what has a bad record in it, and calls too large what is over `takes_bytes`."""

    def __init__(self, bad: set[int], takes_bytes: int = 1 << 30) -> None:
        self.bad = bad
        self.takes_bytes = takes_bytes
        self.taken: list[int] = []
        self.given_up: list[int] = []
        self.requests = 0

    def send(self, pieces: Pieces) -> None:
        while (piece := pieces.first()) is not None:
            self.requests += 1
            numbers = bodies(piece)
            if piece.otlp_len > self.takes_bytes and pieces.too_large():
                continue
            if piece.otlp_len > self.takes_bytes or self.bad.intersection(numbers):
                if (doomed := pieces.refused()) is not None:
                    self.given_up += bodies(doomed)
            else:
                self.taken += numbers
                pieces.taken()


def test_a_batch_is_one_request() -> None:
    sink = Sink(set())
    sink.send(Pieces(batch(10), None))
    assert (sink.taken, sink.requests) == (list(range(10)), 1)


def test_a_large_one_is_cut() -> None:
    sink = Sink(set())
    sink.send(Pieces(batch(1000), 4_000))
    assert sink.taken == list(range(1000))
    assert 10 < sink.requests < 30


def test_what_is_too_large_is_cut_in_two_until_it_fits() -> None:
    sink = Sink(set(), 200_000)
    sink.send(Pieces(batch(20_000), None))
    assert sink.taken == list(range(20_000))
    assert sink.requests < 2 * batch(20_000).otlp_len // 70_000


def test_one_record_that_is_too_large_alone_is_given_up_and_the_others_are_not() -> None:
    lines = "".join(f"{at:05}\n" for at in range(10)) + "00010" * 100_000 + "\n" + "00011\n"
    sink = Sink(set(), 200_000)
    sink.send(Pieces(logloom.parse(lines, format="text", keep_original=False), None))
    assert (sink.taken, sink.given_up) == ([*range(10), 11], [10])


@pytest.mark.parametrize("count", [1, 2, 3, 100, 1000, 4096])
def test_one_bad_record_costs_a_few_requests_and_no_other_record(count: int) -> None:
    for bad in {0, 1 % count, count // 2, count - 1}:
        sink = Sink({bad})
        sink.send(Pieces(batch(count), None))
        assert sink.given_up == [bad]
        assert sink.taken == [number for number in range(count) if number != bad]
        assert sink.requests <= 2 + 2 * math.ceil(math.log2(count))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.sets(st.integers(0, 299), max_size=12), st.integers(500, 20_000))
def test_each_is_taken_or_given_up_once_and_in_order(lines: int, bad: set[int], bytes_max: int) -> None:
    sink = Sink(bad)
    sink.send(Pieces(batch(lines), bytes_max))
    assert sink.given_up == sorted(bad.intersection(range(lines)))
    assert sink.taken == sorted(set(range(lines)) - bad)
    requests = len(batch(lines).split(bytes_max))
    assert sink.requests <= requests + len(sink.given_up) * (2 + 2 * math.ceil(math.log2(lines)))


def test_a_batch_of_which_all_is_refused_costs_a_bounded_number_of_requests() -> None:
    sink = Sink(set(range(20_000)))
    sink.send(Pieces(batch(20_000), None))
    assert sink.given_up == list(range(20_000))
    assert sink.requests <= REFUSALS_MAX + 2 * math.ceil(math.log2(20_000))


def test_what_is_left_can_be_given_up_at_once() -> None:
    pieces = Pieces(batch(100), 1000)
    pieces.first()
    pieces.taken()
    left = [number for piece in pieces.all_left() for number in bodies(piece)]
    assert left == list(range(100))[-len(left) :]
    assert pieces.first() is None
