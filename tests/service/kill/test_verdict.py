"""The judge itself: it sees what is lost, broken or doubled, and knows which doubles a kill explains."""

from tests.service.kill.destination import Arrival
from tests.service.kill.killer import Life
from tests.service.kill.notes import Notes, digest
from tests.service.kill.verdict import ANSWER_LOST_S, FORGET_S, REREAD_S, Verdict, judge

BODY = "id=grpc0-0-0 whole"


def _judged(*at: float, kills: tuple[float, ...] = (), other: tuple[float, ...] = (), attempts: int = 1) -> Verdict:
    """What is said of one acknowledged record that arrived at these times."""
    notes = Notes()
    for _ in range(attempts):
        notes.sending({"grpc0-0-0": BODY})
    notes.acknowledged({"grpc0-0-0": BODY})
    lives = [Life(0.0, 0.0, kill) for kill in kills]
    return judge(notes, [Arrival(one, "grpc0-0-0", digest(BODY)) for one in at], lives, other)


def test_what_is_missing() -> None:
    assert _judged().missing == ["grpc0-0-0"]
    assert not _judged(1.0).missing


def test_what_was_not_acknowledged_is_not_owed() -> None:
    notes = Notes()
    notes.sending({"grpc0-0-0": BODY})
    assert not judge(notes, [], [], ()).missing


def test_what_is_not_whole_or_of_nobody() -> None:
    notes = Notes()
    notes.written("app0-0-0", "2026 id=app0-0-0\n\tat A.b(A.java:1)", 0.0)
    half = [Arrival(1.0, "app0-0-0", digest("2026 id=app0-0-0")), Arrival(1.0, "", digest("\tat A.b(A.java:1)"))]
    verdict = judge(notes, half, [], ())
    assert (verdict.broken, verdict.strangers) == (["app0-0-0"], 1)


def test_duplicates_need_a_kill_or_a_second_attempt() -> None:
    assert _judged(1.0, 1.1).unexplained
    assert not _judged(1.0, 1.1, attempts=2).unexplained
    assert not _judged(1.0, 3.0, kills=(1.1,)).unexplained
    assert _judged(1.0, 3.0, 3.1, kills=(1.1,)).unexplained, "one kill explains one more"
    assert _judged(1.0, 20.0, kills=(1.1 + FORGET_S,)).unexplained, "the cursor was saved"
    assert not _judged(1.0, 20.0, other=(5.0,)).unexplained, "the answer was lost"
    assert _judged(1.0, 20.0, other=(1.1 + ANSWER_LOST_S,)).unexplained
    assert _judged(1.0, 2.0, kills=(0.5,)).unexplained, "before it ever came"


def test_lines_are_read_again_only_soon_after() -> None:
    def twice(*lives: Life) -> Verdict:
        notes = Notes()
        written = 1000.0
        notes.written("app0-0-0", BODY, written)
        moved = [Life(written + one.began_s, written + (one.ready_s or 0.0), written + one.ended_s) for one in lives]
        return judge(notes, [Arrival(written + at, "app0-0-0", digest(BODY)) for at in (90.0, 91.0)], moved, ())

    assert not twice(Life(-9, -8, 1.0)).unexplained
    assert not twice(Life(-9, -8, 1.0), Life(2, 3, float("inf"))).unexplained
    assert not twice(Life(-9, -8, REREAD_S - 1), Life(5, None, 6)).unexplained
    assert twice(Life(-9, -8, -1.0)).unexplained, "killed before it was written"
    assert twice(Life(-9, -8, REREAD_S + 1)).unexplained, "the offset was saved"
    assert twice(Life(-9, -8, float("inf"))).unexplained
