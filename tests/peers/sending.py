"""What the tests of peers share: a logloom to send to, and messages that differ."""

import socket
from pathlib import Path
from typing import Any

from tests.otlp import Flat
from tests.service.logloom_process import Logloom

LOOPBACK = "127.0.0.1"
CERTS = Path(__file__).parent.parent / "service" / "certs"
TLS = {
    "cert_file": str(CERTS / "server.pem"),
    "key_file": str(CERTS / "server.key"),
    "client_ca_file": str(CERTS / "ca.pem"),
}


def config(folder: Path, signal: str = "logs", **receivers: dict[str, Any]) -> dict[str, Any]:
    """The receivers, into out.jsonl."""
    return {
        "receivers": receivers,
        "exporters": {"file": {"path": str(folder / "out.jsonl")}},
        "service": {"pipelines": {signal: {"receivers": list(receivers), "exporters": ["file"]}}},
    }


def written(logloom: Logloom, folder: Path, count: int) -> list[Flat]:
    """All records, as soon as there are `count`."""
    return logloom.wait_for(folder / "out.jsonl", lambda found: len(found) >= count, f"{count} records")


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody listens on, for a program that cannot say which it took."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind((LOOPBACK, 0))
        port: int = one.getsockname()[1]
        return port
