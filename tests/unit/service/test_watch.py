"""When the config is read again."""

import asyncio
from pathlib import Path
from typing import Self

import pytest

from logloom import config
from logloom.config import Config
from logloom.errors import ConfigError
from logloom.service._watch import ConfigWatch
from tests.unit.running import until

GOOD = "receivers: {otlp: {protocols: {grpc: {}}}}\nexporters: {nop: }\nservice: ${file:SERVICE}\n"
SERVICE = "{pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}\n"


class Watched:
    def __init__(self, folder: Path) -> None:
        self.file, self.service = folder / "logloom.yaml", folder / "service.yaml"
        self.service.write_text(SERVICE)
        self.file.write_text(GOOD.replace("SERVICE", str(self.service)))
        self.taken: list[Config] = []
        self.watch = ConfigWatch(config.load(self.file), lambda: config.load(self.file), self.take, 0.002)

    async def take(self, taken: Config) -> str:
        self.taken.append(taken)
        return "something"

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.watch.run())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def replace(path: Path, text: str) -> None:
    """As editors and Kubernetes do it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


async def test_all_files_that_the_config_names_are_watched(tmp_path: Path) -> None:
    async with Watched(tmp_path) as watched:
        assert watched.taken == []
        replace(watched.service, SERVICE + "\n")
        await until(lambda: len(watched.taken) == 1)
        replace(watched.file, watched.file.read_text() + "\n")
        await until(lambda: len(watched.taken) == 2)
        assert watched.taken[-1].files == (str(watched.file), str(watched.service))


async def test_it_is_read_when_somebody_asks(tmp_path: Path) -> None:
    async with Watched(tmp_path) as watched:
        watched.watch.ask()
        await until(lambda: len(watched.taken) == 1)


async def test_what_is_wrong_is_told_as_check_tells_it_and_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Watched(tmp_path) as watched:
        replace(watched.file, "receivers: {otlp: }\n")
        await until(lambda: bool(watched.watch.error))
        with pytest.raises(ConfigError) as error:
            config.load(watched.file)
        assert watched.watch.error == str(error.value)
        assert set(str(error.value).split("\n")) <= set(caplog.messages)
        for _ in range(3):
            watched.file.touch()
            await asyncio.sleep(0.01)
        assert caplog.messages.count("read again, and not taken: what was there before runs on") == 1
        replace(watched.file, GOOD.replace("SERVICE", str(watched.service)))
        await until(lambda: bool(watched.taken))
        assert watched.watch.error == ""


async def test_a_config_that_is_gone_is_told(tmp_path: Path) -> None:
    async with Watched(tmp_path) as watched:
        watched.file.unlink()
        await until(lambda: watched.watch.error == f"{watched.file}: cannot be read: No such file or directory")
