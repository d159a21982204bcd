"""The benches' spans in the binary encodings, written by protobuf's and thriftpy2's encoders."""

import orjson

from bench import corpus
from tests.encoders import jaeger as to_jaeger
from tests.encoders import zipkin as to_zipkin

TYPES = {"string": str, "int64": int, "bool": bool, "float64": float}


def zipkin_json(spans: int) -> bytes:
    """Zipkin v2 JSON whose annotations mean no more than they say: version 1 gives `ss` a meaning of its own."""
    return corpus.zipkin(spans).replace(b'"ss"', b'"sent"')


def _endpoint(value: dict[str, str | int]) -> to_zipkin.Endpoint:
    return to_zipkin.Endpoint(str(value["serviceName"]), ipv4=str(value["ipv4"]), port=int(value["port"]))


def zipkin(encoding: str, spans: int) -> bytes:
    """The same spans in another encoding."""
    return to_zipkin.ENCODINGS[encoding](
        [
            to_zipkin.Span(
                trace_id=int(span["traceId"], 16),
                id=int(span["id"], 16),
                parent_id=int(span.get("parentId", "0"), 16),
                kind=span["kind"],
                name=span["name"],
                timestamp=span["timestamp"],
                duration=span["duration"],
                local=_endpoint(span["localEndpoint"]),
                annotations=tuple((note["timestamp"], note["value"]) for note in span.get("annotations", [])),
                tags=span["tags"],
            )
            for span in orjson.loads(zipkin_json(spans))
        ]
    )


def _tags(tags: list[dict[str, str]]) -> to_jaeger.Tags:
    return tuple((tag["key"], TYPES[tag["type"]](tag["value"])) for tag in tags)


def jaeger(encoding: str, spans: int) -> bytes:
    """The spans of the API's answer as one batch in another encoding, all of the first process."""
    traces = orjson.loads(corpus.jaeger(spans))["data"]
    process = traces[0]["processes"]["p1"]
    batch = to_jaeger.Batch(
        process["serviceName"],
        _tags(process["tags"]),
        tuple(
            to_jaeger.Span(
                trace_id=int(span["traceID"], 16),
                id=int(span["spanID"], 16),
                name=span["operationName"],
                start=span["startTime"],
                duration=span["duration"],
                parent_id=int(span["references"][0]["spanID"], 16) if span["references"] else 0,
                tags=_tags(span["tags"]),
                logs=tuple((log["timestamp"], _tags(log["fields"])) for log in span["logs"]),
            )
            for trace in traces
            for span in trace["spans"]
        ),
    )
    return to_jaeger.BINARY[encoding](batch)
