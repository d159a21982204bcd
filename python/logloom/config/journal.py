"""`journal:`, a section of its own: where what was accepted lies until every exporter is done with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from logloom.config.fields import Bound, Secret

__all__ = ["JournalConfig", "KeyConfig"]

MIB: int = 1 << 20


@dataclass(frozen=True, slots=True)
class KeyConfig:
    """What the journal is encrypted under: each of its files has a key of its own, which this one wraps.

    Attributes:
        provider: `file`: a file of 32 random bytes. `passphrase`: a text that people know, by Argon2id.
        path: The key file (0600), made where it is not there; `journal.key` in the data folder where not given. Who has
            it can read the journal: keep it, and a copy of it, elsewhere than the data.
        passphrase: The passphrase, of 12 characters or more; from the environment, as `${env:NAME}`.
        older_passphrases: Those of before: what was written under them can still be read.
    """

    provider: Literal["file", "passphrase"] = "file"
    path: Path | None = None
    passphrase: Secret = field(default_factory=Secret)
    older_passphrases: list[Secret] = field(default_factory=list)

    def problems(self) -> Iterator[tuple[str, str]]:
        """A provider has what it needs, and nothing of the other's."""
        if self.provider == "passphrase":
            if not self.passphrase.reveal():
                yield "passphrase", "is needed: give it as ${env:NAME}, so that it stands in no file"
            if self.path is not None:
                yield "path", "is the key file's of 'provider: file': remove it"
        elif self.passphrase.reveal() or self.older_passphrases:
            yield "passphrase", "is for 'provider: passphrase': say so, or remove it"


@dataclass(frozen=True, slots=True)
class JournalConfig:
    """Where what was accepted lies until every exporter is done with it.

    Attributes:
        kind: `disk`: what was acknowledged is on disk, encrypted and synced. `memory`: a crash loses what was not yet
            delivered; `service.journal.bytes_max` bounds it.
        path: Its folder; `journal` in the data folder where not given.
        max_mib: The most that it takes on disk, in MiB; then receivers ask their senders to come again later.
        max_age_h: What is older is dropped, counted and told, in hours; 0: nothing ever is.
        free_mib_min: What must stay free on its disk, in MiB; below it receivers ask their senders to come again later.
        file_mib: How large its files become, in MiB.
        fsync_delay_ms_max: How long a push may wait for others to share one fsync with, in milliseconds.
        dead_letter_max_mib: The most that records take which destinations refuse, in MiB; then the exporter waits.
        key: What it is encrypted under.
    """

    kind: Literal["disk", "memory"] = "disk"
    path: Path | None = None
    max_mib: Annotated[int, Bound(16, 1 << 24)] = 4096
    max_age_h: Annotated[int, Bound(0, 87_600)] = 0
    free_mib_min: Annotated[int, Bound(0, 1 << 24)] = 256
    file_mib: Annotated[int, Bound(1, 1024)] = 64
    fsync_delay_ms_max: Annotated[int, Bound(0, 1000)] = 2
    dead_letter_max_mib: Annotated[int, Bound(1, 1 << 20)] = 256
    key: KeyConfig = field(default_factory=KeyConfig)

    def problems(self) -> Iterator[tuple[str, str]]:
        """A journal of one file could never let go of anything."""
        if self.max_mib < 4 * self.file_mib:
            yield "max_mib", f"must be at least 4 times file_mib ({self.file_mib}): it goes file by file"
