//! [gRPC's status codes](https://grpc.github.io/grpc/core/md_doc_statuscodes.html).

const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The name of a status that is written as a number, `InvalidArgument` or `INVALID_ARGUMENT`; `None` for what is no status.
pub(super) fn grpc_name(text: &[u8]) -> Option<&'static str> {
    if let Some(number) = std::str::from_utf8(text).ok().and_then(|text| text.parse::<usize>().ok()) {
        return NAMES.get(number).copied();
    }
    let letters = |text: &[u8]| text.iter().filter(|b| **b != b'_').map(u8::to_ascii_uppercase).collect::<Vec<_>>();
    // Envoy's own spelling has one L.
    if text.eq_ignore_ascii_case(b"canceled") {
        return Some("CANCELLED");
    }
    if text.len() > 24 {
        return None;
    }
    let wanted = letters(text);
    NAMES.iter().copied().find(|name| letters(name.as_bytes()) == wanted)
}
