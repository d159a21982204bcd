"""The hand-written messages, against Google's own classes."""

import contextlib

import pytest
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from logloom import rpc
from logloom.errors import DataError

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)


@given(st.integers(0, 16), TEXTS, st.none() | st.floats(0, 86_400))
def test_a_status_is_what_the_official_classes_read(code: int, message: str, retry_after_s: float | None) -> None:
    official = Status.FromString(rpc.status(code, message, retry_after_s))
    assert (official.code, official.message) == (code, message)
    assert json_format.Parse(rpc.status_json(code, message, retry_after_s), Status()) == official
    if retry_after_s is None:
        assert not official.details
    else:
        info = RetryInfo()
        assert official.details[0].Unpack(info)
        assert info.retry_delay.ToNanoseconds() == pytest.approx(retry_after_s * 1e9, abs=1)


@given(st.integers(0, 16), TEXTS, st.integers(0, 86_400), st.integers(0, 999_999_999), st.booleans())
def test_an_official_status_is_read(code: int, message: str, seconds: int, nanos: int, more: bool) -> None:
    official = Status(code=code, message=message)
    if more:
        official.details.add().Pack(BadRequest(field_violations=[BadRequest.FieldViolation(field="a")]))
    official.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=seconds, nanos=nanos)))
    said = rpc.read_status(official.SerializeToString())
    assert (said.code, said.message) == (code, message)
    assert said.retry_after_s == pytest.approx(seconds + nanos / 1e9)


def test_a_status_without_retry_info_names_no_delay() -> None:
    official = Status(code=8, message="m")
    official.details.add().Pack(BadRequest())
    assert rpc.read_status(official.SerializeToString()) == rpc.Status(8, "m", None)


def test_an_empty_retry_info_is_a_delay_of_nothing_and_a_long_one_is_bounded() -> None:
    for delay, read in (
        (RetryInfo(), 0.0),
        (RetryInfo(retry_delay=Duration(seconds=10**11)), 86_400.0),
        (RetryInfo(retry_delay=Duration(seconds=-5)), 0.0),
        (RetryInfo(retry_delay=Duration(seconds=1, nanos=-5)), 0.0),
    ):
        official = Status(code=14)
        official.details.add().Pack(delay)
        assert rpc.read_status(official.SerializeToString()).retry_after_s == read


@given(st.integers(1, 2**62), TEXTS)
def test_partial_success_is_what_the_official_classes_read(rejected: int, message: str) -> None:
    logs = ExportLogsServiceResponse.FromString(rpc.partial_success(rejected, message))
    assert (logs.partial_success.rejected_log_records, logs.partial_success.error_message) == (rejected, message)
    traces = ExportTraceServiceResponse.FromString(rpc.partial_success(rejected, message))
    assert (traces.partial_success.rejected_spans, traces.partial_success.error_message) == (rejected, message)
    assert json_format.Parse(rpc.partial_success_json("logs", rejected, message), ExportLogsServiceResponse()) == logs
    assert (
        json_format.Parse(rpc.partial_success_json("traces", rejected, message), ExportTraceServiceResponse()) == traces
    )
    assert rpc.read_partial_success(logs.SerializeToString()) == rpc.PartialSuccess(rejected, message)
    as_json = json_format.MessageToJson(logs).encode()
    assert rpc.read_partial_success_json(as_json) == rpc.PartialSuccess(rejected, message)


def test_full_success_is_the_empty_message() -> None:
    assert rpc.partial_success(0, "") == b""
    assert rpc.partial_success_json("logs", 0, "") == b"{}"
    for nothing in (b"", b"\x0a\x00"):
        assert rpc.read_partial_success(nothing) == rpc.PartialSuccess(0, "")
    assert rpc.read_partial_success_json(b"") == rpc.PartialSuccess(0, "")


@given(st.binary(max_size=200))
def test_no_bytes_of_a_peer_break_the_reading(data: bytes) -> None:
    assert 0 <= rpc.read_status(data).code < 2**31
    assert rpc.read_partial_success(data).rejected >= 0
    assert rpc.read_partial_success_json(data).rejected >= 0
    with contextlib.suppress(DataError):
        assert all(number >= 0 for number, _ in rpc.fields(data))


def test_every_cut_of_a_status_is_survived() -> None:
    whole = rpc.status(14, "come again", 1.5)
    for size in range(len(whole)):
        said = rpc.read_status(whole[:size])
        assert said.code in (0, 14)
        assert said.retry_after_s in (None, 0.0, 1.0, 1.5)


@given(st.integers(0, 16), TEXTS)
def test_a_status_in_json_is_read(code: int, message: str) -> None:
    assert rpc.read_status_json(rpc.status_json(code, message)) == rpc.Status(code, message, None)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"code":"x","message":5}', b"\xff"])
def test_what_is_no_status_in_json_says_nothing(data: bytes) -> None:
    assert rpc.read_status_json(data) == rpc.Status(0, "", None)
