"""`logloom detect`: which format a file seems to be in."""

import argparse
import sys

SUMMARY = "say which format each file seems to be in"
EPILOG = """\
It looks at the first 64 KiB, decompressed. Where nothing fits, that is 'text'.

examples:
  logloom detect /var/log/envoy/*.log
  logloom detect - < unknown.log.gz"""

SAMPLE_BYTES_MAX = 64 << 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """`FILES`."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a file; - for standard input")


def run(args: argparse.Namespace) -> int:
    """Detect; 2 where a file cannot be read."""
    from logloom import _native
    from logloom.cli import _inputs
    from logloom.errors import DataError

    code = 0
    for name in args.files:
        sample = b""
        try:
            with _inputs.opened(name) as file:
                for chunk in _inputs.chunks(file, SAMPLE_BYTES_MAX):
                    sample += chunk
                    if len(sample) >= SAMPLE_BYTES_MAX:
                        break
        except (OSError, DataError) as error:
            told = error.strerror if isinstance(error, OSError) else error
            print(f"logloom: {name}: {told}", file=sys.stderr)
            code = 2
            continue
        print(f"{name}: {_native.detect(sample)}")
    return code
