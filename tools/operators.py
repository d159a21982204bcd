"""Records anew what the OpenTelemetry Collector makes of the cases in tests/operators.

operators.py COLLECTOR [CASE...]    COLLECTOR: its binary, with the receiver filelog and the exporter file
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

QUIET_S = 8.0
"""So long after the last record came nothing more does: what waits to be combined does so for 5 s."""


def main() -> int:
    """Runs the Collector once for all of them."""
    from tests.operators import cases

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collector", type=Path)
    parser.add_argument("cases", nargs="*", default=cases.names())
    args = parser.parse_args()
    chosen = [cases.read(name) for name in args.cases]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = cases.config(chosen, folder)
        config["service"]["telemetry"] = {"metrics": {"level": "none"}, "logs": {"level": "fatal"}}
        (folder / "collector.yaml").write_bytes(orjson.dumps(config))
        command = [args.collector, f"--config={folder / 'collector.yaml'}"]
        with subprocess.Popen(command, env={"TZ": "UTC", "PATH": "/usr/bin"}) as process:
            sizes, since = -1, time.monotonic()
            while process.poll() is None and time.monotonic() - since < QUIET_S:
                now = sum(file.stat().st_size for file in folder.glob("*.jsonl"))
                if now != sizes:
                    sizes, since = now, time.monotonic()
                time.sleep(0.1)  # noqa: TID251 - the Collector does not tell when it is done
            process.terminate()
        for case in chosen:
            found = cases.records(folder / f"{case.name}.jsonl", folder)
            case.expected_file.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
            print(f"{case.name}: {len(found)} records")
    return 0


if __name__ == "__main__":
    sys.exit(main())
