"""Go's clients: one small program each in tests/peers/go/cmd, of versions and sums that go.mod and go.sum pin."""

from pathlib import Path

from tests.peers.fetch import run, tool
from tests.peers.listed import Peer

SOURCES = Path(__file__).parent / "go"


def programs(folder: Path) -> Path:
    """Where the built programs stand."""
    return folder / "go" / "bin"


def provide(peers: list[Peer], folder: Path) -> dict[str, str]:
    """The version of each. Go itself knows what is built already."""
    go = tool("go")
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    env = {
        "GOMODCACHE": str(folder / "mod"),
        "GOCACHE": str(folder / "build"),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false -trimpath",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    run([go, "build", "-o", f"{folder / 'bin'}/", "./cmd/..."], folder=SOURCES, env=env)
    versions: dict[str, str] = {}
    for peer in peers:
        said = run([go, "list", "-m", "-f", "{{.Version}}", peer.name], folder=SOURCES, env=env)
        versions[peer.name] = said.strip()
    return versions
