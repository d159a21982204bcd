"""`lumberjack`'s config; what it does stands in tests/service/test_streams.py."""

from logloom.config import loads

CONFIG = """
receivers:
  lumberjack: {max_message_size: 4MiB}
exporters:
  debug: {}
service:
  pipelines:
    logs: {receivers: [lumberjack], exporters: [debug]}
"""


def test_it_listens_on_loopback_by_default_and_bounds_what_comes() -> None:
    config = loads(CONFIG).receivers["lumberjack"].config
    assert str(config.endpoint) == "127.0.0.1:5044"
    assert config.tls is None
    assert config.max_message_size == 4 << 20
