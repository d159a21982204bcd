"""`logloom.pytest_plugin`: pytest runs the same files, and gives tests a rig."""

from importlib.metadata import entry_points

import pytest

from tests.unit.testing.configs import CONFIG, TESTS

pytest_plugins = ["pytester"]
INSTALLED = any(point.value == "logloom.pytest_plugin" for point in entry_points(group="pytest11"))
ARGUMENTS = ("-p", "no:cacheprovider", *(() if INSTALLED else ("-p", "logloom.pytest_plugin")))
IN_PYTHON = """
def test_mail(logloom_rig):
    rig = logloom_rig("mesh.yaml", environment={"SIEM": "siem:1"})
    rig.push("filelog/mesh", '{"msg": "a@example.com", "level": "info"}')
    rig.finish()
    (record,) = rig.records()["otlp/siem"]
    assert "example.com" not in record["body"]

def test_text(logloom_rig):
    text = "receivers: {zipkin: }\\nexporters: {nop: }\\n"
    text += "service: {pipelines: {traces: {receivers: [zipkin], exporters: [nop]}}}"
    assert logloom_rig(text=text).push("zipkin", body=[]).kind == "done"
"""


@pytest.fixture
def folder(pytester: pytest.Pytester) -> pytest.Pytester:
    for name, text in (("mesh.yaml", CONFIG), ("mesh.test.yaml", TESTS), ("other.test.yaml", "jobs: []")):
        (pytester.path / name).write_text(text)
    return pytester


def test_files_of_tests_are_collected(folder: pytest.Pytester) -> None:
    folder.makepyfile(IN_PYTHON)
    folder.runpytest_subprocess(*ARGUMENTS).assert_outcomes(passed=3)


def test_a_difference_is_shown_without_a_stack(folder: pytest.Pytester) -> None:
    (folder.path / "mesh.test.yaml").write_text(TESTS.replace("user: bob", "user: eve"))
    done = folder.runpytest_subprocess(*ARGUMENTS)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*otlp/siem: record 1 is not as expected", '*-     "user": "eve"*'])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_file_that_is_not_in_order_says_so(folder: pytest.Pytester) -> None:
    (folder.path / "mesh.test.yaml").write_text(TESTS.replace("expect:", "expects:"))
    done = folder.runpytest_subprocess(*ARGUMENTS)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*unknown key, did you mean 'expect'?*"])
