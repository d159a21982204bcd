"""What a call came to."""

import grpc
import pytest

from logloom.exporters._calls import CallError, Code


def test_codes_are_grpcs() -> None:
    assert {code.name: code.value for code in Code} == {code.name: code.value[0] for code in grpc.StatusCode}


@pytest.mark.parametrize(
    ("said", "code"), [(0, Code.OK), (16, Code.UNAUTHENTICATED), (17, Code.UNKNOWN), (-1, Code.UNKNOWN)]
)
def test_what_is_none_of_grpcs_is_unknown(said: int, code: Code) -> None:
    assert Code.of(said) is code


def test_an_error_says_why() -> None:
    assert str(CallError(Code.UNAVAILABLE, "busy")) == "UNAVAILABLE: busy"
