"""Users and passwords: who is known, what it costs, and that nothing is shown."""

import asyncio
import base64
import threading
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logloom.errors import ConfigError, RetryError
from logloom.extensions import basicauth
from logloom.extensions._checked import WAITING_MAX
from logloom.identity import Identity
from tests.components import problems_of
from tests.unit.extensions.context import extension, until_not

HASH = bcrypt.hashpw(b"hush", bcrypt.gensalt(4)).decode()
CONFIG = f'htpasswd: {{inline: "ann:{HASH}\\nbob:pl:ain\\n"}}'


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def test_who_is_known() -> None:
    async with extension(basicauth, CONFIG) as server:
        for _ in range(2):  # the second time from memory
            assert await server.authenticate(basic("ann", "hush")) == Identity("known", "ann")
            assert await server.authenticate(basic("bob", "pl:ain")) == Identity("known", "bob")
            for user, password in (("ann", "hush!"), ("ann", ""), ("bob", "hush"), ("eve", "hush"), ("", "")):
                assert await server.authenticate(basic(user, password)) is None


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic YW5u",
        "Bearer YW5uOmh1c2g=",
        "YW5uOmh1c2g=",
        "Basic " + "A" * 100_000,
        "Basic \udcff",
    ],
)
async def test_what_is_no_credential(shown: str) -> None:
    async with extension(basicauth, CONFIG) as server:
        assert await server.authenticate({"authorization": shown}) is None
        assert await server.authenticate({}) is None


async def test_the_schemes_case_does_not_matter() -> None:
    async with extension(basicauth, CONFIG) as server:
        shown = basic("ann", "hush")["authorization"].replace("Basic", "bASIC")
        assert await server.authenticate({"authorization": shown}) == Identity("known", "ann")


async def test_a_hash_is_made_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes, real = [], bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda *arguments: hashes.append(1) or real(*arguments))
    async with extension(basicauth, CONFIG) as server:
        await asyncio.gather(*(server.authenticate(basic("ann", "hush")) for _ in range(50)))
        assert len(hashes) == 1
        for password in ("1", "2", "1", "2"):
            await server.authenticate(basic("ann", password))
        assert len(hashes) == 3


async def test_an_unknown_user_costs_what_a_known_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes, real = [], bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda *arguments: hashes.append(1) or real(*arguments))
    async with extension(basicauth, CONFIG) as server:
        assert await server.authenticate(basic("eve", "hush")) is None
    assert len(hashes) == 1


async def test_guesses_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guesser is asked to come again; who was known before is known at once."""
    held, real = threading.Event(), bcrypt.checkpw
    async with extension(basicauth, CONFIG) as server:
        assert await server.authenticate(basic("ann", "hush"))
        monkeypatch.setattr(bcrypt, "checkpw", lambda *arguments: held.wait(30) and real(*arguments))
        guesses = [asyncio.create_task(server.authenticate(basic("ann", str(n)))) for n in range(WAITING_MAX + 10)]
        done, _ = await asyncio.wait(guesses, return_when=asyncio.FIRST_EXCEPTION)
        assert {type(task.exception()) for task in done} == {RetryError}
        assert len(done) == 10
        assert await asyncio.wait_for(server.authenticate(basic("ann", "hush")), 5) == Identity("known", "ann")
        held.set()
        assert not any(await asyncio.gather(*(task for task in guesses if task not in done)))


async def test_a_changed_file_counts_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logloom.extensions._watched.WatchedFile.__init__.__defaults__", (0.01,))
    path = tmp_path / "htpasswd"
    path.write_text("ann:one\neve:one\n")
    async with extension(basicauth, f'htpasswd: {{file: {path}, inline: "eve:inline"}}') as server:
        assert await server.authenticate(basic("ann", "one"))
        assert await server.authenticate(basic("eve", "inline"))
        assert await server.authenticate(basic("eve", "one")) is None
        path.write_text("ann:another\n")
        await until_not(lambda: server.authenticate(basic("ann", "one")))
        assert await server.authenticate(basic("ann", "another"))


async def test_a_file_that_will_not_do(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_text("ann:$9$what")
    for config in (f"htpasswd: {{file: {path}}}", f"htpasswd: {{file: {path}x}}"):
        with pytest.raises(ConfigError):
            async with extension(basicauth, config):
                raise AssertionError


async def test_as_whom_to_send(tmp_path: Path) -> None:
    async with extension(basicauth, "client_auth: {username: ann, password: hush}") as client:
        assert client.headers() == basic("ann", "hush")
    user, password = tmp_path / "user", tmp_path / "password"
    user.write_text("bob\n")
    password.write_text("secret\n")
    config = f"client_auth: {{username_file: {user}, password_file: {password}}}"
    async with extension(basicauth, config) as client:
        assert client.headers() == basic("bob", "secret")


def test_problems() -> None:
    assert problems_of(basicauth, "{}") == {
        "": "needs either 'htpasswd', for receivers, or 'client_auth', for exporters"
    }
    both = problems_of(basicauth, "{htpasswd: {inline: 'a:b'}, client_auth: {username: a}}")
    assert list(both) == [""]
    assert problems_of(basicauth, "htpasswd: {}") == {"htpasswd": "names no users: give 'file' or 'inline'"}
    secret = problems_of(basicauth, "htpasswd: {inline: 'a:$9$geheim'}")
    assert list(secret) == ["htpasswd.inline"]
    assert "geheim" not in str(secret)
    assert list(problems_of(basicauth, "client_auth: {username: 'a:b'}")) == ["client_auth.username"]


@given(st.binary(max_size=100))
def test_any_header(data: bytes) -> None:
    async def known() -> Any:
        async with extension(basicauth, 'htpasswd: {inline: "bob:plain"}') as server:
            encoded = base64.b64encode(data).decode()
            raw = data.decode("utf-8", "surrogateescape")
            return [await server.authenticate({"authorization": shown}) for shown in (raw, f"Basic {encoded}")]

    assert asyncio.run(known())[0] is None or data == b"Basic Ym9iOnBsYWlu"
