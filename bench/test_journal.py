"""The journal beside the disk that it lies on: encrypted, synced appends, and small pushes that each wait for theirs.

What is promised is a share of what the same disk does with a plain write and a sync for each entry, in the same run.
That share says as much of the disk as of us, so it is shown and not recorded; that everything is there is held.
"""

import os
import select
import time
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from bench.figures import Figure, Result
from bench.measure import Measure
from bench.reference import Timed
from logloom._native import Batch, Journal

MIB = 1 << 20
SIZES = {64 << 10: "64 KiB", MIB: "1 MiB"}
PUSHES = Figure("journal_pushes", "journal, 1,000 senders, each waits", "pushes", 20_000, None, threads=2, held=False)
SENDERS = 1000
ROUNDS = 3


def append(size: int) -> Figure:
    what = f"journal, append of {SIZES[size]}, encrypted and synced"
    return Figure(f"journal_append_{size}", what, "entries", None, None, target_ratio=0.5, threads=2, held=False)


def batch(size: int) -> Batch:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.body.string_value = "x" * size
    return Batch.from_otlp(request.SerializeToString())


def opened(folder: Path) -> Journal:
    journal, _ = Journal.open(
        str(folder / "journal"),
        disk_bytes_max=8 << 30,
        file_bytes_max=64 * MIB,
        free_bytes_min=0,
        fsync_delay_max_s=0.002,
        key_file=str(folder / "key"),
    )
    return journal


def wait(journal: Journal, position: int) -> None:
    """Until the position is durable, as a server waits: by the descriptor."""
    descriptor = journal.notify_fd()
    assert descriptor is not None
    while journal.fate(max(position, 0)) == "waiting":  # who asks is told
        select.select([descriptor], [], [], 60)
        _, withdrawn = journal.poll()
        assert not withdrawn


def appended(folder: Path, size: int, count: int) -> Timed:
    """So many entries, as many on their way as are admitted."""
    journal, entry = opened(folder), batch(size)
    cursor = journal.cursor("bench", ["logs"])
    cpu, wall = time.process_time(), time.perf_counter()
    last = 0
    for _ in range(count):
        while (position := journal.append(entry, ["logs"])) is None:
            wait(journal, last - 1)  # no room until the disk keeps up
        last = position
    wait(journal, last)
    took = Timed(time.perf_counter() - wall, time.process_time() - cpu)
    assert (cursor.pending_records, journal.fate(last)) == (count, "durable")
    journal.close()
    return took


def plainly(folder: Path, size: int, count: int) -> float:
    """The same bytes, each written and synced before the next: seconds."""
    data = os.urandom(size)
    descriptor = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    began = time.perf_counter()
    for index in range(count):
        os.pwrite(descriptor, data, index * size)
        os.fdatasync(descriptor)
    took = time.perf_counter() - began
    os.close(descriptor)
    return took


@pytest.mark.parametrize("size", SIZES, ids=lambda size: SIZES[size])
def test_append(measure: Measure, tmp_path: Path, size: int) -> None:
    count = 32 if measure.brief else 256 * MIB // size
    plain = min(plainly(tmp_path, size, count // 4) * 4 for _ in range(ROUNDS))
    ours = Timed(float("inf"), float("inf"))
    for index in range(ROUNDS):
        folder = tmp_path / str(index)
        folder.mkdir()
        ours = ours.better(appended(folder, size, count))
    note = f"ratio: over a plain write and fdatasync of each, {size * count / plain / 1e6:.0f} MB/s"
    measure.keep(Result(append(size), plain / ours.wall, ours, count, size * count, note), lambda: None)


def test_small_pushes_share_syncs(measure: Measure, tmp_path: Path) -> None:
    entry = batch(200)
    journal = opened(tmp_path)
    cursor = journal.cursor("bench", ["logs"])
    descriptor = journal.notify_fd()
    assert descriptor is not None
    count = (3 if measure.brief else 60) * SENDERS

    def push() -> int:
        position = journal.append(entry, ["logs"])
        assert position is not None
        return position

    began, cpu = time.perf_counter(), time.process_time()
    first = push()
    sent = first + SENDERS - 1
    for _ in range(SENDERS - 1):
        push()
    acknowledged = first - 1
    commits = 0
    while acknowledged < first + count - 1:
        if journal.fate(acknowledged + 1) == "waiting":
            select.select([descriptor], [], [], 60)
        durable, withdrawn = journal.poll()
        assert not withdrawn
        commits += durable > acknowledged
        for _ in range(
            min(durable - acknowledged, first + count - 1 - sent)
        ):  # each sender goes on when it has its answer
            sent = push()
        acknowledged = durable
    ours = Timed(time.perf_counter() - began, time.process_time() - cpu)
    assert cursor.pending_records == count
    assert commits < count / 10, "they share their syncs"
    journal.close()
    note = f"{count / commits:.0f} to a sync"
    measure.keep(Result(PUSHES, count / commits, ours, count, 200 * count, note), lambda: None)
