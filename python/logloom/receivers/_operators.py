"""How a file's lines are read: by a format, or by the Collector's operators."""

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, get_args

import orjson

from logloom.config import FormatOptions, Seconds, format_problems

if TYPE_CHECKING:
    from logloom.receivers.filelog import Config

__all__ = ["Lines"]

CONTAINERS: Final = {"auto", "cri", "docker"}
"""Formats that read what the operator `container` alone does."""
LINES: Final = {"auto", "text"}
"""Formats that leave a line to the operators."""
UNIT: Final = get_args(Seconds)[1]
ENV: Final = re.compile(r"""\benv\(\s*\\?["'](\w+)""")
FLUSH_S: Final = 5.0
"""How long `recombine` waits where it does not say."""


class Lines:
    """What the config says of the lines.

    Attributes:
        is_chained: Whether they go through operators.
        format: What reads them.
    """

    def __init__(self, config: "Config") -> None:
        self._config = config
        operators = [one if isinstance(one, dict) else {} for one in config.operators]
        for_containers = config.format in CONTAINERS and all(one.get("type") == "container" for one in operators)
        self.is_chained = bool(operators) and not for_containers
        self._operators: list[dict[str, Any]] = operators if self.is_chained else []
        self.format = "operators" if self.is_chained else config.format

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong with them."""
        if self.is_chained and self._config.format not in LINES:
            yield "format", "stands beside 'operators', which read the lines themselves: leave out one of them"
        else:
            yield from format_problems(self.format, self.options())

    def options(self) -> FormatOptions:
        """The options of the format."""
        options = self._config.format_options()
        if self.is_chained:
            computed = {key: value for key, value in self._config.resource.items() if "EXPR(" in value}
            config = self._config
            texts = [*config.operators, *config.attributes.values(), *computed.values()]
            chain = {
                "operators": config.operators,
                "attributes": config.attributes,
                "resource": computed,
                "environment": _environment(_json(texts)),
                "preserve_leading_whitespaces": config.preserve_leading_whitespaces,
                "preserve_trailing_whitespaces": config.preserve_trailing_whitespaces,
            }
            options["operators"] = _json(chain)
        return options

    def attributes(self) -> dict[str, str]:
        """Attributes that each record gets behind all else; operators set them before all else."""
        return {} if self.is_chained else self._config.attributes

    def resource(self, path: str) -> dict[str, str]:
        """The attributes of the resource of what is read at this path; none: of what is read anywhere."""
        known = self._config.known_of(path) if path else {}
        if not self.is_chained:
            return self._config.resource | known
        if not any(
            one.get("type") == "container" and one.get("add_metadata_from_filepath", True) for one in self._operators
        ):
            known = {key: value for key, value in known.items() if key.startswith("log.file.")}
        return {key: value for key, value in self._config.resource.items() if "EXPR(" not in value} | known

    def flush_after_s(self) -> float:
        """How long a file is silent before what waits of it is taken as it is; 0: for ever."""
        period_s = self._config.force_flush_period
        waits = [one.get("force_flush_period", FLUSH_S) for one in self._operators if one.get("type") == "recombine"]
        return max([period_s, *(_seconds(wait) for wait in waits)]) if period_s else period_s


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _environment(text: str) -> dict[str, str]:
    """The variables that expressions ask for; the core reads none itself."""
    return {name: os.environ.get(name, "") for name in ENV.findall(text)}


def _seconds(wait: object) -> float:
    """A period of an operator; what is none, the core has refused."""
    try:
        return float(UNIT.read(str(wait)))
    except ValueError:
        return FLUSH_S
