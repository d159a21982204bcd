"""What stands for all of `logloom.access`."""

import logloom.access
from logloom.access import Access, Granted, Shown


def test_a_service_without_rules_admits_everybody() -> None:
    door = Access().door()
    assert door.is_plain
    assert not door.asks
    assert door.known(Shown({})) == Granted()
    assert set(logloom.access.__all__) <= set(dir(logloom.access))
