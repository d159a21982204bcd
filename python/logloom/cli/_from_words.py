"""The config that `logloom run --tail … --listen … --to …` stands for: no file is needed for what fits in a line."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from logloom.errors import ConfigError

__all__ = ["config_text"]

NAME: Final = "command line"
"""What such a config is called in errors."""
DESTINATIONS: Final = "otlp://HOST:PORT, otlps://HOST:PORT, http://…, https://…, file:PATH or debug"
LISTENERS: Final = "otlp, or otlp://HOST:PORT"
_LOOPBACK: Final = "127.0.0.1"
_OTLP: Final = {"grpc": {"endpoint": f"{_LOOPBACK}:4317"}, "http": {"endpoint": f"{_LOOPBACK}:4318"}}


def config_text(tail: Sequence[str], listen: Sequence[str], to: Sequence[str]) -> str:
    """The config, as JSON, which is YAML.

    Args:
        tail: Globs of files to follow.
        listen: Where OTLP is taken; on the loopback interface where neither this nor `tail` names a way in.
        to: Where it goes; to files in the data folder and to the terminal where nothing is named.

    Raises:
        ConfigError: A word is none of those that are known.
    """
    receivers: dict[str, Any] = {}
    if tail:
        receivers["filelog"] = {"include": [_literal(glob) for glob in tail]}
    for word in listen or ([] if tail else ["otlp"]):
        receivers[_free("otlp", receivers)] = _listener(word)
    exporters: dict[str, Any] = {}
    for word in to or ["file:", "debug"]:
        kind, config = _destination(word)
        exporters[_free(kind, exporters)] = config
    pipeline = {"receivers": [*receivers], "exporters": [*exporters]}
    config = {"receivers": receivers, "exporters": exporters, "service": {"pipelines": {"logs": pipeline}}}
    return orjson.dumps(config).decode()


def _listener(word: str) -> dict[str, Any]:
    if word == "otlp":
        return {"protocols": _OTLP}
    if not (endpoint := word.removeprefix("otlp://")) or endpoint == word:
        msg = f"--listen {word}: not a way in: write {LISTENERS}"
        raise ConfigError(msg)
    return {"protocols": {"grpc": {"endpoint": _literal(endpoint)}}}


def _destination(word: str) -> tuple[str, dict[str, Any]]:
    """The type of the exporter, and its config."""
    scheme, colon, rest = word.partition(":")
    address = rest.removeprefix("//")
    if scheme in ("otlp", "otlps") and rest.startswith("//") and address:
        return "otlp", {"endpoint": _literal(address), "tls": {"insecure": scheme == "otlp"}}
    if scheme in ("http", "https") and rest.startswith("//"):
        return "otlphttp", {"endpoint": _literal(word)}
    if scheme == "file" and colon:
        return "file", {"path": _literal(address)} if address else {}
    if word == "debug":
        return "debug", {}
    msg = f"--to {word}: not a destination: write {DESTINATIONS}"
    raise ConfigError(msg)


def _literal(text: str) -> str:
    """As typed: what looks like a reference is none."""
    return text.replace("$", "$$")


def _free(kind: str, taken: dict[str, Any]) -> str:
    return kind if kind not in taken else f"{kind}/{sum(name.partition('/')[0] == kind for name in taken) + 1}"
