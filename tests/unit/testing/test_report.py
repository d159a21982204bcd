"""`logloom.testing.report`: what tests reached, and JUnit's XML."""

from pathlib import Path
from xml.etree import ElementTree as ET

from logloom.config import loads
from logloom.testing import Coverage, Result, junit
from tests.unit.testing.configs import CONFIG

COUNTERS = {
    "receivers": {"otlp": {"records": 1}},
    "pipelines": {"logs/otlp": {"records": 1, "dropped": 0}, "logs/mesh": {"records": 0, "dropped": 0}},
    "processors": {"redaction": {"rules": {"email": 2}}},
}


def test_what_no_test_reaches_is_named() -> None:
    coverage, config = Coverage(), loads(CONFIG, "mesh.yaml", {"SIEM": "s:1"})
    assert coverage.share() == 1.0
    coverage.add(config, COUNTERS, {"file": [{}], "otlp/siem": []})
    coverage.add(config, COUNTERS, {"file": [{}], "otlp/siem": []})
    assert coverage.share() == 4 / 9
    assert list(coverage.lines()) == [
        "reached 4 of 9 receivers, pipelines, exporters and rules (44%)",
        "  mesh.yaml: no test reaches exporter 'otlp/siem'",
        "  mesh.yaml: no test reaches pipeline 'logs/mesh'",
        "  mesh.yaml: no test reaches receiver 'filelog/mesh'",
        "  mesh.yaml: no test reaches rule of filter 'severity < INFO'",
        "  mesh.yaml: no test reaches rule of redaction 'credit_card'",
    ]


def test_junit_is_xml_whatever_a_log_has() -> None:
    results = [
        Result(Path("a.test.yaml"), "one", 0.5),
        Result(Path("b.test.yaml"), "two", 0.25, ["bad \x00\ud800 <&>\nmore"]),
    ]
    root = ET.fromstring(junit(results))  # noqa: S314 — our own
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    first, second = root
    assert (first.get("name"), first.get("failures"), first.get("time")) == ("a.test.yaml", "0", "0.500")
    (failure,) = second.iter("failure")
    assert (failure.get("message"), failure.text) == ("bad \ufffd\ufffd <&>", "bad \ufffd\ufffd <&>\nmore")
