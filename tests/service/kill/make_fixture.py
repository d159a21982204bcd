"""Makes `journal-v1.tar.gz` anew, as only the first version may: `python -m tests.service.kill.make_fixture FOLDER`."""

import sys
import tarfile
from pathlib import Path

from tests.service.kill.killer import free_ports
from tests.service.kill.test_folder import V1, V1_RECORDS, Sending, config
from tests.service.logloom_process import Logloom


def main(folder: Path) -> None:
    """Acknowledges V1_RECORDS records that nobody fetches, and is killed."""
    (nobody,) = free_ports(1)
    logloom = Logloom(config(nobody), folder)
    logloom.start()
    sending = Sending(logloom)
    for _ in range(V1_RECORDS // 10):
        status, said = sending.send()
        assert status == 200, said
    logloom.kill()
    for name in ("lock", "listening.json"):
        (logloom.data / name).unlink(missing_ok=True)
    with tarfile.open(V1, "w:gz") as to:
        to.add(logloom.data, "data")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
