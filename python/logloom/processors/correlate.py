"""`correlate`: finds the trace, the span and the request that a record belongs to, and says so where all look for it.

Looked for in attributes and in texts, whatever the spelling: W3C's traceparent, B3 in one header or several, Jaeger's
uber-trace-id, AWS's X-Amzn-Trace-Id, Google's X-Cloud-Trace-Context, and keys such as trace_id, traceId and span_id.
`trace_id`, `span_id` and `flags` are set only where the record has none, and never to what is no valid id. A request's
id is no trace id: it becomes an attribute, the same for all records that tell of the request. `docs/correlate.md`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from logloom._native import Processor, correlate_processor

KEYS_MAX = 32
KEY_CHARACTERS = (3, 64)


@dataclass(frozen=True, slots=True)
class Config:
    """Where is looked, and what is written.

    Attributes:
        body: Whether bodies are searched; attributes always are.
        texts: Attributes whose texts are searched as bodies are.
        request_id: The attribute that a request's id becomes, where the record has none of that name; empty: none.
        request_id_keys: Further keys under which a request's id stands, such as x-correlation-id. In attributes any
            spelling of them counts, in texts this one.
    """

    body: bool = True
    texts: list[str] = field(default_factory=lambda: ["log.record.original"])
    request_id: str = "http.request.id"
    request_id_keys: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Keys that would be found everywhere, or nowhere."""
        if len(self.request_id_keys) > KEYS_MAX:
            yield "request_id_keys", f"at most {KEYS_MAX}"
        least, most = KEY_CHARACTERS
        for place, key in enumerate(self.request_id_keys):
            if (
                not least <= len(key) <= most
                or not key.isascii()
                or not key.replace("-", "").replace("_", "").replace(".", "").isalnum()
            ):
                yield (
                    f"request_id_keys[{place}]",
                    f"'{key}': {least} to {most} letters, digits, '-', '_' and '.'",
                )
        if self.request_id_keys and not self.request_id:
            yield "request_id", "is needed for 'request_id_keys': the attribute that a request's id becomes"


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    return correlate_processor(
        body=config.body,
        texts=config.texts,
        request_id=config.request_id,
        request_id_keys=config.request_id_keys,
    )
