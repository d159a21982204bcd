"""Debian's packages, each with what it needs and the machine lacks, unpacked into one folder.

Unpacked and not installed: rsyslog and syslog-ng exclude each other, would start as services, and would read /dev/log.
apt checks each package against its signed lists.
"""

import os
import re
import shutil
from pathlib import Path

from tests.peers.fetch import LackError, digest, run, tool
from tests.peers.listed import Peer

_INST = re.compile(r"^Inst (\S+) (?:\[[^\]]*\] )?\((\S+)", re.MULTILINE)
_APT = ["-qq", "-o", "Acquire::Retries=3", "-o", "APT::Sandbox::User=root"]


def root(folder: Path) -> Path:
    """Where the packages are unpacked: usr/sbin and so on stand in it."""
    return folder / "deb" / "root"


def provide(peers: list[Peer], folder: Path) -> dict[str, str]:
    """The version of each."""
    apt, dpkg = tool("apt-get"), tool("dpkg-deb")
    names = [peer.name for peer in peers]
    stamp, wanted = folder / "stamp", digest([repr([(peer.name, peer.version) for peer in peers]).encode()])
    versions = folder / "versions"
    if stamp.exists() and stamp.read_text() == wanted:
        return dict(line.split(" ", 1) for line in versions.read_text().splitlines())
    shutil.rmtree(folder, ignore_errors=True)
    debs = folder / "debs"
    debs.mkdir(parents=True)
    try:
        found = _download(apt, names, debs)
    except LackError as error:
        if os.geteuid() != 0:
            raise LackError(f"{error} (as root, 'apt-get update' may help)") from None
        run([apt, *_APT, "update"])
        found = _download(apt, names, debs)
    for deb in sorted(debs.glob("*.deb")):
        run([dpkg, "-x", deb, folder / "root"])
    versions.write_text("".join(f"{name} {found[name]}\n" for name in names))
    stamp.write_text(wanted)
    return {name: found[name] for name in names}


def _download(apt: str, names: list[str], debs: Path) -> dict[str, str]:
    """Each package by itself, as some exclude others. What apt would do is asked, nothing is done."""
    found: dict[str, str] = {}
    for name in names:
        said = run([apt, *_APT, "--simulate", "--reinstall", "--no-install-recommends", "install", name])
        found |= dict(_INST.findall(said))
        if name not in found:
            raise LackError(f"apt-get does not say which version of {name} it would install")
    run([apt, *_APT, "download", *(f"{name}={version}" for name, version in found.items())], folder=debs)
    return found
