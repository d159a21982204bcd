"""`enrich`: puts on records what is known besides: constants, rows of lookup tables, the facts in a container's path.

An attribute that is there stays as it is, unless `overwrite`. Tables are CSV or JSON files; one that changes is read
again while records go on, and where the new one cannot be used, the old one stays and the log says why.
`docs/enrich.md`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from logloom._native import Processor, enrich_processor
from logloom.config.fields import Bound, Bytes, Seconds
from logloom.errors import ConfigError
from logloom.logs import log_of

Constant = str | bool | int | float
"""The value of a constant attribute."""

INT_LEAST, INT_MOST = -(1 << 63), (1 << 63) - 1
"""What OTLP's integers hold."""


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup table.

    Attributes:
        path: The file: CSV with a row of names, or JSON, an array of objects.
        format: `csv` or `json`; by the file's name where not given.
        keys: By attribute, the column in which its value is looked up. The record's attributes are asked, then its
            resource's; all must be there.
        attributes: By column, the attribute that its value becomes. Empty: all columns but the keys, under their names.
        to: Whether what is found becomes attributes of the record or of its resource.
        file_bytes_max: The largest file.
    """

    path: str
    keys: dict[str, str]
    format: Literal["csv", "json"] | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    to: Literal["record", "resource"] = "record"
    file_bytes_max: Annotated[Bytes, Bound(1, 256 << 20)] = 16 << 20

    def problems(self) -> Iterator[tuple[str, str]]:
        """What can be said before the file is read."""
        if not self.keys:
            yield "keys", "what is looked up: at least one attribute with its column, such as {service.name: service}"
        if self.format is None and not self.path.endswith((".csv", ".json")):
            yield "format", "is needed: the file's name ends neither in .csv nor in .json"


@dataclass(frozen=True, slots=True)
class Config:
    """What is put on records.

    Attributes:
        attributes: Constants, as attributes of every record.
        resource: Constants, as attributes of every resource.
        tables: Lookup tables by name, asked in this order, before the constants: these fill what no row gave.
        kubernetes: Whether paths of container logs tell the namespace, the pod, the container, its id and restarts.
        paths: The attributes, of a record or its resource, whose paths do that.
        overwrite: Whether an attribute that is there gets the new value.
        reload_interval: How often the files of tables are looked at.
    """

    attributes: dict[str, Constant] = field(default_factory=dict)
    resource: dict[str, Constant] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    kubernetes: bool = False
    paths: list[str] = field(default_factory=lambda: ["log.file.path", "log.file.path_resolved"])
    overwrite: bool = False
    reload_interval: Annotated[Seconds, Bound(0.01, 86400)] = 10.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """Something must be put on, and OTLP must hold it."""
        if not (self.attributes or self.resource or self.tables or self.kubernetes):
            yield (
                "attributes",
                "nothing is put on records: give some here, or 'resource', 'tables' or 'kubernetes: true'",
            )
        for section, constants in (("attributes", self.attributes), ("resource", self.resource)):
            for key, value in constants.items():
                if isinstance(value, int) and not INT_LEAST <= value <= INT_MOST:
                    yield f"{section}.{key}", "an integer of 64 bits, or a text in quotes"


def unusable(config: Config) -> Iterator[tuple[str, str]]:
    """What is wrong with the files of its tables, each as it is now: its place in the config, and why."""
    for name, table in config.tables.items():
        try:
            create(Config(tables={name: table}))
        except ConfigError as error:
            yield f"tables.{name}", str(error).removeprefix(f"enrich: tables.{name}: ")


def create(config: Config) -> Processor:
    """The core's, for one pipeline.

    Raises:
        ConfigError: A table that cannot be read.
    """
    log = log_of("enrich")

    def tell(table: str, rows: int, why: str | None) -> None:
        if why is None:
            log.info("read a table anew", extra={"table": table, "rows": rows})
        else:
            log.error("keeps a table as it was", extra={"table": table, "why": why})

    try:
        return enrich_processor(
            attributes=list(config.attributes.items()),
            resource=list(config.resource.items()),
            paths=config.paths if config.kubernetes else [],
            tables=[
                {
                    "name": name,
                    "path": table.path,
                    "is_json": (table.format or table.path.rpartition(".")[2]) == "json",
                    "keys": list(table.keys.items()),
                    "given": list(table.attributes.items()),
                    "to_resource": table.to == "resource",
                    "file_bytes_max": table.file_bytes_max,
                }
                for name, table in config.tables.items()
            ],
            overwrite=config.overwrite,
            reload_interval_s=config.reload_interval,
            tell=tell,
        )
    except ConfigError as error:
        msg = f"enrich: {error}"
        raise ConfigError(msg) from None
