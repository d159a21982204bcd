"""Tokens in headers of all shapes."""

from pathlib import Path

import pytest

from logloom.errors import ConfigError
from logloom.extensions import bearertokenauth
from logloom.identity import Identity
from tests.components import problems_of
from tests.unit.extensions.context import extension, until_not


@pytest.mark.parametrize(
    ("config", "header", "good", "bad"),
    [
        ("{token: hush}", "authorization", "Bearer hush", "Bearer hus"),
        ("{token: hush}", "authorization", "bearer hush", "hush"),
        ("{token: hush, scheme: ApiKey}", "authorization", "ApiKey hush", "Bearer hush"),
        ("{token: hush, scheme: Splunk}", "authorization", "Splunk hush", "Splunk"),
        ("{token: hush, scheme: '', header: DD-API-KEY}", "dd-api-key", "hush", "Bearer hush"),
    ],
)
async def test_where_a_token_stands(config: str, header: str, good: str, bad: str) -> None:
    async with extension(bearertokenauth, config) as known:
        assert await known.authenticate({header: good}) == Identity("known", "token 1")
        for shown in (bad, good + "x", good.upper(), "", " ", good + " " + "x" * 100_000):
            assert await known.authenticate({header: shown}) is None
        assert await known.authenticate({"other": good}) is None
        assert known.headers()[header].lower() == good.lower()
        assert known.challenge.endswith('realm="logloom"')


async def test_several() -> None:
    async with extension(bearertokenauth, "tokens: [one, two]") as known:
        assert await known.authenticate({"authorization": "Bearer two"}) == Identity("known", "token 2")
        assert known.headers() == {"authorization": "Bearer one"}


async def test_no_token_stays_in_memory_as_it_is() -> None:
    async with extension(bearertokenauth, "tokens: [geheim-1, geheim-2]") as known:
        assert "geheim" not in repr(known._known) + repr(known._config) + repr(known._own)


async def test_a_changed_file_counts_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logloom.extensions._watched.WatchedFile.__init__.__defaults__", (0.01,))
    path = tmp_path / "tokens"
    path.write_text("one\ntwo\n\n")
    async with extension(bearertokenauth, f"{{filename: {path}, token: unused}}") as known:
        assert known.headers() == {"authorization": "Bearer one"}
        assert await known.authenticate({"authorization": "Bearer two"})
        assert await known.authenticate({"authorization": "Bearer unused"}) is None
        path.write_text("three")
        await until_not(lambda: known.authenticate({"authorization": "Bearer two"}))
        assert known.headers() == {"authorization": "Bearer three"}
        assert await known.authenticate({"authorization": "Bearer three"})


@pytest.mark.parametrize("text", ["", "\n\n", "good\nbäd"])
async def test_a_file_that_will_not_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(text)
    with pytest.raises(ConfigError):
        async with extension(bearertokenauth, f"filename: {path}"):
            raise AssertionError


def test_problems() -> None:
    assert list(problems_of(bearertokenauth, "{}")) == ["token"]
    assert list(problems_of(bearertokenauth, "{token: a, tokens: [b]}")) == ["tokens"]
    bad = problems_of(bearertokenauth, '{token: "ge heim\\n", scheme: "a b", header: "x:"}')
    assert list(bad) == ["header", "scheme", "token"]
    assert "heim" not in str(bad)
