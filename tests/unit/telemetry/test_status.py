"""Who asks at the socket."""

import stat
import threading
from pathlib import Path

import pytest

from logloom.errors import DataFolderError, ServiceError
from logloom.telemetry import Buckets, Metric, Point, Snapshot
from logloom.telemetry.status import StatusSocket, ask, plain, read


def test_a_snapshot_comes_back() -> None:
    metrics = (
        Metric("sent", "counter", "{record}", "", [Point(3, {"exporter": "otlp"}), Point(2.5)]),
        Metric("took", "histogram", "s", "", [Point(Buckets([0.5], [1, 2], 4.0))]),
    )
    snapshot = Snapshot({it.name: it for it in metrics}, 20, 10, {"service.name": "logloom"})
    assert read(plain(snapshot)) == snapshot


@pytest.mark.parametrize("folder", ["data", "d" * 200])
def test_it_answers(tmp_path: Path, folder: str) -> None:
    data = tmp_path / folder
    data.mkdir()
    socket = StatusSocket(data, lambda: {"ready": True})
    assert stat.S_IMODE((data / "status.sock").stat().st_mode) == 0o600
    said: list[object] = []
    asking = threading.Thread(target=lambda: said.append(ask(data, 60.0)))
    asking.start()
    while asking.is_alive():
        socket.answer()
    asking.join()
    assert said == [{"ready": True}]
    socket.close()
    assert not (data / "status.sock").exists()
    assert ask(data, 60.0) is None


def test_nobody_is_there(tmp_path: Path) -> None:
    assert ask(tmp_path, 1.0) is None
    assert ask(tmp_path / "none", 1.0) is None
    socket = StatusSocket(tmp_path, dict)
    socket._socket.close()  # killed: the file stays
    assert ask(tmp_path, 1.0) is None
    again = StatusSocket(tmp_path, dict)
    again.close()


def test_one_that_does_not_answer(tmp_path: Path) -> None:
    socket = StatusSocket(tmp_path, dict)
    with pytest.raises(ServiceError, match=r"does not answer within 0\.05 s"):
        ask(tmp_path, 0.05)
    socket.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"status\.sock: cannot listen: No such file"):
        StatusSocket(tmp_path / "none", dict)
