"""The library's face: what `import logloom` gives."""

import importlib
import io

import pytest

import logloom
from logloom import _native


def test_all_that_is_exported_is_there() -> None:
    assert sorted(logloom.__all__) == logloom.__all__
    assert [name for name in logloom.__all__ if not hasattr(logloom, name)] == []


@pytest.mark.parametrize("kind", [logloom.Batch, logloom.Parser, logloom.Record, logloom.Reject])
def test_help_tells_what_each_thing_is(kind: type) -> None:
    names = [name for name in dir(kind) if not name.startswith("_")]
    assert [name for name in names if not getattr(kind, name).__doc__] == []


def test_an_open_file_is_told_how_it_is_read() -> None:
    with pytest.raises(TypeError, match=r"not BytesIO: give what its read\(\) returns"):
        logloom.parse(io.BytesIO(b"x\n"))  # type: ignore[arg-type]  # which is what it says


def test_the_version_is_the_cores() -> None:
    assert logloom.__version__ == _native.VERSION


def test_a_debug_build_warns_when_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_native, "DEBUG", True)
    with pytest.warns(RuntimeWarning, match="debug build.*--release"):
        importlib.reload(logloom)


def test_a_release_build_does_not() -> None:
    assert not _native.DEBUG, "the tests run on a debug build: make build"


@pytest.mark.parametrize("value", [-1, 0, 2**70, "many", 1.5])
def test_a_limit_that_is_no_limit_is_told(value: object) -> None:
    with pytest.raises(logloom.ConfigError, match=r"limits.frame_bytes_max: must be a whole number from 1"):
        logloom.parse(b"x\n", limits={"frame_bytes_max": value})  # type: ignore[dict-item]


@pytest.mark.parametrize("index", [1, -2, 2**70, -(2**70)])
def test_a_record_that_is_not_there_is_out_of_range_as_in_a_list(index: int) -> None:
    with pytest.raises(IndexError):
        logloom.parse(b"x\n")[index]


def test_an_option_that_no_number_holds_is_told() -> None:
    with pytest.raises(logloom.ConfigError, match="columns: the number is too large"):
        logloom.parse(b"a,b\n", format="csv", columns=2**80)
