"""`grpc.health.v1.Health`: whether a server takes requests, for load balancers and orchestrators.

Specification: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from grpc import StatusCode

from logloom import rpc
from logloom.errors import DataError

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

__all__ = ["Health"]


@dataclass(frozen=True)
class Health:
    """The server as a whole, the service of no name, has a state; no other service has one.

    Attributes:
        ready: Whether the server takes requests.
    """

    ready: Callable[[], bool]

    SERVING: ClassVar = b"\x08\x01"
    NOT_SERVING: ClassVar = b"\x08\x02"
    UNKNOWN: ClassVar = b"\x08\x03"
    WATCH_EVERY_S: ClassVar = 0.5

    def now(self, request: bytes) -> bytes:
        """The answer to a HealthCheckRequest, {service = 1}."""
        try:
            service = dict(rpc.fields(request)).get(1, b"")
        except DataError:
            return self.UNKNOWN
        if service:
            return self.UNKNOWN
        return self.SERVING if self.ready() else self.NOT_SERVING

    async def check(self, request: bytes, context: "ServicerContext[Any, Any]") -> bytes:
        """The state now."""
        if (answer := self.now(request)) == self.UNKNOWN:
            await context.abort(StatusCode.NOT_FOUND, "no such service here: ask for the service of no name")
        return answer

    async def watch(self, request: bytes, _context: "ServicerContext[Any, Any]") -> AsyncIterator[bytes]:
        """The state now, and each time it changes; without end."""
        said = b""
        while True:
            if (answer := self.now(request)) != said:
                yield (said := answer)
            await asyncio.sleep(self.WATCH_EVERY_S)
