"""Records for the tests of processors, and what becomes of them."""

from collections.abc import Mapping
from typing import Any

import orjson

from logloom import config
from logloom._native import Batch, Processor
from logloom.errors import InvalidConfigError
from tests.otlp import Flat, records
from tests.unit.components import installed


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case dict():
            return {"kvlistValue": {"values": _pairs(value)}}
        case _:
            return {"stringValue": value}


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def record(
    body: Any = "x", *, severity: int = 9, trace_id: str = "", time: int = 1, **attributes: Any
) -> dict[str, Any]:
    """One record in OTLP's JSON; `resource`, where it is given, is its resource's."""
    resource = attributes.pop("resource", {})
    log = {
        "timeUnixNano": str(time),
        "severityNumber": severity,
        "body": _value(body),
        "attributes": _pairs(attributes),
        "traceId": trace_id,
    }
    return {"resource": {"attributes": _pairs(resource)}, "scopeLogs": [{"scope": {}, "logRecords": [log]}]}


def batch(*logs: dict[str, Any]) -> Batch:
    """A Batch of records, each with a resource of its own."""
    return Batch.from_otlp_json(orjson.dumps({"resourceLogs": list(logs)}))


def flat(made: Batch) -> list[Flat]:
    """Its records in the order of its bytes."""
    return list(records(made.to_proto()))


def loaded(kind: str, text: str) -> Any:
    """The Config of one processor, from YAML in braces or without."""
    whole = (
        f'receivers: {{tin: {{}}}}\nprocessors: {{{kind}: {{{text}}}}}\nexporters: {{tout: {{endpoint: "a:1"}}}}\n'
        f"service: {{pipelines: {{logs: {{receivers: [tin], processors: [{kind}], exporters: [tout]}}}}}}"
    )
    with installed():
        return config.loads(whole).processors[kind]


def processor(kind: str, text: str) -> Processor:
    """A processor as the config has it."""
    component = loaded(kind, text)
    module = __import__(f"logloom.processors.{component.type}", fromlist=["create"])
    made: Processor = module.create(component.config)
    return made


def problems(kind: str, text: str) -> list[str]:
    """What is wrong with a config."""
    try:
        loaded(kind, text)
    except InvalidConfigError as error:
        return str(error).splitlines()
    return []
