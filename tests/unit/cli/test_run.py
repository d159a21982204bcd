"""`logloom run`, as far as it is not the service's own."""

import subprocess
import sys


def test_it_allows_itself_as_many_descriptors_as_the_system_does() -> None:
    code = """
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
from logloom.cli import run
run._allow_descriptors()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(run.DESCRIPTORS, hard), hard)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
run._allow_descriptors()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (256, 256)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
