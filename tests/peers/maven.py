"""Java's clients: jars by Maven, of the versions in pom.xml and with the sums in jars.sha256; our programs by javac."""

import hashlib
import shutil
from pathlib import Path

from tests.peers.fetch import LackError, digest, run, tool
from tests.peers.listed import Peer

SOURCES = Path(__file__).parent / "java"
SUMS = SOURCES / "jars.sha256"


def class_path(folder: Path) -> str:
    """For `java -cp`: our programs and all jars."""
    return f"{folder / 'maven' / 'classes'}:{folder / 'maven' / 'jars'}/*"


def provide(peers: list[Peer], folder: Path) -> dict[str, str]:
    """The version of each."""
    maven, javac, _java = tool("mvn"), tool("javac"), tool("java")
    sources = sorted(SOURCES.glob("*.java"))
    stamp = folder / "stamp"
    wanted = digest(path.read_bytes() for path in (SOURCES / "pom.xml", SUMS, *sources))
    versions = {peer.name: peer.version for peer in peers}
    if stamp.exists() and stamp.read_text() == wanted:
        return versions
    stamp.unlink(missing_ok=True)
    jars, classes = folder / "jars", folder / "classes"
    for made in (jars, classes):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
    plain = ["--batch-mode", "--quiet", f"-Dmaven.repo.local={folder / 'repository'}"]
    run([maven, *plain, "--file", SOURCES / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={jars}"])
    check(jars, SUMS.read_text("utf-8"))
    run([javac, "-Xlint:all", "-Werror", "-proc:none", "-d", classes, "-cp", f"{jars}/*", *sources])
    stamp.write_text(wanted)
    return versions


def check(jars: Path, sums: str) -> None:
    """The jars are those, and no others, whose sums are recorded (as sha256sum prints them).

    Raises:
        LackError: one differs, is missing, or is too many.
    """
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in jars.iterdir()}
    wanted = dict(reversed(line.split()) for line in sums.splitlines())
    if wrong := sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)):
        raise LackError(f"not the jars that jars.sha256 records: {', '.join(wrong)}")
