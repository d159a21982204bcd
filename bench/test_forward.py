"""Messages of Fluent Forward: events of an application, packed as Fluentd's and Fluent Bit's outputs send them."""

import msgpack
import orjson

import logloom
from bench import corpus
from bench.answers import chunk, records
from bench.figures import Figure
from bench.measure import Measure

LINES = 2400
START_S = 1_795_430_459


def test_packed_forward(measure: Measure) -> None:
    lines = chunk(corpus.app_json(LINES)).splitlines()
    events = [orjson.loads(line) for line in lines]
    packed = b"".join(
        msgpack.packb([msgpack.ExtType(0, (START_S + at).to_bytes(4, "big") + bytes(4)), event])
        for at, event in enumerate(events)
    )
    data = msgpack.packb(["app.shop", packed, {"size": len(events)}])
    alone = records(logloom.parse(b"\n".join(lines), format="json"))
    batch = logloom.parse(data, format="fluentforward")
    for record, said in zip(records(batch), alone, strict=True):
        assert (record.body, record.severity_number, record.trace_id) == (
            said.body,
            said.severity_number,
            said.trace_id,
        )
    size, count = batch.otlp_len, len(batch)
    del batch

    def work() -> None:
        logloom.parse(data, format="fluentforward").to_otlp()

    measure(
        Figure(
            "fluentforward", "Fluent Forward, packed events of an application", "records", None, keeps_original=False
        ),
        work,
        data=data,
        records=count,
        output_bytes=size,
        note=f"{len(data) / count:.0f} B an event",
    )
