"""`logloom check`, as a program."""

from pathlib import Path

from tests.unit.cli.command import logloom

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def test_a_good_config(tmp_path: Path) -> None:
    done = logloom("check", CONFIGS / "good" / "minimal.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.decode().endswith("minimal.yaml: in order; pipelines: traces\n")
    assert list(tmp_path.iterdir()) == []  # nothing was opened


def test_a_bad_config_and_all_that_is_wrong_with_it() -> None:
    done = logloom("check", "unknown_keys.yaml", cwd=CONFIGS / "bad")
    assert done.returncode == 1
    assert done.stdout == (CONFIGS / "bad" / "unknown_keys.txt").read_bytes()
    assert done.stderr == b"6 problems\n"


def test_standard_input_and_the_environment() -> None:
    text = "receivers: {zipkin: {endpoint: '127.0.0.1:${env:PORT}'}}\nexporters: {nop: }\n"
    text += "service: {pipelines: {logs: {receivers: [zipkin], exporters: [nop]}}}\n"
    assert logloom("check", "-", stdin=text.encode(), environment={"PORT": "1"}).returncode == 0
    done = logloom("check", "-", stdin=text.encode())
    assert (done.returncode, done.stderr) == (1, b"1 problem\n")
    assert done.stdout.startswith(b"-:1: receivers.zipkin.endpoint: the environment variable PORT is not set")


def test_the_default_config_is_one_to_start_from() -> None:
    default = logloom("check", "--default").stdout
    assert logloom("check", "-", stdin=default).returncode == 0


def test_what_cannot_be_read() -> None:
    done = logloom("check", "none.yaml")
    assert (done.returncode, done.stderr) == (2, b"logloom: none.yaml: cannot be read: No such file or directory\n")


def test_tables_are_read(tmp_path: Path) -> None:
    files = {"none": "none.csv", "twice": "twice.csv", "cut": "cut.json", "good": "good.csv"}
    tables = "{" + ", ".join(f"{name}: {{path: {file}, keys: {{a: a}}}}" for name, file in files.items()) + "}"
    (tmp_path / "logloom.yaml").write_text(
        f"receivers: {{zipkin: {{}}}}\nprocessors: {{enrich/x: {{tables: {tables}}}}}\nexporters: {{nop: }}\n"
        "service: {pipelines: {logs: {receivers: [zipkin], processors: [enrich/x], exporters: [nop]}}}\n"
    )
    (tmp_path / "good.csv").write_text("a,b\n1,2\n")
    (tmp_path / "twice.csv").write_text("a,b\n1,2\n3,4\n1,5\n")
    (tmp_path / "cut.json").write_text('[{"a": 1')
    done = logloom("check", "logloom.yaml", cwd=tmp_path)
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (1, b"3 problems\n")
    assert [line.split(": ")[1] for line in lines] == [
        f"processors.enrich/x.tables.{name}" for name in ("none", "twice", "cut")
    ]
    assert "none.csv" in lines[0]
    assert "twice.csv: line 4: a second row of this key" in lines[1]
    assert "cut.json: no array of objects: EOF while parsing an object at line 1 column 8" in lines[2]
    (tmp_path / "twice.csv").unlink()
    text = (tmp_path / "logloom.yaml").read_text().replace(tables, "{good: {path: good.csv, keys: {a: a}}}")
    (tmp_path / "logloom.yaml").write_text(text)
    assert logloom("check", "logloom.yaml", cwd=tmp_path).returncode == 0
