"""What has work and does not get on with it."""

import pytest

from logloom.telemetry.pulse import Pulse, Work


class Shop:
    """Looked at as often as a pulse does, by a clock of its own."""

    def __init__(self, timeout_s: float = 10.0) -> None:
        self.now_s = 100.0
        self.works: list[Work] = []
        self.pulse = Pulse(timeout_s, lambda: self.works, lambda: self.now_s)

    def passes(self, seconds: float) -> list[str]:
        for _ in range(round(seconds / self.pulse.every_s)):
            self.now_s += self.pulse.every_s
            self.pulse.look()
        return [stall.what for stall in self.pulse.stalls]


def test_who_does_nothing_for_long_is_stalled_until_it_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop()
    shop.works = [Work("exporter a", has_work=True, progress=1, why="3 records wait")]
    assert shop.passes(9) == []
    assert shop.pulse.is_well
    assert shop.passes(3) == ["exporter a"]
    assert not shop.pulse.is_well
    (told,) = [record for record in caplog.records if "does not get on" in record.message]
    assert told.fields["what"] == "exporter a"
    assert told.fields["why"] == "3 records wait"
    assert 10 <= told.fields["for_s"] < 12
    assert shop.passes(20) == ["exporter a"]
    assert len([record for record in caplog.records if "does not get on" in record.message]) == 1
    shop.works = [Work("exporter a", has_work=True, progress=2)]
    assert shop.passes(1) == []
    assert shop.pulse.is_well
    assert shop.passes(9) == []


def test_who_has_nothing_to_do_is_not() -> None:
    shop = Shop()
    shop.works = [Work("exporter a", has_work=False, progress=1)]
    assert shop.passes(100) == []
    shop.works = [Work("exporter a", has_work=True, progress=1)]
    assert shop.passes(9) == []
    assert shop.passes(2) == ["exporter a"]
    shop.works = []
    assert shop.passes(1) == []


def test_patience_and_what_does_not_count() -> None:
    shop = Shop()
    shop.works = [Work("exporter a", has_work=True, progress=1, patience_s=30.0, counts=False)]
    assert shop.passes(38) == []
    assert shop.passes(4) == ["exporter a"]
    assert shop.pulse.is_well


def test_who_was_stopped_himself_accuses_nobody() -> None:
    shop = Shop()
    shop.works = [Work("exporter a", has_work=True, progress=1)]
    shop.passes(2)
    shop.now_s += 3600  # SIGSTOP, or a machine that slept
    shop.pulse.look()
    assert shop.pulse.stalls == ()
    assert shop.passes(12) == ["exporter a"]


def test_zero_is_never() -> None:
    shop = Shop(0.0)
    shop.works = [Work("exporter a", has_work=True, progress=1)]
    assert shop.passes(500) == []
