"""What becomes of records on their way: by each pipeline's condition, by each of its processors."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from logloom._native import Batch, Processor
from logloom.config import Config
from logloom.intake import condition_of, processors_of
from logloom.testing.cases import Given, GivenError
from logloom.testing.rig import Rig

__all__ = ["Step", "decoded", "steps"]


@dataclass(frozen=True, slots=True)
class Step:
    """What one pipeline's condition, or one of its processors, did.

    Attributes:
        pipeline: The pipeline's name.
        processor: The processor's id; empty for the pipeline's condition.
        before: The records that came to it.
        after: The records that left it.
        outcome: What the processor counted: `dropped`, `added`, `failed`, `rules`.
    """

    pipeline: str
    processor: str
    before: Batch
    after: Batch
    outcome: dict[str, Any]


def decoded(config: Config, given: Given) -> Batch:
    """The records as the receiver reads them, before any pipeline.

    Raises:
        GivenError: No such receiver, it takes no such thing, or nothing of it can be read.
    """
    rig = Rig(config, bare=given.receiver)
    try:
        delivery = rig.give(given)
        if delivery.kind != "done":
            msg = f"receiver {given.receiver}: {delivery.why or 'no room'}"
            raise GivenError(msg)
        rig.finish()
        batches = [batch for taken in rig.batches().values() for batch in taken]
    finally:
        rig.close()
    whole = Batch.from_otlp(b"")
    for batch in batches:
        whole = whole.append(batch)
    return whole


def steps(config: Config, receiver: str, batch: Batch) -> Iterator[Step]:
    """Each step of each pipeline that takes from the receiver, or from one that such a pipeline hands on to.

    What a connector hands on is taken to be all that reaches it: which of it goes where, the exporters' records tell.
    """
    waiting, seen = [(receiver, batch)], set[tuple[str, str]]()
    while waiting:
        origin, given = waiting.pop(0)
        for name, pipeline in config.service.pipelines.items():
            if origin not in pipeline.receivers or (origin, name) in seen or not len(given):
                continue
            seen.add((origin, name))
            made = given
            if (when := condition_of(config, name)) is not None:
                made, outcome = Processor.filter(drop=[], keep=[when]).apply(given)
                if pipeline.when is not None or not len(made):
                    yield Step(name, "", given, made, outcome)
            for identifier, processor in processors_of(config, pipeline):
                if not len(made):
                    break
                before = made
                made, outcome = processor.apply(before)
                yield Step(name, identifier, before, made, outcome)
            waiting += [(exporter, made) for exporter in pipeline.exporters if exporter not in config.exporters]
