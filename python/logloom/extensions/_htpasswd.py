"""Files as Apache's `htpasswd` writes them: a user a line, and what the password must hash to.

Read are argon2id (`argon2 SALT -id -e`), bcrypt (`htpasswd -B`), apr1 and MD5-crypt (`-m`), SHA-crypt (`-2`, `-5`),
`{SHA}` (`-s`), `{SSHA}` and plain text (`-p`): all that the Collector reads, and argon2id. What looks like none of
these is plain text, as it is there, but that what begins with `$` is refused. DES (`-d`) is not read.

Specifications: https://httpd.apache.org/docs/2.4/misc/password_encryptions.html,
https://www.akkadia.org/drepper/SHA-crypt.txt,
https://www.rfc-editor.org/rfc/rfc9106, https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

from logloom.errors import ConfigError

__all__ = ["PASSWORD_BYTES_MAX", "Entry", "read"]

PASSWORD_BYTES_MAX: Final = 1024
"""The longest password that is hashed, in bytes: some of the hashes take a time that grows with its square."""
BCRYPT_BYTES_MAX: Final = 72
"""What bcrypt looks at of a password, in bytes."""
BCRYPT_COST_MAX: Final = 15
"""The most that one hash may cost: some 2 s of a processor."""
ROUNDS_MAX: Final = 1_000_000
"""The same for SHA-crypt."""
ARGON2_KIB_MAX: Final = 256 << 10
ARGON2_PASSES_MAX: Final = 16
ARGON2_LANES_MAX: Final = 16
"""The most that one argon2id may cost: some 2 s of a processor and 256 MiB."""
USERS_MAX: Final = 10_000
"""The most users of one file."""

_BCRYPT: Final = re.compile(r"\$2[abxy]?\$(\d\d)\$[./A-Za-z0-9]{53}")
_MD5: Final = re.compile(r"(\$apr1\$|\$1\$)([^$]{0,8})\$([./A-Za-z0-9]{22})")
_SHA: Final = re.compile(r"\$([56])\$(?:rounds=(\d{1,9})\$)?([^$]{0,16})\$([./A-Za-z0-9]{43,86})")
_ARGON2: Final = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,86})"
)
_ALPHABET: Final = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one user's password must be.

    Attributes:
        is_costly: Whether finding out takes milliseconds of a processor, and so belongs on a thread.
        matches: Whether a password is it; compared in a time that does not tell how near it is.
    """

    is_costly: bool
    matches: Callable[[bytes], bool]

    def __repr__(self) -> str:
        """Nothing of the hash."""
        return "Entry(***)"


def read(text: str) -> dict[str, Entry]:
    """The users of a file.

    Raises:
        ConfigError: A line is none, or has a hash that is not read here; no line is shown.
    """
    users: dict[str, Entry] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not (line := line.strip()) or line.startswith("#"):
            continue
        user, colon, hashed = line.partition(":")
        if not colon or not user or not hashed:
            msg = f"htpasswd: line {number} is no user:hash"
            raise ConfigError(msg)
        try:
            users[user] = _entry(hashed)
        except ValueError as error:
            msg = f"htpasswd: line {number}: {error}"
            raise ConfigError(msg) from None
        if len(users) > USERS_MAX:
            msg = f"htpasswd: more than {USERS_MAX} users"
            raise ConfigError(msg)
    if not users:
        msg = "htpasswd: no user in it: 'htpasswd -nB USER' writes a line"
        raise ConfigError(msg)
    return users


def _entry(hashed: str) -> Entry:
    if match := _BCRYPT.fullmatch(hashed):
        if not 4 <= int(match[1]) <= BCRYPT_COST_MAX:
            msg = f"bcrypt's cost must be 4 to {BCRYPT_COST_MAX}"
            raise ValueError(msg)
        return Entry(is_costly=True, matches=_bcrypt(hashed.encode()))
    if match := _ARGON2.fullmatch(hashed):
        return _argon2id(match)
    if match := _MD5.fullmatch(hashed):
        return _slow(match[3], md5_crypt, match[2].encode(), match[1].encode())
    if match := _SHA.fullmatch(hashed):
        rounds = int(match[2] or 5000)
        if rounds > ROUNDS_MAX:
            msg = f"SHA-crypt may have {ROUNDS_MAX} rounds at most"
            raise ValueError(msg)
        return _slow(match[4], sha_crypt, match[3].encode(), "sha256" if match[1] == "5" else "sha512", rounds)
    if hashed.startswith(("{SHA}", "{SSHA}")):
        return _sha1(hashed)
    if hashed.startswith("$"):
        msg = "this hash is not read here (or it is damaged): use bcrypt, as 'htpasswd -B' writes it, or argon2id"
        raise ValueError(msg)
    wanted = hashed.encode()
    return Entry(is_costly=False, matches=lambda password: compare_digest(password, wanted))


def _slow(wanted: str, crypt: Callable[..., str], *arguments: Any) -> Entry:
    return Entry(is_costly=True, matches=lambda password: compare_digest(crypt(password, *arguments), wanted))


def _bcrypt(hashed: bytes) -> Callable[[bytes], bool]:
    import bcrypt

    def matches(password: bytes) -> bool:
        try:
            return bcrypt.checkpw(password[:BCRYPT_BYTES_MAX], hashed)
        except ValueError:
            return False

    return matches


def _argon2id(match: re.Match[str]) -> Entry:
    from logloom._native import argon2id

    memory_kib, passes, lanes = int(match[1]), int(match[2]), int(match[3])
    if memory_kib > ARGON2_KIB_MAX or passes > ARGON2_PASSES_MAX or lanes > ARGON2_LANES_MAX:
        msg = f"argon2id may take m={ARGON2_KIB_MAX}, t={ARGON2_PASSES_MAX}, p={ARGON2_LANES_MAX} at most"
        raise ValueError(msg)
    if passes < 1 or lanes < 1 or memory_kib < 8 * lanes:
        msg = "argon2id needs t and p of 1 at least, and m of 8 times p"
        raise ValueError(msg)
    try:
        salt, wanted = (base64.b64decode(part + "=" * (-len(part) % 4), validate=True) for part in match.group(4, 5))
    except binascii.Error:
        msg = "its argon2id is damaged"
        raise ValueError(msg) from None

    def matches(password: bytes) -> bool:
        cost = {"memory_kib": memory_kib, "passes": passes, "lanes": lanes}
        return compare_digest(argon2id(password, salt, **cost, length=len(wanted)), wanted)

    return Entry(is_costly=True, matches=matches)


def _sha1(hashed: str) -> Entry:
    try:
        data = base64.b64decode(hashed.partition("}")[2], validate=True)
    except binascii.Error:
        data = b""
    wanted, salt = data[:20], data[20:]
    if len(wanted) < 20 or bool(salt) != hashed.startswith("{SSHA}"):
        msg = "its SHA-1 is damaged"
        raise ValueError(msg)
    return Entry(
        is_costly=False,
        matches=lambda password: compare_digest(hashlib.sha1(password + salt, usedforsecurity=False).digest(), wanted),
    )


def md5_crypt(password: bytes, salt: bytes, magic: bytes) -> str:
    """The hash of `$apr1$` and `$1$`, without salt and magic: 22 characters."""

    def md5(data: bytes) -> bytes:
        return hashlib.md5(data, usedforsecurity=False).digest()

    size = len(password)
    mixed = password + magic + salt + _cycled(md5(password + salt + password), size)
    while size:
        mixed += b"\0" if size & 1 else password[:1]
        size >>= 1
    digest = md5(mixed)
    for number in range(1000):
        digest = md5(_round(number, digest, password, salt))
    groups = [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)]
    return "".join(_letters(bytes(digest[at] for at in group), 4) for group in groups) + _letters(digest[11:12], 2)


def sha_crypt(password: bytes, salt: bytes, algorithm: str, rounds: int) -> str:
    """The hash of `$5$` (sha256) and `$6$` (sha512), without salt and rounds: 43 or 86 characters."""

    def sha(data: bytes) -> bytes:
        return hashlib.new(algorithm, data).digest()

    size = len(password)
    other = sha(password + salt + password)
    mixed = password + salt + _cycled(other, size)
    while size:
        mixed += other if size & 1 else password
        size >>= 1
    digest = sha(mixed)
    own = _cycled(sha(password * len(password)), len(password))
    salted = _cycled(sha(salt * (16 + digest[0])), len(salt))
    for number in range(max(rounds, 1000)):
        digest = sha(_round(number, digest, own, salted))
    return "".join(_letters(bytes(digest[at] for at in group if at >= 0), chars) for group, chars in _groups(algorithm))


def _round(number: int, digest: bytes, password: bytes, salt: bytes) -> bytes:
    """What one of the rounds hashes, in both families."""
    return b"".join(
        (
            password if number & 1 else digest,
            salt if number % 3 else b"",
            password if number % 7 else b"",
            digest if number & 1 else password,
        )
    )


def _cycled(data: bytes, size: int) -> bytes:
    """`size` bytes of `data`, over and over."""
    return (data * (size // len(data) + 1))[:size] if data else b""


def _groups(algorithm: str) -> Iterator[tuple[tuple[int, ...], int]]:
    """Which bytes of the digest become letters together, and how many letters."""
    step, turns, turn = (10, 10, 2) if algorithm == "sha256" else (21, 21, 1)
    first = (0, step, 2 * step)
    for number in range(turns):
        at = tuple((value + number) for value in first)
        shift = number * turn % 3
        yield at[shift:] + at[:shift], 4
    yield ((31, 30), 3) if algorithm == "sha256" else ((63,), 2)


def _letters(data: bytes, count: int) -> str:
    """Crypt's own base 64: the last byte first, six bits a letter."""
    value = int.from_bytes(data, "big")
    return "".join(chr(_ALPHABET[(value >> (6 * at)) & 63]) for at in range(count))
