"""What the tests of peers share: a logloom to send to, and one whose destination is away."""

import os
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.otlp import Flat
from tests.service.logloom_process import Logloom
from tests.service.waiting import wait_until

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


def forwarding(to: int, receiver: str, **settings: Any) -> dict[str, Any]:
    """The receiver, and `http` for `fill`, into a journal of a megabyte, and on to a port."""
    # Some clients give up within seconds: when the destination is back, it is soon asked.
    retry = {"initial_interval": "100ms", "max_interval": "500ms"}
    exporter = {"endpoint": f"{LOOPBACK}:{to}", "tls": {"insecure": True}, "retry_on_failure": retry}
    return {
        "receivers": {receiver: settings, "http": {"endpoint": f"{LOOPBACK}:0"}},
        "exporters": {"otlp": exporter},
        "journal": {"kind": "memory"},
        "service": {
            "journal": {"bytes_max": "1MiB"},
            "pipelines": {"logs": {"receivers": [receiver, "http"], "exporters": ["otlp"]}},
        },
    }


def fill(logloom: Logloom) -> None:
    """Returns when the journal is full: a probe is asked to come again later. Those before it have the key `probe`."""

    def is_full() -> bool:
        body = b'{"probe":"%s"}' % os.urandom(1000).hex().encode()
        url = f"http://{logloom.endpoint('http', 'http')}/"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=20):  # noqa: S310
                return False
        except urllib.error.HTTPError as error:
            return error.code in {429, 503}

    wait_until(is_full, "the journal to be full", failed=logloom.ended)
