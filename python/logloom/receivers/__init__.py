"""The ways in: one file each, named like its type in the config.

A file holds a docstring, `class Config`, `def create(config, context)` and one class with `run` (`intake.Receiver`).
Sockets, files, TLS, limits; never the bytes' meaning, which is the core's.
"""

import os

# Before grpc is imported, which reads it once: else each malformed request writes a line to our stderr.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
