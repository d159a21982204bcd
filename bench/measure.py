"""Taking the time of one figure, properly or briefly."""

from collections.abc import Callable
from typing import TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

from bench import figures
from bench.figures import FLOOR, Figure, Result
from bench.reference import Compared, Reference, Timed, compare, timed

SECONDS_A_FIGURE = 2.0
ROUNDS_MIN, ROUNDS_MAX = 7, 400
TRIES = 3


class Measure:
    """Times figures: properly with pytest-benchmark enabled, else briefly against the floor."""

    def __init__(self, benchmark: BenchmarkFixture, results: list[Result]) -> None:
        self._benchmark = benchmark
        self._results = results

    @property
    def brief(self) -> bool:
        """Whether only answers and floors are asked for."""
        return not self._benchmark.enabled

    def __call__(
        self,
        figure: Figure,
        work: Callable[[], object],
        *,
        data: bytes,
        records: int,
        output_bytes: int,
        note: str = "",
    ) -> Result:
        """`work` turns `data` into `records` records in `output_bytes` bytes; its answer has been checked."""
        reference = Reference(data, output_bytes)
        if self.brief:
            self._benchmark.pedantic(work, rounds=1)  # type: ignore[no-untyped-call]
            compared = hold(figure, lambda seconds: compare(work, reference, seconds), lambda found: found.ratio)
        else:
            compared = _timed(self._benchmark, work, reference)
        return self.keep(Result(figure, compared.ratio, compared.ours, records, len(data), note))

    def keep(self, result: Result, work: Callable[[], object] | None = None) -> Result:
        """A result for the table. `work` is what pytest-benchmark is to time where the figure was taken otherwise."""
        if work is not None:
            self._benchmark.pedantic(work, rounds=ROUNDS_MIN)  # type: ignore[no-untyped-call]
        self._benchmark.extra_info.update(ratio=result.ratio, per_second=result.per_second)
        self._results.append(result)
        return result


T = TypeVar("T")


def hold(figure: Figure, again: Callable[[float], T], ratio: Callable[[T], float]) -> T:
    """Asserts that the ratio stays above half of the recorded one, best of three; `again` measures for some seconds."""
    floor = figures.load().get(figure.name, 0.0) * FLOOR
    best = again(0.0)
    for _ in range(TRIES - 1):
        if ratio(best) >= floor:
            break
        best = max(best, again(0.2), key=ratio)
    assert ratio(best) >= floor, (
        f"{figure.what}: ratio {ratio(best):.4f}, below half of the recorded {floor / FLOOR:.4f} in {TRIES} tries. "
        "A slower machine does not explain that, for the yardstick ran beside it: compare `make bench` without "
        "and with the change."
    )
    return best


def _timed(benchmark: BenchmarkFixture, work: Callable[[], object], reference: Reference) -> Compared:
    best = compare(work, reference, 0)
    ours: list[Timed] = []

    def between() -> None:  # the yardstick runs between the rounds, so that noise meets both alike
        nonlocal best
        best = best.better(Compared(ours[-1] if ours else best.ours, timed(reference.copy), timed(reference.scan)))

    rounds = min(max(int(SECONDS_A_FIGURE / best.ours.wall), ROUNDS_MIN), ROUNDS_MAX)
    benchmark.pedantic(lambda: ours.append(timed(work)), setup=between, rounds=rounds)  # type: ignore[no-untyped-call]
    between()
    return best
