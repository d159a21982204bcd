"""`logloom parse`, as a program."""

import gzip
import io
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.unit.cli.command import LOGLOOM, logloom

LINES = [f"line {i} é" for i in range(1000)]
TEXT = "".join(f"{line}\n" for line in LINES).encode()


def bodies(data: bytes) -> list[str]:
    request = ExportLogsServiceRequest.FromString(data)
    return [
        record.body.string_value
        for resource_logs in request.resource_logs
        for scope_logs in resource_logs.scope_logs
        for record in scope_logs.log_records
    ]


def test_standard_input_to_otlp() -> None:
    done = logloom("parse", "-f", "text", "-o", "otlp", stdin=TEXT)
    assert (done.returncode, done.stderr) == (0, b"")
    assert bodies(done.stdout) == LINES


def test_ndjson_is_the_default_where_no_terminal_is() -> None:
    done = logloom("parse", "-f", "text", "-", stdin=TEXT)
    assert [orjson.loads(line)["body"] for line in done.stdout.splitlines()] == LINES


def test_otlp_json_lines() -> None:
    done = logloom("parse", "-f", "text", "-o", "otlp-json", stdin=TEXT)
    records = [
        record
        for line in done.stdout.splitlines()
        for resource_logs in orjson.loads(line)["resourceLogs"]
        for scope_logs in resource_logs["scopeLogs"]
        for record in scope_logs["logRecords"]
    ]
    assert [record["body"]["stringValue"] for record in records] == LINES
    # The last line waits for the end: it may go on.
    assert len(done.stdout.splitlines()) <= 2, "no request without records"


def compressed(kind: str) -> bytes:
    half = len(TEXT) // 2
    if kind == "gzip":
        return gzip.compress(TEXT)
    if kind == "gzip members":
        return gzip.compress(TEXT[:half]) + gzip.compress(TEXT[half:])
    if kind == "zstd":
        return zstandard.compress(TEXT)
    return zstandard.compress(TEXT[:half]) + zstandard.compress(TEXT[half:])


@pytest.mark.parametrize("kind", ["gzip", "gzip members", "zstd", "zstd frames"])
def test_compressed_files(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log.any"
    path.write_bytes(compressed(kind))
    done = logloom("parse", path, "-f", "text", "-o", "otlp")
    assert (done.returncode, done.stderr) == (0, b"")
    assert bodies(done.stdout) == LINES


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_compressed_file_that_is_cut_off_gives_what_there_is(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log.any"
    noise = b"".join(os.urandom(30).hex().encode() + b"\n" for _ in range(100_000))
    whole = gzip.compress(noise) if kind == "gzip" else zstandard.compress(noise)
    path.write_bytes(whole[: len(whole) * 3 // 4])
    done = logloom("parse", path, "-f", "text", "-o", "otlp")
    assert done.returncode == 2
    assert done.stderr.startswith(f"logloom: {path}: ".encode())
    got = bodies(done.stdout)
    assert len(got) > 50_000
    assert got[:-1] == noise.decode().splitlines()[: len(got) - 1]


def test_a_file_is_not_overwritten_by_what_is_read_from_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept\n")
    done = logloom("parse", "a", "--write", "./a", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"would overwrite a" in done.stderr
    assert (tmp_path / "a").read_text() == "kept\n"


def test_several_files_and_one_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("from a\n")
    (tmp_path / "b").write_text("from b")
    done = logloom("parse", "a", "none", "b", "-f", "text", "-o", "otlp", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, b"logloom: none: No such file or directory\n")
    assert bodies(done.stdout) == ["from a", "from b"]


def test_columns_out(tmp_path: Path) -> None:
    done = logloom("parse", "-f", "text", "-o", "arrow", stdin=TEXT)
    assert done.returncode == 0, done.stderr
    table = pa.ipc.open_stream(io.BytesIO(done.stdout)).read_all()
    assert table["body"].to_pylist() == LINES
    path = tmp_path / "out.parquet"
    assert logloom("parse", "-f", "text", "-o", "parquet", "-w", path, stdin=TEXT).returncode == 0
    stored = pq.read_table(path)
    assert stored["body"].to_pylist() == LINES
    assert stored.schema.names == table.schema.names


def test_columns_without_pyarrow_say_what_to_install() -> None:
    code = "import sys; sys.modules['pyarrow'] = None; from logloom.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "parse", "-o", "arrow", "-f", "text", "-"], input=b"x", capture_output=True
    )
    assert (done.returncode, done.stderr) == (
        2,
        b"logloom: --output arrow needs pyarrow: pip install 'logloom[parquet]'\n",
    )


def test_rejects_are_summed_up() -> None:
    good = '{"level":"info","msg":"fine"}'
    done = logloom("parse", "-f", "json", "-", stdin=f"{good}\n{{bad\n{good}\nnot json at all\n".encode())
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 4
    first, *reasons = done.stderr.decode().splitlines()
    assert first == "-: 2 of 4 records could not be read and hold the raw text:"
    assert all("json, syntax: " in reason and "(first at byte " in reason for reason in reasons)
    assert "first at byte 30)" in done.stderr.decode()


def test_options_of_formats_and_resources() -> None:
    done = logloom(
        "parse",
        "-f",
        "envoy",
        "--option",
        "format_string=%RESPONSE_CODE% %DURATION%",
        "--resource",
        "service.name=edge",
        "--no-original",
        "-",
        stdin=b"503 7\n",
    )
    assert done.returncode == 0, done.stderr
    record = orjson.loads(done.stdout)
    assert record["attributes"]["http.response.status_code"] == 503
    assert record["resource"] == {"service.name": "edge"}
    assert "log.record.original" not in record["attributes"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-f", "texd"], "unknown format 'texd', did you mean 'text'?"),
        (["-f", "text", "--option", "nonsense"], "--option nonsense: write KEY=VALUE"),
        (["-f", "text", "--option", "a=b"], "a: format 'text' has no such option"),
        (["-f", "text", "--resource", "=b"], "--resource =b: write KEY=VALUE"),
        (["-f", "text", "--write", "/nonexistent/x"], "/nonexistent/x: No such file or directory"),
    ],
)
def test_usage(arguments: list[str], told: str) -> None:
    done = logloom("parse", *arguments, "-", stdin=b"x\n")
    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_reader_that_had_enough_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    path.write_bytes(TEXT * 500)
    with subprocess.Popen(
        [LOGLOOM, "parse", path, "-f", "text"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_any_size_takes_the_same_memory(tmp_path: Path) -> None:
    """A GiB from 1 MiB of zstd: a bomb, if somebody held it."""
    compressor = zstandard.ZstdCompressor()
    path = tmp_path / "bomb.zst"
    with path.open("wb") as file, compressor.stream_writer(file) as writer:
        for _ in range(1024):
            writer.write((b"x" * 1023 + b"\n") * 1024)
    # A child's peak begins with what its parent had when it forked: a small one in between, as this one may be large.
    command = [LOGLOOM, "parse", str(path), "-f", "text", "-o", "otlp"]
    program = f"""
import os, subprocess
process = subprocess.Popen({command!r}, stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=120)
    code, peak = map(int, done.stdout.split())
    assert code == 0
    peak_bytes = peak * (1 if sys.platform == "darwin" else 1024)
    assert peak_bytes < 300_000_000


def on_terminal(arguments: list[str], columns: int) -> str:
    """What a terminal of that width is shown."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    import fcntl
    import struct
    import termios

    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    process = subprocess.Popen([LOGLOOM, *arguments], stdout=slave, stderr=slave, stdin=slave, env=environment)
    os.close(slave)
    shown = b""
    while select.select([master], [], [], 30)[0]:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    process.wait(30)
    return shown.decode()


def test_a_table_fits_the_terminal_and_nothing_in_a_log_controls_it(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"plain\n" + b"x" * 500 + b"\nred \x1b[31m and bell \x07\n")
    lines = (
        on_terminal(["parse", str(path), "-f", "text", "--option", "strip_ansi=false"], 80)
        .replace("\r\n", "\n")
        .splitlines()
    )
    assert lines[0].startswith("TIME (UTC)")
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80
    assert lines[2].endswith("…")
    assert "\\x1b[31m and bell \\x07" in lines[3]


def test_binary_is_not_written_to_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"plain\n")
    assert "otlp is binary: give --write FILE, or a pipe" in on_terminal(["parse", str(path), "-o", "otlp"], 80)


def test_a_progress_bar_on_a_terminal(tmp_path: Path) -> None:
    path, out = tmp_path / "a.log", tmp_path / "out"
    path.write_bytes(TEXT * 5000)
    shown = on_terminal(["parse", str(path), "-f", "text", "-o", "otlp", "-w", str(out)], 100)
    assert " records" in shown
    assert "%" in shown
    assert shown.endswith("\r\x1b[K")
    assert on_terminal(["parse", str(path), "-f", "text", "-o", "otlp", "-w", str(out), "--no-progress"], 100) == ""


def test_a_table_of_an_access_log_shows_the_requests() -> None:
    line = b'[2026-01-02T03:04:05.678Z] "GET /cart?id=1 HTTP/1.1" 504 UT 0 24 9 - "-" "curl/8" "r-1" "s" "1.2.3.4:5"\n'
    done = logloom("parse", "-f", "envoy", "-o", "table", "-", stdin=line)
    assert done.stdout.decode().splitlines()[1].startswith("2026-01-02 03:04:05.678  -         GET /cart?id=1 504  ")


def test_table_shows_what_is_known() -> None:
    line = '{"time":"2026-01-02T03:04:05.678Z","level":"warn","msg":"slow answer","status":504,"path":"/a b"}'
    done = logloom("parse", "-f", "json", "-o", "table", "--no-original", "-", stdin=line.encode())
    head, row = done.stdout.decode().splitlines()
    assert head.split() == ["TIME", "(UTC)", "SEVERITY", "BODY", "ATTRIBUTES"]
    assert row == '2026-01-02 03:04:05.678  WARN      slow answer  status=504 path="/a b"'


@pytest.mark.parametrize("width", ["-1", "0", "wide", "٣"])
def test_a_width_that_is_none_is_told(width: str) -> None:
    done = logloom("parse", f"--columns={width}", stdin=b"")
    assert done.returncode == 2
    assert "give a whole number of characters" in done.stderr.decode()
