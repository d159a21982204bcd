"""`basicauth`: users and passwords. For receivers (`htpasswd`) or for exporters (`client_auth`), as the Collector's.

A password is hashed once and what came of it kept, so that bcrypt costs a sender's first request and no other. Each
wrong password costs a hash, on two threads of their own; of an unknown user as well, so that the time tells nobody who
is known. Files are read again when they change.

Specification: https://www.rfc-editor.org/rfc/rfc7617
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, MutableSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from weakref import WeakSet

from logloom.config import Secret
from logloom.errors import ConfigError
from logloom.extensions import ExtensionContext, _htpasswd
from logloom.extensions._checked import Checked
from logloom.extensions._watched import WatchedFile
from logloom.identity import Forgets, Identity

THREADS: Final = 2
HEADER_BYTES_MAX: Final = 4 << 10
"""The longest `Authorization` that is looked at."""


@dataclass(frozen=True, slots=True)
class Htpasswd:
    """Who may send.

    Attributes:
        file: A file of users, as Apache's `htpasswd` writes them; read again when it changes.
        inline: The same, in the config; of a user in both, this one holds.
    """

    file: Path | None = None
    inline: Secret = field(default_factory=Secret)


@dataclass(frozen=True, slots=True)
class ClientAuth:
    """As whom exporters send.

    Attributes:
        username: The user.
        username_file: A file that holds it; read again when it changes.
        password: The password.
        password_file: A file that holds it; read again when it changes.
    """

    username: str = ""
    username_file: Path | None = None
    password: Secret = field(default_factory=Secret)
    password_file: Path | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """A user has no colon in it."""
        if not self.username and self.username_file is None:
            yield "username", "is needed, or username_file"
        if ":" in self.username:
            yield "username", "has a ':' in it, which ends the name in this protocol"


@dataclass(frozen=True, slots=True)
class Config:
    """One of the two.

    Attributes:
        htpasswd: Who may send: for receivers.
        client_auth: As whom to send: for exporters.
    """

    htpasswd: Htpasswd | None = None
    client_auth: ClientAuth | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """One of the two."""
        if (self.htpasswd is None) == (self.client_auth is None):
            yield "", "needs either 'htpasswd', for receivers, or 'client_auth', for exporters"
        if self.htpasswd is not None:
            if self.htpasswd.file is None and not self.htpasswd.inline.reveal():
                yield "htpasswd", "names no users: give 'file' or 'inline'"
            try:
                _ = self.htpasswd.inline.reveal() and _htpasswd.read(self.htpasswd.inline.reveal())
            except ConfigError as error:
                yield "htpasswd.inline", str(error)

    @property
    def roles(self) -> frozenset[str]:
        """What it may be named by."""
        return frozenset({"server"} if self.htpasswd is not None else {"client"})


def create(config: Config, context: ExtensionContext) -> "Server | Client":
    """The extension; it reads its files when it is entered."""
    if config.htpasswd is not None:
        return Server(config.htpasswd, context)
    return Client(config.client_auth or ClientAuth(), context)


class Server:
    """Knows users by their passwords."""

    challenge = 'Basic realm="logloom", charset="UTF-8"'
    shows = ("authorization",)
    is_costly = True

    def __init__(self, config: Htpasswd, context: ExtensionContext) -> None:
        self._config = config
        self._context = context
        self.doors: MutableSet[Forgets] = WeakSet()
        self._users: Mapping[str, _htpasswd.Entry] = {}
        self._stack = AsyncExitStack()
        self._threads = ThreadPoolExecutor(THREADS, "passwords")
        self._checked = Checked(self._threads)
        self._dearest: _htpasswd.Entry | None = None

    async def __aenter__(self) -> Self:
        """Read who is known.

        Raises:
            ConfigError: The file cannot be read, or holds what is not read here.
        """
        if self._config.file is None:
            self._take("")
        else:
            await self._stack.enter_async_context(WatchedFile(self._config.file, self._take, self._context.log))
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Look at the file no more."""
        await self._stack.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def authenticate(self, headers: Mapping[str, str]) -> Identity | None:
        """The user whose name and password they hold."""
        shown = headers.get("authorization", "")
        if not shown or len(shown) > HEADER_BYTES_MAX:
            return None
        name = await self._checked.name(shown.encode("utf-8", "surrogateescape"), lambda: self._prove(shown))
        return Identity(self._context.id, name) if name else None

    def _take(self, text: str) -> None:
        inline = self._config.inline.reveal()
        self._users = (_htpasswd.read(text) if text or not inline else {}) | (_htpasswd.read(inline) if inline else {})
        self._dearest = next((entry for entry in self._users.values() if entry.is_costly), None)
        self._checked.forget()
        for door in list(self.doors):
            door.forget()

    def _prove(self, shown: str) -> tuple[bool, Callable[[], str]]:
        scheme, _, encoded = shown.partition(" ")
        try:
            pair = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            pair = b""
        user, colon, password = pair.partition(b":")
        if not colon or len(password) > _htpasswd.PASSWORD_BYTES_MAX:
            return False, lambda: ""
        name = user.decode("utf-8", "replace")
        entry = self._users.get(name)
        tried = entry or self._dearest  # an unknown user costs what a known one does
        if tried is None:
            return False, lambda: ""
        return tried.is_costly, lambda: name if tried.matches(password) and entry is not None else ""


class Client:
    """Says who we are."""

    def __init__(self, config: ClientAuth, context: ExtensionContext) -> None:
        self._config = config
        self._context = context
        self._user = config.username
        self._password = config.password
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Read the files.

        Raises:
            ConfigError: One cannot be read.
        """
        log = self._context.log
        if self._config.username_file is not None:
            await self._stack.enter_async_context(WatchedFile(self._config.username_file, self._take_user, log))
        if self._config.password_file is not None:
            await self._stack.enter_async_context(WatchedFile(self._config.password_file, self._take_password, log))
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Look at the files no more."""
        await self._stack.aclose()

    def headers(self) -> Mapping[str, str]:
        """User and password."""
        pair = f"{self._user}:{self._password.reveal()}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def _take_user(self, text: str) -> None:
        self._user = text.strip()

    def _take_password(self, text: str) -> None:
        self._password = Secret(text.strip())
