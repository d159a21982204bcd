"""`filelog`: reads log files as they grow, over rotations and restarts, each byte once.

How far each file was read is saved as soon as that is in the journal, on disk: a restart goes on there. Files are known
by inode and content: renamed ones are read to their end, copied and compressed ones not twice. Where the journal is
full, the same bytes are pushed later.
"""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from logloom.config import Bound, Bytes, FormatOptions, Seconds
from logloom.receivers._bell import Bell
from logloom.receivers._named import Naming
from logloom.receivers._operators import Lines
from logloom.receivers._order import OrderingCriteria
from logloom.receivers._reading import Reading

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext

_UTF8: Final = {"utf-8", "utf8", "utf-8-raw", "nop"}
_PATTERNS: Final = {"line_start_pattern": "start", "line_end_pattern": "end"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Naming):
    """Which files, from where on, in which format.

    Attributes:
        include: Globs of files to read: `*`, `?`, `[a-z]`, `**` for any folders, `{a,b}` for either.
        exclude: Globs of files among them to leave out.
        exclude_older_than: Files that were not written to for so long are not begun; 0: all are.
        ordering_criteria: Which of the files found are read.
        format: What their lines are; `logloom formats` lists the formats.
        options: The format's options.
        keep_original: Whether each record keeps the line that it was read from.
        start_at: Where files are begun that are there at the first start; those that come later, at the beginning.
        compression: Which files are read unpacked: `auto`, those that begin as gzip or Zstandard does; `gzip`; empty:
            none.
        delete_after_read: Whether files are deleted when they were read to their end, that cannot be lost any more,
            and nothing came to them for `rotation_wait`.
        watch: How changes are noticed: `auto`, by the kernel (inotify), and where it cannot tell, by looking; `poll`,
            by looking.
        poll_interval: How often files are looked at where the kernel does not tell; at least, as a look takes time.
        force_flush_period: After so long without more, a last line without a newline is taken as it is; 0: never.
        rotation_wait: How long a file that was rotated away may still be written to.
        max_concurrent_files: The most files that stay open.
        max_log_size: The longest line that is read; a longer one is kept as it came, in one piece or several.
        fingerprint_size: How much of its beginning tells a file from others.
        attributes: Attributes of each of its records.
        resource: Attributes of the resource of all its records.
        encoding: What the files are written in, as the option of all formats says; UTF-16 is known by its mark.
        operators: What the Collector's operators make of each line, instead of a `format`.
        preserve_leading_whitespaces: Whether blanks before a line stay, where operators read it; formats keep them.
        preserve_trailing_whitespaces: Whether those behind a line do.
        header: Not here: formats whose files have one (`w3c`, `csv`, ...) read it.
        multiline: Which lines make one record, by `line_start_pattern` or `line_end_pattern`.
    """

    IGNORED: ClassVar[Mapping[str, str]] = {
        "acquire_fs_lock": "nothing is locked",
        "file_cache_advise": "files are read in order, which the kernel sees",
        "initial_buffer_size": "buffers are as large as what there is to read",
        "max_batches": "each look takes all files",
        "max_log_size_behavior": "what is longer is kept as it came, nothing is cut off",
        "on_truncate": "a file that was cut back is read from its beginning",
        "polls_to_archive": "offsets of files that are gone are kept anyway",
        "retry_on_failure": "where the journal is full, the same is pushed again until it is taken",
        "storage": "offsets are always kept, in the data folder",
    }

    include: list[str]
    exclude: list[str] = field(default_factory=list)
    exclude_older_than: Annotated[Seconds, Bound(0, 3650 * 86400)] = 0.0
    ordering_criteria: OrderingCriteria | None = None
    format: str = "auto"
    options: FormatOptions = field(default_factory=dict)
    keep_original: bool = True
    start_at: Literal["beginning", "end"] = "end"
    compression: Literal["auto", "gzip", ""] = "auto"
    delete_after_read: bool = False
    watch: Literal["auto", "poll"] = "auto"
    poll_interval: Annotated[Seconds, Bound(0.001, 3600)] = 0.2
    force_flush_period: Annotated[Seconds, Bound(0, 86400)] = 0.5
    rotation_wait: Annotated[Seconds, Bound(0, 3600)] = 10.0
    max_concurrent_files: Annotated[int, Bound(1, 100_000)] = 1024
    max_log_size: Annotated[Bytes, Bound(64, 1 << 20)] = 1 << 20
    fingerprint_size: Annotated[Bytes, Bound(16, 1 << 20)] = 1000
    attributes: dict[str, str] = field(default_factory=dict)
    resource: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    operators: list[Any] = field(default_factory=list)
    preserve_leading_whitespaces: bool | None = None
    preserve_trailing_whitespaces: bool | None = None
    header: dict[str, Any] | None = None
    multiline: dict[str, Any] | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """What must hold between the fields, and what the Collector has and logloom does otherwise."""
        if not self.include:
            yield "include", "empty: name at least one file or glob"
        if self.delete_after_read and self.start_at == "end":
            yield "delete_after_read", "would delete what was never read: set start_at to beginning"
        for key in (self.multiline or {}).keys() - {*_PATTERNS, "omit_pattern"}:
            yield f"multiline.{key}", f"no such pattern: there are {' and '.join(_PATTERNS)}"
        yield from self.lines.problems()

    def notes(self) -> Iterator[tuple[str, str]]:
        """What the Collector needs operators for, and logloom does without."""
        if self.operators and not self.lines.is_chained:
            yield "operators", f"has no effect here: the format '{self.format}' reads what containers write"
        for key in ("preserve_leading_whitespaces", "preserve_trailing_whitespaces"):
            if getattr(self, key) is not None and not self.lines.is_chained:
                yield key, "has no effect here: they are kept"

    def lacking(self) -> Iterator[tuple[str, str]]:
        """What the Collector has and logloom does otherwise."""
        if self.header is not None:
            yield "header", "not here: formats whose files have a header (w3c, csv, tsv, ...) read it themselves"
        if (self.multiline or {}).get("omit_pattern"):
            yield "multiline.omit_pattern", "not here: records keep their lines whole; remove it"

    @property
    def lines(self) -> Lines:
        """How its lines are read."""
        return Lines(self)

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

    async def run(self, push: "Push") -> None:
        """Read until the service stops; then wait until what was read is in the journal, on disk."""
        stopping, blocking = self._context.stopping, asyncio.get_running_loop().run_in_executor
        with ThreadPoolExecutor(1, "filelog") as disk:
            reading = Reading(self._config, self._context, push)
            await blocking(disk, reading.begin)
            self._context.up()
            try:
                with Bell(stopping, reading.fileno()) as bell:
                    while not stopping.is_set():
                        await bell.wait(await blocking(disk, reading.turn))
                await push.safe(reading.entry)
            finally:
                disk.submit(reading.close).result()  # behind a turn that may still go on
