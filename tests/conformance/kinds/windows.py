"""Windows events: messages with the details that another project reads from them, and whole events as XML."""

from typing import Any
from xml.sax.saxutils import escape

import orjson

from tests.conformance.checks import Body, Check, Somewhere
from tests.conformance.kinds.common import read_one
from tests.conformance.manifest import Corpora, Source
from tests.conformance.records import Reading, flatten
from tests.conformance.results import SourceResult, failed, judge
from tests.conformance.values import absent

# A message alone is no log: it comes rendered in its event, as the Windows API and forwarding give it.
_EVENT = (
    '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>'
    '<Provider Name="Microsoft-Windows-Security-Auditing"/><EventID>4776</EventID><Level>0</Level>'
    '<TimeCreated SystemTime="2022-04-22T10:20:52.3778625Z"/><EventRecordID>23401</EventRecordID>'
    "<Channel>Security</Channel><Computer>computer</Computer></System>"
    '<RenderingInfo Culture="en-US"><Message>{}</Message></RenderingInfo></Event>\n'
)


def run(corpora: Corpora, source: Source) -> SourceResult:
    """A message and what is expected of it: its first paragraph as the message, its list as attributes."""
    result = SourceResult(source)
    expected = source.data.decode("utf-8", "replace")
    messages = corpora.input_of(source)
    if messages is None:
        result.error = "its message is not in the corpora"
        return result
    message = messages.data.decode("utf-8", "replace")
    event = _EVENT.format(escape(message).replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;"))
    view = read_one(result, event.encode(), Reading())
    if view is None:
        result.cases.append(failed("message", result.error or "no record"))
        return result
    try:
        details = orjson.loads(expected)
    except orjson.JSONDecodeError:
        result.cases.append(judge("message", [Body(expected)], view, message))
        return result
    checks: list[Check] = [
        Somewhere(key, value) for key, value in _leaves(details) if not absent(value) and value not in ("-", [])
    ]
    result.cases.append(judge("details", checks, view, message))
    return result


def _leaves(details: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in flatten(details) if not isinstance(value, dict)]
