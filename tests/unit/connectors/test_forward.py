"""`forward`: what it hands on."""

from tests.unit.connectors.wired import wired


async def test_pipelines_end_in_one_and_one_parts_into_several() -> None:
    got, counters = await wired(
        """
connectors: {forward/all: , pipeline/parted: }
service:
  pipelines:
    logs/a: {receivers: [tin], exporters: [forward/all], when: 'body == "one"'}
    logs/b: {receivers: [tin], exporters: [forward/all, tout], when: 'body != "one"'}
    logs/mid: {receivers: [forward/all], exporters: [pipeline/parted]}
    logs/x: {receivers: [pipeline/parted], exporters: [tout]}
    logs/y: {receivers: [pipeline/parted], exporters: [tout], when: 'body == "two"'}
""",
        {"message": "one"},
        {"message": "two"},
    )
    assert got == {"logs/b": ["two"], "logs/x": ["one", "two"], "logs/y": ["two"]}
    assert counters["routes"] == {"forward/all": {"default": 2}, "pipeline/parted": {"default": 2}}
    assert counters["pipelines"]["logs/y"] == {"records": 1, "dropped": 1}
    assert counters["unrouted"] == 0


async def test_spans_stay_among_traces_and_go_on_as_logs_where_there_are_none() -> None:
    span = b'[{"traceId":"000000000000000a","id":"000000000000000b","name":"get","timestamp":1,"duration":1}]'
    both = """
connectors: {forward: }
service:
  pipelines:
    logs/in: {receivers: [tin], exporters: [forward]}
    traces/in: {receivers: [tin], exporters: [forward]}
    logs/out: {receivers: [forward], exporters: [tout]}
    traces/out: {receivers: [forward], exporters: [tout]}
"""
    got, counters = await wired(both, format_name="zipkin", data=span)
    assert got == {"logs/out": [], "traces/out": ["get"]}
    assert counters["routes"] == {"forward (logs)": {"default": 0}, "forward (traces)": {"default": 1}}
    one = """
connectors: {forward: }
service:
  pipelines:
    traces/in: {receivers: [tin], exporters: [forward]}
    logs/out: {receivers: [forward], exporters: [tout]}
"""
    got, _ = await wired(one, format_name="zipkin", data=span)
    assert got == {"logs/out": ["get"]}
