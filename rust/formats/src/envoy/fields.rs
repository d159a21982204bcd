//! The table: which operator becomes which attribute.

use crate::template::Shape;

/// How a value becomes attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The record's time; where another operator gave it already, a string.
    Time,
    /// A string.
    Text,
    /// A whole number; a value that is none stays a string.
    Int,
    /// A status code or a port: a whole number, of which 0 says that there was none.
    Status,
    /// A list of one string, as the conventions have headers.
    Header,
    /// `x-forwarded-for`: a header, and its first address is the client (the second name) unless another operator of the format says
    /// who that is.
    ForwardedFor,
    /// A path; what follows its first `?` becomes the query, the second name.
    Path,
    /// `HTTP/1.1` becomes the version `1.1`; another protocol its name in lower case, the second name.
    Protocol,
    /// `address:port` becomes address and, unless it is 0, port (the second name). A path or URL stays whole.
    Address,
    /// `TLSv1.3` becomes `1.3`.
    TlsVersion,
    /// Hexadecimal digits in upper case.
    UpperHex,
    /// A gRPC status in any of Envoy's spellings becomes its name, `INVALID_ARGUMENT`.
    GrpcStatus,
    /// The record's trace id.
    TraceId,
    /// The record's span id.
    SpanId,
    /// A W3C `traceparent`: the record's trace id, span id and flags.
    Traceparent,
    /// A `b3` header: the record's trace id, span id and flags.
    B3,
}

impl Role {
    /// The attribute's type, for the documentation.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Time | Self::TraceId | Self::SpanId | Self::Traceparent | Self::B3 => "",
            Self::Int | Self::Status => "int",
            Self::Header => "string[]",
            Self::ForwardedFor => "string[], string",
            Self::Address => "string, int",
            _ => "string",
        }
    }
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The operator.
    pub operator: &'static str,
    /// Its argument in upper case; empty for none.
    pub argument: &'static str,
    /// How its value becomes attributes.
    pub role: Role,
    /// The attribute; empty where the value goes into a field of the record.
    pub name: &'static str,
    /// The second attribute of roles that have one.
    pub second: &'static str,
    /// What its values look like.
    pub shape: Shape,
}

const fn row(operator: &'static str, argument: &'static str, role: Role, shape: Shape, name: &'static str) -> Field {
    Field { operator, argument, role, name, second: "", shape }
}

const fn two(operator: &'static str, argument: &'static str, role: Role, shape: Shape, names: [&'static str; 2]) -> Field {
    Field { operator, argument, role, name: names[0], second: names[1], shape }
}

const fn text(operator: &'static str, name: &'static str) -> Field {
    row(operator, "", Role::Text, Shape::Any, name)
}

const fn name(operator: &'static str, name: &'static str) -> Field {
    row(operator, "", Role::Text, Shape::Identifier, name)
}

const fn word(operator: &'static str, name: &'static str) -> Field {
    row(operator, "", Role::Text, Shape::Word, name)
}

const fn int(operator: &'static str, name: &'static str) -> Field {
    row(operator, "", Role::Int, Shape::Unsigned, name)
}

const fn port(operator: &'static str, name: &'static str) -> Field {
    row(operator, "", Role::Status, Shape::Unsigned, name)
}

const fn signed(operator: &'static str, name: &'static str) -> Field {
    row(operator, "", Role::Int, Shape::Signed, name)
}

const fn request(header: &'static str, role: Role, shape: Shape, name: &'static str) -> Field {
    row("REQ", header, role, shape, name)
}

const PATH: [&str; 2] = ["url.path", "url.query"];
const CLIENT: [&str; 2] = ["client.address", "client.port"];
const SERVER: [&str; 2] = ["server.address", "server.port"];
const PEER: [&str; 2] = ["network.peer.address", "network.peer.port"];
const LOCAL: [&str; 2] = ["network.local.address", "network.local.port"];
const PROTOCOL: [&str; 2] = ["network.protocol.version", "network.protocol.name"];

/// Every operator that has a name of its own among the attributes; what is not here is named by rule, see [`Target`](super::Target).
/// Older spellings (`REQ`, `RESP`, `TRAILER`) stand for the longer ones too.
#[rustfmt::skip]
pub static FIELDS: &[Field] = &[
    // The record itself.
    row("START_TIME", "", Role::Time, Shape::Time, "envoy.start_time"),
    row("START_TIME_LOCAL", "", Role::Time, Shape::Time, "envoy.start_time_local"),
    row("EMIT_TIME", "", Role::Time, Shape::Time, "envoy.emit_time"),
    row("EMIT_TIME_LOCAL", "", Role::Time, Shape::Time, "envoy.emit_time_local"),
    row("TRACE_ID", "", Role::TraceId, Shape::Word, "envoy.trace_id"),
    row("SPAN_ID", "", Role::SpanId, Shape::Word, "envoy.span_id"),
    request("TRACEPARENT", Role::Traceparent, Shape::Identifier, "http.request.header.traceparent"),
    request("X-B3-TRACEID", Role::TraceId, Shape::Identifier, "http.request.header.x-b3-traceid"),
    request("X-B3-SPANID", Role::SpanId, Shape::Identifier, "http.request.header.x-b3-spanid"),
    request("B3", Role::B3, Shape::Identifier, "http.request.header.b3"),
    // Request and response, by the HTTP conventions.
    request(":METHOD", Role::Text, Shape::Token, "http.request.method"),
    two("REQ", ":PATH", Role::Path, Shape::Identifier, PATH),
    two("REQ", "X-ENVOY-ORIGINAL-PATH", Role::Path, Shape::Identifier, PATH),
    two("PATH", "", Role::Path, Shape::Identifier, PATH),
    row("QUERY_PARAMS", "", Role::Text, Shape::Identifier, "url.query"),
    request(":SCHEME", Role::Text, Shape::Word, "url.scheme"),
    two("REQ", ":AUTHORITY", Role::Address, Shape::Word, SERVER),
    two("REQ", "HOST", Role::Address, Shape::Word, SERVER),
    request("USER-AGENT", Role::Text, Shape::Any, "user_agent.original"),
    request("X-REQUEST-ID", Role::Header, Shape::Identifier, "http.request.header.x-request-id"),
    two("REQ", "X-FORWARDED-FOR", Role::ForwardedFor, Shape::AddressList, ["http.request.header.x-forwarded-for", CLIENT[0]]),
    two("PROTOCOL", "", Role::Protocol, Shape::Protocol, PROTOCOL),
    row("RESPONSE_CODE", "", Role::Status, Shape::Unsigned, "http.response.status_code"),
    row("RESP", ":STATUS", Role::Status, Shape::Unsigned, "http.response.status_code"),
    int("BYTES_RECEIVED", "http.request.body.size"),
    int("BYTES_SENT", "http.response.body.size"),
    int("DOWNSTREAM_WIRE_BYTES_RECEIVED", "http.request.size"),
    int("DOWNSTREAM_WIRE_BYTES_SENT", "http.response.size"),
    row("GRPC_STATUS", "", Role::GrpcStatus, Shape::Word, "rpc.response.status_code"),
    row("GRPC_STATUS", "CAMEL_STRING", Role::GrpcStatus, Shape::Word, "rpc.response.status_code"),
    row("GRPC_STATUS", "SNAKE_STRING", Role::GrpcStatus, Shape::Word, "rpc.response.status_code"),
    row("GRPC_STATUS", "NUMBER", Role::GrpcStatus, Shape::Word, "rpc.response.status_code"),
    row("GRPC_STATUS_NUMBER", "", Role::GrpcStatus, Shape::Word, "rpc.response.status_code"),
    row("RESP", "GRPC-STATUS", Role::GrpcStatus, Shape::Identifier, "rpc.response.status_code"),
    row("TRAILER", "GRPC-STATUS", Role::GrpcStatus, Shape::Identifier, "rpc.response.status_code"),
    // Addresses. The remote address is the client that Envoy settled on (x-forwarded-for, PROXY protocol), the direct one its peer.
    two("DOWNSTREAM_REMOTE_ADDRESS", "", Role::Address, Shape::Word, CLIENT),
    row("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "", Role::Text, Shape::Word, CLIENT[0]),
    port("DOWNSTREAM_REMOTE_PORT", CLIENT[1]),
    two("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", "", Role::Address, Shape::Word, PEER),
    row("DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", "", Role::Text, Shape::Word, PEER[0]),
    port("DOWNSTREAM_DIRECT_REMOTE_PORT", PEER[1]),
    two("DOWNSTREAM_LOCAL_ADDRESS", "", Role::Address, Shape::Word, LOCAL),
    row("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", "", Role::Text, Shape::Word, LOCAL[0]),
    port("DOWNSTREAM_LOCAL_PORT", LOCAL[1]),
    word("DOWNSTREAM_DIRECT_LOCAL_ADDRESS", "envoy.downstream.direct_local_address"),
    word("DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT", "envoy.downstream.direct_local_address_without_port"),
    port("DOWNSTREAM_DIRECT_LOCAL_PORT", "envoy.downstream.direct_local_port"),
    row("HOSTNAME", "", Role::Text, Shape::Word, "host.name"),
    // TLS towards the client.
    row("DOWNSTREAM_TLS_VERSION", "", Role::TlsVersion, Shape::Word, "tls.protocol.version"),
    word("DOWNSTREAM_TLS_CIPHER", "tls.cipher"),
    word("DOWNSTREAM_TLS_GROUP", "tls.curve"),
    text("DOWNSTREAM_PEER_SUBJECT", "tls.client.subject"),
    text("DOWNSTREAM_PEER_ISSUER", "tls.client.issuer"),
    text("DOWNSTREAM_LOCAL_SUBJECT", "tls.server.subject"),
    row("DOWNSTREAM_PEER_FINGERPRINT_256", "", Role::UpperHex, Shape::Word, "tls.client.hash.sha256"),
    row("DOWNSTREAM_PEER_FINGERPRINT_1", "", Role::UpperHex, Shape::Word, "tls.client.hash.sha1"),
    word("DOWNSTREAM_PEER_CERT_V_START", "tls.client.not_before"),
    word("DOWNSTREAM_PEER_CERT_V_END", "tls.client.not_after"),
    word("TLS_JA3_FINGERPRINT", "tls.client.ja3"),
    word("TLS_JA4_FINGERPRINT", "envoy.tls_ja4_fingerprint"),
    name("REQUESTED_SERVER_NAME", "envoy.requested_server_name"),
    // How it went, in Envoy's own words.
    row("RESPONSE_FLAGS", "", Role::Text, Shape::Flags, "envoy.response_flags"),
    row("RESPONSE_FLAGS_LONG", "", Role::Text, Shape::Flags, "envoy.response_flags_long"),
    word("RESPONSE_CODE_DETAILS", "envoy.response_code_details"),
    word("CONNECTION_TERMINATION_DETAILS", "envoy.connection_termination_details"),
    name("ROUTE_NAME", "envoy.route_name"),
    name("VIRTUAL_CLUSTER_NAME", "envoy.virtual_cluster_name"),
    int("ROUTE_RESOLUTION_COUNT", "envoy.route_resolution_count"),
    signed("ROUTE_RESOLUTION_TIME_US", "envoy.route_resolution_time_us"),
    int("CONNECTION_ID", "envoy.connection_id"),
    row("STREAM_ID", "", Role::Text, Shape::Identifier, "envoy.stream_id"),
    word("UNIQUE_ID", "envoy.unique_id"),
    word("ACCESS_LOG_TYPE", "envoy.access_log_type"),
    name("FILTER_CHAIN_NAME", "envoy.filter_chain_name"),
    name("LISTENER_NAME", "envoy.listener_name"),
    int("REQUEST_HEADERS_BYTES", "envoy.request_headers_bytes"),
    int("RESPONSE_HEADERS_BYTES", "envoy.response_headers_bytes"),
    int("RESPONSE_TRAILERS_BYTES", "envoy.response_trailers_bytes"),
    int("BYTES_RETRANSMITTED", "envoy.bytes_retransmitted"),
    int("PACKETS_RETRANSMITTED", "envoy.packets_retransmitted"),
    // Durations, in milliseconds unless their name says otherwise.
    signed("DURATION", "envoy.duration_ms"),
    signed("REQUEST_DURATION", "envoy.request_duration_ms"),
    signed("REQUEST_TX_DURATION", "envoy.request_tx_duration_ms"),
    signed("RESPONSE_DURATION", "envoy.response_duration_ms"),
    signed("RESPONSE_TX_DURATION", "envoy.response_tx_duration_ms"),
    signed("ROUNDTRIP_DURATION", "envoy.roundtrip_duration_ms"),
    signed("DOWNSTREAM_HANDSHAKE_DURATION", "envoy.downstream.handshake_duration_ms"),
    signed("DOWNSTREAM_CX_RTT", "envoy.downstream.rtt_ms"),
    signed("UPSTREAM_CONNECTION_POOL_READY_DURATION", "envoy.upstream.connection_pool_ready_duration_ms"),
    row("RESP", "X-ENVOY-UPSTREAM-SERVICE-TIME", Role::Int, Shape::Number, "envoy.upstream.service_time_ms"),
    // Upstream.
    row("UPSTREAM_HOST", "", Role::Text, Shape::Word, "envoy.upstream.host"),
    word("UPSTREAM_CLUSTER", "envoy.upstream.cluster"),
    word("UPSTREAM_CLUSTER_RAW", "envoy.upstream.cluster"),
    word("UPSTREAM_LOCAL_ADDRESS", "envoy.upstream.local_address"),
    word("UPSTREAM_REMOTE_ADDRESS", "envoy.upstream.remote_address"),
    port("UPSTREAM_LOCAL_PORT", "envoy.upstream.local_port"),
    port("UPSTREAM_REMOTE_PORT", "envoy.upstream.remote_port"),
    row("UPSTREAM_PROTOCOL", "", Role::Text, Shape::Protocol, "envoy.upstream.protocol"),
    text("UPSTREAM_TRANSPORT_FAILURE_REASON", "envoy.upstream.transport_failure_reason"),
    int("UPSTREAM_REQUEST_ATTEMPT_COUNT", "envoy.upstream.request_attempt_count"),
    int("UPSTREAM_CONNECTION_ID", "envoy.upstream.connection_id"),
    int("UPSTREAM_WIRE_BYTES_SENT", "envoy.upstream.wire_bytes_sent"),
    int("UPSTREAM_WIRE_BYTES_RECEIVED", "envoy.upstream.wire_bytes_received"),
    int("UPSTREAM_HEADER_BYTES_SENT", "envoy.upstream.header_bytes_sent"),
    int("UPSTREAM_HEADER_BYTES_RECEIVED", "envoy.upstream.header_bytes_received"),
    int("UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", "envoy.upstream.decompressed_header_bytes_sent"),
    int("UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", "envoy.upstream.decompressed_header_bytes_received"),
    int("DOWNSTREAM_HEADER_BYTES_SENT", "envoy.downstream.header_bytes_sent"),
    int("DOWNSTREAM_HEADER_BYTES_RECEIVED", "envoy.downstream.header_bytes_received"),
    int("DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", "envoy.downstream.decompressed_header_bytes_sent"),
    int("DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", "envoy.downstream.decompressed_header_bytes_received"),
];

/// The other operators of Envoy 1.40, which the rule names: so that a slip in one is told from a new one.
#[rustfmt::skip]
pub(super) static NAMED_BY_RULE: &[&str] = &[
    "CEL", "CLUSTER_METADATA", "COALESCE", "COMMON_DURATION", "CUSTOM_FLAGS", "DOWNSTREAM_DETECTED_CLOSE_TYPE",
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID", "DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID", "DOWNSTREAM_LOCAL_CLOSE_REASON",
    "DOWNSTREAM_LOCAL_DNS_SAN", "DOWNSTREAM_LOCAL_EMAIL_SAN", "DOWNSTREAM_LOCAL_IP_SAN", "DOWNSTREAM_LOCAL_OTHERNAME_SAN",
    "DOWNSTREAM_LOCAL_URI_SAN", "DOWNSTREAM_PEER_CERT", "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1", "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256",
    "DOWNSTREAM_PEER_CHAIN_SERIALS", "DOWNSTREAM_PEER_DNS_SAN", "DOWNSTREAM_PEER_EMAIL_SAN", "DOWNSTREAM_PEER_IP_SAN",
    "DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256", "DOWNSTREAM_PEER_ISSUER_SERIAL", "DOWNSTREAM_PEER_OTHERNAME_SAN", "DOWNSTREAM_PEER_SERIAL",
    "DOWNSTREAM_PEER_URI_SAN", "DOWNSTREAM_TLS_SESSION_ID", "DOWNSTREAM_TRANSPORT_FAILURE_REASON", "DYNAMIC_METADATA", "ENVIRONMENT",
    "FILTER_STATE", "LOCAL_REPLY_BODY", "METADATA", "QUERY_PARAM", "REQUEST_HEADER", "RESPONSE_HEADER", "RESPONSE_TRAILER",
    "STREAM_INFO_REQ", "TYPED_CEL", "UPSTREAM_CONNECTION_IDS_ATTEMPTED", "UPSTREAM_DETECTED_CLOSE_TYPE", "UPSTREAM_FILTER_STATE",
    "UPSTREAM_HOSTS_ATTEMPTED", "UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT", "UPSTREAM_HOST_NAME", "UPSTREAM_HOST_NAMES_ATTEMPTED",
    "UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT", "UPSTREAM_HOST_NAME_WITHOUT_PORT", "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_LOCAL_CLOSE_REASON", "UPSTREAM_LOCAL_DNS_SAN", "UPSTREAM_LOCAL_IP_SAN", "UPSTREAM_LOCAL_URI_SAN", "UPSTREAM_METADATA",
    "UPSTREAM_PEER_CERT", "UPSTREAM_PEER_CERT_V_END", "UPSTREAM_PEER_CERT_V_START", "UPSTREAM_PEER_DNS_SAN", "UPSTREAM_PEER_IP_SAN",
    "UPSTREAM_PEER_ISSUER", "UPSTREAM_PEER_SUBJECT", "UPSTREAM_PEER_URI_SAN", "UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID",
    "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "UPSTREAM_SERVER_NAME", "UPSTREAM_TLS_CIPHER", "UPSTREAM_TLS_GROUP", "UPSTREAM_TLS_SESSION_ID",
    "UPSTREAM_TLS_VERSION",
];
