"""Protocols on connections, by the clients that people use: fluent-logger, pylogbeat, and messages by hand."""

import gzip
import hashlib
import socket
import ssl
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgpack
import orjson
import pylogbeat
import pytest
import zstandard
from fluent import sender as fluent

from tests.otlp import Flat
from tests.service.logloom_process import Logloom

pytestmark = pytest.mark.peer

CERTS = Path(__file__).parent / "certs"
SECOND = 1_000_000_000
LOOPBACK = "127.0.0.1"
HELD_S = 20


def config(folder: Path, receiver: str, **settings: Any) -> dict[str, Any]:
    return {
        "receivers": {receiver: {"endpoint": f"{LOOPBACK}:0", **settings}},
        "exporters": {"file": {"path": str(folder / "out.jsonl")}},
        "service": {"pipelines": {"logs": {"receivers": [receiver], "exporters": ["file"]}}},
    }


def written(logloom: Logloom, folder: Path, count: int) -> list[Flat]:
    return logloom.wait_for(folder / "out.jsonl", lambda found: len(found) >= count, f"{count} records")


def event_time(seconds: int, nanos: int) -> msgpack.ExtType:
    return msgpack.ExtType(0, struct.pack(">II", seconds, nanos))


class Forward:
    """A client of Fluent Forward, as the specification tells how to write one."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), timeout=HELD_S)
        self.unpacker = msgpack.Unpacker(raw=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def send(self, *message: Any) -> None:
        self.socket.sendall(msgpack.packb(list(message)))

    def hear(self) -> Any:
        """The next value that the server says; None where it closes the connection."""
        while True:
            for value in self.unpacker:
                return value
            if not (data := self.socket.recv(65536)):
                return None
            self.unpacker.feed(data)

    def shake_hands(self, key: bytes, user: bytes = b"", password: bytes = b"") -> list[Any]:
        """The server's PONG."""
        helo, options = self.hear()
        assert helo == b"HELO"
        salt, host = b"some salt", b"test.client"
        digest = hashlib.sha512(salt + host + options[b"nonce"] + key).hexdigest()
        secret = hashlib.sha512(options[b"auth"] + user + password).hexdigest() if user else ""
        self.send("PING", host, salt, digest, user, secret)
        pong: list[Any] = self.hear()
        assert pong[0] == b"PONG"
        if pong[1]:
            assert pong[4].decode() == hashlib.sha512(salt + pong[3] + options[b"nonce"] + key).hexdigest()
        return pong


@pytest.fixture
def forward(tmp_path: Path) -> Iterator[Logloom]:
    with Logloom(config(tmp_path, "fluentforward"), tmp_path) as logloom:
        yield logloom


def test_fluent_logger_sends_to_it(forward: Logloom, tmp_path: Path) -> None:
    """What its users' programs do, and nothing else is changed but the port."""
    logger = fluent.FluentSender(
        "shop", host=LOOPBACK, port=forward.port("fluentforward", "forward"), nanosecond_precision=True
    )
    for number in range(100):
        assert logger.emit_with_time(
            "cart",
            fluent.EventTime(1_795_430_459 + number),
            {"message": f"slow {number}", "level": "warn", "n": number},
        ), logger.last_error
    logger.close()
    found = written(forward, tmp_path, 100)
    assert [record.attributes["n"] for record in found] == list(range(100))
    assert {record.attributes["fluent.tag"] for record in found} == {"shop.cart"}
    first = found[0]
    assert (first.body, first.severity, first.severity_text) == ("slow 0", 13, "warn")
    assert first.time == 1_795_430_459 * SECOND


def test_every_mode_is_taken_and_acknowledged(forward: Logloom, tmp_path: Path) -> None:
    """Forward, PackedForward, and compressed by gzip (also in several members) and by zstd."""
    pairs = [[event_time(1_795_430_459, number), {"message": f"m{number}"}] for number in range(4)]
    packed = [msgpack.packb(pair) for pair in pairs]
    with Forward(forward.port("fluentforward", "forward")) as client:
        client.send("a.message", 1_795_430_459, {"message": "one"}, {"chunk": "c0"})
        assert client.hear() == {b"ack": b"c0"}
        client.send("a.forward", pairs, {"chunk": "c1"})
        assert client.hear() == {b"ack": b"c1"}
        client.send("a.packed", b"".join(packed), {"chunk": "c2", "size": 4})
        assert client.hear() == {b"ack": b"c2"}
        client.send("a.gzip", b"".join(map(gzip.compress, packed)), {"chunk": "c3", "compressed": "gzip"})
        assert client.hear() == {b"ack": b"c3"}
        zipped = zstandard.ZstdCompressor().compress(b"".join(packed))
        client.send("a.zstd", zipped, {"chunk": "c4", "compressed": "zstd"})
        assert client.hear() == {b"ack": b"c4"}
    found = written(forward, tmp_path, 17)
    tags = [record.attributes["fluent.tag"] for record in found]
    assert tags == ["a.message", *(tag for tag in ("a.forward", "a.packed", "a.gzip", "a.zstd") for _ in range(4))]
    assert [record.body for record in found[-4:]] == ["m0", "m1", "m2", "m3"]
    assert [record.time % SECOND for record in found[-4:]] == [0, 1, 2, 3]


def test_heartbeats_are_answered(forward: Logloom) -> None:
    """By UDP one byte; on the connection nil says nothing."""
    port = forward.port("fluentforward", "forward")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(HELD_S)
        udp.sendto(b"\0", (LOOPBACK, port))
        assert udp.recv(10) == b"\0"
    with Forward(port) as client:
        client.socket.sendall(b"\xc0")
        client.send("t", 1, {}, {"chunk": "c"})
        assert client.hear() == {b"ack": b"c"}


def test_what_nobody_can_read_is_kept_and_who_sends_no_messages_is_sent_away(forward: Logloom, tmp_path: Path) -> None:
    """A client must not send the same nonsense for ever, nor hold up the others."""
    port = forward.port("fluentforward", "forward")
    with Forward(port) as good, Forward(port) as bad, Forward(port) as endless:
        bad.socket.sendall(b"\xc1\xc1")
        assert bad.hear() is None
        endless.socket.sendall(b"\xdb\xff\xff\xff\xff")
        assert endless.hear() is None
        good.send("t", [[1, "no map"], [1_795_430_459, {"message": "good"}]], {"chunk": "c"})
        assert good.hear() == {b"ack": b"c"}
    found = written(forward, tmp_path, 2)
    assert [record.body for record in found if "logloom.reject.kind" not in record.attributes] == ["good"]
    assert "closed a connection that cannot be read" in forward.output()


def test_a_shared_key_and_users_keep_others_out(tmp_path: Path) -> None:
    security = {"shared_key": "the key", "self_hostname": "gate", "users": [{"username": "bit", "password": "pw"}]}
    with Logloom(config(tmp_path, "fluentforward", security=security), tmp_path) as logloom:
        port = logloom.port("fluentforward", "forward")
        with Forward(port) as client:
            assert client.shake_hands(b"the key", b"bit", b"pw")[1] is True
            client.send("t", 1_795_430_459, {"message": "in"}, {"chunk": "c"})
            assert client.hear() == {b"ack": b"c"}
        for credentials in ((b"wrong", b"bit", b"pw"), (b"the key", b"bit", b"no"), (b"the key", b"who", b"pw")):
            with Forward(port) as client:
                assert client.shake_hands(*credentials)[1] is False
                assert client.hear() is None
        with Forward(port) as client:
            assert client.hear()[0] == b"HELO"
            client.send("t", 1, {"message": "unasked"}, {"chunk": "c"})
            assert client.hear()[1] is False
        assert [record.body for record in written(logloom, tmp_path, 1)] == ["in"]
        assert "the key" not in logloom.output()


def test_who_gave_a_password_is_the_sender_and_the_rules_hold(tmp_path: Path) -> None:
    """Its tenant and its pipelines are those of its identity; who may write nowhere is told so in the handshake."""
    users = [{"username": name, "password": f"{name}'s"} for name in ("bit", "web", "eve")]
    settings = config(tmp_path, "fluentforward", security={"shared_key": "key", "users": users})
    settings["exporters"]["file/shop"] = {"path": str(tmp_path / "shop.jsonl")}
    when = 'identity == "bit" and tenant == "shop"'
    settings["service"]["pipelines"]["logs/shop"] = {
        "receivers": ["fluentforward"],
        "exporters": ["file/shop"],
        "when": when,
    }
    settings["service"]["identities"] = {
        "bit": {"tenant": "shop", "pipelines": ["logs/shop"]},
        "web": {"pipelines": ["logs"]},
        "*": {"pipelines": ["logs/elsewhere"]},
    }
    settings["service"]["pipelines"]["logs/elsewhere"] = {"receivers": ["syslog"], "exporters": ["file"]}
    settings["receivers"]["syslog"] = {"tcp": {"listen_address": f"{LOOPBACK}:0"}}
    with Logloom(settings, tmp_path / "run") as logloom:
        port = logloom.port("fluentforward", "forward")
        for user in (b"bit", b"web"):
            with Forward(port) as client:
                assert client.shake_hands(b"key", user, user + b"'s")[1] is True
                client.send("t", 1_795_430_459, {"message": user.decode()}, {"chunk": "c"})
                assert client.hear() == {b"ack": b"c"}
        with Forward(port) as client:
            pong = client.shake_hands(b"key", b"eve", b"eve's")
            assert pong[1:3] == [False, b"eve may write to none of the pipelines of this receiver"]
            assert client.hear() is None
        assert [record.body for record in written(logloom, tmp_path, 1)] == ["web"]
        shop = logloom.wait_for(tmp_path / "shop.jsonl", lambda found: len(found) >= 1, "a record")
        assert [record.body for record in shop] == ["bit"]


def test_a_unix_socket_and_what_a_dead_process_left_of_it(tmp_path: Path) -> None:
    path = tmp_path / "forward.sock"
    with Logloom(config(tmp_path, "fluentforward", endpoint=f"unix://{path}"), tmp_path) as logloom:
        logloom.kill()
        assert path.exists()
        logloom.start()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(msgpack.packb(["t", 1_795_430_459, {"message": "by a socket"}]))
            assert [record.body for record in written(logloom, tmp_path, 1)] == ["by a socket"]


def test_pylogbeat_sends_to_it_over_tls_with_its_certificate(tmp_path: Path) -> None:
    """As Filebeat does: compressed windows, each acknowledged as a whole."""
    tls = {name: str(CERTS / file) for name, file in (("cert_file", "server.pem"), ("key_file", "server.key"))}
    tls["client_ca_file"] = str(CERTS / "ca.pem")
    events = [
        {
            "@timestamp": f"2026-11-21T10:40:{number % 60:02}.123Z",
            "@metadata": {"beat": "filebeat", "type": "_doc", "version": "9.2.0"},
            "message": f"GET /cart {number}",
            "log": {"offset": number * 10, "file": {"path": "/var/log/cart.log"}},
            "host": {"name": "node-1"},
            "agent": {"type": "filebeat", "version": "9.2.0"},
        }
        for number in range(300)
    ]
    with Logloom(config(tmp_path, "lumberjack", tls=tls), tmp_path) as logloom:
        port = logloom.port("lumberjack", "lumberjack")
        client = pylogbeat.PyLogBeatClient(
            LOOPBACK,
            port,
            timeout=HELD_S,
            ssl_enable=True,
            ca_certs=str(CERTS / "ca.pem"),
            certfile=str(CERTS / "client.pem"),
            keyfile=str(CERTS / "client.key"),
        )
        with client:
            for start in range(0, 300, 100):
                client.send(events[start : start + 100])  # returns when it is acknowledged
        stranger = pylogbeat.PyLogBeatClient(
            LOOPBACK, port, timeout=HELD_S, ssl_enable=True, ca_certs=str(CERTS / "ca.pem")
        )
        with pytest.raises((ssl.SSLError, OSError, pylogbeat.ConnectionException)):
            stranger.send([{"message": "no certificate"}])
        found = written(logloom, tmp_path, 300)
    assert [record.body for record in found] == [event["message"] for event in events]
    assert found[0].time == 1_795_257_600_123_000_000
    assert found[0].attributes["log.file.path"] == "/var/log/cart.log"


def test_lumberjack_of_version_1_and_events_that_are_no_json(tmp_path: Path) -> None:
    def part(text: bytes) -> bytes:
        return struct.pack(">I", len(text)) + text

    frames = b"1W" + struct.pack(">I", 2)
    for sequence in (1, 2):
        frames += b"1D" + struct.pack(">II", sequence, 2) + part(b"line") + part(b"old %d" % sequence)
        frames += part(b"host") + part(b"node-1")
    with Logloom(config(tmp_path, "lumberjack"), tmp_path) as logloom:
        address = (LOOPBACK, logloom.port("lumberjack", "lumberjack"))
        with socket.create_connection(address, timeout=HELD_S) as client:
            client.sendall(frames)
            assert client.recv(6) == b"1A\0\0\0\2"
            client.sendall(b"2W" + struct.pack(">I", 1) + b"2J" + struct.pack(">I", 1) + part(b"{no json"))
            assert client.recv(6) == b"2A\0\0\0\1"
        found = written(logloom, tmp_path, 3)
    assert [record.body for record in found] == ["old 1", "old 2", "{no json"]
    assert found[2].attributes["logloom.reject.kind"] == "syntax"


def test_silent_connections_are_closed(tmp_path: Path) -> None:
    """One that is silent in the middle of a message sooner than one that has said all."""
    settings = {"idle_timeout": "1h", "read_timeout": "1s"}
    with Logloom(config(tmp_path, "fluentforward", **settings), tmp_path) as logloom:
        port = logloom.port("fluentforward", "forward")
        with Forward(port) as idle, Forward(port) as half:
            half.socket.sendall(b"\x93\xa1t")
            began_s = time.monotonic()
            assert half.hear() is None
            assert time.monotonic() - began_s >= 1
            idle.send("t", 1, {}, {"chunk": "c"})
            assert idle.hear() == {b"ack": b"c"}


def acknowledged(client: socket.socket) -> int:
    """How many events of its window; where that takes long, the server says meanwhile that it lives."""
    while (answer := client.recv(6, socket.MSG_WAITALL)) == b"2A\0\0\0\0":
        pass
    assert answer.startswith(b"2A")
    return int.from_bytes(answer[2:])


def test_many_compressed_windows_at_once_do_not_push_each_other_out(tmp_path: Path) -> None:
    """Each may become as large as a message may be, while it is not known how large it is."""
    event = orjson.dumps({"message": "x" * 200})
    frames = b"".join(b"2J" + struct.pack(">II", number, len(event)) + event for number in range(1, 1001))
    packed = zlib.compress(frames)
    window = b"2W" + struct.pack(">I", 1000) + b"2C" + struct.pack(">I", len(packed)) + packed
    with Logloom(config(tmp_path, "lumberjack"), tmp_path) as logloom:
        address = (LOOPBACK, logloom.port("lumberjack", "lumberjack"))
        clients = [socket.create_connection(address, timeout=60) for _ in range(40)]
        for client in clients:
            client.sendall(window)
        assert [acknowledged(client) for client in clients] == [1000] * 40
        for client in clients:
            client.close()
