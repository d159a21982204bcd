"""Fixtures of the tests that run a real Envoy."""

from typing import TYPE_CHECKING

import pytest

from tests.service.capture import Captured, capture

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Captured:
    """120 seeded requests through a real Envoy, with all that it wrote."""
    folder: Path = tmp_path_factory.mktemp("mesh")
    return capture(folder, 120)
