"""`jaeger`'s config; what it does stands in tests/service/test_tracers.py."""

from logloom.receivers import jaeger
from tests.components import problems_of, read_config


def test_what_is_not_named_is_not_served() -> None:
    config = read_config(jaeger, "{protocols: {thrift_compact: , grpc: {endpoint: '127.0.0.1:1'}}}")
    assert (config.protocols.thrift_http, config.protocols.thrift_binary) == (None, None)
    assert str(config.protocols.grpc.endpoint) == "127.0.0.1:1"
    assert config.sampling_rate == 1


def test_one_protocol_is_needed_and_a_share_is_from_0_to_1() -> None:
    problems = problems_of(jaeger, "{protocols: {}, sampling_rate: 2}")
    assert "names no protocol" in problems["protocols"]
    assert "sampling_rate" in problems
