"""One component that runs, and runs again where it failed: after a while, which grows; told in the log, and shown."""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Final, Literal

from logloom.config import Retry
from logloom.errors import ComponentError, LogloomError
from logloom.exporters._patience import Patience
from logloom.logs import log_of

__all__ = ["RESTART", "ComponentState", "Kind", "State", "Unit"]

RESTART: Final = Retry(initial_interval=1.0, max_interval=60.0, max_elapsed_time=0.0)
"""When a component that failed starts again: after a second, then ever later, for ever."""

Kind = Literal["receiver", "processor", "exporter", "extension", "service"]
State = Literal["starting", "running", "waiting", "stopping", "stopped"]
"""`waiting`: it failed, and starts again after a while."""


@dataclass(frozen=True, slots=True)
class ComponentState:
    """How a component is.

    Attributes:
        id: As in the config.
        kind: `receiver`, `processor`, `exporter`, `extension`; or `service`, what belongs to all of them.
        state: `starting`, `running`, `waiting` (it failed, and starts again after a while), `stopping`, `stopped`.
        since_unix_s: Since when it is so.
        restarts: How often it was started again since it failed.
        last_error: Why it failed last; empty where it never did.
    """

    id: str
    kind: Kind
    state: State
    since_unix_s: float
    restarts: int
    last_error: str


class Unit:
    """A component in the service's hands. Whoever builds on this says in `once` how it runs once.

    Attributes:
        kind: What it is.
        id: As in the config.
        stopping: Set when it is to stop: it is not started again then.
        came_up: Set once it was up for the first time.
        tried: Set once it was up, or failed, for the first time.
        must_start: Whether it is a failure of the service that it does not come up the first time.
    """

    kind: Kind

    def __init__(self, identifier: str, restart: Retry = RESTART, *, must_start: bool = False) -> None:
        self.id = identifier
        self.stopping = asyncio.Event()
        self.came_up = asyncio.Event()
        self.tried = asyncio.Event()
        self.must_start = must_start
        self.log = log_of(identifier)
        self._restart = restart
        self._state: State = "starting"
        self._since_unix_s = time.time()
        self._restarts = 0
        self._last_error = ""
        self._up_s: float | None = None

    @property
    def name(self) -> str:
        """What it is called in an error: `receiver otlp`."""
        return f"{self.kind} {self.id}"

    @property
    def state(self) -> ComponentState:
        """How it is."""
        return ComponentState(self.id, self.kind, self._state, self._since_unix_s, self._restarts, self._last_error)

    @property
    def has_failed(self) -> bool:
        """Whether it does not run now, since it failed."""
        return self._state == "waiting" or (self._state == "starting" and bool(self._last_error))

    async def once(self) -> None:
        """Build it, run it, take it down; it calls `up` once it works."""
        raise NotImplementedError

    def up(self) -> None:
        """It works."""
        self._be("running")
        self._up_s = time.monotonic()
        self.came_up.set()
        self.tried.set()
        if self._restarts:
            self.log.info("runs again", extra={"restarts": self._restarts})

    def stop(self) -> None:
        """It is to stop."""
        self.stopping.set()
        if self._state in ("starting", "running"):
            self._be("stopping")

    async def run(self) -> None:
        """Run it until it is to stop, again and again where it fails.

        Raises:
            ComponentError: It failed when it was to start for the first time, or to stop.
        """
        patience = Patience(self._restart)
        try:
            while not self.stopping.is_set():
                self._be("starting")
                self._up_s = None
                error = await self._error_of_one()
                if error is None:
                    return
                if self.stopping.is_set() or (self.must_start and not self.came_up.is_set()):
                    raise error
                if self._was_up_s() >= self._restart.max_interval:
                    patience.renew()
                await self._rest(patience.next_wait_s(0.0))
        finally:
            self._be("stopped")

    async def _error_of_one(self) -> ComponentError | None:
        """Run it once: why it failed; None where it was to stop."""
        try:
            await self.once()
        # A bug of one component ends none of the others.
        except Exception as error:
            if not isinstance(error, LogloomError | OSError):  # a bug: its place is needed
                logging.getLogger("logloom").exception("unexpected failure")
            self._last_error = str(error) or type(error).__name__
            # Without its cause, whose traceback would hold on to all that the component had.
            return ComponentError(f"{self.name}: {self._last_error}")
        if self.stopping.is_set():
            return None
        self._last_error = "ended by itself, which none should"
        return ComponentError(f"{self.name}: {self._last_error}")

    def _was_up_s(self) -> float:
        return 0.0 if self._up_s is None else time.monotonic() - self._up_s

    async def _rest(self, wait_s: float) -> None:
        self._be("waiting")
        self.tried.set()
        self._restarts += 1
        told = {"why": self._last_error, "restarts": self._restarts, "again_in_s": wait_s}
        self.log.error("failed, and starts again", extra={"kind": self.kind, **told})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self.stopping.wait()

    def _be(self, state: State) -> None:
        if state != self._state:
            self._state, self._since_unix_s = state, time.time()
