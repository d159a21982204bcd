"""All components of a service: their tasks, how they are, and which of them keeps the service from starting."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TypeVar

from logloom.errors import ComponentError
from logloom.service._supervise import ComponentState, Kind, Unit

__all__ = ["Crew"]

U = TypeVar("U", bound=Unit)


class Crew:
    """The units that run, by what they are and their ids, each in a task. How they are may be asked from any thread."""

    def __init__(self) -> None:
        self._units: dict[tuple[Kind, str], tuple[Unit, asyncio.Task[None]]] = {}

    def start(self, units: Iterable[Unit]) -> None:
        """Run these."""
        for unit in units:
            self._units[unit.kind, unit.id] = (unit, asyncio.create_task(unit.run(), name=unit.name))

    async def up(self, units: Sequence[Unit], stopping: asyncio.Event) -> bool:
        """Wait until these came up; False where the service is to stop before.

        Raises:
            ComponentError: One of those that must does not.
        """
        waiting = [asyncio.create_task(event.wait()) for event in (stopping, *(unit.came_up for unit in units))]
        stop, *ups = waiting
        tasks = [self._units[unit.kind, unit.id][1] for unit in units]
        left = set(ups)
        try:
            while left and not stop.done():
                done, _ = await asyncio.wait([stop, *left, *tasks], return_when=asyncio.FIRST_COMPLETED)
                left -= done
                for task in tasks:
                    if task.done() and (error := task.exception()) is not None:
                        raise error
            return not stopping.is_set()
        finally:
            for waiter in waiting:
                waiter.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def tried(self, units: Iterable[Unit], stopping: asyncio.Event) -> None:
        """Wait until each of these came up or failed, or the service is to stop."""
        stop = asyncio.create_task(stopping.wait())
        left = {asyncio.create_task(unit.tried.wait()) for unit in units}
        try:
            while left and not stop.done():
                done, _ = await asyncio.wait([stop, *left], return_when=asyncio.FIRST_COMPLETED)
                left -= done
        finally:
            for waiter in (stop, *left):
                waiter.cancel()
            await asyncio.gather(stop, *left, return_exceptions=True)

    def of(self, cls: type[U]) -> dict[str, U]:
        """The units of one class, by id."""
        return {unit.id: unit for unit, _ in list(self._units.values()) if isinstance(unit, cls)}

    def states(self) -> list[ComponentState]:
        """How each is."""
        return [unit.state for unit, _ in list(self._units.values())]

    def failed(self) -> list[ComponentState]:
        """Those that do not run now, since they failed."""
        return [unit.state for unit, _ in list(self._units.values()) if unit.has_failed]

    def tasks(self, units: Iterable[Unit]) -> list[asyncio.Task[None]]:
        """Their tasks."""
        return [self._units[unit.kind, unit.id][1] for unit in units]

    async def stop(self, units: Sequence[Unit], timeout_s: float) -> list[ComponentError]:
        """Stop these, each within the time, or cut it off; what failed meanwhile. They stay, to be asked."""
        for unit in units:
            unit.stop()
        tasks = self.tasks(units)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            for unit, task in zip(units, tasks, strict=True):
                if task in late:
                    unit.log.warning("did not stop in time, and is cut off")
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        return [error for error in ended if isinstance(error, ComponentError)]

    async def cut(self, units: Sequence[Unit]) -> None:
        """End these at once: work that never ends by itself; they are no more."""
        for unit, task in zip(units, self.tasks(units), strict=True):
            unit.stop()
            task.cancel()
        await asyncio.gather(*self.tasks(units), return_exceptions=True)
        self.forget(units)

    def forget(self, units: Iterable[Unit]) -> None:
        """These are no more."""
        for unit in units:
            if self._units.get((unit.kind, unit.id), (None,))[0] is unit:
                del self._units[unit.kind, unit.id]

    async def end(self) -> None:
        """Cut off whatever still runs."""
        for unit, task in self._units.values():
            unit.stop()
            task.cancel()
        await asyncio.gather(*(task for _, task in self._units.values()), return_exceptions=True)
