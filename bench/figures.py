"""The figures that logloom promises: their targets, and the ratios recorded for them."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.reference import Timed

RECORDED = Path(__file__).with_name("recorded.json")
"""Name of the figure to its ratio, from the machine that the README's figures come from."""

PAGE = RECORDED.parent.parent / "docs" / "figures.md"

FLOOR = 0.5
"""CI fails below this share of the recorded ratio: noise never blocks a change, a collapse does."""

FALL = 0.9
"""`make bench` points at every figure below this share of its recorded ratio."""


@dataclass(frozen=True)
class Figure:
    """One figure: what is measured, and what it must reach."""

    name: str
    what: str
    unit: str
    """What is counted: lines, spans, records."""
    target_per_s: float | None
    """Promised a second on one core (2.5 GHz); None where only the ratio is held."""
    keeps_original: bool | None
    """Whether the line as it came is in the record too; None where there is no such thing."""
    target_ratio: float | None = None
    """Promised as a ratio instead, to what its note names."""
    threads: int = 1
    held: bool = True
    """Whether the ratio is recorded and held; a rival's is its own affair."""


@dataclass(frozen=True)
class Result:
    """A figure as it came out."""

    figure: Figure
    ratio: float
    """What is recorded: the yardstick's time over ours, unless `note` says otherwise."""
    ours: Timed
    records: int
    bytes_in: int
    note: str = ""
    gain: float | None = None
    """What `target_ratio` is about, where it is not the ratio itself."""

    @property
    def seconds(self) -> float:
        """Of the one core that did it: CPU time, user and system. By the clock where threads shared the work."""
        return self.ours.cpu if self.figure.threads == 1 else self.ours.wall

    @property
    def per_second(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    def row(self, recorded: dict[str, float]) -> list[str]:
        """The cells of one line of the table that `make bench` prints."""
        before = recorded.get(self.figure.name)
        change = ("new" if self.figure.held else "") if before is None else f"{100 * (self.ratio / before - 1):+.0f} %"
        if before is not None and self.ratio < before * FALL:
            change += "  FALL"
        target = ""
        if self.figure.target_per_s is not None:
            reached = "met" if self.per_second >= self.figure.target_per_s else "MISSED"
            target = f"{self.figure.target_per_s / 1e6:.3g} M {reached}"
        elif self.figure.target_ratio is not None:
            gain = self.ratio if self.gain is None else self.gain
            reached = "met" if gain >= self.figure.target_ratio else "MISSED"
            target = f"{self.figure.target_ratio:g} x {reached}: {gain:.2f}"
        kept = {True: "kept", False: "not kept", None: ""}[self.figure.keeps_original]
        return [
            self.figure.what,
            f"{self.per_second / 1e6:.3f} M {self.figure.unit}/s",
            target,
            f"{self.bytes_in / self.seconds / 1e6:.0f} MB/s",
            f"{self.ours.cpu / self.records * 1e9:.0f} ns CPU",
            kept,
            f"{self.ratio:.3f}",
            change,
            self.note,
        ]


HEADINGS = ["figure", "reached", "target", "input", "a record", "original", "ratio", "to recorded", ""]


def table(results: list[Result], recorded: dict[str, float]) -> str:
    """All results, aligned."""
    rows = [HEADINGS, *(result.row(recorded) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def load() -> dict[str, float]:
    """The recorded ratios; empty before the first recording."""
    return dict(orjson.loads(RECORDED.read_bytes())) if RECORDED.exists() else {}


def record(results: list[Result]) -> None:
    """Writes the ratios of these results over the recorded ones, and the page of figures when all are there."""
    measured = {result.figure.name: round(result.ratio, 4) for result in results if result.figure.held}
    ratios = load() | measured
    RECORDED.write_bytes(orjson.dumps(ratios, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    if measured.keys() == ratios.keys():
        PAGE.write_text(_page(results))


def _page(results: list[Result]) -> str:
    rows = [[*result.row({})[:-2], result.note] for result in results]
    head = [*HEADINGS[:-2], ""]
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    cpu = next(
        (line.partition(":")[2].strip() for line in _CPUINFO.read_text().splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    return _PAGE.format(cpu=cpu, cores=os.cpu_count(), python=platform.python_version(), table="\n".join(lines))


_CPUINFO = Path("/proc/cpuinfo")

_PAGE = """# Figures

Written by `python bench/run.py --record`; `make bench` measures them anew and shows what fell by more than 10 %.

One core, in process, through Python (`logloom.parse(chunk).to_otlp()`), chunks of 1 MiB unless said otherwise, warm
buffers, the answer checked first; the best of all rounds on {cores} x {cpu}, Python {python}. The ratio is the time
for a memcpy of the output bytes and a newline scan of the input, in the same run, over ours: it is what CI holds (half
of it, best of three), because seconds differ between machines. "original" says whether the line as it came is in the
record as well. Seconds are CPU seconds, user and system, of the one core: what else
the machine did meanwhile hardly changes them. Two threads are timed by the clock, beside two of hashlib, which releases
the GIL as well and so tells what a second core was worth at that moment.

{table}
"""
