"""What the servers cost, in CPU microseconds of the whole process for a request: the native ones beside Python's.

`python -m bench.engines` prints them for OTLP over gRPC and HTTP, with 1,000 records a request and with one.
That all of it was taken is checked first; the journal is on disk, and each answer waits for it.
"""

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

from bench import corpus, loads, receivers
from bench.collectors import Load

ENGINES = {"grpc": ("native", "grpcio"), "http": ("native", "aiohttp")}
SIZES = {1000: 25, 1: 2000}
"""Records of a request, and how many requests each of 16 connections sends."""


def all_loads() -> Iterator[tuple[str, str, Load]]:
    """Each protocol, engine and load."""
    for protocol, engines in ENGINES.items():
        load = loads.otlp_grpc() if protocol == "grpc" else loads.otlp_http()
        for records, messages in SIZES.items():
            body = corpus.otlp_logs(records)
            message = body if protocol == "grpc" else loads.http("/v1/logs", body, "application/x-protobuf")
            for engine in engines:
                config: dict[str, Any] = {"protocols": {protocol: {"endpoint": "127.0.0.1:0", "engine": engine}}}
                changed: dict[str, Any] = {"config": config, "message": message, "body": body}
                changed |= {"records": records, "messages": messages}
                yield protocol, engine, dataclasses.replace(load, **changed)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many runs (3)")
    args = parser.parse_args()
    sys.stdout.write("| protocol | records a request | engine | CPU a request |\n|---|---|---|---|\n")
    for protocol, engine, load in all_loads():
        us = receivers.measure(load, args.rounds)["us"] * load.records
        sys.stdout.write(f"| OTLP/{protocol} | {load.records:,} | {engine} | {us:,.0f} µs |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
