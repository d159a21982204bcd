"""The servers' settings, as an operator types them."""

from logloom.receivers import otlp, zipkin
from tests.components import problems_of, read_config


def test_the_defaults_are_on_loopback_and_bounded() -> None:
    config = read_config(otlp, "{protocols: {grpc: , http: }}").protocols
    assert (str(config.grpc.endpoint), str(config.http.endpoint)) == ("127.0.0.1:4317", "127.0.0.1:4318")
    assert (config.grpc.max_recv_msg_size_mib, config.http.max_request_body_size) == (4, 20 << 20)
    assert str(read_config(zipkin, "{}").endpoint) == "127.0.0.1:9411"


def test_the_collectors_settings_are_read() -> None:
    config = read_config(
        otlp,
        """
        protocols:
          grpc:
            endpoint: "[::1]:5317"
            max_recv_msg_size_mib: 16
            max_concurrent_streams: 7
            read_buffer_size: 524288
            keepalive:
              server_parameters: {max_connection_age: 1m, max_connection_age_grace: 5s, time: 30s, timeout: 5s}
              enforcement_policy: {min_time: 1s, permit_without_stream: false}
          http:
            endpoint: localhost:5318
            max_request_body_size: 1048576
            logs_url_path: /logs
            include_metadata: true
        """,
    ).protocols
    assert dict(config.grpc.options()) == {
        "grpc.max_concurrent_streams": 7,
        "grpc.max_allowed_incoming_connections": 4096,
        "grpc.keepalive_permit_without_calls": 0,
        "grpc.keepalive_time_ms": 30_000,
        "grpc.keepalive_timeout_ms": 5_000,
        "grpc.max_connection_age_ms": 60_000,
        "grpc.max_connection_age_grace_ms": 5_000,
        "grpc.http2.min_recv_ping_interval_without_data_ms": 1_000,
    }
    assert (config.http.logs_url_path, config.http.traces_url_path) == ("/logs", "/v1/traces")


def test_what_cannot_be_is_named_with_the_way_out() -> None:
    assert problems_of(otlp, "{protocols: {}}") == {"protocols": "names no protocol: give 'grpc:', 'http:' or both"}
    assert problems_of(otlp, "{protocols: {http: {middlewares: [{id: x}]}}}") == {
        "protocols.http.middlewares": "not supported: a request goes through 'auth' and nothing else"
    }
    assert "parse_string_tags" in problems_of(zipkin, "{parse_string_tags: true}")
    assert "max_request_body_size" in problems_of(zipkin, "{max_request_body_size: 0}")
