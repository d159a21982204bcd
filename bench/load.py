"""Sends one prepared message over and over, and waits for each answer: a process of its own, beside what is measured.

`python -m bench.load HOW HOST:PORT FILE CONNECTIONS MESSAGES`; it prints how many messages were taken. HOW is one of
`http` (FILE is a whole request), `grpc:/package.Service/Method`, `grpcstream:/package.Service/Method` (all messages on
one stream, answered at its end), `answered:N` (each message is answered with N bytes),
`stream` (never answered), `datagrams` (FILE holds one a line; MESSAGES a second: the kernel drops what comes too fast).
"""

import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TIMEOUT_S = 120
PACE_S = 0.005
"""Datagrams are sent in bursts of so many seconds' worth."""


def main(how: str, address: str, file: str, connections: int, messages: int) -> int:
    """How many messages were taken."""
    kind, _, more = how.partition(":")
    host, _, port = address.rpartition(":")
    data = Path(file).read_bytes()
    if kind == "datagrams":
        return _datagrams((host, int(port)), data.splitlines(), messages)

    def client(_: int) -> int:
        if kind in ("grpc", "grpcstream"):
            return _grpc(address, more, data, messages, is_stream=kind == "grpcstream")
        with socket.create_connection((host, int(port)), TIMEOUT_S) as connected:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _connection(connected, data, messages, _answer(kind, int(more or 0)))

    with ThreadPoolExecutor(connections) as threads:
        return sum(threads.map(client, range(connections)))


def _connection(connected: socket.socket, data: bytes, messages: int, answered: Callable[[socket.socket], bool]) -> int:
    taken = 0
    for _ in range(messages):
        connected.sendall(data)
        taken += answered(connected)
    return taken


def _answer(kind: str, size: int) -> Callable[[socket.socket], bool]:
    if kind == "stream":
        return lambda _: True
    if kind == "http":
        return _http_answer
    return lambda connected: len(connected.recv(size, socket.MSG_WAITALL)) == size


def _http_answer(connected: socket.socket) -> bool:
    head = b""
    while b"\r\n\r\n" not in head:
        if not (piece := connected.recv(65536)):
            return False
        head += piece
    head, _, body = head.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    left = sum(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")) - len(body)
    while left > 0:
        left -= len(connected.recv(left))
    return lines[0].split()[1].startswith(b"2")


def _grpc(address: str, method: str, data: bytes, messages: int, *, is_stream: bool) -> int:
    import grpc

    options = [("grpc.use_local_subchannel_pool", 1)]  # a connection of its own for each client
    with grpc.insecure_channel(address, options) as channel:
        if is_stream:
            channel.stream_unary(method)(iter([data] * messages), timeout=TIMEOUT_S)
            return messages
        call = channel.unary_unary(method)
        for _ in range(messages):
            call(data, timeout=TIMEOUT_S)
    return messages


def _datagrams(address: tuple[str, int], datagrams: list[bytes], a_second: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(address)
        began_s, sent = time.monotonic(), 0
        while sent < len(datagrams):
            due = min(int((time.monotonic() - began_s + PACE_S) * a_second), len(datagrams))
            for datagram in datagrams[sent:due]:
                sock.send(datagram)
            sent = due
            time.sleep(PACE_S)  # noqa: TID251 - a pace is time
    return sent


if __name__ == "__main__":
    print(main(*sys.argv[1:4], *map(int, sys.argv[4:6])))
