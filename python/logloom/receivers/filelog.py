"""`filelog`: reads log files as they grow, over rotations and restarts, each byte once.

How far each file was read is saved as soon as that is in the journal, on disk: a restart goes on there. Files are known
by inode and beginning: renamed ones are read to their end, copied ones (copytruncate) not twice. Where the journal is
full, the same bytes are pushed later. Compressed ones are not read.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from logloom.config import Bound, Bytes, FormatOptions, Seconds, format_problems
from logloom.receivers._feed import Feed
from logloom.receivers._find import Rules, Troubles
from logloom.receivers._offsets import Offsets
from logloom.receivers._watch import Watch

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext

ROUND_BYTES: Final = 4 << 20
"""The most that is read in one round, of all files together."""
SAVE_EVERY_S: Final = 1.0
_UTF8: Final = {"utf-8", "utf8", "utf-8-raw", "nop"}
_PATTERNS: Final = {"line_start_pattern": "start", "line_end_pattern": "end"}


@dataclass(frozen=True, slots=True)
class Config:
    """Which files, from where on, in which format.

    Attributes:
        include: Globs of files to read: `*`, `?`, `[a-z]`, `**` for any folders, `{a,b}` for either.
        exclude: Globs of files among them to leave out.
        format: What their lines are; `logloom formats` lists the formats.
        options: The format's options.
        keep_original: Whether each record keeps the line that it was read from.
        start_at: Where files are begun that are there at the first start; those that come later, at the beginning.
        poll_interval: How often files are looked at.
        force_flush_period: After so long without more, a last line without a newline is taken as it is; 0: never.
        rotation_wait: How long a file that was rotated away may still be written to.
        max_concurrent_files: The most files that stay open.
        fingerprint_size: How much of its beginning tells a file from others.
        include_file_name: Whether records have `log.file.name`.
        include_file_path: Whether records have `log.file.path`.
        include_file_name_resolved: Whether records have `log.file.name_resolved`, behind symbolic links.
        include_file_path_resolved: Whether records have `log.file.path_resolved`, behind symbolic links.
        resource: Attributes of the resource of all its records.
        encoding: What the files are written in, as the option of all formats says; UTF-16 is known by its mark.
        operators: Not here: a `format` does what they do; `cri` and `docker` read the logs of containers.
        multiline: Which lines make one record, by `line_start_pattern` or `line_end_pattern`.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "acquire_fs_lock": "nothing is locked",
        "max_batches": "each look takes all files",
        "max_log_size": "the core's bound on a line holds",
        "preserve_leading_whitespaces": "they are kept",
        "preserve_trailing_whitespaces": "they are kept",
        "retry_on_failure": "where the journal is full, the same is pushed again until it is taken",
        "storage": "offsets are always kept, in the data folder",
    }

    include: list[str]
    exclude: list[str] = field(default_factory=list)
    format: str = "auto"
    options: FormatOptions = field(default_factory=dict)
    keep_original: bool = True
    start_at: Literal["beginning", "end"] = "end"
    poll_interval: Annotated[Seconds, Bound(0.001, 3600)] = 0.2
    force_flush_period: Annotated[Seconds, Bound(0, 86400)] = 0.5
    rotation_wait: Annotated[Seconds, Bound(0, 3600)] = 10.0
    max_concurrent_files: Annotated[int, Bound(1, 100_000)] = 1024
    fingerprint_size: Annotated[Bytes, Bound(16, 1 << 20)] = 1000
    include_file_name: bool = True
    include_file_path: bool = False
    include_file_name_resolved: bool = False
    include_file_path_resolved: bool = False
    resource: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    operators: list[Any] = field(default_factory=list)
    multiline: dict[str, Any] | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """What must hold between the fields, and what the Collector has and logloom does otherwise."""
        if not self.include:
            yield "include", "empty: name at least one file or glob"
        if self.operators:
            yield "operators", "not here: name the 'format' of the lines, which reads them whole"
        for key in (self.multiline or {}).keys() - {*_PATTERNS, "omit_pattern"}:
            yield f"multiline.{key}", f"no such pattern: there are {' and '.join(_PATTERNS)}"
        if (self.multiline or {}).get("omit_pattern"):
            yield "multiline.omit_pattern", "not here: records keep their lines whole; remove it"
        yield from format_problems(self.format, self.format_options())

    def format_options(self) -> FormatOptions:
        """The options of the format, with those that stand beside it here."""
        options = dict(self.options)
        if self.encoding.lower() not in _UTF8:
            options.setdefault("encoding", self.encoding)
        given = self.multiline or {}
        if patterns := {name: str(given[key]) for key, name in _PATTERNS.items() if given.get(key)}:
            options.setdefault("multiline", patterns)
        return options


def create(config: Config, context: "ReceiverContext") -> "FileLog":
    """The receiver; it opens files when it runs."""
    return FileLog(config, context)


class FileLog:
    """Follows the files that the config names."""

    def __init__(self, config: Config, context: "ReceiverContext") -> None:
        self._config = config
        self._context = context
        self._saved_at_s = 0.0

    async def run(self, push: "Push") -> None:
        """Read until the service stops; then wait until what was read is in the journal, on disk."""
        config, stopping = self._config, self._context.stopping
        rules = Rules(
            config.include,
            config.exclude,
            config.start_at == "end",
            config.max_concurrent_files,
            config.fingerprint_size,
            config.rotation_wait,
        )
        offsets = Offsets(self._context.folder() / "offsets.json")
        troubles = Troubles(lambda what, path: self._context.log.warning(what, extra={"path": path}))
        watch = Watch(rules, offsets, troubles)
        feed = Feed(config, self._context, push)
        with ThreadPoolExecutor(1, "filelog") as disk:
            blocking = asyncio.get_running_loop().run_in_executor
            await blocking(disk, offsets.load)
            await blocking(disk, watch.scan)  # what is written from now on is new, also where files begin at their end
            self._context.up()
            try:
                while not stopping.is_set():
                    look_at_s = time.monotonic() + config.poll_interval
                    while chunks := await blocking(disk, watch.read, ROUND_BYTES):
                        for tail, data in chunks:
                            await feed.push(tail, data)
                        if stopping.is_set() or time.monotonic() >= look_at_s:
                            break
                    await feed.flush(watch)
                    if time.monotonic() - self._saved_at_s > SAVE_EVERY_S:
                        await blocking(disk, self._save, offsets, watch)
                    await feed.wait(look_at_s - time.monotonic())
                    await blocking(disk, watch.scan)
                await feed.settle()
            finally:
                self._save(offsets, watch)
                watch.close()

    def _save(self, offsets: Offsets, watch: Watch) -> None:
        self._saved_at_s = time.monotonic()
        try:
            offsets.save(watch.tails.values())
        except OSError as error:
            self._context.log.warning(
                "cannot save how far files were read: a restart would deliver the latest lines twice",
                extra={"why": error.strerror},
            )
