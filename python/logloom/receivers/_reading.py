"""All that one filelog does on its thread: look, read, flush, save; and when it is to do so again."""

import time
from typing import TYPE_CHECKING, Final

from logloom.receivers._feed import Feed
from logloom.receivers._find import Rules, Troubles
from logloom.receivers._notice import Folders
from logloom.receivers._offsets import Offsets
from logloom.receivers._watch import Watch

if TYPE_CHECKING:
    from logloom.intake import Push, ReceiverContext
    from logloom.receivers.filelog import Config

__all__ = ["Reading"]

SAVE_EVERY_S: Final = 1.0
LOOK_EVERY_S: Final = 10.0
"""How often all files are looked at although the kernel tells what happens: some of it, it does not (mmap)."""
COVER_EVERY_S: Final = 60.0
"""How often it is tried again to watch what could not be watched."""
LOOKS: Final = 5
"""How often it is looked again, at once, where new folders were found."""
LOOK_SHARE: Final = 0.1
LOOK_SHARE_WATCHED: Final = 0.002
"""The most of a processor that looking at all files takes, while the kernel tells of changes and while it does not."""
NEVER: Final = float("inf")


class Reading:
    """The files of one receiver; every call blocks, and all are made on one thread."""

    def __init__(self, config: "Config", context: "ReceiverContext", push: "Push") -> None:
        self._config = config
        self._log = context.log

        def tell(what: str, path: str) -> None:
            context.log.warning(what, extra={"path": path} if path else {})

        troubles = Troubles(tell)
        rules = Rules(
            config.include,
            config.exclude,
            config.start_at == "end",
            config.max_concurrent_files,
            config.fingerprint_size,
            config.rotation_wait,
            config.compression,
            config.exclude_older_than,
            config.ordering_criteria,
        )
        self._folders = Folders(config.watch, f"{config.poll_interval:g} s", tell)
        self._offsets = Offsets(context.folder() / "offsets.json")
        self._watch = Watch(rules, self._offsets, troubles)
        self._feed = Feed(config, context, push, self._watch, troubles)
        self._look_at_s = self._may_look_at_s = self._save_at_s = self._follow_at_s = self._cover_at_s = 0.0

    @property
    def entry(self) -> int:
        """The last entry of the journal that something was appended as."""
        return self._feed.entry

    def fileno(self) -> int | None:
        """What becomes readable when there is something to do before it is due; None: nothing."""
        return self._folders.fileno()

    def begin(self) -> None:
        """Find what was read before, and what is there: what is written from now on is new."""
        self._offsets.load()
        self._look()
        if not self._watch.tails and not self._watch.meeting.waiting:
            self._log.info(
                "no file is there yet that 'include' names: one that comes is read from its beginning",
                extra={"include": ", ".join(self._config.include)},
            )

    def turn(self) -> float:
        """Do what there is to do, up to a bound; in how many seconds there will be more, where nothing happens."""
        paths, must_look = self._folders.take()
        if paths:
            self._watch.touch(paths)
        now_s = time.monotonic()
        if must_look or self._watch.must_scan:
            self._watch.must_scan = True
            self._look_at_s = min(self._look_at_s, self._may_look_at_s)
        if now_s >= self._look_at_s:
            self._look()
        elif now_s >= self._follow_at_s:
            self._watch.follow()
            self._follow_at_s = now_s + self._config.poll_interval
        self._watch.retry()
        self._feed.read()
        self._watch.retry()
        self._feed.flush()
        self._feed.deleting.delete()
        if time.monotonic() >= self._save_at_s:
            self.save()
        return max(0.0, self._due_at_s() - time.monotonic())

    def save(self) -> None:
        """Write down how far files were read, where that has changed."""
        used_s = time.thread_time()
        if self._watch.has_changed:
            try:
                self._watch.has_changed = not self._offsets.save(self._watch.tails.values())
            except OSError as error:
                self._log.warning(
                    "cannot save how far files were read: a restart would deliver the latest lines twice",
                    extra={"why": error.strerror},
                )
        self._save_at_s = time.monotonic() + max(SAVE_EVERY_S, (time.thread_time() - used_s) / LOOK_SHARE)

    def close(self) -> None:
        """Save, and close all files."""
        self.save()
        for tail in self._watch.tails.values():
            tail.close()

    def _look(self) -> None:
        used_s, now_s = time.thread_time(), time.monotonic()
        if now_s >= self._cover_at_s:
            self._folders.again()
            self._cover_at_s = now_s + COVER_EVERY_S
        for _ in range(LOOKS):
            self._watch.scan()
            if not self._folders.cover(self._watch.folders):
                break
        ended_s, cost_s = time.monotonic(), time.thread_time() - used_s
        self._may_look_at_s = ended_s + cost_s / LOOK_SHARE
        if self._folders.is_covered:
            self._look_at_s = ended_s + max(LOOK_EVERY_S, self._config.poll_interval, cost_s / LOOK_SHARE_WATCHED)
        else:
            self._look_at_s = ended_s + max(self._config.poll_interval, cost_s / LOOK_SHARE)
        self._follow_at_s = ended_s + self._config.poll_interval

    def _due_at_s(self) -> float:
        watch = self._watch
        return min(
            min(self._look_at_s, self._may_look_at_s) if watch.must_scan else self._look_at_s,
            self._follow_at_s if watch.loose else NEVER,
            min(filter(None, watch.meeting.waiting.values()), default=NEVER),
            self._feed.retry_at_s if watch.grown or watch.over else NEVER,
            self._feed.due_at_s,
            self._save_at_s if watch.has_changed else NEVER,
        )
