"""The bound on what is in hand: bytes that came, and are neither in the journal nor refused yet.

Each server has a `Room`, and all of them lie within the one of the process (`service.in_flight_mib`), native servers'
among them: the core counts for all (`rust/server/src/room.rs`). Who finds no room says "later" in its protocol's way.
What takes up room and does not get on, because its sender is slow, or means harm, gives way: those that have held most
for longest are ended first, so that a client that sends what it has to say is served whatever others do.

What a room calls (`give_way`, `wake`) runs on the event loop on which it was handed over.
"""

from typing import Final

from logloom._native import Guest, Room

__all__ = ["READ_BYTES", "Guest", "Room"]

READ_BYTES: Final = 64 << 10
"""What one that waits will read at once, when it is woken: so many are woken as there is room for."""
