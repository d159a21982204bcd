"""Which of the listed peers this machine has: written by `provide()`, read by the tests.

Nothing is installed: Debian's packages are unpacked into the cache, for which nobody need be root; Go's and Maven's are
built there from pinned versions and checked sums.
"""

import fcntl
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from tests.peers import debian, golang, maven
from tests.peers.fetch import LackError
from tests.peers.listed import KINDS, Peer, cache, listed

WAYS: dict[str, Callable[[list[Peer], Path], dict[str, str]]] = {
    "deb": debian.provide,
    "go": golang.provide,
    "maven": maven.provide,
}
assert tuple(WAYS) == KINDS


@dataclass(frozen=True, slots=True)
class Provided:
    """One peer here.

    Attributes:
        version: The version there is; empty where there is none.
        lacks: Why it is not there; empty where it is.
    """

    version: str = ""
    lacks: str = ""


def provide() -> dict[str, Provided]:
    """Fetches and builds what is listed and not in the cache yet; by the peers' keys."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found: dict[str, Provided] = {}
        for kind, way in WAYS.items():
            peers = [peer for peer in listed() if peer.kind == kind]
            try:
                versions = way(peers, folder / kind) if peers else {}
            except LackError as error:
                found |= {peer.key: Provided(lacks=str(error)) for peer in peers}
            else:
                found |= {peer.key: Provided(versions[peer.name]) for peer in peers}
        new = folder / "provided.json.new"
        new.write_bytes(orjson.dumps({key: asdict(one) for key, one in found.items()}, option=orjson.OPT_INDENT_2))
        new.replace(folder / "provided.json")
    return found


def provided() -> dict[str, Provided]:
    """What the last `provide()` on this machine found."""
    file = cache() / "provided.json"
    there = orjson.loads(file.read_bytes()) if file.exists() else {}
    missing = Provided(lacks="`make test-peers` has not fetched it yet")
    return {peer.key: Provided(**there[peer.key]) if peer.key in there else missing for peer in listed()}
