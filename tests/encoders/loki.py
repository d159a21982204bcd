"""Pushes to Loki in both of its encodings."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson

from tests.protos import generated

NANOS = 1_000_000_000


@dataclass(frozen=True)
class Line:
    """A line; its time in nanoseconds."""

    time: int
    text: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """Lines that have the same labels."""

    labels: dict[str, str]
    lines: tuple[Line, ...]


def label_text(labels: dict[str, str]) -> str:
    """`{a="b", c="d"}`: Go's escapes of quotes, backslashes and line breaks are JSON's, too."""
    return "{" + ", ".join(f"{name}={orjson.dumps(value).decode()}" for name, value in labels.items()) + "}"


def json(streams: Iterable[Stream]) -> bytes:
    """As `application/json`."""

    def value(line: Line) -> list[object]:
        return [str(line.time), line.text, *([line.metadata] if line.metadata else [])]

    return orjson.dumps(
        {"streams": [{"stream": stream.labels, "values": [value(line) for line in stream.lines]} for stream in streams]}
    )


def proto(streams: Iterable[Stream]) -> bytes:
    """As protobuf, not compressed."""
    messages, _ = generated("loki")
    push = messages.PushRequest()
    for stream in streams:
        to = push.streams.add(labels=label_text(stream.labels))
        for line in stream.lines:
            entry = to.entries.add(line=line.text)
            entry.timestamp.seconds, entry.timestamp.nanos = divmod(line.time, NANOS)
            for name, text in line.metadata.items():
                entry.structured_metadata.add(name=name, value=text)
    data: bytes = push.SerializeToString()
    return data
