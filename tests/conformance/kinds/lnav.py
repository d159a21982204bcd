"""lnav's format files: sample lines, some with the level that they have."""

from typing import Any

from tests.conformance.checks import Check, Level, Raw
from tests.conformance.kinds.common import align, read_into
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, detect
from tests.conformance.results import SourceResult, judge
from tests.conformance.settings import WANTED

# lnav's own words that are no severity, or one of its statistics.
_NO_LEVEL = {"unknown", "stats"}
# Its levels of HTTP status codes; status is no severity unless configured (OpenTelemetry's data model).
_FROM_STATUS = "status"


def run(corpora: Corpora, source: Source) -> SourceResult:
    """Each sample's level, and that its line is kept."""
    result = SourceResult(source)
    for name, definition in source.json().items():
        if not isinstance(definition, dict):
            continue
        samples = definition.get("sample", ())
        if name in WANTED and samples:
            lines = "\n".join(sample["line"].strip("\n") for sample in samples)
            result.detections.append((name, detect(f"{lines}\n".encode()), WANTED[name]))
        by_status = _FROM_STATUS in str(definition.get("level-field", ""))
        for number, sample in enumerate(samples):
            result.cases.append(_judge(result, f"{name}#{number}", sample, by_status=by_status))
    return result


def _judge(result: SourceResult, name: str, sample: dict[str, Any], *, by_status: bool) -> Any:
    line: str = sample["line"]
    views = read_into(result, line.encode(), Reading(), whole_source=False)
    first = line.strip("\n").split("\n")[0]
    view = align([[first.strip()]], views)[0] or (views[0] if views else None)
    checks: list[Check] = [Raw(line) if len(views) == 1 else Raw(first)]
    level = sample.get("level", "")
    if level and level not in _NO_LEVEL and not by_status:
        checks.append(Level(level))
    return judge(name, checks, view, line)
