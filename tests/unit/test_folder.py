"""The data folder: its owner's alone, one process at a time, and no identifier leads out of it."""

import multiprocessing
import os
import stat
from multiprocessing.connection import Connection
from pathlib import Path

import orjson
import pytest

from logloom.errors import DataFolderError
from logloom.folder import component_folder, held, listening_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def hold(data: Path, pipe: Connection) -> None:
    with held(data):
        pipe.send(os.getpid())
        pipe.recv()


def test_it_is_the_owners_alone(tmp_path: Path) -> None:
    with held(tmp_path / "data"):
        assert mode(tmp_path / "data") == 0o700
        assert mode(tmp_path / "data" / "lock") == 0o600
        assert mode(component_folder(tmp_path / "data", "exporters", "file")) == 0o700


def test_another_process_is_told_who_has_it_until_that_one_dies(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path, theirs))
    other.start()
    try:
        assert ours.poll(30)
        with pytest.raises(DataFolderError, match=f"process {ours.recv()} uses it; .*--data"), held(tmp_path):
            pass
    finally:
        other.kill()
        other.join()
    with held(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_cannot_be_made_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataFolderError, match="--data"), held(tmp_path / "file" / "data"):
        pass


@pytest.mark.parametrize(
    ("identifier", "named"),
    [
        ("filelog/mesh", "filelog+mesh"),
        ("otlp/../../etc", "otlp+..+..+etc"),
        ("file/a b+c%", "file+a%20b%2bc%25"),
        ("file/é\0", "file+%c3%a9%00"),
    ],
)
def test_each_component_has_a_folder_inside(identifier: str, named: str, tmp_path: Path) -> None:
    assert component_folder(tmp_path, "receivers", identifier) == tmp_path / "receivers" / named
    assert (tmp_path / "receivers" / named).is_dir()


def test_where_the_receivers_listen_is_told_while_they_do(tmp_path: Path) -> None:
    listening = {"otlp": {"grpc": "127.0.0.1:4317"}}
    with listening_file(tmp_path, listening):
        assert orjson.loads((tmp_path / "listening.json").read_bytes()) == listening
    assert list(tmp_path.iterdir()) == []
