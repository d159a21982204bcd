"""Cilium Hubble's exporter scripts: flows in a txtar archive, and what an export of them must have in it."""

import re
from typing import Any

import orjson

from tests.conformance import times
from tests.conformance.checks import Check, Raw, Somewhere, Time
from tests.conformance.kinds.common import read_one
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, detect, flatten
from tests.conformance.results import SourceResult, judge
from tests.conformance.settings import WANTED
from tests.conformance.values import absent


def run(corpora: Corpora, source: Source) -> SourceResult:
    """Each flow of the archive, in the line that the exporter writes of it."""
    result = SourceResult(source)
    text = source.data.decode()
    parts = re.split(r"(?m)^-- (\S+) --$", text)
    for name, content in zip(parts[1::2], parts[2::2], strict=True):
        if not name.endswith(".json"):
            continue
        flow: dict[str, Any] = orjson.loads(content)
        line = orjson.dumps({"flow": flow, "node_name": "node-1", "time": flow.get("time")}).decode()
        result.detections.append((source.category, detect(line.encode()), WANTED.get(source.category, ())))
        view = read_one(result, line.encode(), Reading())
        checks: list[Check] = [Raw(line)]
        moment = times.read(flow.get("time"))
        if moment:
            checks.append(Time(moment))
        for key, value in flatten(flow):
            if key != "time" and not isinstance(value, dict) and not absent(value):
                checks.append(Somewhere(key, value))
        result.cases.append(judge(name, checks, view, line))
    return result
