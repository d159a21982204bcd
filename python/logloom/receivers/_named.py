"""What is known of a file's records from where the file is: its names, its owner, the pod whose log it is."""

import grp
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from logloom import _native

__all__ = ["Naming", "container_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Which of it records have.

    Attributes:
        include_file_name: Whether records have `log.file.name`.
        include_file_path: Whether records have `log.file.path`.
        include_file_name_resolved: Whether records have `log.file.name_resolved`, behind symbolic links.
        include_file_path_resolved: Whether records have `log.file.path_resolved`, behind symbolic links.
        include_file_owner_name: Whether records have `log.file.owner.name`.
        include_file_owner_group_name: Whether records have `log.file.owner.group.name`.
        include_file_permissions: Whether records have `log.file.permissions`: three octal digits.
        include_file_record_number: Whether records have `log.file.record_number`: 1 for the first that is read.
        include_file_record_offset: Whether records have `log.file.record_offset`: where they begin, in bytes.
        add_metadata_from_filepath: Whether records of `NAMESPACE_POD_UID/CONTAINER/RESTARTS.log` and of
            `POD_NAMESPACE_CONTAINER-ID.log`, as Kubernetes names them, say which pod and container that is.
    """

    include_file_name: bool = True
    include_file_path: bool = False
    include_file_name_resolved: bool = False
    include_file_path_resolved: bool = False
    include_file_owner_name: bool = False
    include_file_owner_group_name: bool = False
    include_file_permissions: bool = False
    include_file_record_number: bool = False
    include_file_record_offset: bool = False
    add_metadata_from_filepath: bool = True

    def known_of(self, path: str) -> dict[str, str]:
        """The attributes of the resource of what is read at this path."""
        resolved = str(Path(path).resolve())
        attributes = container_of(path, resolved) if self.add_metadata_from_filepath else {}
        attributes.update(self._names(_text(path), _text(resolved)))
        attributes.update(self._owners(path))
        return attributes

    def _names(self, path: str, resolved: str) -> Iterator[tuple[str, str]]:
        if self.include_file_name:
            yield "log.file.name", Path(path).name
        if self.include_file_path:
            yield "log.file.path", path
        if self.include_file_name_resolved:
            yield "log.file.name_resolved", Path(resolved).name
        if self.include_file_path_resolved:
            yield "log.file.path_resolved", resolved

    def _owners(self, path: str) -> Iterator[tuple[str, str]]:
        if not (self.include_file_owner_name or self.include_file_owner_group_name or self.include_file_permissions):
            return
        try:
            status = Path(path).stat()
        except OSError:  # gone by now; what was read of it is still its own
            return
        if self.include_file_owner_name:
            yield "log.file.owner.name", _name(pwd.getpwuid, status.st_uid)
        if self.include_file_owner_group_name:
            yield "log.file.owner.group.name", _name(grp.getgrgid, status.st_gid)
        if self.include_file_permissions:
            yield "log.file.permissions", f"{status.st_mode & 0o777:03o}"


def container_of(*paths: str) -> dict[str, str]:
    """The pod and container of a log, by the paths that lead to it."""
    return {key: value for path in paths for key, value in _native.container_of(_text(path)).items()}


def _name(look_up: object, number: int) -> str:
    """The name of a user or group; its number where it has none."""
    try:
        return str(look_up(number)[0])  # type: ignore[operator]
    except KeyError:
        return str(number)


def _text(path: str) -> str:
    """A path whose bytes are no UTF-8, as text."""
    return os.fsencode(path).decode("utf-8", "replace")
