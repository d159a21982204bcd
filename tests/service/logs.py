"""The access logs that the mesh writes, all of them for each request, and what each field must then say."""

ISTIO = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% '
    '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
)
"""Istio's default format string, its fields in its order."""

CUSTOM = {
    "pipes": (
        "%START_TIME(%s.%6f)%|%REQ(:METHOD)%|%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%|%PROTOCOL%|%RESPONSE_CODE%|"
        "%RESPONSE_CODE_DETAILS%|%RESPONSE_FLAGS%|%RESPONSE_FLAGS_LONG%|%BYTES_RECEIVED%|%BYTES_SENT%|%DURATION%|"
        "%REQUEST_DURATION%|%RESPONSE_DURATION%|%RESPONSE_TX_DURATION%|%UPSTREAM_HOST%|%UPSTREAM_CLUSTER%|"
        "%UPSTREAM_REQUEST_ATTEMPT_COUNT%|%ROUTE_NAME%|%DOWNSTREAM_REMOTE_ADDRESS%|%DOWNSTREAM_LOCAL_PORT%|"
        "%CONNECTION_ID%|%HOSTNAME%|%REQ(:AUTHORITY)%|%REQ(X-REQUEST-ID)%|%REQ(USER-AGENT)%\n"
    ),
    "words": (
        "time=%START_TIME(%Y-%m-%dT%H:%M:%S.%9f%Ez)% level=access method=%REQUEST_HEADER(:METHOD)% "
        "status=%RESPONSE_CODE% flags=%RESPONSE_FLAGS% in=%BYTES_RECEIVED% out=%BYTES_SENT% took=%DURATION%ms "
        "type=%ACCESS_LOG_TYPE% listener=%LISTENER_NAME% chain=%FILTER_CHAIN_NAME% "
        'id=%STREAM_ID% path="%REQ(:PATH)%" agent="%REQ(USER-AGENT):24%"\n'
    ),
    "clf": (
        "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT% - - [%START_TIME(%d/%b/%Y:%H:%M:%S %z)%] "
        '"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %BYTES_SENT% '
        '"%REQ(REFERER)%" "%REQ(USER-AGENT)%" 100%%\n'
    ),
}
"""Format strings that users write in this manner, with START_TIME in three forms of their own."""

JSON = {
    "start_time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",
    "user_agent": "%REQ(USER-AGENT)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "authority": "%REQ(:AUTHORITY)%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "route_name": "%ROUTE_NAME%",
}
"""Istio's 24 keys, in its JSON encoding."""

GATEWAY_JSON = {
    "start_time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "x-envoy-origin-path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "x-forwarded-for": "%REQ(X-FORWARDED-FOR)%",
    "user-agent": "%REQ(USER-AGENT)%",
    "x-request-id": "%REQ(X-REQUEST-ID)%",
    ":authority": "%REQ(:AUTHORITY)%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_cluster": "%UPSTREAM_CLUSTER%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "route_name": "%ROUTE_NAME%",
}
"""Envoy Gateway's keys."""

TYPED_JSON = {
    "ts": "%START_TIME(%s.%3f)%",
    "http": {
        "verb": "%REQ(:METHOD)%",
        "url": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
        "code": "%RESPONSE_CODE%",
        "ua": "%REQ(USER-AGENT)%",
    },
    "sizes": {"in": "%BYTES_RECEIVED%", "out": "%BYTES_SENT%"},
    "ms": "%DURATION%",
    "flags": "%RESPONSE_FLAGS%",
    "host": "%REQ(:AUTHORITY)%",
    "id": "%REQ(X-REQUEST-ID)%",
    "line": "%REQ(:METHOD)% took %DURATION% ms",
    "literal": 7,
}
"""Nested keys of a user's own, for the key-to-operator table."""

OTLP_BODY = "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL% %RESPONSE_CODE%"

OTLP_ATTRIBUTES = {
    "code": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "sent": "%BYTES_SENT%",
    "agent": "%REQ(USER-AGENT)%",
    "id": "%REQ(X-REQUEST-ID)%",
    "host": "%UPSTREAM_HOST%",
}
"""What the OpenTelemetry access logger is told to put into each record (1.40 makes strings of all)."""

NESTED_KEYS = {
    "ts": "START_TIME(%s.%3f)",
    "http.verb": "REQ(:METHOD)",
    "http.url": "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)",
    "http.code": "RESPONSE_CODE",
    "http.ua": "REQ(USER-AGENT)",
    "sizes.in": "BYTES_RECEIVED",
    "sizes.out": "BYTES_SENT",
    "ms": "DURATION",
    "flags": "RESPONSE_FLAGS",
    "host": "REQ(:AUTHORITY)",
    "id": "REQ(X-REQUEST-ID)",
}
"""The key-to-operator table for `TYPED_JSON`: what its user tells logloom."""
