"""Thrift by thriftpy2, from the definitions in `proto/`."""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from tests.protos import PROTO

# thriftpy2 has no types.
thriftpy2: Any = import_module("thriftpy2")
binary: Any = import_module("thriftpy2.protocol.binary")
compact: Any = import_module("thriftpy2.protocol.compact")
wire: Any = import_module("thriftpy2.thrift")
transport: Any = import_module("thriftpy2.transport")

PROTOCOLS = {"binary": binary.TBinaryProtocol, "compact": compact.TCompactProtocol}


@cache
def definitions(name: str) -> ModuleType:
    """The structs of `proto/NAME.thrift`."""
    module: ModuleType = thriftpy2.load(str(PROTO / f"{name}.thrift"), module_name=f"{name}_thrift")
    return module


def struct(value: Any, protocol: str = "binary") -> bytes:
    """One struct."""
    buffer = transport.TMemoryBuffer()
    PROTOCOLS[protocol](buffer).write_struct(value)
    return bytes(buffer.getvalue())


def structs(values: list[Any]) -> bytes:
    """A list of structs in the binary protocol, by itself."""
    buffer = transport.TMemoryBuffer()
    binary.write_list_begin(buffer, wire.TType.STRUCT, len(values))
    protocol = binary.TBinaryProtocol(buffer)
    for value in values:
        protocol.write_struct(value)
    return bytes(buffer.getvalue())


def message(method: str, arguments: Any, protocol: str, *, strict: bool = True) -> bytes:
    """A call that wants no answer, in its envelope; binary ones that are not `strict` have no version in it."""
    buffer = transport.TMemoryBuffer()
    options = {"strict_write": strict} if protocol == "binary" else {}
    writer = PROTOCOLS[protocol](buffer, **options)
    writer.write_message_begin(method, wire.TMessageType.ONEWAY, 7)
    writer.write_struct(arguments)
    writer.write_message_end()
    return bytes(buffer.getvalue())
