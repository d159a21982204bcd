"""`syslog`'s config; what it does stands in tests/service/test_syslog.py."""

from logloom.receivers import syslog
from tests.components import problems_of, read_config


def test_the_collectors_config_is_read() -> None:
    text = "{tcp: {listen_address: '0.0.0.0:54526'}, protocol: rfc5424, location: America/New_York}"
    config = read_config(syslog, text)
    assert str(config.tcp.listen_address) == "0.0.0.0:54526"
    assert config.format_options() == {"timezone": "America/New_York"}


def test_a_way_in_is_needed_and_a_zone_that_there_is() -> None:
    problems = problems_of(syslog, "{location: Atlantis}")
    assert any("names no way in" in what for what in problems.values())
    assert any("Atlantis" in what for what in problems.values())
