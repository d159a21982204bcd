"""The same receivers on both kinds of server: the core's, and Python's libraries."""

from typing import Any, Final

import orjson

ENGINES: Final = ("native", "python")
PYTHON: Final = {"grpc": "grpcio", "http": "aiohttp", "thrift_http": "aiohttp"}
"""The library behind each protocol."""
OVER_HTTP: Final = ("loki", "zipkin")
"""Receivers of one protocol, which is HTTP."""


def served_by(engines: str, receivers: dict[str, Any]) -> dict[str, Any]:
    """These receivers, each on `engines` where it has the choice."""
    if engines == "native":
        return receivers
    found: dict[str, Any] = orjson.loads(orjson.dumps(receivers))  # a copy in which nothing is shared
    for name, config in found.items():
        kind = name.partition("/")[0]
        if kind in OVER_HTTP:
            config["engine"] = PYTHON["http"]
        elif kind in ("otlp", "jaeger"):
            for protocol, settings in config["protocols"].items():
                settings["engine"] = PYTHON[protocol]
    return found
