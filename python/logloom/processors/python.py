"""`python`: a function of yours over each batch: it drops records, gives them attributes, or makes another batch.

The function is given a `logloom.Batch`, which pyarrow, polars, DuckDB and pandas read as a table (`docs/arrow.md`), and
answers None (all stays as it is), a mask of booleans, attributes by name with a value for each record, or a `Batch`. It
runs in a thread of its own, one batch at a time, and has `timeout` for each. `docs/python.md`.
"""

import ctypes
import importlib
import importlib.util
import queue
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Final, Literal

from logloom._native import Batch, Processor, python_processor
from logloom.config.fields import Bound, Seconds
from logloom.errors import ConfigError
from logloom.logs import Log, log_of
from logloom.telemetry import Metric, Point

Reply = Callable[[str, Any, float], None]
"""Takes which kind an answer is, what was answered, and the seconds of CPU that it took."""

LOG_EVERY_S: Final = 10.0
"""The least time between two lines in the log about a function that fails, in seconds."""


@dataclass(frozen=True, slots=True)
class Config:
    """Which function, and what becomes of a batch on which it fails.

    Attributes:
        module: The file that the function is in (`rules/shop.py`), or the module (`acme.rules`).
        function: Its name.
        timeout: The longest that it may take for a batch; it is interrupted then.
        on_error: What becomes of the records of a batch on which it fails or takes too long: `pass` (as they came, with
            the reason as the attribute `logloom.processor.error`), `ignore` (as they came), `drop`, or `dead_letter`
            (they go to `service.dead_letter_pipeline`).
    """

    module: str
    function: str = "process"
    timeout: Annotated[Seconds, Bound(0.001, 600)] = 1.0
    on_error: Literal["pass", "ignore", "drop", "dead_letter"] = "pass"

    def problems(self) -> Iterator[tuple[str, str]]:
        """Names that can be none."""
        if not self.function.isidentifier():
            yield "function", f"'{self.function}' is no name of a function"
        if not self.module.endswith(".py") and not all(part.isidentifier() for part in self.module.split(".")):
            yield "module", f"'{self.module}' is neither a file that ends in .py nor a module such as acme.rules"


def create(config: Config) -> Processor:
    """The core's, for one pipeline.

    Raises:
        ConfigError: There is no such function.
    """
    call = Call(_function(config), f"{config.module}:{config.function}", log_of("python"))
    return python_processor(call, timeout_s=config.timeout, on_error=config.on_error)


def metrics(identifier: str, config: Config, processor: Processor) -> Iterable[Metric]:
    """What the function cost in one pipeline so far."""
    labels = {"processor": identifier, "function": f"{config.module}:{config.function}"}
    told = {name: series[0][2] for name, _, _, series in processor.measured()}
    for name, unit, said in (
        ("calls", "{call}", "Batches given to a Python function."),
        ("failed", "{call}", "Batches on which a Python function failed or took too long."),
        ("timeouts", "{call}", "Batches for which a Python function took too long."),
        ("cpu", "s", "CPU time that a Python function took."),
    ):
        yield Metric(f"logloom_processor_python_{name}", "counter", unit, said, [Point(told[name], labels)])


def _function(config: Config) -> Callable[[Batch], Any]:
    try:
        is_file = config.module.endswith(".py")
        module = _of_file(Path(config.module)) if is_file else importlib.import_module(config.module)
    except Exception as error:
        msg = f"python: {config.module}: {_said(error)}"
        raise ConfigError(msg) from error
    function = getattr(module, config.function, None)
    if not callable(function):
        msg = f"python: {config.module}: no function '{config.function}'"
        raise ConfigError(msg)
    return function  # type: ignore[no-any-return]  # the user's, known to be callable alone


def _of_file(path: Path) -> ModuleType:
    # Under a name that no other module has: two files may have one name.
    spec = importlib.util.spec_from_file_location(f"logloom_python_{path.stem}_{abs(hash(path))}", path)
    if spec is None or spec.loader is None:
        raise ImportError
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickle look there
    spec.loader.exec_module(module)
    return module


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class Call:
    """One function on a thread of its own, which begins with the first batch and ends with this object."""

    def __init__(self, function: Callable[[Batch], Any], name: str, log: Log) -> None:
        """`name` stands for it in the log."""
        self._work = _Work(function, name, log)
        self._thread: threading.Thread | None = None
        weakref.finalize(self, self._work.jobs.put, None)

    def __call__(self, batch: Batch, reply: Reply) -> None:
        """Hand the batch to the thread; `reply` is called there."""
        self._work.jobs.put((batch, reply))
        if self._thread is None or not self._thread.is_alive():
            # The interpreter does not wait for it at its end: a function may never come back.
            self._thread = threading.Thread(target=self._work.run, name="python processor", daemon=True)
            self._thread.start()

    def interrupt(self) -> None:
        """Raise a TimeoutError where the function is. Code that is not Python's ends first."""
        if self._work.is_busy and self._thread is not None and self._thread.ident is not None:
            thread, error = ctypes.c_ulong(self._thread.ident), ctypes.py_object(TimeoutError)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, error)


class _Work:
    """What the thread does; it knows nothing of the `Call`, so that this can go."""

    def __init__(self, function: Callable[[Batch], Any], name: str, log: Log) -> None:
        self.jobs: queue.SimpleQueue[tuple[Batch, Reply] | None] = queue.SimpleQueue()
        self.is_busy = False
        self._function = function
        self._name = name
        self._log = log
        self._told = -LOG_EVERY_S

    def run(self) -> None:
        job: tuple[Batch, Reply] | None = None
        while True:
            try:
                job = self.jobs.get()
                if job is None:
                    return
                self._one(*job)
            except BaseException as error:  # noqa: BLE001 — an interruption that comes when the function has just ended
                self.is_busy = False
                if job is not None:
                    job[1]("error", _said(error), 0.0)  # where it was answered before, nobody hears it

    def _one(self, batch: Batch, reply: Reply) -> None:
        start = time.thread_time()
        try:
            self.is_busy = True
            try:
                kind, answer = _answer(self._function(batch), len(batch))
            finally:
                self.is_busy = False
        except BaseException as error:  # noqa: BLE001 — SystemExit, too: nothing of it may end the thread
            kind, answer = "error", _said(error)
            self._tell(error)
        reply(kind, answer, time.thread_time() - start)

    def _tell(self, error: BaseException) -> None:
        now = time.monotonic()
        if now - self._told >= LOG_EVERY_S:
            self._told = now
            self._log.error("a function failed", extra={"function": self._name, "why": _said(error)})


def _answer(answer: Any, records: int) -> tuple[str, Any]:
    """An answer as the core takes it.

    Raises:
        TypeError: It is nothing that is understood.
    """
    if answer is None:
        return "same", None
    if isinstance(answer, Batch):
        return "batch", answer
    if isinstance(answer, Mapping):
        return "columns", [(str(name), _values(values, records)) for name, values in answer.items()]
    if hasattr(answer, "to_pydict") or hasattr(answer, "to_dict"):
        table = answer.to_pydict() if hasattr(answer, "to_pydict") else answer.to_dict(as_series=False)
        return "columns", [(str(name), list(values)) for name, values in table.items()]
    mask = _values(answer, records)
    if not all(isinstance(stays, bool) for stays in mask):
        msg = "a mask is of booleans: True for each record that stays"
        raise TypeError(msg)
    return "mask", mask


def _values(values: Any, records: int) -> Sequence[Any]:
    """The values of an Arrow array, a series or a numpy array as Python's own; a text or a number is for all."""
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            return list(getattr(values, method)())
    if isinstance(values, str | bytes | bool | int | float):
        return [values] * records
    if isinstance(values, Iterable):
        return list(values)
    msg = f"{type(values).__name__} is neither None, a Batch, a mask of booleans nor attributes by name"
    raise TypeError(msg)
