"""`fluentforward`'s config; what it does stands in tests/service/test_streams.py."""

import pytest

from logloom.config import loads
from logloom.errors import InvalidConfigError

CONFIG = """
receivers:
  fluentforward: {settings}
exporters:
  debug: {{}}
service:
  pipelines:
    logs: {{receivers: [fluentforward], exporters: [debug]}}
"""


def test_it_listens_on_loopback_by_default() -> None:
    config = loads(CONFIG.format(settings="{}")).receivers["fluentforward"].config
    assert str(config.endpoint) == "127.0.0.1:24224"
    assert config.security is None


def test_fluentds_security_section_is_read_and_shows_no_secret() -> None:
    security = "{shared_key: hush, self_hostname: gate, users: [{username: u, password: psst}]}"
    config = loads(CONFIG.format(settings=f"{{endpoint: 'unix:///run/f.sock', security: {security}}}"))
    settings = config.receivers["fluentforward"].config
    assert settings.endpoint.path == "/run/f.sock"
    assert settings.security.shared_key.reveal() == "hush"
    assert settings.security.users[0].password.reveal() == "psst"
    assert "hush" not in repr(config)
    assert "psst" not in repr(config)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("{endpoint: nowhere}", "lacks a port"),
        ("{endpoint: 'unix:'}", "a socket's path has 1 to 107 bytes"),
        ("{endpoint: [5]}", "host:port or unix:///path"),
        ("{security: {shared_key: ''}}", "empty: give a key, or remove 'security'"),
        ("{security: {}}", "shared_key"),
        (
            "{security: {shared_key: k, users: [{username: '', password: p}]}}",
            "empty: give a name, which says who sends",
        ),
    ],
)
def test_what_is_wrong_is_told(settings: str, told: str) -> None:
    with pytest.raises(InvalidConfigError, match=told) as error:
        loads(CONFIG.format(settings=settings))
    assert "receivers.fluentforward" in str(error.value)
