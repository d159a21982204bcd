"""Runs the tests of a file."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from logloom.config import Config, load
from logloom.errors import LogloomError
from logloom.testing.cases import Case, Given, TestFile, read_file
from logloom.testing.compare import compare
from logloom.testing.report import Coverage
from logloom.testing.rig import Rig

__all__ = ["Result", "run_case", "run_file"]


@dataclass(slots=True)
class Result:
    """How a test ended.

    Attributes:
        file: The file of the test.
        name: The test's.
        took_s: How long it took, in seconds.
        failures: All that was otherwise, in texts of one or more lines; empty where it passed.
    """

    file: Path
    name: str
    took_s: float = 0.0
    failures: list[str] = field(default_factory=list)


def run_file(path: Path, coverage: Coverage, only: str = "") -> list[Result]:
    """Run the tests of a file whose names have `only` in them.

    Raises:
        ConfigError: The file, or the config that it names, cannot be read or is not in order.
    """
    file = read_file(path)
    config = config_of(file)
    return [run_case(path, config, case, coverage) for case in file.tests if only in case.name]


def config_of(file: TestFile) -> Config:
    """The config that it tests, with its own environment."""
    return load(*file.config, environment=file.environment)


def run_case(path: Path, config: Config, case: Case, coverage: Coverage | None = None) -> Result:
    """Run one test; what goes wrong on the way is a failure of it, too."""
    result, begun = Result(path, case.name), time.perf_counter()
    rig = Rig(config)
    try:
        for given in case.given:
            result.failures += _given(rig, given)
        rig.finish()
        came = rig.records()
        for exporter, expected in case.expect.items():
            if exporter not in came:
                result.failures.append(f"{exporter}: no such exporter runs in this config: there are {', '.join(came)}")
                continue
            found = compare(exporter, expected, came[exporter], exact=case.exact, any_order=case.any_order)
            result.failures += map(str, found)
        if coverage is not None:
            coverage.add(config, rig.counters(), came)
    except LogloomError as error:
        result.failures.append(str(error))
    finally:
        rig.close()
    result.took_s = time.perf_counter() - begun
    return result


def _given(rig: Rig, given: Given) -> list[str]:
    delivery = rig.give(given)
    if delivery.kind != "refuse":
        return [] if given.refused is None else [f"{given.receiver}: it was taken, and was to be refused"]
    if given.refused is None:
        return [f"{given.receiver}: refused: {delivery.why}"]
    if given.refused not in delivery.why:
        return [f"{given.receiver}: refused, but not because of '{given.refused}': {delivery.why}"]
    return []
