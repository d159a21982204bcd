"""logloom tells how it is: `Telemetry` asks all who have numbers, and each way of showing them takes what they say.

Who has numbers of its own puts a `Source` into `Telemetry.sources`. A processor need not: its file may hold
`def metrics(identifier, config, processor) -> Iterable[Metric]`, which is asked for each pipeline that has it.
"""

from logloom.telemetry.metric import Buckets, Metric, Point, Source
from logloom.telemetry.snapshot import Snapshot, Telemetry

__all__ = ["Buckets", "Metric", "Point", "Snapshot", "Source", "Telemetry"]
