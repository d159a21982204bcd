"""A batch in several requests: each record once, whatever is refused, tried again or too large on the way."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

import logloom
from logloom.errors import RefuseError, RetryError
from logloom.exporters._pieces import Pieces, TooLargeError
from logloom.rpc import PartialSuccess
from tests.components import log

DONE = PartialSuccess(0, "")


def batch(lines: int, size: int = 100) -> logloom.Batch:
    return logloom.parse("".join(f"{at:05} {'x' * size}\n" for at in range(lines)), format="text")


def bodies(piece: logloom.Batch) -> list[str]:
    request = ExportLogsServiceRequest.FromString(bytes(piece))
    return [
        record.body.string_value[:5]
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


class Sink:
    """Takes up to `takes_bytes`; before that, answers as the test says."""

    def __init__(self, takes_bytes: int, *answers: Exception | PartialSuccess | None) -> None:
        self.takes_bytes = takes_bytes
        self.answers = list(answers)
        self.taken: list[str] = []
        self.requests = 0

    async def __call__(self, piece: logloom.Batch) -> PartialSuccess:
        self.requests += 1
        if piece.otlp_len > self.takes_bytes:
            raise TooLargeError("larger than max")
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        self.taken += bodies(piece)
        return answer or DONE


async def test_a_small_batch_is_one_request() -> None:
    sink = Sink(1 << 20)
    delivery = await Pieces(1 << 20, log()).send(batch(10), sink)
    assert (delivery.accepted, delivery.refused, sink.requests) == (10, [], 1)


async def test_a_large_one_is_cut() -> None:
    sink = Sink(1 << 20)
    delivery = await Pieces(20_000, log()).send(batch(1000), sink)
    assert (delivery.accepted, sink.requests > 5) == (1000, True)
    assert sink.taken == [f"{at:05}" for at in range(1000)]


async def test_what_is_too_large_is_cut_in_two_and_later_ones_are_cut_at_once() -> None:
    pieces, sink = Pieces(10 << 20, log()), Sink(200_000)
    assert (await pieces.send(batch(5000), sink)).accepted == 5000
    assert sink.taken == [f"{at:05}" for at in range(5000)]
    sink.requests, sink.taken = 0, []
    assert (await pieces.send(batch(5000), sink)).accepted == 5000
    assert sink.requests <= len(bytes(batch(5000))) // 75_000


async def test_one_record_that_is_too_large_alone_is_refused_and_the_others_are_not() -> None:
    lines = "".join(f"{at:05}\n" for at in range(10)) + "9" * 500_000 + "\n" + "00010\n"
    delivery = await Pieces(1 << 20, log()).send(
        logloom.parse(lines, format="text", keep_original=False), sink := Sink(200_000)
    )
    assert (delivery.accepted, delivery.refused) == (11, [(0, "larger than max")])
    assert sink.taken == [f"{at:05}" for at in range(11)]


async def test_a_batch_that_is_sent_again_goes_on_where_it_was_left() -> None:
    pieces, sink, sent = (
        Pieces(20_000, log()),
        Sink(1 << 20, None, None, RetryError("wait"), None, RetryError("wait")),
        batch(1000),
    )
    for _ in range(2):
        with pytest.raises(RetryError):
            await pieces.send(sent, sink)
    assert (await pieces.send(sent, sink)).accepted == 1000
    assert sink.taken == [f"{at:05}" for at in range(1000)]


async def test_a_piece_that_is_refused_does_not_take_the_others_with_it() -> None:
    sink = Sink(1 << 20, None, RefuseError("no"), PartialSuccess(3, "too old"))
    delivery = await Pieces(20_000, log()).send(batch(1000), sink)
    assert delivery.accepted == len(sink.taken) - 3
    assert delivery.refused == [(0, "no")]
    with pytest.raises(RefuseError, match="never"):
        await Pieces(20_000, log()).send(batch(10), Sink(1 << 20, RefuseError("never")))


async def test_a_warning_is_logged_until_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    warnings = [PartialSuccess(0, text) for text in ("slow", "slow", "", "slow")]
    pieces, sink = Pieces(1 << 20, log()), Sink(1 << 20, *warnings)
    for _ in range(4):
        assert (await pieces.send(batch(1), sink)).accepted == 1
    assert [record.__dict__["why"] for record in caplog.records] == ["slow", "slow"]


ANSWERS = st.sampled_from([None, RetryError("wait"), RefuseError("no"), PartialSuccess(0, "slow")])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1_000, 60_000), st.lists(ANSWERS, max_size=12))
async def test_each_record_is_taken_or_refused_once(lines: int, bytes_max: int, answers: list[object]) -> None:
    pieces, sink, sent = Pieces(bytes_max, log()), Sink(1 << 20, *answers), batch(lines)  # type: ignore[arg-type]
    accepted = None
    while accepted is None:
        try:
            accepted = (await pieces.send(sent, sink)).accepted
        except RetryError:
            continue
        except RefuseError:
            accepted = 0
    assert accepted == len(sink.taken) == len(set(sink.taken))
    assert lines - accepted == 0 or any(type(answer) is RefuseError for answer in answers)
