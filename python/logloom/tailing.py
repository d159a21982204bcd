"""Who looks on at a component of the running service: `logloom tail` asks at the socket `tail.sock` in the data folder.

Its owner alone may connect: what is seen before a processor has masked it has what it will mask. Where the policy names
readers of what may be there, he must be one of them, by the user that the kernel tells. Nobody who looks on holds
anything up: what they do not take in time is not shown, and counted.

A client sends one line of JSON: `{"component": "processors.redaction", "keep": ["severity >= WARN"]}`. It is
answered with frames: a letter, a length of four bytes, big-endian, and so many bytes. `b`: OTLP; `m`: how many records
were not shown, as text; `e`: why there is nothing, as text, and the last.
"""

import asyncio
import grp
import os
import pwd
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from logloom._native import Batch, Intake, Processor, Tap
from logloom.config import Config
from logloom.config.policy import plain_behind
from logloom.errors import ConfigError, LogloomError

__all__ = ["NAME", "at", "found", "tailed"]

NAME: Final = "tail.sock"
REQUEST_BYTES_MAX: Final = 64 << 10
LOOK_EVERY_S: Final = 0.25
"""How long a thread waits for a batch before it looks whether the client is still there."""

On = Literal["receiver", "processor", "pipeline"]
"""What the core shows."""


def at(folder: Path) -> tuple[str, int]:
    """The socket's path in a form that is short enough for a socket's address, and the descriptor it stands on."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{descriptor}/{NAME}", descriptor


@asynccontextmanager
async def tailed(data: Path, intake: Intake, config: Callable[[], Config]) -> AsyncIterator[None]:
    """While it runs, the data folder's owner may look on; `config`: what runs now."""
    path, folder = at(data)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    tasks: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_serve(intake, config, reader, writer))
        tasks.add(task)
        try:
            await task
        except (OSError, asyncio.IncompleteReadError):
            pass  # gone
        finally:
            tasks.discard(task)
            writer.close()

    try:
        (data / NAME).unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            listening.bind(path)
        finally:
            os.umask(before)
        server = await asyncio.start_unix_server(connected, sock=listening, limit=REQUEST_BYTES_MAX)
        try:
            yield
        finally:
            server.close()
            for task in [*tasks]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            (data / NAME).unlink(missing_ok=True)
    finally:
        listening.close()
        os.close(folder)


async def _serve(
    intake: Intake, config: Callable[[], Config], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    names, known = _names(writer.get_extra_info("socket")), config()
    try:
        asked = orjson.loads(await reader.readuntil(b"\n"))
        _ask(known, component := str(asked["component"]), names)
        where = found(known, component)
        taps, keep = _taps(intake, where), _keep(asked)
    except (ValueError, TypeError, KeyError, asyncio.LimitOverrunError, LogloomError) as error:
        await _send(writer, b"e", str(error).encode())
        return
    gone = asyncio.ensure_future(reader.read(1))
    try:
        while not gone.done():
            if (
                now := config()
            ) is not known:  # another policy may let others read; other pipelines may feed an exporter
                known = now
                try:
                    _ask(known, component, names)
                    if (now_at := found(known, component)) != where:
                        taps, where = _taps(intake, now_at), now_at
                except LogloomError as error:
                    await _send(writer, b"e", str(error).encode())
                    return
            for batch, missed in await asyncio.gather(*(asyncio.to_thread(_next, tap, keep) for tap in taps)):
                if batch is not None:
                    await _send(writer, b"b", bytes(batch))
                if missed:
                    await _send(writer, b"m", str(missed).encode())
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


def _names(connected: Any) -> frozenset[str]:
    """What roles call who is at the other end: the user's name and number, and his groups."""
    _, uid, gid = struct.unpack("iII", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    names = {str(uid)}
    with suppress(KeyError):
        user = pwd.getpwuid(uid)
        names.add(user.pw_name)
        for group in os.getgrouplist(user.pw_name, gid):
            with suppress(KeyError):
                names.add(f"group:{grp.getgrgid(group).gr_name}")
    return frozenset(names)


def _ask(config: Config, component: str, names: frozenset[str]) -> None:
    """The policy, whether he may read what passes there.

    Raises:
        ConfigError: He may not; or no such component runs.
    """
    on, ids = found(config, component)
    if config.policy is None:
        return
    left = None
    if on == "pipeline":
        behind = plain_behind(config.policy, config, config.processors)
        left = frozenset[str]().union(*(behind[name] for name in ids))
    if why := config.policy.refused(names, left):
        users = [name for name in sorted(names) if not name.startswith("group:")]
        msg = f"user {' = '.join(users)} may not look on at '{component}': {why}"
        raise ConfigError(msg)


def found(config: Config, component: str) -> tuple[On, list[str]]:
    """What to look on at: the kind, and the ids; an exporter's are those of its pipelines.

    Raises:
        ConfigError: No such component runs, or several do; the text says which there are.
    """
    pipelines = config.service.pipelines
    there: dict[str, tuple[On, dict[str, list[str]]]] = {
        "receivers": ("receiver", {name: [name] for name in config.receivers}),
        "processors": ("processor", {name: [name] for name in config.processors}),
        "pipelines": ("pipeline", {name: [name] for name in pipelines}),
        "exporters": (
            "pipeline",
            {name: [of for of, one in pipelines.items() if name in one.exporters] for name in config.exporters},
        ),
    }
    section, _, identifier = component.partition(".")
    places = [(section, identifier)] if section in there else [(name, component) for name in there]
    named = [(name, wanted) for name, wanted in places if wanted in there[name][1]]
    if not named:
        known = ", ".join(f"{name}.{one}" for name, (_, ids) in there.items() for one in ids)
        msg = f"no component '{component}' runs: there are {known}"
        raise ConfigError(msg)
    if len(named) > 1:
        msg = f"'{component}' is {' and '.join(f'{name}.{wanted}' for name, wanted in named)}: say which"
        raise ConfigError(msg)
    on, ids = there[named[0][0]]
    return on, ids[named[0][1]]


def _taps(intake: Intake, where: tuple[On, list[str]]) -> list[Tap]:
    on, ids = where
    taps = [intake.tap(on, identifier) for identifier in ids]
    opened = [tap for tap in taps if tap is not None]
    if len(opened) < len(taps):
        msg = "too many look on already: end another 'logloom tail'"
        raise ConfigError(msg)
    return opened


def _keep(asked: Any) -> Processor | None:
    """What leaves out all but what was asked for."""
    keep = [str(condition) for condition in asked.get("keep", ())]
    return Processor.filter(drop=[], keep=keep) if keep else None


def _next(tap: Tap, keep: Processor | None) -> tuple[Batch | None, int]:
    batch, missed = tap.next(LOOK_EVERY_S)
    if batch is not None and keep is not None:
        batch, _ = keep.apply(batch)
    return (batch if batch is not None and len(batch) else None), missed


async def _send(writer: asyncio.StreamWriter, kind: bytes, data: bytes) -> None:
    writer.write(kind + len(data).to_bytes(4, "big") + data)
    await writer.drain()
