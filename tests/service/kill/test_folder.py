"""The data folder over the years: one writer at a time, keys that get lost, and journals of versions before."""

import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.service.kill import destination
from tests.service.kill.killer import Destination, free_ports
from tests.service.kill.session import DISK, RETRY
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

V1 = Path(__file__).with_name("journal-v1.tar.gz")
"""What the first version with a journal left when it was killed: V1_RECORDS records wait for the exporter `otlp`."""
V1_RECORDS = 300

FILES_DAMAGED = b"damaged"


def config(to: int, **journal: Any) -> dict[str, Any]:
    """OTLP in, OTLP out to a port where nobody listens before the test wants it."""
    protocols = {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}
    out = {"endpoint": f"127.0.0.1:{to}", "tls": {"insecure": True}, "retry_on_failure": RETRY}
    return {
        "receivers": {"otlp": {"protocols": protocols}},
        "exporters": {"otlp": out},
        "journal": DISK | journal,
        "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["otlp"]}}, "shutdown_timeout": "1s"},
    }


class Sending:
    """One client that sends records with ids, and knows which were acknowledged."""

    def __init__(self, logloom: Logloom, number: int = 0) -> None:
        self._logloom = logloom
        self._number = number
        self.owed: set[str] = set()

    def send(self, records: int = 10, *, filler: int = 0) -> tuple[int, str]:
        """Sends a request: the status, 0 where none came, and the body of the answer."""
        self._number += 1
        ids = [f"one0-{self._number}-{at}" for at in range(records)]
        found = [{"body": {"stringValue": f"id={one} {'x' * filler}"}} for one in ids]
        request = urllib.request.Request(
            f"http://{self._logloom.endpoint('otlp', 'http')}/v1/logs",
            orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": found}]}]}),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http, loopback
                self.owed.update(ids)
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)

    def until_refused(self, requests_max: int = 2000) -> str:
        """Sends until it is asked to come later; what it is told then."""
        for _ in range(requests_max):
            status, said = self.send(filler=5000)
            if status != 200:
                assert status in (429, 503), said
                return said
        raise AssertionError(f"{requests_max} requests, and all of them taken")

    def again(self) -> None:
        """Waits until a request is taken again."""
        wait_until(lambda: self.send()[0] == 200, "a request to be taken again")


@contextmanager
def arriving(port: int, path: Path, owed: set[str]) -> Iterator[None]:
    """The destination is there; on leaving, all that is owed must have arrived."""
    with Destination("grpc", port, path) as to:
        to.spawn()
        yield
        wait_until(lambda: owed <= {one.id for one in destination.arrivals(path)}, "all that is owed")


def test_one_writer(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with Logloom(config(port), tmp_path) as first:
        sending = Sending(first)
        assert sending.send()[0] == 200
        second = subprocess.run(
            [
                Path(sys.executable).with_name("logloom"),
                "run",
                "--config",
                tmp_path / "logloom.yaml",
                "--data",
                first.data,
            ],
            capture_output=True,
            timeout=60,
        )
        assert second.returncode == 1
        assert f"process {first.pid} uses it" in second.stderr.decode()
        assert sending.send()[0] == 200, "the first one goes on"
        with arriving(port, tmp_path / "arrived", sending.owed):
            pass


def test_a_key_lost_while_it_runs(tmp_path: Path) -> None:
    """It acknowledges into the files whose keys it holds, then asks to come later, naming the key; nothing is lost."""
    (port,) = free_ports(1)
    with Logloom(config(port), tmp_path) as logloom:
        sending = Sending(logloom)
        assert sending.send()[0] == 200
        key, away = logloom.data / "journal.key", tmp_path / "away.key"
        key.rename(away)
        assert sending.send()[0] == 200, "the key of the file in use is in memory"
        sending.until_refused()
        wait_until(lambda: "journal.key" in logloom.log(), "the key to be named")
        assert not key.exists(), "a new key would make all that is there unreadable"
        away.rename(key)
        sending.again()
        with arriving(port, tmp_path / "arrived", sending.owed):
            pass


def test_a_key_lost_over_a_restart(tmp_path: Path) -> None:
    """Without the key it never begins anew beside the old files; with it, all of them are delivered."""
    (port,) = free_ports(1)
    logloom = Logloom(config(port), tmp_path)
    logloom.start()
    sending = Sending(logloom)
    for _ in range(20):
        assert sending.send()[0] == 200
    logloom.kill()
    key, away = logloom.data / "journal.key", tmp_path / "away.key"
    key.rename(away)
    logloom.spawn()
    wait_until(lambda: "journal.key" in logloom.log(), "the key to be named", failed=logloom.ended)
    assert not key.exists()
    logloom.kill_if_alive()
    away.rename(key)
    with logloom, arriving(port, tmp_path / "arrived", sending.owed):
        sending.again()


def test_a_wrong_passphrase_loses_nothing(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    right, wrong = (
        {"provider": "passphrase", "passphrase": text} for text in ("correct horse battery", "staple correct horse")
    )
    logloom = Logloom(config(port, key=right), tmp_path)
    logloom.start()
    sending = Sending(logloom)
    for _ in range(20):
        assert sending.send()[0] == 200
    logloom.kill()
    other = Logloom(config(port, key=wrong), tmp_path)
    other.spawn()
    wait_until(lambda: "passphrase" in other.log(), "the passphrase to be named", failed=other.ended)
    other.kill_if_alive()
    quarantined = list((logloom.data / "journal").glob("quarantine/*"))
    assert not quarantined, "what only lacks its key is not damaged"
    logloom = Logloom(config(port, key=right), tmp_path)
    with logloom, arriving(port, tmp_path / "arrived", sending.owed):
        pass


def test_a_damaged_middle_is_stepped_over(tmp_path: Path) -> None:
    """Bytes that a disk changed: kept in quarantine, told, counted; all before and behind them is delivered."""
    (port,) = free_ports(1)
    logloom = Logloom(config(port), tmp_path)
    logloom.start()
    sending = Sending(logloom)
    for _ in range(30):
        assert sending.send(filler=500)[0] == 200
    logloom.kill()
    (file,) = (logloom.data / "journal").glob("*.journal")
    with file.open("r+b") as journal:
        journal.seek(60_000)
        journal.write(FILES_DAMAGED * 3)
    with Destination("grpc", port, tmp_path / "arrived") as to, logloom:
        to.spawn()
        assert sending.send()[0] == 200
        last = f"one0-{31}-9"
        wait_until(lambda: last in {one.id for one in destination.arrivals(tmp_path / "arrived")}, "what is behind it")
    arrived = {one.id for one in destination.arrivals(tmp_path / "arrived")}
    missing = sending.owed - arrived
    assert 0 < len(missing) <= 20, "one entry, two where the damage lies between them"
    assert list((logloom.data / "journal" / "quarantine").iterdir())
    assert "damaged" in logloom.log()


def test_a_journal_of_the_first_version_drains(tmp_path: Path) -> None:
    """An upgrade delivers what the version before took."""
    (port,) = free_ports(1)
    with tarfile.open(V1) as old:
        old.extractall(tmp_path, filter="data")
    shutil.move(tmp_path / "data", tmp_path / "logloom" / "data")
    owed = {f"one0-{number}-{at}" for number in range(1, V1_RECORDS // 10 + 1) for at in range(10)}
    with Logloom(config(port), tmp_path / "logloom") as logloom, arriving(port, tmp_path / "arrived", owed):
        assert Sending(logloom, 1000).send()[0] == 200
    found = [one for one in destination.arrivals(tmp_path / "arrived") if one.id in owed]
    assert len(found) == V1_RECORDS
