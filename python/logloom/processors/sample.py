"""`sample`: a share of the records, the same one wherever a trace comes by, so that a trace's logs stay together.

The Collector's `probabilistic_sampler`, and its keys. What stays says by how much it was sampled (`sampling.threshold`,
as OpenTelemetry has it) and how many records it stands for, so that counts can be estimated: their sum is the count.
Errors always stay. `docs/sample.md` tells more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from logloom._native import Processor, check_condition, sample_processor
from logloom.config.fields import Bound
from logloom.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of some records.

    Attributes:
        when: The condition that holds for them.
        percentage: The share, in percent.
    """

    when: str
    percentage: Annotated[float, Bound(0, 100)]


@dataclass(frozen=True, slots=True)
class Config:
    """How much stays, and by what it is decided.

    Attributes:
        sampling_percentage: The share that stays, in percent; from 100 on all, 0: none.
        rates: Shares of records for which a condition holds; the first one that holds decides.
        keep: A condition; what it holds for always stays. Empty: nothing does.
        mode: `hash_seed`: a hash of the trace id under a seed. `proportional`, `equalizing`: the trace id's own
            randomness, as W3C has it, of what comes, or of all that there was before others sampled it.
        hash_seed: The seed; the same everywhere where the same is to stay.
        attribute_source: `traceID`: the trace id, and `from_attribute` where there is none; `record`: `from_attribute`.
        from_attribute: The attribute that is hashed.
        sampling_priority: An attribute that holds a share of its own, in percent: at least that stays; 0: it goes.
        fail_closed: What becomes of a record that has neither: true: it goes, false: it stays. Where not given, all of
            the record is hashed, so that the share holds for these as well.
        sampling_precision: The hexadecimal digits of a threshold.
        count_attribute: The attribute that says how many records one stands for. Empty: none.
    """

    sampling_percentage: Annotated[float, Bound(0, 1_000_000)]
    rates: list[Rate] = field(default_factory=list)
    keep: str = "severity >= ERROR"
    mode: Literal["hash_seed", "proportional", "equalizing"] = "hash_seed"
    hash_seed: Annotated[int, Bound(0, (1 << 32) - 1)] = 0
    attribute_source: Literal["traceID", "record"] = "traceID"
    from_attribute: str = ""
    sampling_priority: str = ""
    fail_closed: bool | None = None
    sampling_precision: Annotated[int, Bound(1, 14)] = 4
    count_attribute: str = "sampling.adjusted_count"

    def problems(self) -> Iterator[tuple[str, str]]:
        """Conditions that cannot be read, and nothing to decide by."""
        asked = {"keep": self.keep, **{f"rates[{place}].when": rate.when for place, rate in enumerate(self.rates)}}
        for key, condition in asked.items():
            if condition or key != "keep":
                try:
                    check_condition(condition)
                except ConfigError as error:
                    yield key, str(error)
        if self.attribute_source == "record" and not self.from_attribute:
            yield "from_attribute", "is needed where attribute_source is 'record'"


def create(config: Config) -> Processor:
    """The core's, for one pipeline."""
    return sample_processor(
        config.sampling_percentage,
        mode=config.mode,
        rates=[(rate.when, rate.percentage) for rate in config.rates],
        hash_seed=config.hash_seed,
        precision=config.sampling_precision,
        by_trace_id=config.attribute_source == "traceID",
        from_attribute=config.from_attribute or None,
        priority=config.sampling_priority or None,
        fail_closed=config.fail_closed,
        keep=config.keep or None,
        count_attribute=config.count_attribute or None,
    )
