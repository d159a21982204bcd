"""What a function of the user's may answer, and what becomes of a batch where it fails or takes too long."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from logloom import Batch, config, parse
from logloom._native import Journal, Processor
from logloom.errors import ConfigError
from logloom.intake import Push, intake_of
from logloom.processors import python
from logloom.processors.python import Config, create
from logloom.telemetry import Telemetry
from tests.components import problems_of
from tests.unit.components import installed

LINES = b"".join(b'{"message": "%s", "n": %d}\n' % (text, n) for n, text in enumerate([b"a", b"b", b"a", b"c"]))


def batch() -> Batch:
    return parse(LINES, "json")


def processor(folder: Path, source: str, **options: Any) -> Processor:
    path = folder / "rules.py"
    path.write_text(source, "utf-8")
    return create(Config(str(path), **options))


def ran(folder: Path, source: str, **options: Any) -> tuple[Batch, dict[str, Any]]:
    made, outcome = processor(folder, source, **{"timeout": 600.0} | options).apply(batch())
    return made, outcome


NOTHING = {"dropped": 0, "added": 0, "failed": 0, "rules": {}}


def counts(outcome: dict[str, Any]) -> dict[str, Any]:
    return {key: outcome[key] for key in NOTHING}


def test_nothing_answered_changes_nothing(tmp_path: Path) -> None:
    given = batch()
    made, outcome = processor(tmp_path, "def process(batch): assert len(batch) == 4", timeout=600.0).apply(given)
    assert bytes(made) == bytes(given)
    assert counts(outcome) == NOTHING


@pytest.mark.parametrize(
    "source",
    [
        "def process(batch): return [record.body == 'a' for record in batch]",
        (
            "import pyarrow as pa, pyarrow.compute as pc\n"
            "def process(batch): return pc.equal(pa.table(batch)['body'], 'a')"
        ),
    ],
)
def test_a_mask_says_which_records_stay(tmp_path: Path, source: str) -> None:
    made, outcome = ran(tmp_path, source)
    assert [record.body for record in made] == ["a", "a"]
    assert counts(outcome) == NOTHING | {"dropped": 2}


def test_columns_become_attributes(tmp_path: Path) -> None:
    source = """
import pyarrow as pa, pyarrow.compute as pc
def process(batch):
    table = pa.table(batch)
    return {
        "size": pc.utf8_length(table["body"]), "all": "same", "n": [None, 7, 0.5, True],
        "raw": [b"\\xff", None, None, None],
    }
"""
    given = batch()
    made, outcome = ran(tmp_path, source)
    found = [dict(record.attributes) for record in made]
    assert [one.pop("log.record.original") for one in found] == LINES.decode().splitlines()
    assert found == [
        {"n": 0, "size": 1, "all": "same", "raw": b"\xff"},
        {"n": 7, "size": 1, "all": "same"},
        {"n": 0.5, "size": 1, "all": "same"},
        {"n": True, "size": 1, "all": "same"},
    ]
    assert [record.body for record in made] == [record.body for record in given]
    assert counts(outcome) == NOTHING


def test_a_tables_columns_become_attributes(tmp_path: Path) -> None:
    assert pc.equal(pa.array([1]), 1)[0].as_py()
    made, _ = ran(tmp_path, "import pyarrow as pa\ndef process(batch): return pa.table({'x': [1, 2, 3, None]})")
    assert [record.attributes.get("x") for record in made] == [1, 2, 3, None]


def test_another_batch(tmp_path: Path) -> None:
    made, outcome = ran(tmp_path, "def process(batch): return batch.select([1]).append(batch.select([3]))")
    assert [record.body for record in made] == ["b", "c"]
    assert counts(outcome) == NOTHING | {"dropped": 2}


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "python.md").read_text("utf-8")
    made, _ = ran(tmp_path, page.partition("```py\n")[2].partition("```")[0])
    assert [record.attributes["shop.body.length"] for record in made] == [1] * 4
    assert [record.attributes["shop.slow"] for record in made] == [False] * 4


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def process(batch): 1 / 0", "ZeroDivisionError: division by zero"),
        ("def process(batch): raise SystemExit(3)", "SystemExit: 3"),
        ("def process(batch): return [True]", "the mask has 1 values for 4 records"),
        (
            "def process(batch): return [1, 2, 3, 4]",
            "TypeError: a mask is of booleans: True for each record that stays",
        ),
        ("def process(batch): return {'a': [1]}", "the column 'a' has 1 values for 4 records"),
        ("def process(batch): return {'a': [[], [], [], []]}", "TypeError"),
        ("def process(batch): return object()", "TypeError: object is neither None, a Batch, a mask of booleans"),
    ],
)
def test_a_function_that_fails_loses_nothing(tmp_path: Path, source: str, why: str) -> None:
    made, outcome = ran(tmp_path, source)
    assert len(made) == 4
    assert all(str(record.attributes["logloom.processor.error"]).startswith(why) for record in made)
    assert counts(outcome) == NOTHING | {"failed": 4}


def test_what_becomes_of_the_batch_is_the_users_to_say(tmp_path: Path) -> None:
    source = "def process(batch): raise ValueError"
    made, outcome = ran(tmp_path, source, on_error="ignore")
    assert bytes(made) == bytes(made.select([0, 1, 2, 3]))
    assert "logloom.processor.error" not in made[0].attributes
    made, outcome = ran(tmp_path, source, on_error="drop")
    assert (len(made), counts(outcome)) == (0, NOTHING | {"failed": 4, "dropped": 4})
    made, outcome = ran(tmp_path, source, on_error="dead_letter")
    assert (len(made), outcome["failed"]) == (0, 4)


def test_a_function_that_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    source = """
first = True
def process(batch):
    global first
    if first:
        first = False
        while True:
            pass
"""
    slow = processor(tmp_path, source, timeout=0.05)
    made, outcome = slow.apply(batch())
    assert (len(made), outcome["failed"]) == (4, 4)
    while slow.apply(batch())[1]["failed"]:  # until the interrupted call ended
        pass
    [calls, failed, timeouts, cpu] = python.metrics("python", Config("rules.py"), slow)
    assert [metric.name for metric in (calls, failed, timeouts, cpu)] == [
        f"logloom_processor_python_{name}" for name in ("calls", "failed", "timeouts", "cpu")
    ]
    assert timeouts.points[0].value >= 1  # type: ignore[operator]
    assert cpu.points[0].value > 0  # type: ignore[operator]
    assert calls.points[0].labels == {"processor": "python", "function": "rules.py:process"}


def test_it_runs_in_a_thread_of_its_own_one_call_at_a_time(tmp_path: Path) -> None:
    source = """
import threading
threads, at_once, most = set(), 0, 0
def process(batch):
    global at_once, most
    at_once += 1
    most = max(most, at_once)
    threads.add(threading.get_ident())
    at_once -= 1
    return {"threads": len(threads), "most": most}
"""
    own = processor(tmp_path, source, timeout=600.0)
    made: list[Batch] = []
    pushers = [threading.Thread(target=lambda: made.append(own.apply(batch())[0])) for _ in range(8)]
    for pusher in pushers:
        pusher.start()
    for pusher in pushers:
        pusher.join()
    assert len(made) == 8
    assert {(one[0].attributes["threads"], one[0].attributes["most"]) for one in made} == {(1, 1)}


def test_who_waits_for_others_is_not_let_past_it(tmp_path: Path) -> None:
    """Those before one may have taken longer together than one call may."""
    pushers, timeout_s = 7, 4.0
    own = processor(
        tmp_path,
        f"""
import time
def process(batch):
    time.sleep({timeout_s} / {pushers - 2})
    return {{"seen": True}}
""",
        timeout=timeout_s,
    )
    with ThreadPoolExecutor(pushers) as pool:
        made = [push.result()[0] for push in [pool.submit(own.apply, batch()) for _ in range(pushers)]]
    assert all(record.attributes.get("seen") for one in made for record in one)


@pytest.mark.parametrize(
    ("source", "function", "said"),
    [
        ("x = 1", "process", "no function 'process'"),
        ("1 / 0", "process", "ZeroDivisionError: division by zero"),
        ("def", "process", "SyntaxError"),
    ],
)
def test_there_must_be_such_a_function(tmp_path: Path, source: str, function: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        processor(tmp_path, source, function=function)


def test_a_module_may_be_imported() -> None:
    with pytest.raises(ConfigError, match=r"python: acme\.none: ModuleNotFoundError"):
        create(Config("acme.none"))
    made, outcome = create(Config("builtins", function="len")).apply(batch())
    assert outcome["failed"] == 4, "an integer is no answer"
    assert len(made) == 4


async def test_a_push_waits_for_it_without_the_interpreter(tmp_path: Path) -> None:
    """On the event loop's thread, which holds the GIL otherwise."""
    (tmp_path / "rules.py").write_text("def process(batch): return [record.body == 'b' for record in batch]", "utf-8")
    text = (
        f"receivers: {{tin: {{}}}}\nprocessors: {{python: {{module: '{tmp_path}/rules.py', timeout: 600s}}}}\n"
        'exporters: {tout: {endpoint: "a:1"}}\n'
        "service:\n  pipelines: {logs: {receivers: [tin], processors: [python], exporters: [tout]}}"
    )
    telemetry = Telemetry()
    with installed(), ThreadPoolExecutor(1) as threads:
        journal = Journal(bytes_max=1 << 20)
        cursor = journal.cursor("tout", ["logs"])
        intake = intake_of(config.loads(text), journal, telemetry)
        push = Push("tin", intake, journal, threads)
        delivery = await push(push.messages("json"), LINES)
        assert (delivery.kind, delivery.accepted) == ("done", 4)
        journal.close()
        step = cursor.next(100, 1 << 20, 0.0)
    assert step is not None
    assert [record.body for record in step[0]] == ["b"]
    assert intake.counters()["pipelines"]["logs"]["dropped"] == 3
    assert telemetry.snapshot().value("logloom_processor_python_calls", processor="python") == 1


async def test_who_pushes_a_small_message_goes_on_meanwhile(tmp_path: Path) -> None:
    """The function answers only when the event loop says so, which it can as long as it waits for nothing itself."""
    (tmp_path / "rules.py").write_text(
        "import threading\nbegan, may_end = threading.Event(), threading.Event()\n"
        "def process(batch):\n    began.set()\n    return [may_end.wait(60)] * len(batch)\n",
        "utf-8",
    )
    text = (
        f"receivers: {{tin: {{}}}}\nprocessors: {{python: {{module: '{tmp_path}/rules.py', timeout: 600s}}}}\n"
        'exporters: {tout: {endpoint: "a:1"}}\n'
        "service:\n  pipelines: {logs: {receivers: [tin], processors: [python], exporters: [tout]}}"
    )
    with installed(), ThreadPoolExecutor(1) as threads:
        journal = Journal(bytes_max=1 << 20)
        cursor = journal.cursor("tout", ["logs"])
        intake = intake_of(config.loads(text), journal)
        assert intake.waits
        push = Push("tin", intake, journal, threads)
        pushed = asyncio.create_task(push(push.messages("json"), LINES))
        file = f"{tmp_path}/rules.py"
        (rules,) = (module for module in [*sys.modules.values()] if getattr(module, "__file__", None) == file)
        await asyncio.to_thread(rules.began.wait)
        rules.may_end.set()
        delivery = await pushed
        assert (delivery.kind, delivery.accepted) == ("done", 4)
        journal.close()
        step = cursor.next(100, 1 << 20, 0.0)
    assert step is not None
    assert len(step[0]) == 4


def test_whatever_it_answers_all_else_stays_byte_for_byte(tmp_path: Path) -> None:
    source = (
        "import random\nrng = random.Random(8)\n"
        "def process(batch):\n"
        "    if rng.random() < 0.5:\n        return [rng.random() < 0.7 for _ in range(len(batch))]\n"
        "    return {key: [rng.choice([None, 'é', 7, True, 0.5, b'\\xff']) for _ in range(len(batch))]\n"
        "            for key in rng.sample(['n', 'new', 'other'], rng.randint(0, 3))}\n"
    )
    function, given = processor(tmp_path, source, timeout=600.0), batch()
    named = {b"n", b"new", b"other"}

    def rest(message: bytes) -> list[bytes]:
        record = LogRecord.FromString(message)
        kept = [one for one in record.attributes if one.key.encode() not in named]
        del record.attributes[:]
        return [record.SerializeToString(), *(one.SerializeToString() for one in kept)]

    before = [rest(one) for one in records_of(given)]
    for _ in range(200):
        made, outcome = function.apply(given)
        assert outcome["failed"] == 0
        assert len(made) + outcome["dropped"] == len(given)
        after = [rest(one) for one in records_of(made)]
        places = iter(before)
        assert all(one in places for one in after), "those that stay do so in order, with all else that they had"


def records_of(given: Batch) -> list[bytes]:
    request = ExportLogsServiceRequest.FromString(bytes(given))
    return [
        record.SerializeToString()
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


def test_the_interpreter_ends_though_a_function_does_not(tmp_path: Path) -> None:
    source = "def process(batch):\n    while True: pass\n"
    (tmp_path / "rules.py").write_text(source, "utf-8")
    code = (
        "from logloom import parse; from logloom.processors.python import Config, create\n"
        "made, outcome = create(Config('rules.py', timeout=0.01)).apply(parse(b'{}', 'json'))\n"
        "assert outcome['failed'] == 1"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_problems() -> None:
    assert list(problems_of(python, "{module: a b, function: 1x}")) == ["function", "module"]
    assert list(problems_of(python, "{module: rules.py, timeout: 0s}")) == ["timeout"]
