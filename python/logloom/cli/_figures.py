"""Figures as people read them, and tables of them."""

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["ago", "amount", "size", "sparkline", "table"]

_BARS: Final = " ▁▂▃▄▅▆▇█"


def amount(count: float) -> str:
    """`999`, `12.3k`, `4.5M`."""
    for unit, step in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= (1e4 if unit == "k" else step):
            return f"{count / step:.1f}{unit}"
    return f"{count:.0f}"


def size(bytes_: float) -> str:
    """`512 B`, `4.0 KiB`, `1.2 GiB`."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if bytes_ >= 1 << shift:
            return f"{bytes_ / (1 << shift):.1f} {unit}"
    return f"{bytes_:.0f} B"


def ago(seconds: float) -> str:
    """`0s`, `1.5s`, `3m20s`, `2h05m`, `4d03h`."""
    if seconds < 60:
        return f"{seconds:.1f}s" if 0 < seconds < 10 else f"{seconds:.0f}s"
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours == 0:
        return f"{minutes}m{int(seconds % 60):02}s"
    return f"{hours}h{minutes % 60:02}m" if hours < 24 else f"{hours // 24}d{hours % 24:02}h"


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as bars, the highest of them as the full height."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    return "".join(_BARS[math.ceil(8 * value / top) if top > 0 else 0] for value in shown).rjust(width)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int = 0) -> list[str]:
    """Lines, the first column to the left and the others to the right; none where there are no rows."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    if width and (over := sum(widths) + 2 * len(widths) - 2 - width) > 0:
        widths[0] = max(widths[0] - over, 8)

    def line(row: Sequence[str]) -> str:
        first = row[0] if len(row[0]) <= widths[0] else row[0][: widths[0] - 1] + "…"
        cells = [first.ljust(widths[0]), *(cell.rjust(to) for cell, to in zip(row[1:], widths[1:], strict=True))]
        return "  ".join(cells).rstrip()

    return ["", line(head), *map(line, rows)]
