"""Tests of configs: what is given to a receiver, and which records come out of which exporter.

No socket is opened and nothing is written: the config's own Intake, with a journal in memory, is pushed to, and each
exporter's place in that journal is read. `logloom test` and the pytest plugin run the same. `docs/testing.md` describes
the files.
"""

from logloom.testing.cases import Case, Given, GivenError, TestFile, read_file
from logloom.testing.compare import Mismatch, compare
from logloom.testing.dry import differences, dry_run
from logloom.testing.report import Coverage, junit
from logloom.testing.rig import Rig
from logloom.testing.run import Result, run_case, run_file
from logloom.testing.steps import Step, decoded, steps

__all__ = [
    "Case",
    "Coverage",
    "Given",
    "GivenError",
    "Mismatch",
    "Result",
    "Rig",
    "Step",
    "TestFile",
    "compare",
    "decoded",
    "differences",
    "dry_run",
    "junit",
    "read_file",
    "run_case",
    "run_file",
    "steps",
]
