"""Which paths a glob names, on disk and by their spelling, and where others may come to be."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.receivers import _glob
from logloom.receivers._glob import Globs, alternatives


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.log", ["a.log", "b.log"]),
        ("{a,c}.log", ["a.log"]),
        ("**/*.log", ["a.log", "b.log", "d/e.log", "d/f/g.log"]),
        ("d/{e,f/g}.{log,txt}", ["d/e.log", "d/f/g.log"]),
        ("[!a].log", ["b.log"]),
        ("?.txt", ["c.txt"]),
        ("a.log", ["a.log"]),
        ("none", []),
        ("d/**", ["d/e.log", "d/f/g.log"]),
        ("**/f/*", ["d/f/g.log"]),
        ("./d//e.log", ["d/e.log"]),
        (".hidden.*", [".hidden.log"]),
        ("[a-b].log", ["a.log", "b.log"]),
        ("[", []),
        ("*/*/*.log", ["d/f/g.log"]),
    ],
)
def test_globs(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    (tmp_path / "d" / "f").mkdir(parents=True)
    for name in ("a.log", "b.log", "c.txt", "d/e.log", "d/f/g.log", ".hidden.log"):
        (tmp_path / name).write_text(name)
    globs = Globs([str(tmp_path) + "/" + pattern])
    listed = {path for path in globs.list().paths if Path(path).is_file()}
    assert listed == {str(tmp_path / name) for name in expected}
    there = (str(path) for path in tmp_path.rglob("*") if path.is_file())
    assert {path for path in there if globs.names(path)} == listed


def test_braces_may_nest_and_cannot_explode() -> None:
    assert sorted(alternatives("a{b,c{d,e}}f")) == ["abf", "acdf", "acef"]
    assert alternatives("a{b") == ["a{b"]
    assert len(alternatives("{a,b}" * 64)) <= _glob.ALTERNATIVES_MAX


def test_folders_are_those_in_which_something_named_may_come_to_be(tmp_path: Path) -> None:
    (tmp_path / "pods" / "a" / "b").mkdir(parents=True)
    (tmp_path / "pods" / "a" / "b" / "0.log").write_text("one")

    def folders(glob: str) -> set[str]:
        listing = Globs([f"{tmp_path}/{glob}"]).list()
        return {os.path.relpath(folder, tmp_path) for folder in listing.folders}

    assert folders("pods/*/*/*.log") == {"pods", "pods/a", "pods/a/b"}
    assert folders("pods/**/*.log") == {"pods", "pods/a", "pods/a/b"}
    assert folders("pods/a/b/0.log") == {"pods/a/b"}
    assert folders("none/yet/*.log") == {"."}


def test_paths_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.log").write_text("one")
    listing = Globs(["./*.log"]).list()
    assert (list(listing.paths), listing.folders) == (["a.log"], {"."})
    assert Globs(["./*.log"]).names("a.log")


@given(st.text("ab*?[]{,}!^-./\\", max_size=12), st.text("ab[]{.}/", max_size=8))
def test_any_text_is_a_glob(glob: str, path: str) -> None:
    Globs([glob]).names(path)
