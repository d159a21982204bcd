"""Bodies of requests whose records are JSON, but no lines; what each record says is compared first."""

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

import logloom
from bench import body_corpus
from bench.figures import Figure
from bench.measure import Measure
from tests import otlp

INPUT_BYTES_PER_S = 450e6

Case = tuple[str, str, Callable[[int], tuple[bytes, list[dict[str, Any]]]], int, float]

# The format, what is counted, who makes the body, of how many, and how many bytes one has.
CASES: list[Case] = [
    ("datadog", "entries", body_corpus.datadog, 3000, 306),
    ("otlp_traces_json", "spans", body_corpus.otlp_traces, 1000, 994),
]


def _said(batch: logloom.Batch) -> dict[tuple[int, str], dict[str, Any]]:
    """What the records say, by their times and bodies, which no two share."""
    found = {}
    for resource in ExportLogsServiceRequest.FromString(bytes(batch.to_otlp())).resource_logs:
        own = otlp.attributes(resource.resource.attributes)
        for record in (record for scope in resource.scope_logs for record in scope.log_records):
            ids = {"trace_id": record.trace_id.hex(), "span_id": record.span_id.hex()}
            key = record.time_unix_nano, record.body.string_value
            found[key] = otlp.attributes(record.attributes) | ids | {"resource": own}
    return found


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_bodies(measure: Measure, case: Case) -> None:
    format, unit, make, count, size = case
    data, said = make(count)
    assert make(count)[0] == data
    assert abs(len(data) / count / size - 1) < 0.05, f"{len(data) / count:.0f} B"
    batch = logloom.parse(data, format=format)
    assert not batch.rejects
    found = _said(batch)
    assert len(batch) == len(found) == len(said)
    for expected in said:
        got = found[expected.pop("time"), expected.pop("body")]
        assert expected.pop("resource").items() <= got.pop("resource").items()
        assert {name: got.get(name) for name in expected} == expected
    output = batch.otlp_len
    del batch

    def work() -> None:
        logloom.parse(data, format=format).to_otlp()

    figure = Figure(format, f"{format}, one body", unit, INPUT_BYTES_PER_S / size, keeps_original=None)
    note = f"{len(data) / count:.0f} B each, {len(said)} records"
    measure(figure, work, data=data, records=count, output_bytes=output, note=note)
