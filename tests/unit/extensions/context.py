"""An extension by itself, from the text of its config."""

import asyncio
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from logloom.extensions import ExtensionContext
from tests.components import log, read_config, server_context


def extension(component: ModuleType, text: str) -> Any:
    """The extension of `component` with this config, not entered yet."""
    return component.create(
        read_config(component, text), ExtensionContext("known", log(), lambda: True, server_context())
    )


async def until_not(known: Callable[[], Awaitable[Any]]) -> None:
    """Wait until `known` gives nothing."""
    async with asyncio.timeout(30):
        while await known():  # noqa: ASYNC110 — nothing tells of a file
            await asyncio.sleep(0.01)
