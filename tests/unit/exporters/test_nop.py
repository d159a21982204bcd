"""It takes everything."""

from pathlib import Path

import logloom
from logloom.exporters import nop
from tests.components import exporter


async def test_all_is_done(tmp_path: Path) -> None:
    delivery = await exporter(nop, "{}", tmp_path).send(logloom.parse("a\nb\n", format="text"))
    assert (delivery.kind, delivery.accepted, delivery.refused) == ("done", 2, [])
