"""`logloom top`: a collector that runs, live."""

import argparse
import contextlib
import os
import select
import shutil
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from logloom.telemetry import Snapshot

SUMMARY = "watch a collector that runs: rates, lag, what stalls"
EPILOG = """\
Asks the process that runs on the data folder again and again. Rates are over the time since the look before. q, or
Ctrl-C, leaves. With --once, or where its output is no terminal, it looks twice, shows that, and leaves.
Exit codes: 0; 2 no collector runs there, or it does not answer.

examples:
  logloom top --data /var/lib/logloom
  logloom top --once --interval 5"""

ANSWER_S_MAX: Final = 5.0
HISTORY: Final = 200
"""So many rates are kept for the sparkline."""
BEGIN: Final = "\x1b[?1049h\x1b[?25l"
END: Final = "\x1b[?25h\x1b[?1049l"
HOME: Final = "\x1b[H"
REST_OF_LINE: Final = "\x1b[K"
REST_OF_SCREEN: Final = "\x1b[J"


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--data`, `--interval`, `--once`."""
    parser.add_argument("-d", "--data", type=Path, default=Path("data"), metavar="DIR", help="default: ./data")
    parser.add_argument(
        "-i", "--interval", type=float, default=1.0, metavar="SECONDS", help="between two looks (default: 1)"
    )
    parser.add_argument("--once", action="store_true", help="show one frame, without moving the cursor, and leave")


def run(args: argparse.Namespace) -> int:
    """Look and show, until it is left; see the exit codes in the help."""
    from logloom.telemetry import status

    if not 0.05 <= args.interval <= 3600:
        print("logloom top: --interval is from 0.05 to 3600 seconds", file=sys.stderr)
        return 2
    rates: deque[float] = deque(maxlen=HISTORY)
    is_live = not args.once and sys.stdout.isatty() and sys.stdin.isatty()
    before: Snapshot | None = None
    with _screen() if is_live else contextlib.nullcontext():
        while True:
            said = status.ask(args.data, ANSWER_S_MAX)
            if said is None:
                break
            now = status.read(said["snapshot"])
            if before is not None:
                rates.append(_Rates(before, now).all("otelcol_receiver_accepted_log_records"))
            if is_live or before is not None:
                width, height = shutil.get_terminal_size((80, 24))
                lines = frame(said, before or now, now, rates, width if is_live else 80)
                _show(lines[:height], is_live=is_live)
                if not is_live:
                    return 0
            before = now
            if is_live and _asked_to_leave(args.interval):
                return 0
            if not is_live:
                select.select([], [], [], args.interval)
    print(f"logloom: no collector runs on {args.data}: give its --data", file=sys.stderr)
    return 2


def _show(lines: Sequence[str], *, is_live: bool) -> None:
    if is_live:
        text = f"{REST_OF_LINE}\r\n".join(lines)
        sys.stdout.write(f"{HOME}{text}{REST_OF_LINE}{REST_OF_SCREEN}")
    else:
        sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _screen() -> Iterator[None]:
    """Another screen, without a cursor, and keys as they come; all as before afterwards."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    sys.stdout.write(BEGIN)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        sys.stdout.write(END)
        sys.stdout.flush()


def _asked_to_leave(wait_s: float) -> bool:
    """Whether q came meanwhile, or the terminal went."""
    until = time.monotonic() + wait_s
    while (left_s := until - time.monotonic()) > 0:
        found, _, _ = select.select([sys.stdin], [], [], left_s)
        if found and os.read(sys.stdin.fileno(), 64)[:1] in (b"q", b"Q", b"\x04", b""):
            return True
    return False


class _Rates:
    """How fast counters grew from one look to the next."""

    def __init__(self, before: "Snapshot", now: "Snapshot") -> None:
        self._before = before
        self._now = now
        self._took_s = (now.time_unix_nano - before.time_unix_nano) / 1e9

    def all(self, name: str, **labels: str) -> float:
        """Of all numbers with these labels, a second; a process that started anew begins at 0."""
        more = self._now.value(name, **labels) - self._before.value(name, **labels)
        return max(more, 0.0) / self._took_s if self._took_s > 0 else 0.0

    def __call__(self, name: str, **labels: str) -> str:
        from logloom.cli._figures import amount

        rate = self.all(name, **labels)
        return f"{rate:.1f}" if 0 < rate < 10 else amount(rate)

    def bytes(self, name: str, **labels: str) -> str:
        """The same of bytes."""
        from logloom.cli._figures import size

        return size(self.all(name, **labels))


def frame(said: dict[str, Any], before: "Snapshot", now: "Snapshot", rates: Sequence[float], width: int) -> list[str]:
    """What is shown, in lines of at most `width`."""
    from logloom.cli._figures import ago, amount, size, sparkline, table

    rate = _Rates(before, now)
    state = "ready" if said["ready"] else "NOT READY"
    lines = [
        f"logloom {said['version']}  process {said['process']}  {state}  up {ago(now.value('otelcol_process_uptime'))}",
        (
            f"CPU {100 * rate.all('otelcol_process_cpu_seconds'):.0f} %  "
            f"memory {size(now.value('otelcol_process_memory_rss'))}  "
            f"in flight {size(now.value('logloom_in_flight_bytes'))}  "
            f"journal {size(now.value('logloom_journal_bytes', journal='main', where='disk'))}  "
            f"event loop {1000 * now.value('logloom_event_loop_delay_seconds'):.1f} ms"
        ),
        f"{rate('otelcol_receiver_accepted_log_records'):>8} records/s " + sparkline(rates, max(width - 20, 1)),
    ]
    lines += [f"STALLED {stall['what']}: {stall['why']}" for stall in said["stalls"]]
    lines += [f"TROUBLE journal: {what}" for what in now.by("logloom_journal_trouble", "what")]
    lines += [
        f"{it['state'].upper()} {it['kind']} {it['id']}: {it['last_error']}"
        for it in said["components"]
        if it["state"] != "running"
    ]
    lines += table(
        ("receiver", "records/s", "size/s", "rejects/s", "refused/s"),
        [
            (
                name,
                rate("otelcol_receiver_accepted_log_records", receiver=name),
                rate.bytes("logloom_receiver_bytes", receiver=name),
                rate("logloom_receiver_rejects", receiver=name),
                rate("otelcol_receiver_refused_log_records", receiver=name),
            )
            for name in now.by("otelcol_receiver_accepted_log_records", "receiver")
        ],
        width,
    )
    lines += table(
        ("pipeline", "records/s", "dropped/s"),
        [
            (
                name,
                rate("logloom_pipeline_records", pipeline=name),
                rate("logloom_pipeline_dropped_records", pipeline=name),
            )
            for name in now.by("logloom_pipeline_records", "pipeline")
        ],
        width,
    )
    lines += table(
        ("processor", "found/s", "dropped/s", "failed/s"),
        [
            (
                name,
                rate("logloom_processor_rule_matches", processor=name),
                rate("logloom_processor_dropped_records", processor=name),
                rate("logloom_processor_failed_records", processor=name),
            )
            for name in now.by("logloom_processor_dropped_records", "processor")
        ],
        width,
    )
    lines += table(
        ("exporter", "records/s", "waiting", "size", "lag", "retries/s", "lost"),
        [
            (
                name,
                rate("otelcol_exporter_sent_log_records", exporter=name),
                amount(now.value("logloom_exporter_lag_records", exporter=name)),
                size(now.value("logloom_exporter_lag_bytes", exporter=name)),
                ago(now.value("logloom_exporter_lag_seconds", exporter=name)),
                rate("logloom_exporter_retries", exporter=name),
                amount(now.value("otelcol_exporter_send_failed_log_records", exporter=name)),
            )
            for name in now.by("otelcol_exporter_sent_log_records", "exporter")
        ],
        width,
    )
    return [_fitting(line, width) for line in lines]


def _fitting(line: str, width: int) -> str:
    """What a destination said may be in it: nothing moves the cursor."""
    line = "".join(c if c.isprintable() else "?" for c in line)
    return line if len(line) <= width else line[: width - 1] + "…"
