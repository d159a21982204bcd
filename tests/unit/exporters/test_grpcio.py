"""What `engine: grpcio` alone does; what both do stands in test_otlp.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from logloom.errors import ConfigError
from logloom.exporters import otlp
from tests.components import exporter


async def test_what_grpcio_cannot_be_told_is_refused(tmp_path: Path) -> None:
    for tls, told in (("min_version: '1.3'", "min_version 1.3"), ("max_version: '1.2'", "max_version 1.2")):
        text = f"{{endpoint: 'a:1', engine: grpcio, tls: {{{tls}}}}}"
        with pytest.raises(ConfigError, match=told):
            await exporter(otlp, text, tmp_path).__aenter__()


def test_who_does_not_ask_for_it_does_not_load_it() -> None:
    code = "import sys; import logloom.exporters.otlp; print('grpc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
