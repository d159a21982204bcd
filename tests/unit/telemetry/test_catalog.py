"""The catalogue, and the page that tells it."""

import re
import sys
from pathlib import Path

from logloom.telemetry.catalog import CATALOG, Numbers
from logloom.telemetry.metric import Point

PAGE = Path(__file__).resolve().parents[3] / "docs" / "telemetry.md"
ROW = re.compile(r"^\| `((?:otelcol|logloom)_\w+)` \|.*\n", re.MULTILINE)


def rows(prefix: str) -> str:
    """The rows of the page's table of metrics whose names begin so."""
    return "".join(
        f"| `{it.name}` | {it.kind} | {f'`{it.unit}`' if it.unit else ''} "
        f"| {', '.join(f'`{label}`' for label in it.labels)} | {it.help} |\n"
        for it in CATALOG.values()
        if it.name.startswith(prefix)
    )


def test_the_page_tells_each_and_no_other() -> None:
    """`python tests/unit/telemetry/test_catalog.py` writes the page's tables anew."""
    page = PAGE.read_text("utf-8")
    assert "".join(match[0] for match in ROW.finditer(page)) == rows("otelcol_") + rows("logloom_")


def test_the_page_names_none_that_there_is_not() -> None:
    named = re.findall(r"\b(?:otelcol|logloom)_[a-z_]+", PAGE.read_text("utf-8"))
    assert {name.removesuffix("_bucket") for name in named} == set(CATALOG)


def test_names_are_well_formed() -> None:
    for name, it in CATALOG.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name), name
        assert not name.endswith("_total"), name
        assert it.help.endswith("."), name
        unit = {"s": "_seconds", "By": "_bytes"}.get(it.unit, "")
        assert name.startswith("otelcol_") or name.endswith(unit), name


def test_numbers_come_in_the_catalogues_order() -> None:
    numbers = Numbers()
    numbers.put("logloom_ready", 1)
    numbers.put("otelcol_exporter_sent_log_records", 2, exporter="a")
    numbers.put("otelcol_exporter_sent_log_records", 3, exporter="b")
    sent, ready = numbers.metrics()
    assert (sent.name, ready.name) == ("otelcol_exporter_sent_log_records", "logloom_ready")
    assert sent.points == [Point(2, {"exporter": "a"}), Point(3, {"exporter": "b"})]


if __name__ == "__main__":
    text = ROW.sub("", PAGE.read_text("utf-8"))
    for head, prefix in (("### The Collector's names", "otelcol_"), ("### Ours", "logloom_")):
        before, _, after = text.partition(head)
        table, line, rest = after.partition("|---|---|---|---|---|\n")
        text = f"{before}{head}{table}{line}{rows(prefix)}{rest}"
    PAGE.write_text(text, "utf-8")
    sys.exit(0)
