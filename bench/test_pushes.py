"""Pushes to a journal on disk as receivers make them: read, encrypted, synced; beside plain writes and syncs.

What is a share of what the disk does is shown and not recorded.

LOGLOOM_BENCH_JOURNAL_MIB says how large the journal is that is opened after a crash (10240 for what is promised).
"""

import asyncio
import os
import shutil
import statistics
import time
from pathlib import Path

import pytest

from bench import corpus
from bench.desk import DELAY_S, MIB, Desk, desk, open_journal
from bench.disk import Page, written
from bench.figures import Figure, Result
from bench.measure import Measure, hold
from bench.reference import Timed

THREADS = 4
APPEND = {
    size: Figure(
        f"pushed_{size}k", f"pushes of {size} KiB, read, sealed, synced", "pushes", None, None, 0.5, THREADS, held=False
    )
    for size in (64, 1024)
}
LONE = Figure("pushed_alone", "a push alone", "pushes", None, None, 0.7, THREADS, held=False)
SHARED = Figure(
    "pushed_at_once", "pushes of 1,000 clients at once", "pushes", 20_000, None, threads=THREADS, held=False
)
CURSORS = Figure("pushed_beside_cursors", "pushes with 100 cursors at the tail", "pushes", None, None, 0.9)
OPENED = Figure("journal_opened", "journal, opened after a crash", "MiB", 1024, None, threads=THREADS, held=False)

RECORDS_BYTES = 450
AT_ONCE = 64
"""Large pushes that are under way at once: as many as keep the disk busy."""


def _small() -> bytes:
    return corpus.otlp_logs(1)


@pytest.mark.parametrize("size", APPEND)
def test_append(size: int, measure: Measure, tmp_path: Path) -> None:
    """Megabytes a second on disk, over a plain sequential write and one sync."""
    data = corpus.otlp_logs(size * 1024 // RECORDS_BYTES)
    total = (64 if measure.brief else 512) * MIB
    pushes = total // len(data)

    async def all_of(one: Desk) -> None:
        with one.commits.watched():
            left = iter(range(pushes))

            async def client() -> None:
                for _ in left:
                    await one.taken(data)

            await asyncio.gather(*(client() for _ in range(AT_ONCE)))

    def once(number: int) -> tuple[Timed, float]:
        with desk(tmp_path / str(number)) as one:
            cpu, wall = time.process_time(), time.perf_counter()
            asyncio.run(all_of(one))
            ours = Timed(time.perf_counter() - wall, time.process_time() - cpu)
            plain = written(tmp_path, pushes * len(data))
            if number == 0:
                assert one.passed() == pushes * corpus_records(data)
        shutil.rmtree(tmp_path / str(number))
        return ours, plain / ours.wall

    numbers = iter(range(1000))
    best = (
        hold(APPEND[size], lambda _: once(next(numbers)), lambda found: found[1])
        if measure.brief
        else max((once(next(numbers)) for _ in range(5)), key=lambda found: found[1])
    )
    note = "ratio: a plain write and one sync over ours, by the clock"
    measure.keep(Result(APPEND[size], best[1], best[0], pushes, pushes * len(data), note), lambda: None)


def corpus_records(data: bytes) -> int:
    """How many records a request has, as the official classes read it."""
    from tests import otlp

    return len(otlp.from_bytes(data))


def test_a_lone_push(measure: Measure, tmp_path: Path) -> None:
    """From the call to the acknowledgement: at most the commit delay and one sync."""
    data, count = _small(), 50 if measure.brief else 300

    async def both(one: Desk, page: Page) -> tuple[float, float]:
        ours, plain = [], []
        with one.commits.watched():
            for _ in range(count):
                began = time.perf_counter()
                await one.taken(data)
                ours.append(time.perf_counter() - began)
                plain.append(page.sync())
        return statistics.median(ours), statistics.median(plain)

    with desk(tmp_path) as one:
        page = Page(tmp_path)

        def once(_: float) -> tuple[float, float]:
            return asyncio.run(both(one, page))

        def ratio(found: tuple[float, float]) -> float:
            return (DELAY_S + found[1]) / found[0]

        best = hold(LONE, once, ratio) if measure.brief else max((once(0) for _ in range(3)), key=ratio)
        page.close()
        assert one.passed() % count == 0
    note = f"ratio: the delay ({DELAY_S * 1e3:g} ms) and a plain sync ({best[1] * 1e3:.2f} ms) over ours, medians"
    measure.keep(Result(LONE, ratio(best), Timed(best[0], best[0]), 1, len(data), note), lambda: None)


def test_many_at_once(measure: Measure, tmp_path: Path) -> None:
    """1,000 clients that each wait for their acknowledgement share commits."""
    data, clients, each = _small(), 1000, 5 if measure.brief else 50

    async def all_of(one: Desk) -> None:
        async def client() -> None:
            for _ in range(each):
                await one.taken(data)

        with one.commits.watched():
            await asyncio.gather(*(client() for _ in range(clients)))

    with desk(tmp_path) as one:
        page = Page(tmp_path)

        def once(_: float) -> tuple[Timed, float]:
            cpu, wall = time.process_time(), time.perf_counter()
            asyncio.run(all_of(one))
            ours = Timed(time.perf_counter() - wall, time.process_time() - cpu)
            assert one.passed() == clients * each
            plain = statistics.median(page.sync() for _ in range(20))
            return ours, plain * clients * each / ours.wall

        best = (
            hold(SHARED, once, lambda got: got[1])
            if measure.brief
            else max((once(0) for _ in range(5)), key=lambda got: got[1])
        )
        page.close()
    pushes = clients * each
    note = "ratio: as many plain syncs over ours, by the clock"
    measure.keep(Result(SHARED, best[1], best[0], pushes, pushes * len(data), note), lambda: None)


def test_cursors_at_the_tail(measure: Measure, tmp_path: Path) -> None:
    """What a hundred exporters at the tail add to a push."""
    data, pushes = _small(), 2000 if measure.brief else 20_000

    def once(number: int, cursors: int) -> float:
        with desk(tmp_path / f"{number}", cursors=cursors) as one:
            began = time.process_time()
            for _ in range(pushes):
                assert one.messages.push(data).kind == "done"
            taken = time.process_time() - began
            asyncio.run(_settled(one))
            assert one.passed() == (pushes + 1) * cursors
        shutil.rmtree(tmp_path / f"{number}")
        return taken

    numbers = iter(range(1000))

    def pair(_: float) -> tuple[float, float]:
        return once(next(numbers), 1), once(next(numbers), 100)

    def ratio(found: tuple[float, float]) -> float:
        return found[0] / found[1]

    best = hold(CURSORS, pair, ratio) if measure.brief else max((pair(0) for _ in range(5)), key=ratio)
    note = "ratio: with one cursor over with a hundred"
    ours = Timed(best[1], best[1])
    measure.keep(Result(CURSORS, ratio(best), ours, pushes, pushes * len(data), note), lambda: None)


async def _settled(one: Desk) -> None:
    with one.commits.watched():
        await one.taken(_small())


def test_opened_after_a_crash(measure: Measure, tmp_path: Path) -> None:
    """A journal that a crash left, with its last file open."""
    size = int(os.environ.get("LOGLOOM_BENCH_JOURNAL_MIB", "128" if measure.brief else "1024"))
    data = corpus.otlp_logs(1024 * 1024 // RECORDS_BYTES)
    pushes = size * MIB // len(data)

    async def fill(one: Desk) -> None:
        with one.commits.watched():
            for _ in range(pushes):
                await one.taken(data)

    crashed, image = tmp_path / "crashed", tmp_path / "image"
    with desk(crashed) as one:
        asyncio.run(fill(one))
        files = sorted((crashed / "journal").glob("*.journal"))
        copied = shutil.copy(files[-1], tmp_path)

        def once(_: float) -> tuple[Timed, float]:
            (image / "journal").mkdir(parents=True)
            shutil.copy(crashed / "journal.key", image)
            for file in files[:-1]:  # ended, and never written to again
                os.link(file, image / "journal" / file.name)
            shutil.copy(copied, image / "journal")
            began = time.perf_counter()
            read = sum(len(file.read_bytes()) for file in files[-1:])
            plain = time.perf_counter() - began
            assert read
            cpu, wall = time.process_time(), time.perf_counter()
            journal = open_journal(image)
            ours = Timed(time.perf_counter() - wall, time.process_time() - cpu)
            assert journal.durable == pushes, "each entry is there"
            journal.close()
            shutil.rmtree(image)
            return ours, plain / ours.wall

        best = (
            hold(OPENED, once, lambda got: got[1])
            if measure.brief
            else max((once(0) for _ in range(5)), key=lambda got: got[1])
        )
    note = f"{best[0].wall:.2f} s for {size} MiB; ratio: reading the file that the crash left open over ours"
    measure.keep(Result(OPENED, best[1], best[0], size, size * MIB, note), lambda: None)
