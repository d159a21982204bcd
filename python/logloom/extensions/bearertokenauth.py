"""`bearertokenauth`: tokens in a header. For receivers and for exporters, as the Collector's.

With `scheme` and `header` it reads what other senders show as well: `scheme: ApiKey` (Elasticsearch's clients),
`scheme: Splunk` (HEC), `header: DD-API-KEY` and `scheme: ""` (Datadog's Agent).

A token may stand as its hash, and have a name: `sha256:… agents`. `logloom token` makes one, with its hash.

Specification: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
"""

import re
from collections.abc import Iterator, Mapping, MutableSet
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Final, Self
from weakref import WeakSet

from logloom.access.secrets import fingerprint, hash_of, is_hash
from logloom.config import Secret
from logloom.errors import ConfigError, DestinationError
from logloom.extensions import ExtensionContext
from logloom.extensions._watched import WatchedFile
from logloom.identity import Forgets, Identity

TOKENS_MAX: Final = 10_000
"""The most tokens of one extension."""
TOKEN_CHARS_MAX: Final = 8 << 10
"""The longest token."""

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TOKEN: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Config:
    """Which tokens, and where they stand.

    Attributes:
        token: The token that exporters send, and that receivers take; for receivers alone it may be its hash, and a
            name: `sha256:… agents`, as `logloom token` prints it.
        tokens: Several instead; exporters send the first that is no hash.
        filename: A file of tokens instead, one a line; read again when it changes.
        scheme: What stands before the token, and a space; empty: nothing does.
        header: The header that holds it.
    """

    token: Secret = field(default_factory=Secret)
    tokens: list[Secret] = field(default_factory=list)
    filename: Path | None = None
    scheme: str = "Bearer"
    header: str = "Authorization"

    def problems(self) -> Iterator[tuple[str, str]]:
        """There is a token, and a header can have it."""
        if not self.token.reveal() and not self.tokens and self.filename is None:
            yield "token", "is needed, or 'tokens', or 'filename'"
        if self.token.reveal() and self.tokens:
            yield "tokens", "stands beside 'token': give one of the two"
        if not _HEADER.fullmatch(self.header):
            yield "header", "is no name of a header: letters, digits and dashes"
        if self.scheme and not _HEADER.fullmatch(self.scheme):
            yield "scheme", "is no scheme of authentication: one word, such as Bearer"
        for key, tokens in (("token", [self.token] if self.token.reveal() else []), ("tokens", self.tokens)):
            try:
                _ = [checked(token.reveal()) for token in tokens]
            except ConfigError as error:
                yield key, str(error)

    @property
    def roles(self) -> frozenset[str]:
        """What it may be named by."""
        return frozenset({"server", "client"})


def checked(token: str) -> str:
    """The token, which a header can have.

    Raises:
        ConfigError: It has other characters than printable ASCII, or is too long; it is not shown.
    """
    if not _TOKEN.fullmatch(token) or len(token) > TOKEN_CHARS_MAX:
        msg = f"a token has 1 to {TOKEN_CHARS_MAX} printable ASCII characters"
        raise ConfigError(msg)
    return token


def create(config: Config, context: ExtensionContext) -> "BearerToken":
    """The extension; it reads its file when it is entered."""
    return BearerToken(config, context)


class BearerToken:
    """Knows tokens by their hashes, and has one."""

    is_costly = False

    def __init__(self, config: Config, context: ExtensionContext) -> None:
        self._config = config
        self._context = context
        self._header = config.header.lower()
        self._scheme = config.scheme.lower()
        self.reads = (self._header,)
        self.challenge = f'{config.scheme or config.header} realm="logloom"'
        self.shows = (self._header,)
        self.doors: MutableSet[Forgets] = WeakSet()
        self._known: dict[bytes, tuple[str, str]] = {}
        self._own: Secret = Secret()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Read the tokens.

        Raises:
            ConfigError: The file cannot be read, or holds no tokens.
        """
        config = self._config
        if config.filename is not None:  # as in the Collector, it stands for the others
            await self._stack.enter_async_context(WatchedFile(config.filename, self._take, self._context.log))
        else:
            self._know([token.reveal() for token in config.tokens or [config.token]])
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Look at the file no more."""
        await self._stack.aclose()

    async def authenticate(self, headers: Mapping[str, str]) -> Identity | None:
        """Which token they hold."""
        shown = headers.get(self._header, "")
        if self._scheme:
            scheme, _, shown = shown.partition(" ")
            if scheme.lower() != self._scheme:
                return None
        if not shown or len(shown) > TOKEN_CHARS_MAX:
            return None
        hashed = hash_of(shown.strip())
        # Found under a hash whose key nobody outside knows: how long that takes tells nothing of a token.
        name, stored = self._known.get(fingerprint(hashed.encode()), ("", ""))
        return Identity(self._context.id, name) if compare_digest(hashed, stored) else None

    def headers(self) -> Mapping[str, str]:
        """The token.

        Raises:
            DestinationError: There are hashes alone, which nobody can send.
        """
        token = self._own.reveal()
        if not token:
            told = "has hashes of tokens alone: an exporter needs one as it is, in an extension of its own"
            msg = f"{self._context.id} {told}"
            raise DestinationError(msg)
        return {self._header: f"{self._config.scheme} {token}" if self._config.scheme else token}

    def _take(self, text: str) -> None:
        tokens = [line.strip() for line in text.splitlines() if line.strip()]
        if not tokens or len(tokens) > TOKENS_MAX:
            msg = f"{self._config.filename} must hold 1 to {TOKENS_MAX} tokens, one a line"
            raise ConfigError(msg)
        self._know([checked(token) for token in tokens])

    def _know(self, tokens: list[str]) -> None:
        self._known.clear()
        own = ""
        for number, token in enumerate(tokens, 1):
            hashed, _, name = token.partition(" ")
            if not is_hash(hashed):
                own, hashed, name = own or token, hash_of(token), ""
            self._known[fingerprint(hashed.encode())] = (name.strip() or f"token {number}", hashed)
        self._own = Secret(own)
        for door in list(self.doors):
            door.forget()
