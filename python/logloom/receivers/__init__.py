"""The ways in: one file each, named like its type in the config.

A file holds a docstring, `class Config`, `def create(config, context)` and one class with `run` (`intake.Receiver`).
Sockets, files, TLS, limits; never the bytes' meaning, which is the core's.
"""
