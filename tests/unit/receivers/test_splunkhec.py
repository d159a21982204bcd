"""`splunkhec`'s config; what it does stands in tests/service/test_splunkhec.py."""

import pytest

from logloom.config import loads
from logloom.errors import ConfigError

CONFIG = """
receivers:
  splunkhec: {settings}
exporters:
  debug: {{}}
service:
  pipelines:
    logs: {{receivers: [splunkhec], exporters: [debug]}}
"""


def test_defaults_are_splunks() -> None:
    config = loads(CONFIG.format(settings="{}")).receivers["splunkhec"].config
    assert (config.endpoint.port, config.raw_path, config.line_format) == (8088, "/services/collector/raw", "text")
    assert "POST /services/collector/event/1.0" in config.claims()


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ("{raw_path: raw}", "raw_path"),
        ("{health_path: '/{x}'}", "health_path"),
        ("{line_format: nothing}", "line_format"),
        ("{line_format: zipkin}", "line_format"),
    ],
)
def test_what_it_cannot_be_is_refused(settings: str, where: str) -> None:
    with pytest.raises(ConfigError, match=rf"receivers\.splunkhec\.{where}"):
        loads(CONFIG.format(settings=settings))
