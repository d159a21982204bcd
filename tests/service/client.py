"""The client in front of Envoy: raw HTTP/1.1, because header values must go out byte for byte."""

import http.client
import socket
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Request:
    """What is sent. `headers` go out as they stand here, in this order, with their exact bytes."""

    method: str
    target: str
    authority: str
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""
    abandon: bool = False
    """The client hangs up before the response."""

    def header(self, name: str) -> bytes | None:
        """The value sent under that (lower-case) name, None without one."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def bytes(self) -> bytes:
        """The request on the wire."""
        lines = [f"{self.method} {self.target} HTTP/1.1".encode(), b"host: " + self.authority.encode()]
        lines += [name.encode() + b": " + value for name, value in self.headers]
        if self.body:
            lines.append(b"content-length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Response:
    """What came back; status 0 when the client did not wait for it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def send(port: int, request: Request) -> Response:
    """Sends one request on a connection of its own and reads the whole response."""
    return send_raw(port, request.bytes(), method=request.method)


def send_raw(port: int, wire: bytes, *, method: str = "GET") -> Response:
    """Sends any bytes as a request."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
        connection.sendall(wire)
        reply = http.client.HTTPResponse(connection, method=method)
        reply.begin()
        body = reply.read()
        return Response(reply.status, body, {name.lower(): value for name, value in reply.getheaders()})
