"""A command without root's rights on a file system of which only some folders can be written: Linux's namespaces do it.

They are had as root and by everybody else where the system allows user namespaces; `lacking` says why not, where not.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

USER = 65532
"""The user that it sees itself as; outside it stays who runs the tests."""

_CONFINE = """
set -eu
mount --make-rprivate /
while [ "$1" != -- ]; do mount --bind "$1" "$1"; kept="${kept:-} $1"; shift; done; shift
awk '$4 ~ /^rw/ && $3 !~ /^(proc|sysfs|devpts|devtmpfs|mqueue|cgroup2?)$/ {print $2, $4}' /proc/self/mounts |
while read -r where flags; do
    case " $kept " in *" $where "*) continue ;; esac
    mount -o "remount,bind,ro${flags#rw}" "$where" 2>/dev/null || mount -o remount,bind,ro "$where"
done
exec unshare --user --map-user={user} --map-group={user} -- "$@"
"""


def confined(writable: Sequence[Path]) -> list[str]:
    """What goes before a command so that it runs as nobody and can write to these folders alone."""
    script = _CONFINE.replace("{user}", str(USER))
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *map(str, writable), "--"]


def lacking(folder: Path) -> str:
    """Why this system cannot; empty where it can."""
    if shutil.which("unshare") is None:
        return "unshare (util-linux) is not here"
    done = subprocess.run([*confined([folder]), "id", "-u"], capture_output=True, text=True, timeout=60, check=False)
    if (done.returncode, done.stdout.strip()) == (0, str(USER)):
        return ""
    return f"user namespaces are not to be had: {done.stderr.strip()[-200:]}"
