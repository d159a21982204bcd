//! Which operator of Envoy's text log says what a field of an entry says: so that one table names the attributes of both.

use std::sync::LazyLock;

use crate::envoy::{Operator, Target};

macro_rules! operators {
    ($($name:ident = $text:literal,)*) => {
        /// What an entry may say.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub(super) enum Op { $($name,)* }

        const TEXTS: &[&str] = &[$($text,)*];
    };
}

// In the order in which they are written. Of two that name one attribute the first has it.
operators! {
    Method = "REQ(:METHOD)",
    OriginalPath = "REQ(X-ENVOY-ORIGINAL-PATH)",
    Path = "REQ(:PATH)",
    Protocol = "PROTOCOL",
    Scheme = "REQ(:SCHEME)",
    Code = "RESPONSE_CODE",
    Flags = "RESPONSE_FLAGS",
    CodeDetails = "RESPONSE_CODE_DETAILS",
    TerminationDetails = "CONNECTION_TERMINATION_DETAILS",
    UpstreamFailure = "UPSTREAM_TRANSPORT_FAILURE_REASON",
    DownstreamFailure = "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
    BytesReceived = "BYTES_RECEIVED",
    BytesSent = "BYTES_SENT",
    Duration = "DURATION",
    RequestDuration = "REQUEST_DURATION",
    RequestTxDuration = "REQUEST_TX_DURATION",
    ResponseDuration = "RESPONSE_DURATION",
    ResponseTxDuration = "RESPONSE_TX_DURATION",
    ForwardedFor = "REQ(X-FORWARDED-FOR)",
    UserAgent = "REQ(USER-AGENT)",
    RequestId = "REQ(X-REQUEST-ID)",
    Authority = "REQ(:AUTHORITY)",
    Referer = "REQ(REFERER)",
    UpstreamHost = "UPSTREAM_HOST",
    UpstreamCluster = "UPSTREAM_CLUSTER",
    UpstreamRemote = "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    UpstreamRemotePort = "UPSTREAM_REMOTE_PORT",
    UpstreamLocal = "UPSTREAM_LOCAL_ADDRESS",
    DownstreamLocal = "DOWNSTREAM_LOCAL_ADDRESS",
    DownstreamRemote = "DOWNSTREAM_REMOTE_ADDRESS",
    DownstreamDirectRemote = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
    ServerName = "REQUESTED_SERVER_NAME",
    RouteName = "ROUTE_NAME",
    Attempts = "UPSTREAM_REQUEST_ATTEMPT_COUNT",
    StreamId = "STREAM_ID",
    LogType = "ACCESS_LOG_TYPE",
    RequestHeadersBytes = "REQUEST_HEADERS_BYTES",
    ResponseHeadersBytes = "RESPONSE_HEADERS_BYTES",
    DownstreamWireSent = "DOWNSTREAM_WIRE_BYTES_SENT",
    DownstreamWireReceived = "DOWNSTREAM_WIRE_BYTES_RECEIVED",
    UpstreamWireSent = "UPSTREAM_WIRE_BYTES_SENT",
    UpstreamWireReceived = "UPSTREAM_WIRE_BYTES_RECEIVED",
    UpstreamHeaderSent = "UPSTREAM_HEADER_BYTES_SENT",
    UpstreamHeaderReceived = "UPSTREAM_HEADER_BYTES_RECEIVED",
    DownstreamHeaderSent = "DOWNSTREAM_HEADER_BYTES_SENT",
    DownstreamHeaderReceived = "DOWNSTREAM_HEADER_BYTES_RECEIVED",
    TlsVersion = "DOWNSTREAM_TLS_VERSION",
    TlsCipher = "DOWNSTREAM_TLS_CIPHER",
    TlsSession = "DOWNSTREAM_TLS_SESSION_ID",
    Ja3 = "TLS_JA3_FINGERPRINT",
    PeerSubject = "DOWNSTREAM_PEER_SUBJECT",
    PeerIssuer = "DOWNSTREAM_PEER_ISSUER",
    PeerUriSan = "DOWNSTREAM_PEER_URI_SAN",
    PeerDnsSan = "DOWNSTREAM_PEER_DNS_SAN",
    LocalSubject = "DOWNSTREAM_LOCAL_SUBJECT",
    LocalUriSan = "DOWNSTREAM_LOCAL_URI_SAN",
    LocalDnsSan = "DOWNSTREAM_LOCAL_DNS_SAN",
    LastRx = "COMMON_DURATION(DS_RX_BEG:DS_RX_END:ns)",
    FirstUpstreamTx = "COMMON_DURATION(DS_RX_BEG:US_TX_BEG:ns)",
    LastUpstreamTx = "COMMON_DURATION(DS_RX_BEG:US_TX_END:ns)",
    FirstUpstreamRx = "COMMON_DURATION(DS_RX_BEG:US_RX_BEG:ns)",
    LastUpstreamRx = "COMMON_DURATION(DS_RX_BEG:US_RX_END:ns)",
    FirstDownstreamTx = "COMMON_DURATION(DS_RX_BEG:DS_TX_BEG:ns)",
    LastDownstreamTx = "COMMON_DURATION(DS_RX_BEG:DS_TX_END:ns)",
}

/// How many there are.
pub(super) const COUNT: usize = TEXTS.len();

/// Where each goes.
pub(super) static TARGETS: LazyLock<Vec<Option<Target>>> =
    LazyLock::new(|| Target::of_all(TEXTS.iter().filter_map(|text| Operator::parse(text))));
