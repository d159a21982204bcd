"""The bound on what is in hand: bytes that came, and are neither in the journal nor refused yet.

Each server has a `Room`, and all of them lie within the one of the process (`service.in_flight_mib`). Who finds no room
says "later" in its protocol's way. What takes up room and does not get on, because its sender is slow, or means harm,
gives way: those that have held most for longest are ended first, so that a client that sends what it has to say is
served whatever others do.
"""

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

__all__ = ["Guest", "Room"]

LOOK_EVERY_S: Final = 0.05
"""How often it is looked who gives way, at most, in seconds."""
FREED_SHARE: Final = 8
"""So large a part of the room, one of these, is made free at a time."""
READ_BYTES: Final = 64 << 10
"""What one that waits will read at once, when it is woken."""


class Room:
    """How many bytes may be in hand at once; for one event loop.

    Attributes:
        bytes_max: So many; one guest alone may have more: else what is larger would wait for ever.
        held_bytes: So many are.
        levels: This room, and those that it is a part of.
    """

    def __init__(self, bytes_max: int, within: "Room | None" = None) -> None:
        """`within`: a larger room, of which this is a part."""
        self.bytes_max = bytes_max
        self.held_bytes = 0
        self.levels: tuple[Room, ...] = (self, *(within.levels if within else ()))
        self._arriving: set[Guest] = set()
        self._waiting: deque[Callable[[], None]] = deque()
        self._looked_s = -LOOK_EVERY_S

    @property
    def free_bytes(self) -> int:
        """How many bytes there is room for, here and in the larger room; 0 also where more is held than may be."""
        return max(0, min(room.bytes_max - room.held_bytes for room in self.levels))

    def grow(self, more_bytes: int) -> None:
        """Make room for so many bytes more."""
        self.bytes_max += more_bytes

    def guest(self, give_way: Callable[[], None] | None = None) -> "Guest":
        """One request's or connection's share. `give_way` ends it while it is still arriving: see `Guest.arrived`."""
        return Guest(self.levels, give_way)

    def wait(self, wake: Callable[[], None]) -> None:
        """Call `wake` once there is room again."""
        short = next((room for room in self.levels if room.held_bytes >= room.bytes_max), self)
        short.queue(wake)

    def queue(self, wake: Callable[[], None]) -> None:
        """Call `wake` once there is room here again."""
        self._waiting.append(wake)

    def has(self, more_bytes: int, guest: "Guest") -> bool:
        """Whether there is room for so many bytes more of `guest`, if need be once others gave way."""
        return self._fits(more_bytes, guest) or self._make_way(more_bytes, guest)

    def change(self, more_bytes: int) -> None:
        """So many bytes more are held, or less."""
        self.held_bytes += more_bytes
        if more_bytes < 0:
            left_bytes = self.bytes_max - self.held_bytes
            while self._waiting and left_bytes > 0:
                left_bytes -= READ_BYTES
                self._waiting.popleft()()

    def comes(self, guest: "Guest") -> None:
        """`guest` is arriving."""
        self._arriving.add(guest)

    def goes(self, guest: "Guest") -> None:
        """It is no longer."""
        self._arriving.discard(guest)

    def _fits(self, more_bytes: int, guest: "Guest") -> bool:
        return self.held_bytes + more_bytes <= self.bytes_max or self.held_bytes == guest.bytes

    def _make_way(self, more_bytes: int, asker: "Guest") -> bool:
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return False
        self._looked_s = now_s
        if 2 * sum(guest.bytes for guest in self._arriving) < self.bytes_max:
            return False  # most of it waits for the journal: nobody is at fault
        wanted_bytes = more_bytes + self.bytes_max // FREED_SHARE
        for guest in sorted(self._arriving, key=lambda guest: guest.bytes * (now_s - guest.since_s), reverse=True):
            if guest is asker or self.held_bytes + wanted_bytes <= self.bytes_max:
                break
            guest.gives_way()
        return self._fits(more_bytes, asker)


class Guest:
    """One request's or connection's share of a room. As a context manager it leaves at the end.

    Attributes:
        bytes: How many bytes it holds.
        since_s: Since when it has been arriving, by the monotonic clock.
    """

    __slots__ = ("_give_way", "_is_arriving", "_levels", "bytes", "since_s")

    def __init__(self, levels: tuple[Room, ...], give_way: Callable[[], None] | None) -> None:
        self._levels = levels
        self._give_way = give_way
        self._is_arriving = False
        self.bytes = 0
        self.since_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def ends_by(self, give_way: Callable[[], None]) -> None:
        """While it is arriving, `give_way` ends it; for one that holds nothing yet."""
        self._give_way = give_way

    def take(self, more_bytes: int) -> bool:
        """Hold so many bytes more; False, and no more than before, where there is not the room."""
        for room in self._levels:
            if not room.has(more_bytes, self):
                return False
        self.count(self.bytes + more_bytes)
        return True

    def count(self, size_bytes: int) -> bool:
        """Hold so many bytes in all, which are in memory already; whether there was room for them."""
        more_bytes = size_bytes - self.bytes
        if more_bytes == 0:
            return True
        is_room = more_bytes < 0 or all(room.has(more_bytes, self) for room in self._levels)
        if not self._is_arriving and self._give_way is not None and self.bytes == 0:
            self._is_arriving, self.since_s = True, time.monotonic()
            for room in self._levels:
                room.comes(self)
        self.bytes = size_bytes
        if size_bytes == 0:
            self.arrived()
        for room in self._levels:
            room.change(more_bytes)
        return is_room

    def arrived(self) -> None:
        """All of it came: it need not give way any more, until it holds nothing and begins anew."""
        if self._is_arriving:
            self._is_arriving = False
            for room in self._levels:
                room.goes(self)

    def leave(self) -> None:
        """Hold nothing."""
        self.count(0)

    def gives_way(self) -> None:
        """End it: others need the room."""
        self.leave()
        if self._give_way is not None:
            self._give_way()
