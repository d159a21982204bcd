"""Clients generated from `proto/`: what our hand-written messages are held against."""

import importlib
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

import grpc_tools
from grpc_tools import protoc

PROTO = Path(__file__).parent.parent / "proto"
GOOGLE = Path(grpc_tools.__file__).parent / "_proto"
"""Google's own types: timestamps, durations."""


@cache
def generated(name: str, package: str = "") -> tuple[ModuleType, ModuleType]:
    """The messages and the stubs of `proto/PACKAGE/NAME.proto`, without the package: ours has a like name."""
    with tempfile.TemporaryDirectory() as folder:
        out = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
        assert protoc.main(["protoc", f"-I{PROTO / package}", f"-I{GOOGLE}", *out, f"{name}.proto"]) == 0, (
            f"proto/{package}/{name}.proto does not compile"
        )
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(f"{name}_pb2"), importlib.import_module(f"{name}_pb2_grpc")
        finally:
            sys.path.remove(folder)
