//! The messages' tables, for their JSON: [accesslog.proto](https://github.com/envoyproxy/envoy/blob/main/api/envoy/data/accesslog/v3/accesslog.proto)
//! and what it uses.

use crate::proto_json::{
    Kind, Message,
    schema::{list, one},
};

/// `service.accesslog.v3.StreamAccessLogsMessage`.
pub(super) static MESSAGE: Message = Message::of(&[
    one("identifier", 1, Kind::Message(&IDENTIFIER)),
    one("httpLogs", 2, Kind::Message(&HTTP_LOGS)),
    one("tcpLogs", 3, Kind::Message(&TCP_LOGS)),
]);

static IDENTIFIER: Message = Message::of(&[one("node", 1, Kind::Message(&NODE)), one("logName", 2, Kind::Text)]);

static NODE: Message = Message::of(&[
    one("id", 1, Kind::Text),
    one("cluster", 2, Kind::Text),
    one("metadata", 3, Kind::Struct),
    one("locality", 4, Kind::Message(&LOCALITY)),
    one("buildVersion", 5, Kind::Text),
    one("userAgentName", 6, Kind::Text),
    one("userAgentVersion", 7, Kind::Text),
]);

static LOCALITY: Message = Message::of(&[one("region", 1, Kind::Text), one("zone", 2, Kind::Text), one("subZone", 3, Kind::Text)]);

static HTTP_LOGS: Message = Message::of(&[list("logEntry", 1, Kind::Message(&HTTP_ENTRY))]);
static TCP_LOGS: Message = Message::of(&[list("logEntry", 1, Kind::Message(&TCP_ENTRY))]);

const fn unit(fields: &'static [crate::proto_json::Field]) -> Message {
    Message { fields, is_oneof: false, is_level: false, is_unit: true }
}

/// `data.accesslog.v3.HTTPAccessLogEntry`.
pub(super) static HTTP_ENTRY: Message = unit(&[
    one("commonProperties", 1, Kind::Message(&COMMON)),
    one("protocolVersion", 2, Kind::Enum(&["PROTOCOL_UNSPECIFIED", "HTTP10", "HTTP11", "HTTP2", "HTTP3"])),
    one("request", 3, Kind::Message(&REQUEST)),
    one("response", 4, Kind::Message(&RESPONSE)),
]);

/// `data.accesslog.v3.TCPAccessLogEntry`.
pub(super) static TCP_ENTRY: Message =
    unit(&[one("commonProperties", 1, Kind::Message(&COMMON)), one("connectionProperties", 2, Kind::Message(&CONNECTION))]);

static CONNECTION: Message = Message::of(&[one("receivedBytes", 1, Kind::Uint64), one("sentBytes", 2, Kind::Uint64)]);

static COMMON: Message = Message::of(&[
    one("sampleRate", 1, Kind::Double),
    one("downstreamRemoteAddress", 2, Kind::Message(&ADDRESS)),
    one("downstreamLocalAddress", 3, Kind::Message(&ADDRESS)),
    one("tlsProperties", 4, Kind::Message(&TLS)),
    one("startTime", 5, Kind::Timestamp),
    one("timeToLastRxByte", 6, Kind::Duration),
    one("timeToFirstUpstreamTxByte", 7, Kind::Duration),
    one("timeToLastUpstreamTxByte", 8, Kind::Duration),
    one("timeToFirstUpstreamRxByte", 9, Kind::Duration),
    one("timeToLastUpstreamRxByte", 10, Kind::Duration),
    one("timeToFirstDownstreamTxByte", 11, Kind::Duration),
    one("timeToLastDownstreamTxByte", 12, Kind::Duration),
    one("upstreamRemoteAddress", 13, Kind::Message(&ADDRESS)),
    one("upstreamLocalAddress", 14, Kind::Message(&ADDRESS)),
    one("upstreamCluster", 15, Kind::Text),
    one("responseFlags", 16, Kind::Message(&FLAGS)),
    one("metadata", 17, Kind::Message(&METADATA)),
    one("upstreamTransportFailureReason", 18, Kind::Text),
    one("routeName", 19, Kind::Text),
    one("downstreamDirectRemoteAddress", 20, Kind::Message(&ADDRESS)),
    one("customTags", 22, Kind::Map(&Kind::Text)),
    one("duration", 23, Kind::Duration),
    one("upstreamRequestAttemptCount", 24, Kind::Uint),
    one("connectionTerminationDetails", 25, Kind::Text),
    one("streamId", 26, Kind::Text),
    one("intermediateLogEntry", 27, Kind::Bool),
    one("downstreamTransportFailureReason", 28, Kind::Text),
    one("downstreamWireBytesSent", 29, Kind::Uint64),
    one("downstreamWireBytesReceived", 30, Kind::Uint64),
    one("upstreamWireBytesSent", 31, Kind::Uint64),
    one("upstreamWireBytesReceived", 32, Kind::Uint64),
    one("accessLogType", 33, Kind::Enum(ACCESS_LOG_TYPES)),
]);

/// By their numbers; also what `%ACCESS_LOG_TYPE%` writes.
pub(super) static ACCESS_LOG_TYPES: &[&str] = &[
    "NotSet",
    "TcpUpstreamConnected",
    "TcpPeriodic",
    "TcpConnectionEnd",
    "DownstreamStart",
    "DownstreamPeriodic",
    "DownstreamEnd",
    "UpstreamPoolReady",
    "UpstreamPeriodic",
    "UpstreamEnd",
    "DownstreamTunnelSuccessfullyEstablished",
    "UdpTunnelUpstreamConnected",
    "UdpPeriodic",
    "UdpSessionEnd",
    "TcpConnectionStart",
];

static METADATA: Message = Message::of(&[one("filterMetadata", 1, Kind::Map(&Kind::Struct))]);

static ADDRESS: Message = Message::of(&[
    one("socketAddress", 1, Kind::Message(&SOCKET_ADDRESS)),
    one("pipe", 2, Kind::Message(&PIPE)),
    one("envoyInternalAddress", 3, Kind::Message(&INTERNAL_ADDRESS)),
]);

static SOCKET_ADDRESS: Message =
    Message::of(&[one("address", 2, Kind::Text), one("portValue", 3, Kind::Uint), one("namedPort", 4, Kind::Text)]);
static PIPE: Message = Message::of(&[one("path", 1, Kind::Text)]);
static INTERNAL_ADDRESS: Message = Message::of(&[one("serverListenerName", 1, Kind::Text), one("endpointId", 2, Kind::Text)]);

static TLS: Message = Message::of(&[
    one("tlsVersion", 1, Kind::Enum(&["VERSION_UNSPECIFIED", "TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"])),
    one("tlsCipherSuite", 2, Kind::MaybeUint),
    one("tlsSniHostname", 3, Kind::Text),
    one("localCertificateProperties", 4, Kind::Message(&CERTIFICATE)),
    one("peerCertificateProperties", 5, Kind::Message(&CERTIFICATE)),
    one("tlsSessionId", 6, Kind::Text),
    one("ja3Fingerprint", 7, Kind::Text),
]);

static CERTIFICATE: Message = Message::of(&[
    list("subjectAltName", 1, Kind::Message(&SUBJECT_ALT_NAME)),
    one("subject", 2, Kind::Text),
    one("issuer", 3, Kind::Text),
]);

static SUBJECT_ALT_NAME: Message = Message::of(&[one("uri", 1, Kind::Text), one("dns", 2, Kind::Text)]);

static REQUEST: Message = Message::of(&[
    one(
        "requestMethod",
        1,
        Kind::Enum(&["METHOD_UNSPECIFIED", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]),
    ),
    one("scheme", 2, Kind::Text),
    one("authority", 3, Kind::Text),
    one("port", 4, Kind::MaybeUint),
    one("path", 5, Kind::Text),
    one("userAgent", 6, Kind::Text),
    one("referer", 7, Kind::Text),
    one("forwardedFor", 8, Kind::Text),
    one("requestId", 9, Kind::Text),
    one("originalPath", 10, Kind::Text),
    one("requestHeadersBytes", 11, Kind::Uint64),
    one("requestBodyBytes", 12, Kind::Uint64),
    one("requestHeaders", 13, Kind::Map(&Kind::Text)),
    one("upstreamHeaderBytesSent", 14, Kind::Uint64),
    one("downstreamHeaderBytesReceived", 15, Kind::Uint64),
]);

static RESPONSE: Message = Message::of(&[
    one("responseCode", 1, Kind::MaybeUint),
    one("responseHeadersBytes", 2, Kind::Uint64),
    one("responseBodyBytes", 3, Kind::Uint64),
    one("responseHeaders", 4, Kind::Map(&Kind::Text)),
    one("responseTrailers", 5, Kind::Map(&Kind::Text)),
    one("responseCodeDetails", 6, Kind::Text),
    one("upstreamHeaderBytesReceived", 7, Kind::Uint64),
    one("downstreamHeaderBytesSent", 8, Kind::Uint64),
]);

static FLAGS: Message = Message::of(&[
    one("failedLocalHealthcheck", 1, Kind::Bool),
    one("noHealthyUpstream", 2, Kind::Bool),
    one("upstreamRequestTimeout", 3, Kind::Bool),
    one("localReset", 4, Kind::Bool),
    one("upstreamRemoteReset", 5, Kind::Bool),
    one("upstreamConnectionFailure", 6, Kind::Bool),
    one("upstreamConnectionTermination", 7, Kind::Bool),
    one("upstreamOverflow", 8, Kind::Bool),
    one("noRouteFound", 9, Kind::Bool),
    one("delayInjected", 10, Kind::Bool),
    one("faultInjected", 11, Kind::Bool),
    one("rateLimited", 12, Kind::Bool),
    one("unauthorizedDetails", 13, Kind::Message(&UNAUTHORIZED)),
    one("rateLimitServiceError", 14, Kind::Bool),
    one("downstreamConnectionTermination", 15, Kind::Bool),
    one("upstreamRetryLimitExceeded", 16, Kind::Bool),
    one("streamIdleTimeout", 17, Kind::Bool),
    one("invalidEnvoyRequestHeaders", 18, Kind::Bool),
    one("downstreamProtocolError", 19, Kind::Bool),
    one("upstreamMaxStreamDurationReached", 20, Kind::Bool),
    one("responseFromCacheFilter", 21, Kind::Bool),
    one("noFilterConfigFound", 22, Kind::Bool),
    one("durationTimeout", 23, Kind::Bool),
    one("upstreamProtocolError", 24, Kind::Bool),
    one("noClusterFound", 25, Kind::Bool),
    one("overloadManager", 26, Kind::Bool),
    one("dnsResolutionFailure", 27, Kind::Bool),
    one("downstreamRemoteReset", 28, Kind::Bool),
]);

static UNAUTHORIZED: Message = Message::of(&[one("reason", 1, Kind::Enum(&["REASON_UNSPECIFIED", "EXTERNAL_SERVICE"]))]);

/// What `%RESPONSE_FLAGS%` writes for each flag, by its number.
pub(super) static SHORT_FLAGS: &[&str] = &[
    "", "LH", "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "DI", "FI", "RL", "UAEX", "RLSE", "DC", "URX", "SI", "IH", "DPE", "UMSDR",
    "RFCF", "NFCF", "DT", "UPE", "NC", "OM", "DF", "DR",
];
