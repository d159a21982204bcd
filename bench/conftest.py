"""The `measure` fixture: the answer first, then the time, then the floor or the table.

Plain `pytest bench` is the brief mode that CI runs: every answer is checked, and every ratio held above half of what is
recorded, best of three. With `--benchmark-enable` (`make bench`) each figure is timed properly and a table is printed;
`--record` then writes the ratios to recorded.json.
"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench import figures
from bench.figures import Result
from bench.measure import Measure

_results = pytest.StashKey[list[Result]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write the ratios measured to bench/recorded.json")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_results] = []


@pytest.fixture
def measure(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Measure:
    """See `Measure.__call__`."""
    return Measure(benchmark, request.config.stash[_results])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    results = config.stash[_results]
    if not results or not config.getoption("benchmark_enable"):
        return
    terminalreporter.section(
        "figures (best of all rounds; ratio = memcpy of the output + newline scan, over ours, CPU)"
    )
    terminalreporter.write_line(figures.table(results, figures.load()))
    if config.getoption("--record"):
        figures.record(results)
        terminalreporter.write_line(f"recorded in {figures.RECORDED}")
