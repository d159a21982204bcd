"""`routing`: hands each record on to the pipelines that a table of conditions says.

It is an exporter of the pipelines that it takes records from, and a receiver of all that its table names
(`docs/routing.md`). The table is read from the top. A condition in the Collector's language (OTTL) speaks of the
resource, or with `context: log` of the record; one under `when` is written as everywhere here (`docs/conditions.md`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from logloom._native import check_route
from logloom.errors import ConfigError

__all__ = ["Config", "Route", "create"]

ROUTES_MAX: Final = 512
"""The most rows of one table."""

_REQUEST: Final = (
    "of a request only its tenant and identity are kept beside the records: write 'when: tenant == \"acme\"' in place "
    "of context and condition, and let the receiver read the tenant (docs/routing.md)"
)


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the table: whoever meets its condition goes to its pipelines.

    Attributes:
        pipelines: The pipelines; each has this connector among its receivers.
        when: The condition, in this program's language, such as `tenant == "acme"`.
        condition: The condition, in the Collector's language (OTTL).
        statement: The same after `route() where`.
        context: What the condition or statement speaks of: `resource` or `log`.
        name: What counts call it; its place in the table where not given.
    """

    pipelines: list[str] = field(default_factory=list)
    when: str | None = None
    condition: str | None = None
    statement: str | None = None
    context: Literal["resource", "log", "request", "span", "metric", "datapoint"] = "resource"
    name: str = ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """One condition, that can be read, and a way on."""
        given = [key for key in ("when", "condition", "statement") if getattr(self, key) is not None]
        if len(given) != 1:
            yield (given[1] if given else ""), "a route has one of 'when', 'condition' and 'statement'"
        if not self.pipelines:
            yield "pipelines", "empty: a route leads to at least one pipeline"
        if self.context == "request":
            yield "context", _REQUEST
        elif self.context not in ("resource", "log"):
            yield "context", f"a record has a resource and is a log here, no {self.context}: write 'resource' or 'log'"
        elif len(given) == 1:
            try:
                check_route(self.text, self.kind)
            except ConfigError as error:
                yield given[0], str(error)

    @property
    def text(self) -> str:
        """The condition, however it is written."""
        return next((text for text in (self.when, self.condition, self.statement) if text is not None), "")

    @property
    def kind(self) -> str:
        """How it is written, as the core is told: `own`, or of which context."""
        return "own" if self.when is not None else self.context


@dataclass(frozen=True, slots=True)
class Config:
    """Which records go where.

    Attributes:
        table: The routes, in this order.
        default_pipelines: The pipelines of records that no route takes; without them such records are dropped, and
            counted.
        match_once: Whether a record takes the first route that it meets and no other, as in the Collector since
            0.116; `false`: all that it meets.
        error_mode: What the Collector does where a condition fails. None fails here: one that does not fit a record
            does not hold.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {}

    table: list[Route]
    default_pipelines: list[str] = field(default_factory=list)
    match_once: bool = True
    error_mode: Literal["propagate", "ignore", "silent"] = "propagate"

    def problems(self) -> Iterator[tuple[str, str]]:
        """A table has rows, and names tell them apart."""
        if not self.table:
            yield "table", "empty: give routes; a connector that hands on everything is 'forward'"
        if len(self.table) > ROUTES_MAX:
            yield "table", f"has at most {ROUTES_MAX} routes"
        names = [route.name for route in self.table if route.name]
        if twice := sorted({name for name in names if names.count(name) > 1 or name == "default"}):
            yield "table", f"these names do not tell routes apart: {', '.join(twice)}"

    def notes(self) -> Iterator[tuple[str, str]]:
        """What an operator should know."""
        if not self.default_pipelines and not any(route.text.split() == ["route()"] for route in self.table):
            yield "", "records that no route takes are dropped, and counted: 'default_pipelines' says where they go"


def create(config: Config, behind: Sequence[str]) -> dict[str, Any]:
    """What the core is told; `behind`: the pipelines that have it as a receiver, to no other it hands on."""
    routes = [
        {
            "name": route.name or f"table[{place}]",
            "when": (route.text, route.kind),
            "pipelines": [name for name in route.pipelines if name in behind],
        }
        for place, route in enumerate(config.table)
    ]
    default = [name for name in config.default_pipelines if name in behind]
    return {"routes": routes, "default": default, "is_first": config.match_once}
