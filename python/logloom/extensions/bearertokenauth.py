"""`bearertokenauth`: tokens in a header. For receivers and for exporters, as the Collector's.

With `scheme` and `header` it reads what other senders show as well: `scheme: ApiKey` (Elasticsearch's clients),
`scheme: Splunk` (HEC), `header: DD-API-KEY` and `scheme: ""` (Datadog's Agent).

Specification: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from logloom.config import Secret
from logloom.errors import ConfigError
from logloom.extensions import ExtensionContext
from logloom.extensions._checked import fingerprint
from logloom.extensions._watched import WatchedFile
from logloom.identity import Identity

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
        token: The token that exporters send, and that receivers take.
        tokens: Several instead; exporters send the first.
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
    """Knows tokens, and has one."""

    def __init__(self, config: Config, context: ExtensionContext) -> None:
        self._config = config
        self._context = context
        self._header = config.header.lower()
        self._scheme = config.scheme.lower()
        self.reads = (self._header,)
        self.challenge = f'{config.scheme or config.header} realm="logloom"'
        self._known: dict[bytes, str] = {}
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
        # The hash has a key that nobody outside knows: how long it takes to find tells nothing of a token.
        key = fingerprint(shown.strip().encode("utf-8", "surrogateescape"))
        name = self._known.get(key)
        return None if name is None else Identity(self._context.id, name)

    def headers(self) -> Mapping[str, str]:
        """The token."""
        token = self._own.reveal()
        return {self._header: f"{self._config.scheme} {token}" if self._config.scheme else token}

    def _take(self, text: str) -> None:
        tokens = [line.strip() for line in text.splitlines() if line.strip()]
        if not tokens or len(tokens) > TOKENS_MAX:
            msg = f"{self._config.filename} must hold 1 to {TOKENS_MAX} tokens, one a line"
            raise ConfigError(msg)
        self._know([checked(token) for token in tokens])

    def _know(self, tokens: list[str]) -> None:
        self._known = {fingerprint(token.encode()): f"token {number}" for number, token in enumerate(tokens, 1)}
        self._own = Secret(tokens[0])
