"""OTLP in, the same OTLP out: one validating scan builds the index, and the bytes leave as they came."""

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

import logloom
from bench import corpus
from bench.figures import Figure
from bench.measure import Measure

RECORDS = 1000


def test_otlp_through(measure: Measure) -> None:
    data = corpus.otlp_logs(RECORDS)
    batch = logloom.Batch.from_otlp(data)
    assert bytes(batch.to_otlp()) == data
    sent = ExportLogsServiceRequest.FromString(data).resource_logs[0].scope_logs[0].log_records
    assert [record.time_unix_nano for record in batch] == [record.time_unix_nano for record in sent]
    assert [record.trace_id for record in batch] == [record.trace_id.hex() for record in sent]
    assert batch[RECORDS - 1].attributes["url.path"] == sent[-1].attributes[1].value.string_value
    del batch

    def work() -> None:
        logloom.Batch.from_otlp(data).to_otlp()

    measure(
        Figure("otlp_through", "OTLP in, untouched OTLP out", "records", 3e6, keeps_original=None),
        work,
        data=data,
        records=RECORDS,
        output_bytes=len(data),
        note=f"{len(data) / RECORDS:.0f} B a record, a request of {RECORDS}",
    )
