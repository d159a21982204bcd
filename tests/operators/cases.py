"""Cases of operators: a folder each, with the config, its lines, and the records that the real Collector made of them.

`tools/operators.py` records them anew. What logloom makes of the same is compared record by record; what may differ is
stated in `differs`, and nowhere else.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

FOLDER = Path(__file__).parent
ROOT = "/logs"
"""What stands for the folder that the lines lay in."""


@dataclass(frozen=True)
class Case:
    """One of them.

    Attributes:
        name: Its folder.
        operators: The operators.
        receiver: What else the receiver is told.
        path: The name of the file of lines.
        compare_time: Whether times are compared: not those without a year.
    """

    name: str
    operators: list[dict[str, Any]]
    receiver: dict[str, Any]
    path: str
    compare_time: bool

    @property
    def lines(self) -> bytes:
        """The lines."""
        return (FOLDER / self.name / "input.log").read_bytes()

    @property
    def expected_file(self) -> Path:
        """Where the Collector's records are."""
        return FOLDER / self.name / "expected.json"

    def expected(self) -> list[dict[str, Any]]:
        """The Collector's records."""
        found: list[dict[str, Any]] = orjson.loads(self.expected_file.read_bytes())
        return found


def read(name: str) -> Case:
    """The case in this folder."""
    given = yaml.safe_load((FOLDER / name / "case.yaml").read_text())
    return Case(
        name,
        given["operators"],
        given.get("receiver", {}),
        given.get("path", "input.log"),
        given.get("compare_time", True),
    )


def names() -> list[str]:
    """All cases."""
    return sorted(path.parent.name for path in FOLDER.glob("*/case.yaml"))


def config(cases: list[Case], folder: Path) -> dict[str, Any]:
    """A config of the Collector, and of logloom, that runs them all; the lines are laid where it reads them."""
    receivers, exporters, pipelines = {}, {}, {}
    for case in cases:
        lines = folder / case.name / case.path
        lines.parent.mkdir(parents=True, exist_ok=True)
        lines.write_bytes(case.lines)
        receivers[f"filelog/{case.name}"] = {
            "include": [str(lines)],
            "start_at": "beginning",
            "operators": case.operators,
            **case.receiver,
        }
        exporters[f"file/{case.name}"] = {"path": str(folder / f"{case.name}.jsonl")}
        pipelines[f"logs/{case.name}"] = {
            "receivers": [f"filelog/{case.name}"],
            "exporters": [f"file/{case.name}"],
        }
    text = orjson.dumps({"receivers": receivers, "exporters": exporters, "service": {"pipelines": pipelines}})
    return dict(orjson.loads(text.replace(b"$", b"$$")))  # a single one refers to the environment


def records(file: Path, folder: Path) -> list[dict[str, Any]]:
    """What a file exporter wrote, one plain record after the other."""
    found = []
    text = file.read_bytes() if file.exists() else b""
    for line in text.replace(bytes(folder), ROOT.encode()).splitlines():
        for group in orjson.loads(line)["resourceLogs"]:
            resource = _pairs(group.get("resource", {}).get("attributes", []))
            for scope_logs in group["scopeLogs"]:
                scope = scope_logs.get("scope", {}).get("name", "")
                found += [_record(record, resource, scope) for record in scope_logs["logRecords"]]
    return found


def _record(record: Mapping[str, Any], resource: dict[str, Any], scope: str) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "body": _value(record.get("body", {})),
        "attributes": _pairs(record.get("attributes", [])),
        "resource": resource,
        "scope": scope,
        "severity_number": record.get("severityNumber", 0),
        "severity_text": record.get("severityText", ""),
        "time_unix_nano": int(record.get("timeUnixNano", 0)),
        "trace_id": record.get("traceId", ""),
        "span_id": record.get("spanId", ""),
        "flags": record.get("flags", 0),
    }
    return {key: value for key, value in plain.items() if value not in ("", 0, {}, None) or key == "body"}


def _pairs(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: _value(pair.get("value", {})) for pair in pairs}


def _value(value: Mapping[str, Any]) -> Any:
    for kind, inside in value.items():
        match kind:
            case "intValue":
                return int(inside)
            case "doubleValue":
                return float(inside)
            case "kvlistValue":
                return _pairs(inside.get("values", []))
            case "arrayValue":
                return [_value(item) for item in inside.get("values", [])]
            case _:
                return inside
    return None


def differences(case: Case, ours: list[dict[str, Any]]) -> Iterator[str]:
    """What is otherwise than the Collector has it, but for what is stated in `_differs`."""
    theirs = case.expected()
    if not case.compare_time:
        for record in (*ours, *theirs):
            record.pop("time_unix_nano", None)
    if len(ours) != len(theirs):
        yield f"{len(ours)} records, not {len(theirs)}"
    left = list(theirs)
    for record in ours:
        # Records of several resources or routes come in an order that is each one's own.
        same = next((other for other in left if not _differs(record, other)), None)
        if same is not None:
            left.remove(same)
        else:
            yield f"only here: {record}"
    for record in left:
        yield f"only there: {record}"


def _differs(ours: Any, theirs: Any) -> bool:
    """Whether they differ, but that integers of JSON stay integers here: the Collector makes doubles of them."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() != theirs.keys() or any(_differs(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) != len(theirs) or any(map(_differs, ours, theirs))
    if type(ours) is int and type(theirs) is float:
        return not math.isclose(ours, theirs, rel_tol=1e-15)
    return type(ours) is not type(theirs) or bool(ours != theirs)
