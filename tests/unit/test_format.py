"""The messages in a journal file, as the official protobuf library reads them by their `.proto`.

The file is the one that format version 1 is remembered by; the layout around the messages is that of docs/journal.md.
"""

import struct
import zlib
from pathlib import Path
from types import ModuleType

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.protos import generated

FIXTURES = Path(__file__).parents[2] / "rust" / "journal" / "tests" / "fixtures"
FILE = (FIXTURES / "v1.journal").read_bytes()


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    return generated("journal", "logloom/journal/v1")[0]


def test_the_header(messages: ModuleType) -> None:
    magic, version, length, crc = struct.unpack_from("<8sHHI", FILE)
    assert (magic, version) == (b"LOGLOOMJ", 1)
    assert crc == zlib.crc32(FILE[:12] + FILE[16:4096])
    assert FILE[4096:8192] == FILE[:4096], "twice"
    header = messages.FileHeader.FromString(FILE[16 : 16 + length])
    assert header.journal_id == b"a journal's name"
    assert (header.first_position, header.provider, header.key_id) == (40, "switch", "7")
    assert len(header.wrapped_key) == 12 + 32 + 16
    assert header.SerializeToString() == FILE[16 : 16 + length], "as the official library would write it"


def test_the_heads_of_entries_and_the_footer(messages: ModuleType) -> None:
    at, heads = 8192, []
    while FILE[at + 8 : at + 12] == b"LJE1":
        head_crc, sealed_crc, _, head_len, sealed_len, position, nonce = struct.unpack_from("<II4sIIQQ", FILE, at)
        head_end = at + 36 + head_len
        assert head_crc == zlib.crc32(FILE[at + 4 : head_end])
        assert sealed_crc == zlib.crc32(FILE[head_end : head_end + sealed_len])
        head = messages.EntryHead.FromString(FILE[at + 36 : head_end])
        assert head.SerializeToString(deterministic=True) == FILE[at + 36 : head_end]
        heads.append((position, nonce, head))
        at = head_end + sealed_len
    assert [(position, nonce, head.previous) for position, nonce, head in heads] == [
        (41, 1, 39),
        (42, 2, 41),
        (44, 3, 42),
    ]
    first, fact = heads[0][2], heads[2][2]
    assert fact.kind == messages.EntryHead.FACT
    assert not fact.parts
    assert (first.tally.receiver, first.tally.frames, first.tally.parsed) == ("filelog/mesh", 6, 3)
    assert [(d.pipeline, d.records) for d in first.tally.dropped] == [("logs/b", 5)]
    assert [(d.pipeline, d.records) for d in first.tally.made] == [("logs/a", 4), ("logs/b", 9)]
    assert [(list(p.pipelines), p.records) for p in first.parts] == [(["logs/a", "logs/b"], 4), (["logs/c"], 0)]

    crc, length, marker = struct.unpack_from("<II4s", FILE, at)
    assert (marker, crc, at + length) == (b"LJF1", zlib.crc32(FILE[at + 4 :]), len(FILE))
    assert FILE[-8:] == struct.pack("<I4s", length, b"LJFE")
    footer = messages.Footer.FromString(FILE[at + 12 : -8])
    assert footer.SerializeToString() == FILE[at + 12 : -8]
    assert (footer.first_position, footer.last_position, footer.entries, footer.end_offset) == (41, 44, 3, at)
    assert {tuple(t.pipelines): t.records for t in footer.totals} == {
        ("logs/a", "logs/b"): 4,
        ("logs/a",): 1,
        ("logs/c",): 0,
    }


def test_what_is_sealed(messages: ModuleType) -> None:
    plain = (FIXTURES / "v1.body").read_bytes()
    body = messages.EntryBody.FromString(plain)
    assert body.SerializeToString() == plain
    assert (body.origin.identity, body.origin.tenant) == ("spiffe://mesh/ns/shop/sa/cart", "shop")
    assert [(pair.key, pair.value) for pair in body.origin.resource] == [("host.name", "node-1")]
    part, empty = body.parts
    assert not empty.otlp
    request = ExportLogsServiceRequest.FromString(part.otlp)
    written = [
        record.body.string_value for r in request.resource_logs for s in r.scope_logs for record in s.log_records
    ]
    arrived = [written[place] for place in part.order]
    assert arrived == ["first", "second", "not \ufffd what it should be", "last"]
    assert (list(part.rejected), list(part.repaired)) == ([2], [2])
    (reject,) = part.rejects
    assert (reject.record, reject.offset, reject.kind) == (2, 200, messages.Reject.SYNTAX)
    assert (part.texts[reject.format], part.texts[reject.what]) == ("test", "expected something")
