"""The `measure` fixture: the answer first, then the time, then the floor or the table.

Plain `pytest bench` is the brief mode that CI runs: every answer is checked, and every ratio held above half of what is
recorded, best of three. With `--benchmark-enable` (`make bench`) each figure is timed properly and a table is printed;
`--record` then writes the ratios to recorded.json.
"""

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench import figures
from bench.figures import FLOOR, Figure, Result
from bench.reference import Compared, Reference, Timed, compare, timed

SECONDS_A_FIGURE = 2.0
ROUNDS_MIN, ROUNDS_MAX = 7, 400
TRIES = 3

_results = pytest.StashKey[list[Result]]()

Measure = Callable[..., Result]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write the ratios measured to bench/recorded.json")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_results] = []


@pytest.fixture
def measure(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Measure:
    """Times one figure; see `Measure`'s parameters below."""

    def run(
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
        if benchmark.enabled:
            compared = _timed(benchmark, work, reference)
        else:
            benchmark.pedantic(work, rounds=1)  # type: ignore[no-untyped-call]
            compared = _floor(figure, work, reference)
        result = Result(figure, compared, records, len(data), note)
        benchmark.extra_info.update(ratio=compared.ratio, per_second=result.per_second)
        request.config.stash[_results].append(result)
        return result

    return run


def _timed(benchmark: BenchmarkFixture, work: Callable[[], object], reference: Reference) -> Compared:
    copies: list[Timed] = []
    scans: list[Timed] = []

    def between() -> None:  # the yardstick runs between the rounds, so that noise meets both alike
        copies.append(timed(reference.copy))
        scans.append(timed(reference.scan))

    once = compare(work, reference, 0)
    rounds = min(max(int(SECONDS_A_FIGURE / once.ours.wall), ROUNDS_MIN), ROUNDS_MAX)
    benchmark.pedantic(work, setup=between, rounds=rounds)  # type: ignore[no-untyped-call]
    assert benchmark.stats is not None
    quiet = min((timed(work) for _ in range(5)), key=lambda run: run.cpu)
    ours = Timed(min(benchmark.stats.stats.min, once.ours.wall), quiet.cpu)
    fastest = {"key": lambda run: run.wall}
    return Compared(ours, min(copies, **fastest), min(scans, **fastest))


def _floor(figure: Figure, work: Callable[[], object], reference: Reference) -> Compared:
    floor = figures.load().get(figure.name, 0.0) * FLOOR
    best = compare(work, reference, 0)
    for _ in range(TRIES - 1):
        if best.ratio >= floor:
            break
        again = compare(work, reference, 0.2)
        best = again if again.ratio > best.ratio else best
    assert best.ratio >= floor, (
        f"{figure.what}: ratio {best.ratio:.4f}, below half of the recorded {floor / FLOOR:.4f} in {TRIES} tries. "
        "A slower machine does not explain that, for the yardstick ran beside it: compare `make bench` without "
        "and with the change."
    )
    return best


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    results = config.stash[_results]
    if not results or config.getoption("benchmark_disable", default=False):
        return
    terminalreporter.section("figures (best of all rounds; ratio = memcpy of the output + newline scan, over ours)")
    terminalreporter.write_line(figures.table(results, figures.load()))
    if config.getoption("--record"):
        figures.record(results)
        terminalreporter.write_line(f"recorded in {figures.RECORDED}")
