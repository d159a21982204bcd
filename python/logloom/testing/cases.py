"""A file of tests: `NAME.test.yaml`, beside the config `NAME.yaml`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from logloom.config.read import Reader
from logloom.config.typed import FILE_BYTES_MAX, Typed, read_yaml
from logloom.errors import ConfigError, InvalidConfigError, LogloomError

__all__ = ["SUFFIXES", "Case", "Given", "GivenError", "TestFile", "read_file"]

SUFFIXES: Final = (".test.yaml", ".test.yml")
"""What the names of such files end with."""


class GivenError(LogloomError):
    """What a test gives cannot be pushed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one receiver gets.

    Attributes:
        receiver: Its id in the config.
        lines: Lines, as a text or a list, of what reads lines (files, connections, lines inside a push).
        body: A whole message: a text as it is; a map or a list becomes JSON, or what the protocol has in its place.
        base64: A whole message of any bytes.
        serialization: How `body` or `base64` is written, where the protocol has several ways.
        path: The file's path, or the path of the request.
        peer: Who sends it; a file's path where there is one.
        identity: Whom the sender has shown to be.
        tenant: Whose records these are.
        resource: What the channel knows of the resource.
        refused: A part of the reason for which it must be refused; None: it must be taken.
    """

    receiver: str
    lines: str | list[str] | None = None
    body: Any = None
    base64: str | None = None
    serialization: Literal["json", "proto", "thrift", "text"] | None = None
    path: str = ""
    peer: str = ""
    identity: str = ""
    tenant: str = ""
    resource: dict[str, str] = field(default_factory=dict)
    refused: str | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """One of the three."""
        if sum(part is not None for part in (self.lines, self.body, self.base64)) != 1:
            yield "", "give one of 'lines', 'body' and 'base64'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test.

    Attributes:
        name: What it shows.
        given: What is pushed, in this order.
        expect: By an exporter's id: its records, in order, or how many they are. Of a record what is named counts:
            the rest may be anything. Exporters that are not named may have anything.
        exact: Whether records must have nothing else.
        any_order: Whether the records of an exporter may come in any order.
    """

    name: str
    given: list[Given]
    expect: dict[str, Any]
    exact: bool = False
    any_order: bool = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """Something must be given and expected, each in its shape."""
        if not self.given:
            yield "given", "empty: give a receiver something"
        if not self.expect:
            yield "expect", "empty: name an exporter, with its records or their number"
        for exporter, expected in self.expect.items():
            if expected is None or (isinstance(expected, int) and not isinstance(expected, bool) and expected >= 0):
                continue
            if not isinstance(expected, list) or not all(isinstance(record, dict) for record in expected):
                yield f"expect.{exporter}", "expected a list of records, each a map, or how many they are"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFile:
    """A file of tests.

    Attributes:
        config: The config's files, beside this one; by default this one's name without `.test`.
        environment: What `${env:NAME}` is in the config; the process's environment is not read.
        tests: The tests.
    """

    __test__ = False  # no test itself, whatever its name begins with

    config: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    tests: list[Case] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """There are tests, and each has a name of its own."""
        if not self.tests:
            yield "tests", "there are none"
        names = set[str]()
        for place, case in enumerate(self.tests):
            if case.name in names:
                yield f"tests[{place}].name", f"'{case.name}' a second time"
            names.add(case.name)


class _Reader(Reader):
    """What stands in a test stands for itself: a log may have `${…}` in it."""

    def __init__(self) -> None:
        super().__init__({})

    def resolve(self, typed: Typed) -> Typed:
        return typed


def read_file(path: Path) -> TestFile:
    """Read a file of tests, of at most 1 MiB; the config's files become paths beside it.

    Raises:
        ConfigError: It cannot be read.
        InvalidConfigError: All that is wrong with it.
    """
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES_MAX + 1).decode(errors="replace")
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(msg) from error
    reader = _Reader()
    read = reader.fields(TestFile, read_yaml(text, str(path)))
    if read is None or reader.problems:
        raise InvalidConfigError(str(path), reader.problems)
    names = read.config or [_config_of(path)]
    beside = [str(path.parent / name) for name in names]
    return TestFile(config=beside, environment=read.environment, tests=read.tests)


def _config_of(path: Path) -> str:
    name = path.name
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix) + suffix.removeprefix(".test")
    msg = f"{path}: name its 'config', or name the file like it: NAME.test.yaml beside NAME.yaml"
    raise ConfigError(msg)
