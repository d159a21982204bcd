"""`logloom test`: run the tests that stand beside configs."""

import argparse
import sys
from pathlib import Path

SUMMARY = "run tests of configs: given these lines, these records come out"
EPILOG = """\
A test stands in NAME.test.yaml beside the config NAME.yaml: what a receiver is given, and which records come out of
which exporter. Nothing is opened: no socket, no destination, no disk. Exit code 1: a test failed.

examples:
  logloom test                                  all *.test.yaml of this folder and those below it
  logloom test mesh.test.yaml -k card           those tests of a file whose names have 'card' in them
  logloom test deploy/ --junit report.xml       for CI"""

FILES_MAX = 10_000
"""The most files of tests that are looked for."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """`PATH`, `-k`, `--junit`, `--coverage-min`, `-q`."""
    parser.add_argument("paths", metavar="PATH", nargs="*", default=["."], help="files of tests, or folders (.)")
    parser.add_argument("-k", dest="only", metavar="TEXT", default="", help="only tests with TEXT in their names")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write the results as JUnit's XML as well")
    parser.add_argument(
        "--coverage-min",
        metavar="PERCENT",
        type=float,
        default=0.0,
        help="fail where tests reach less of the pipelines, exporters and rules",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="only what failed, and the last line")


def run(args: argparse.Namespace) -> int:
    """Run them; 1 where one failed."""
    from logloom.errors import ConfigError, InvalidConfigError
    from logloom.testing import Coverage, Result, junit, run_file

    coverage, results = Coverage(), list[Result]()
    for path in _files(args.paths):
        try:
            done = run_file(path, coverage, args.only)
        except (ConfigError, InvalidConfigError) as error:
            done = [Result(path, "(the file)", 0.0, [str(error)])]
        results += done
        for result in done:
            if result.failures:
                print(f"FAILED {path}: {result.name}")
                print("\n".join(f"  {line}" for text in result.failures for line in text.splitlines()))
            elif not args.quiet:
                print(f"passed {path}: {result.name}")
    if args.junit is not None:
        args.junit.write_bytes(junit(results))
    if not args.quiet:
        for line in coverage.lines():
            print(line)
    failed = sum(bool(result.failures) for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    if not results:
        print("logloom: no test was run: name *.test.yaml files, or folders that have some", file=sys.stderr)
        return 2
    if coverage.share() * 100 < args.coverage_min:
        print(f"reached {coverage.share():.0%}, less than --coverage-min {args.coverage_min:g}", file=sys.stderr)
        return 1
    return 1 if failed else 0


def _files(paths: list[str]) -> list[Path]:
    from logloom.errors import ConfigError
    from logloom.testing.cases import SUFFIXES

    files: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.is_dir():
            files[path] = None
            continue
        for found in sorted(path.rglob("*.test.y*ml")):
            if found.name.endswith(SUFFIXES) and not any(
                part.startswith(".") for part in found.parts[len(path.parts) :]
            ):
                files[found] = None
        if len(files) > FILES_MAX:
            msg = f"{path}: more than {FILES_MAX} files of tests"
            raise ConfigError(msg)
    return list(files)
