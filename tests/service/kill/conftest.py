"""What the kill tests say though all goes well."""

import sys
from collections.abc import Callable

import pytest

Tell = Callable[[str], None]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Says how often was killed, what came twice, and the seed that gives the same again."""

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stderr.write(f"\n{text}\n")

    return say
