"""Which paths a glob names, and that trouble is said once."""

from pathlib import Path

import pytest

from logloom.receivers import _find
from logloom.receivers._find import Finder, Rules, Troubles, inodes, neighbours


def test_excluded_and_superfluous_files_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.log", "b.log", "c.log", "d.log"):
        (tmp_path / name).write_text(name)
    told: list[tuple[str, str]] = []
    rules = Rules([str(tmp_path / "*")], [str(tmp_path / "b*")])
    finder = Finder(rules, Troubles(lambda *said: told.append(said)))
    assert [Path(path).name for path, _ in finder.find().files.values()] == ["a.log", "c.log", "d.log"]
    assert [name for name in "abcd" if finder.names(str(tmp_path / f"{name}.log"))] == ["a", "c", "d"]
    monkeypatch.setattr(_find, "FILES_MAX", 2)
    for _ in range(2):
        assert len(finder.find().files) == 2
    assert told[0] == ("there are more than 2 files: the further ones are not read", str(tmp_path / "d.log"))


def test_what_links_lead_to_is_watched_too(tmp_path: Path) -> None:
    for name in ("links", "middle", "real"):
        (tmp_path / name).mkdir()
    (tmp_path / "real" / "0.log").write_text("one")
    (tmp_path / "middle" / "m.log").symlink_to("../real/0.log")
    (tmp_path / "links" / "a.log").symlink_to(tmp_path / "middle" / "m.log")
    (tmp_path / "links" / "loop.log").symlink_to(tmp_path / "links" / "loop.log")
    found = Finder(Rules([f"{tmp_path}/links/*.log"]), Troubles(lambda *_: None)).find()
    assert found.folders == {str(tmp_path / name) for name in ("links", "middle", "real")}
    link = {str(tmp_path / "links" / "a.log")}
    assert found.aliases[str(tmp_path / "real" / "0.log")] == found.aliases[str(tmp_path / "middle" / "m.log")] == link
    assert list(found.names) == list(link)


def test_neighbours_are_found_by_inode_and_by_name(tmp_path: Path) -> None:
    for name in ("a.log", "a.log.1", "a-20261121.log", "b.log", "moved"):
        (tmp_path / name).write_text(name)
    inode = (tmp_path / "moved").stat().st_ino
    by_name = {Path(path).name for path in neighbours(str(tmp_path / "a.log"), inode)}
    assert by_name == {"a.log.1", "a-20261121.log", "moved"}
    assert inodes(str(tmp_path))[inode] == str(tmp_path / "moved")
    assert inodes(str(tmp_path / "gone")) == {}
    assert not list(neighbours(str(tmp_path / "gone" / "a.log"), inode))


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
