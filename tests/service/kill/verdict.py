"""What was owed against what arrived: nothing missing, nothing broken, and each duplicate explained by a kill."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.service.kill.destination import Arrival
from tests.service.kill.killer import Life
from tests.service.kill.notes import Note, Notes

__all__ = ["FORGET_S", "REREAD_S", "Verdict", "judge"]

FORGET_S = 2.0
"""What was delivered longer before a kill of logloom is not delivered again: the cursor was saved since. It is saved
each 200 ms; the rest is for a machine whose disk and cores are busy with other things."""

ANSWER_LOST_S = 10.0
"""What a destination kept longer before it was killed is not sent again: the answer was out by then."""

REREAD_S = 4.0
"""A line that logloom was up for so long with before it was killed is not read again: the offset was saved since. Files
are looked at each 200 ms, a record waits up to 2 s for its next line here, offsets are saved each second."""


@dataclass
class Verdict:
    """Of one destination.

    Attributes:
        owed: Records that had to arrive.
        arrived: Records that did, each counted once.
        missing: Ids that were owed and are not there.
        broken: Ids whose body is not the one that was sent.
        strangers: Records that no sender made: halves of others, for instance.
        duplicates: Arrivals beyond the first of each record.
        resent: Of these, such as the sender sent more than once itself.
        unexplained: Those that came more often than senders and kills can explain, with what is known of each.
    """

    owed: int = 0
    arrived: int = 0
    missing: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    strangers: int = 0
    duplicates: int = 0
    resent: int = 0
    unexplained: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = f"{self.owed} owed, {self.arrived} arrived, {len(self.missing)} missing, {len(self.broken)} broken"
        return f"{told}, {self.strangers} strangers, {self.duplicates} duplicates ({self.resent} sent twice)"

    def hold(self, at: str) -> None:
        """Asserts what is promised."""
        assert not self.missing, f"{at}: {len(self.missing)} of {self.owed} are lost: {sorted(self.missing)[:20]}"
        assert not self.broken, f"{at}: {len(self.broken)} are not whole: {sorted(self.broken)[:20]}"
        assert not self.strangers, f"{at}: {self.strangers} records that nobody sent"
        found = self.unexplained
        assert not found, f"{at}: neither a sender nor a kill explains duplicates of {len(found)}: {found[:20]}"


def judge(
    notes: Notes,
    came: Sequence[Arrival],
    lives: Sequence[Life],
    destination_kills: Sequence[float],
    *,
    forget_s: float = FORGET_S,
) -> Verdict:
    """Holds what arrived at one destination against what the senders know.

    `forget_s`: as FORGET_S; 0 for a destination that takes each entry of the journal once.
    """
    kills = [life.ended_s for life in lives if life.ended_s < float("inf")]
    times: defaultdict[str, list[float]] = defaultdict(list)
    verdict = Verdict()
    broken: set[str] = set()
    for arrival in came:
        note = notes.records.get(arrival.id)
        if note is None:
            verdict.strangers += 1
            continue
        if note.digest != arrival.digest:
            broken.add(arrival.id)
        times[arrival.id].append(arrival.at_s)
    owed = notes.owed()
    verdict.owed, verdict.arrived = len(owed), len(times)
    verdict.missing, verdict.broken = sorted(owed - times.keys()), sorted(broken)
    for identifier, at in times.items():
        if len(at) == 1:
            continue
        note = notes.records[identifier]
        verdict.duplicates += len(at) - 1
        verdict.resent += min(len(at), note.attempts) - 1
        copies = note.attempts + (_rereads(note, lives) if note.is_line else 0)
        again = sum(_followed(kills, one, forget_s) or _followed(destination_kills, one, ANSWER_LOST_S) for one in at)
        if len(at) > copies + again:
            since = [round(one - note.began_s, 2) for one in at]
            after = [round(one - note.began_s, 2) for one in kills if note.began_s - 5 < one < at[-1]]
            other = [round(one - note.began_s, 2) for one in destination_kills if note.began_s - 5 < one < at[-1]]
            verdict.unexplained.append(
                f"{identifier}: {note.attempts} attempts, came after {since} s; kills after {after} s, there {other} s"
            )
    return verdict


def _followed(kills: Sequence[float], at_s: float, within_s: float) -> bool:
    """Whether one of the kills came so soon after."""
    return within_s > 0 and bisect_right(kills, at_s + within_s) > bisect_left(kills, at_s)


def _rereads(note: Note, lives: Sequence[Life]) -> int:
    """How many kills came before logloom must have saved that it read the line: each life reads it anew until then."""
    count = 0
    for life in lives:
        if life.ended_s < note.began_s:
            continue
        if life.ready_s is not None and life.ended_s - max(life.ready_s, note.began_s) > REREAD_S:
            break
        count += 1
    return count
