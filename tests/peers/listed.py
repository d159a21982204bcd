"""What `.ci/peers` lists, and where it is kept on this machine."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = ROOT / ".ci" / "peers"
KINDS = ("deb", "go", "maven")


def cache() -> Path:
    """Outside the checkout, so that the next clone need not fetch and build all of it again."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("PEERS_CACHE") or Path(caches) / "logloom-ci" / "peers").absolute()


@dataclass(frozen=True, slots=True)
class Peer:
    """A line of the list.

    Attributes:
        kind: One of KINDS.
        name: A Debian package, a Go module, or `group:artifact`.
        version: As the list's head says.
        what: What it is driven for.
    """

    kind: str
    name: str
    version: str
    what: str

    @property
    def key(self) -> str:
        """As a test names it: `deb:rsyslog`."""
        return f"{self.kind}:{self.name}"


def listed(text: str | None = None) -> list[Peer]:
    """The peers of `.ci/peers`, or of a text like it.

    Raises:
        ValueError: a line is not one, or a peer stands twice.
    """
    found: dict[str, Peer] = {}
    for number, line in enumerate((LIST.read_text("utf-8") if text is None else text).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split(maxsplit=3)
        if len(fields) != 4 or fields[0] not in KINDS:
            raise ValueError(f".ci/peers, line {number}: not 'kind name version what', of {', '.join(KINDS)}: {line}")
        peer = Peer(*fields)
        if peer.key in found:
            raise ValueError(f".ci/peers, line {number}: {peer.key} stands there twice")
        found[peer.key] = peer
    return list(found.values())
