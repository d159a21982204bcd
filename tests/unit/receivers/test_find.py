"""Which paths a glob names, and that trouble is said once."""

from pathlib import Path

import pytest

from logloom.receivers import _find
from logloom.receivers._find import Rules, Troubles, alternatives, found, globbed, neighbours


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
    ],
)
def test_globs(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    (tmp_path / "d" / "f").mkdir(parents=True)
    for name in ("a.log", "b.log", "c.txt", "d/e.log", "d/f/g.log", ".hidden.log"):
        (tmp_path / name).write_text(name)
    assert globbed([str(tmp_path / pattern)]) == {str(tmp_path / name) for name in expected}


def test_braces_may_nest_and_cannot_explode() -> None:
    assert sorted(alternatives("a{b,c{d,e}}f")) == ["abf", "acdf", "acef"]
    assert alternatives("a{b") == ["a{b"]
    assert len(alternatives("{a,b}" * 64)) <= _find.ALTERNATIVES_MAX


def test_excluded_and_superfluous_files_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.log", "b.log", "c.log", "d.log"):
        (tmp_path / name).write_text(name)
    told: list[tuple[str, str]] = []
    rules = Rules([str(tmp_path / "*")], [str(tmp_path / "b*")], False, 1, 1000, 1.0)
    names = [Path(path).name for path, _ in found(rules, Troubles(lambda *said: told.append(said))).values()]
    assert names == ["a.log", "c.log", "d.log"]
    monkeypatch.setattr(_find, "FILES_MAX", 2)
    for _ in range(2):
        assert len(found(rules, Troubles(lambda *said: told.append(said)))) == 2
    assert told[0] == ("there are more than 2 files: the further ones are not read", str(tmp_path / "d.log"))


def test_neighbours_are_found_by_inode_and_by_name(tmp_path: Path) -> None:
    for name in ("a.log", "a.log.1", "a-20261121.log", "b.log", "moved"):
        (tmp_path / name).write_text(name)
    inode = (tmp_path / "moved").stat().st_ino
    by_name = {Path(path).name for path in neighbours(str(tmp_path / "a.log"), inode, by_name=True)}
    assert by_name == {"a.log.1", "a-20261121.log", "moved"}
    assert [Path(path).name for path in neighbours(str(tmp_path / "a.log"), inode, by_name=False)] == ["moved"]
    assert not list(neighbours(str(tmp_path / "gone" / "a.log"), inode, by_name=True))


def test_trouble_is_said_once_until_it_is_over() -> None:
    told: list[tuple[str, str]] = []
    troubles = Troubles(lambda *said: told.append(said))

    def fails() -> None:
        raise PermissionError(13, "Permission denied")

    for _ in range(3):
        assert troubles.attempt("a", fails) is None
    assert told == [("cannot be read: Permission denied", "a")]
    assert troubles.attempt("a", lambda: 5) == 5
    troubles.over("a")
    troubles.attempt("a", fails)
    assert len(told) == 2
