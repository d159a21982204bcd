"""Lines of htpasswd files: hashes that others made (glibc's crypt, Apache's and OpenWall's examples, OpenSSL)."""

import shutil
import subprocess

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.errors import ConfigError
from logloom.extensions import _htpasswd

KNOWN = {
    "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5": "Hello world!",
    "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA": "Hello world!",
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1": (
        "Hello world!"
    ),
    "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0": (
        "we have a short salt string but not a short password"
    ),
    "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/": "myPassword",
    "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=": "myPassword",
    "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW": "U*U",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4": "password",
    "plain text, with: a colon": "plain text, with: a colon",
}


@pytest.mark.parametrize("hashed", KNOWN, ids=lambda hashed: hashed[:12])
def test_known_hashes(hashed: str) -> None:
    entry = _htpasswd.read(f"# users\n\nann:{hashed}\n")["ann"]
    assert entry.matches(KNOWN[hashed].encode())
    assert not entry.matches(KNOWN[hashed].encode() + b"!")
    assert not entry.matches(b"")
    assert hashed not in repr(entry)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="NOT RUN: no openssl on this machine")
@pytest.mark.parametrize("kind", ["-apr1", "-1", "-5", "-6"])
@pytest.mark.parametrize("password", ["a", "sixteen letters.", "grün, and much longer than a digest: " + "x" * 70])
def test_hashes_of_openssl(kind: str, password: str) -> None:
    command = ["openssl", "passwd", kind, "-salt", "saltsalt", password]
    hashed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    entry = _htpasswd.read(f"ann:{hashed}")["ann"]
    assert entry.matches(password.encode())
    assert not entry.matches(password.encode() + b"x")
    assert entry.is_costly


@given(st.binary(max_size=200))
def test_any_password_against_bcrypt(password: bytes) -> None:
    hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")
    assert _htpasswd.read(f"ann:{hashed}")["ann"].matches(password) == (password == b"right")


def test_of_a_long_password_bcrypt_sees_72_bytes() -> None:
    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert _htpasswd.read(f"ann:{hashed}")["ann"].matches(b"x" * 100)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no user in it"),
        ("# nobody\n", "no user in it"),
        ("ann", "line 1 is no user:hash"),
        ("ann:a\n:b", "line 2 is no user:hash"),
        ("ann:", "line 1 is no user:hash"),
        ("ann:$y$j9T$abc$def", "line 1: this hash is not read here"),
        ("ann:$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "cost must be 4 to 15"),
        ("ann:$6$rounds=999999999$salt$" + "a" * 86, "1000000 rounds at most"),
        ("ann:{SHA}AAAA", "SHA-1 is damaged"),
        ("ann:{SSHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=", "SHA-1 is damaged"),
        ("\n".join(f"u{n}:p" for n in range(10_001)), "more than 10000 users"),
    ],
)
def test_what_is_not_read_is_told_without_the_hash(text: str, why: str) -> None:
    with pytest.raises(ConfigError) as error:
        _htpasswd.read(text)
    assert why in str(error.value)
    assert "$" not in str(error.value)


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    try:
        users = _htpasswd.read(text)
    except ConfigError:
        return
    assert users
