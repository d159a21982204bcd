"""The pytest plugin: collects `*.test.yaml`, and gives tests in Python a `logloom_rig`.

pytest finds it by itself where logloom is installed. It loads nothing of logloom before there is something to run.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from logloom.config import Config
    from logloom.testing.cases import Case
    from logloom.testing.rig import Rig

SUFFIXES = (".test.yaml", ".test.yml")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ConfigFile | None":
    """Files of tests beside configs."""
    if not file_path.name.endswith(SUFFIXES) or not _is_ours(file_path):
        return None
    return ConfigFile.from_parent(parent, path=file_path)


def _is_ours(path: Path) -> bool:
    """Others use the suffix, too: ours have `tests`, each with something given."""
    with path.open("rb") as file:
        text = file.read(1 << 20)
    return b"tests:" in text and b"given:" in text


class ConfigFile(pytest.File):
    """A file of tests."""

    def collect(self) -> Iterator["ConfigItem"]:
        """Its tests."""
        from logloom.testing.cases import read_file
        from logloom.testing.run import config_of

        file = read_file(self.path)
        config = config_of(file)
        for case in file.tests:
            yield ConfigItem.from_parent(self, name=case.name, tested=config, case=case)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ARG002 — as pytest calls it
        """What is wrong with a file is said in its own words."""
        from logloom.errors import LogloomError

        return str(excinfo.value) if isinstance(excinfo.value, LogloomError) else super().repr_failure(excinfo)


class ConfigItem(pytest.Item):
    """A test."""

    def __init__(self, *, tested: "Config", case: "Case", **known: Any) -> None:
        super().__init__(**known)
        self._tested = tested
        self._case = case

    def runtest(self) -> None:
        """Run it."""
        from logloom.testing.run import run_case

        if failures := run_case(self.path, self._tested, self._case).failures:
            raise UnexpectedError("\n".join(failures))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The differences, and no stack."""
        return (
            str(excinfo.value) if isinstance(excinfo.value, UnexpectedError) else super().repr_failure(excinfo, style)
        )

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it stands."""
        return self.path, None, self.name


class UnexpectedError(Exception):
    """Records are not as expected."""


@pytest.fixture
def logloom_rig() -> Iterator[Callable[..., "Rig"]]:
    """Makes a Rig of a config's files, or of its text: `logloom_rig("mesh.yaml")`, `logloom_rig(text="…")`."""
    from logloom.config import load, loads
    from logloom.testing.rig import Rig

    made: list[Rig] = []

    def rig(*files: str | Path, text: str = "", environment: dict[str, str] | None = None) -> Rig:
        config = loads(text, environment=environment or {}) if text else load(*files, environment=environment or {})
        made.append(Rig(config))
        return made[-1]

    yield rig
    for one in made:
        one.close()
