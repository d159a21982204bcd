"""Every fixture of tests/formats through the library, read back with the official OpenTelemetry classes.

The same files are run in Rust (rust/formats/tests/fixtures), where their form is described. Here what comes out is
bytes, and Google's protobuf and Python's own datetime say what they mean.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from logloom._native import Parser
from tests import otlp

FOLDER = Path(__file__).resolve().parent.parent / "formats"
CASES = sorted(FOLDER.glob("*/*.log"))
OBSERVED = 1_767_225_600_000_000_000
REJECT = "logloom.reject."


def nanos(text: str | None) -> int:
    """Nanoseconds of an RFC 3339 time in UTC, to the last digit."""
    if text is None:
        return 0
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    return int(datetime.fromisoformat(f"{seconds}+00:00").timestamp()) * 10**9 + int(f"{fraction:0<9}"[:9])


def plain(value: Any) -> Any:
    """A value as the fixtures write it: bytes and odd doubles as an object of one key."""
    if isinstance(value, bytes):
        text = value.decode("latin-1").replace("\\", "\\\\")
        return {"$bytes": "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in text)}
    if isinstance(value, float) and value - value != 0:
        return {"$double": str(value).replace("nan", "NaN")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def expected(record: dict[str, Any]) -> dict[str, Any]:
    """A record of a fixture with its defaults filled in."""
    attributes = dict(record.get("attributes", {}))
    if reject := record.get("reject"):
        attributes |= {f"{REJECT}kind": reject["kind"], f"{REJECT}reason": reject["what"], f"{REJECT}at": reject["at"]}
    return {
        "time": nanos(record.get("time")),
        "observed": nanos(record["observed"]) if "observed" in record else OBSERVED,
        "severity": record.get("severity_number", 0),
        "severity_text": record.get("severity_text", ""),
        "body": record.get("body"),
        "attributes": attributes,
        "resource": record.get("resource", {}),
        "scope": record.get("scope", {}).get("name", ""),
        "trace_id": record.get("trace_id", ""),
        "span_id": record.get("span_id", ""),
        "flags": record.get("flags", 0),
        "event_name": record.get("event_name", ""),
    }


def actual(record: otlp.Flat) -> dict[str, Any]:
    found: dict[str, Any] = plain(vars(record))
    for key, length in (("trace_id", 32), ("span_id", 16)):
        if len(found[key]) != length:
            found[key] = ""  # OTLP: an id of another length is to be treated as absent
    if f"{REJECT}kind" in found["attributes"]:
        del found["attributes"][f"{REJECT}format"]  # the fixture's folder says it; for `auto` it is what was found
    return found


def canonical(records: Iterable[dict[str, Any]]) -> list[bytes]:
    """Texts that tell 1, 1.0 and True apart; sorted, as OTLP holds records by resource, not by arrival."""
    return sorted(orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) for record in records)


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_records_are_as_expected(case: Path) -> None:
    options_path = case.with_suffix(".options.json")
    options = orjson.loads(options_path.read_bytes()) if options_path.exists() else {}
    batch = Parser(case.parent.name, observed_time_unix_nano=OBSERVED, **options).parse(case.read_bytes())
    wanted = orjson.loads(case.with_suffix(".json").read_bytes())
    assert len(batch) == len(wanted)
    assert canonical(map(actual, otlp.from_bytes(batch.to_otlp()))) == canonical(map(expected, wanted))
    rejects = [(r.kind, r.reason, r.at, r.offset) for r in batch.rejects]
    assert rejects == [tuple(r["reject"][k] for k in ("kind", "what", "at", "offset")) for r in wanted if "reject" in r]
