"""The exceptions of logloom. The type says what to do, the text says where, what, and the way out.

```
LogloomError
├── ConfigError           what was asked for cannot be: change the config, the format string, the option
│   └── InvalidConfigError    all problems of one config file at once, each with its place
├── DataError             these bytes cannot be read: sending them again changes nothing
├── LimitError            over a bound: send less at once, or raise the bound that the text names
├── RetryError            not now: the same may be sent again, after `after_s` seconds
│   └── DestinationError      not like this: the credentials or the address are wrong, whatever is sent
├── RefuseError           never: the destination does not want these records, whatever is done
└── ServiceError          the collector cannot start, or cannot go on
    ├── DataFolderError       the data folder cannot be used: another process has it, or rights are missing
    └── ComponentError        a receiver or an exporter failed; its id is in the text
```
"""

from dataclasses import dataclass

from logloom._native import ConfigError, DataError, LimitError, LogloomError

__all__ = [
    "ComponentError",
    "ConfigError",
    "DataError",
    "DataFolderError",
    "DestinationError",
    "InvalidConfigError",
    "LimitError",
    "LogloomError",
    "Problem",
    "RefuseError",
    "RetryError",
    "ServiceError",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a config.

    Attributes:
        line: Its line, counted from 1.
        path: Where in the config, as in `receivers.filelog/mesh.format`; empty for the whole file.
        what: What is wrong, and the way out.
        file: Where it stands, if that is another file than the one that was asked for.
    """

    line: int
    path: str
    what: str
    file: str = ""


class InvalidConfigError(ConfigError):
    """All problems of one config file; its text has one line for each, in the order of the file."""

    PROBLEMS_MAX = 100
    """The most problems that the text lists; `problems` has them all."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        """Sort the problems by file and line; `file` is the name to print before each that has none of its own."""
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line)))
        lines = [
            f"{problem.file or file}:{problem.line}: {problem.path}{': ' if problem.path else ''}{problem.what}"
            for problem in self.problems[: self.PROBLEMS_MAX]
        ]
        if (more := len(self.problems) - self.PROBLEMS_MAX) > 0:
            lines.append(f"{file}: and {more} more")
        super().__init__("\n".join(lines))


class RetryError(LogloomError):
    """What was sent was not taken, nothing of it; the same may be sent again."""

    def __init__(self, why: str, after_s: float = 0.0) -> None:
        """`after_s`: seconds that the destination asks to wait; 0.0 where it named none."""
        super().__init__(why)
        self.after_s = after_s


class DestinationError(RetryError):
    """The destination takes nothing from us as things stand, whatever is sent: a wrong password, a wrong address.

    Nothing is wrong with the records, so they wait, however long it takes until somebody puts it right.
    """


class RefuseError(LogloomError):
    """What was sent was not taken and never will be."""

    def __init__(self, why: str, *, is_sure: bool = True) -> None:
        """`is_sure`: False where the answer does not tell whether the records are to blame; it is tried again first."""
        super().__init__(why)
        self.is_sure = is_sure


class ServiceError(LogloomError):
    """The collector cannot start, or cannot go on."""


class DataFolderError(ServiceError):
    """The data folder cannot be used."""


class ComponentError(ServiceError):
    """A component cannot start, or failed."""
