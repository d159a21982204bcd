"""What stands beside the pipelines: one file each, named like its type in the config.

A file holds a docstring, `class Config`, `def create(config, context)` and one class, which is an async context
manager: entered before the first exporter, left after all others. One with `authenticate` tells receivers who sends
(`logloom.identity.Authenticator`), one with `headers` tells exporters as whom to send (`Credentials`); its Config says
so beforehand, in `roles`.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from logloom.intake import ReceiverContext
from logloom.logs import Log

__all__ = ["Extension", "ExtensionContext"]

Extension = AbstractAsyncContextManager[Any]
"""What `create` returns."""


@dataclass(frozen=True, slots=True)
class ExtensionContext:
    """What an extension is given.

    Attributes:
        id: As in the config: `basicauth/agents`.
        log: Where it says what an operator must know: what happened, and fields in `extra`.
        ready: Whether the service is up and takes more.
        server: What one that listens gives its server.
    """

    id: str
    log: Log
    ready: Callable[[], bool]
    server: ReceiverContext
