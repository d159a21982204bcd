"""The library's face: what `import logloom` gives."""

import importlib

import pytest

import logloom
from logloom import _native


def test_all_that_is_exported_is_there() -> None:
    assert sorted(logloom.__all__) == logloom.__all__
    assert [name for name in logloom.__all__ if not hasattr(logloom, name)] == []


def test_the_version_is_the_cores() -> None:
    assert logloom.__version__ == _native.VERSION


def test_a_debug_build_warns_when_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_native, "DEBUG", True)
    with pytest.warns(RuntimeWarning, match="debug build.*--release"):
        importlib.reload(logloom)


def test_a_release_build_does_not() -> None:
    assert not _native.DEBUG, "the tests run on a debug build: make build"
