"""`make bench`: every figure, timed, beside what was recorded. `python bench/run.py --record` records anew."""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    folder = Path(__file__).parent
    sys.path.insert(0, str(folder.parent))
    what = [] if any(Path(argument).exists() for argument in sys.argv[1:]) else [str(folder)]
    sys.exit(pytest.main([*what, "--benchmark-enable", "--benchmark-quiet", "-q", *sys.argv[1:]]))
