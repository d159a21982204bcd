"""How files are known to have changed: the kernel tells (inotify), or they are looked at every so often."""

from collections.abc import Callable, Iterable
from errno import ENOENT, ENOSPC, ENOTDIR

from logloom._native import Notices

__all__ = ["Folders"]

_TOO_MANY = "this user may watch no more folders (raise fs.inotify.max_user_watches): files are looked at every {}"
_NO_QUEUE = "the kernel gives no notice ({why}; see fs.inotify.max_user_instances): files are looked at every {}"
_SHARED = "other machines may write here, of which the kernel gives no notice: files are looked at every {}"
_LOST = "more happened than the kernel keeps notice of (fs.inotify.max_queued_events): all files are looked at"


class Folders:
    """The folders that something may happen in.

    Attributes:
        is_covered: Whether the kernel tells of all of them: else they must be looked at.
    """

    def __init__(self, wanted: str, interval: str, tell: Callable[[str, str], None]) -> None:
        """`wanted`: `auto`, or `poll` for no notices. `tell` is called with what is wrong, and the folder."""
        self._interval = interval
        self._tell = tell
        self._told: set[str] = set()
        self._watched: set[str] = set()
        self._left_out: set[str] = set()
        self._notices: Notices | None = None
        self.is_covered = False
        if wanted != "poll":
            try:
                self._notices = Notices()
            except OSError as error:
                tell(_NO_QUEUE.format(interval, why=error.strerror), "")

    def fileno(self) -> int | None:
        """What becomes readable when there is news; None: nothing does."""
        return None if self._notices is None else self._notices.fileno()

    def cover(self, folders: Iterable[str]) -> bool:
        """Watch these, and no others; whether there are new ones: what happened in them before that is not known."""
        if self._notices is None:
            return False
        wanted = {folder or "." for folder in folders}
        self._watched &= set(self._notices.watched())
        for folder in self._watched - wanted:
            self._notices.forget(folder)
        self._watched &= wanted
        self._left_out &= wanted
        new = wanted - self._watched - self._left_out
        is_full = False
        for folder in sorted(new):
            is_full = is_full or not self._watch(folder)
            if is_full:
                self._left_out.add(folder)
        self.is_covered = not self._left_out
        return bool(new & self._watched)

    def again(self) -> None:
        """Those that could not be watched are tried again with the next `cover`."""
        self._left_out.clear()

    def take(self) -> tuple[list[str], bool]:
        """The files to which something happened, and whether all must be looked at."""
        if self._notices is None:
            return [], False
        paths, have_folders_changed, is_lost = self._notices.take()
        if is_lost:
            self._say(_LOST, "")
        return [path.removeprefix("./") for path in paths], have_folders_changed or is_lost

    def _watch(self, folder: str) -> bool:
        """False where no more can be watched."""
        if self._notices is None:
            return False
        try:
            is_all = self._notices.watch(folder)
        except OSError as error:
            if error.errno == ENOSPC:
                self._say(_TOO_MANY.format(self._interval), folder)
                return False
            if error.errno not in (ENOENT, ENOTDIR):
                self._say(f"cannot be watched: {error.strerror}", folder)
                self._left_out.add(folder)
            return True
        self._watched.add(folder)
        if not is_all:
            self._say(_SHARED.format(self._interval), folder)
            self._left_out.add(folder)
        return True

    def _say(self, what: str, folder: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._tell(what, folder)
