//! Which keys name a trace, a span or a request, however they are spelled.

/// What the value of a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// W3C's header.
    Traceparent,
    /// B3 in one header.
    B3,
    /// B3 in several.
    B3Trace,
    B3Span,
    B3Sampled,
    /// Jaeger's `uber-trace-id`.
    Jaeger,
    /// `X-Amzn-Trace-Id`.
    Amazon,
    /// `X-Cloud-Trace-Context`.
    Google,
    /// A trace id by itself.
    TraceId,
    SpanId,
    Flags,
    Sampled,
    RequestId,
}

/// The longest key that is looked at, in bytes.
pub(super) const KEY_BYTES_MAX: usize = 64;

/// What stands before a name where a format or a logger nests it.
const PREFIXES: &[&[u8]] = &[
    b"http.request.header.",
    b"http.request.headers.",
    b"request.headers.",
    b"headers.",
    b"guid:",
    b"mdc.",
    b"context.",
    b"contextMap.",
    b"ctx.",
    b"labels.",
    b"otel.",
];

/// Without what tells spellings apart: `trace_id`, `traceId`, `Trace-ID` and `trace.id` are one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain {
    bytes: [u8; KEY_BYTES_MAX],
    len: usize,
}

impl Plain {
    /// `None` for a key that is too long.
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        let key = PREFIXES.iter().find_map(|prefix| key.strip_prefix(*prefix)).unwrap_or(key);
        let mut plain = Self { bytes: [0; KEY_BYTES_MAX], len: 0 };
        for byte in key.iter().filter(|byte| !matches!(byte, b'_' | b'-' | b'.')) {
            if let Some(slot) = plain.bytes.get_mut(plain.len) {
                *slot = byte.to_ascii_lowercase();
                plain.len += 1;
            }
        }
        Some(plain)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// What a key says; `further` are keys that name a request besides, in plain form.
pub(super) fn says(key: &[u8], further: &[Vec<u8>]) -> Option<Says> {
    // The shortest is `b3`; most keys of a record are seen to be none by their letters.
    if !(2..=KEY_BYTES_MAX).contains(&key.len()) {
        return None;
    }
    let plain = Plain::of(key)?;
    Some(match plain.as_bytes() {
        b"traceparent" => Says::Traceparent,
        b"b3" => Says::B3,
        b"xb3traceid" => Says::B3Trace,
        b"xb3spanid" => Says::B3Span,
        b"xb3sampled" | b"xb3flags" => Says::B3Sampled,
        b"ubertraceid" => Says::Jaeger,
        b"xamzntraceid" | b"awsxraytraceid" | b"xraytraceid" => Says::Amazon,
        b"xcloudtracecontext" => Says::Google,
        b"traceid" | b"oteltraceid" | b"xtraceid" => Says::TraceId,
        b"spanid" | b"otelspanid" | b"xspanid" => Says::SpanId,
        b"traceflags" | b"oteltraceflags" => Says::Flags,
        b"oteltracesampled" | b"tracesampled" => Says::Sampled,
        b"xrequestid" | b"requestid" | b"reqid" | b"httprequestid" => Says::RequestId,
        other if further.iter().any(|key| key == other) => Says::RequestId,
        _ => return None,
    })
}

/// Whether a byte may stand in a key of a text.
pub(super) fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (key, meant) in [
            ("trace_id", Some(Says::TraceId)),
            ("traceId", Some(Says::TraceId)),
            ("Trace-ID", Some(Says::TraceId)),
            ("trace.id", Some(Says::TraceId)),
            ("otelTraceID", Some(Says::TraceId)),
            ("mdc.traceId", Some(Says::TraceId)),
            ("http.request.header.traceparent", Some(Says::Traceparent)),
            ("http.request.header.x-b3-traceid", Some(Says::B3Trace)),
            ("X-Amzn-Trace-Id", Some(Says::Amazon)),
            ("guid:x-request-id", Some(Says::RequestId)),
            ("x-correlation-id", Some(Says::RequestId)),
            // Decimal numbers, another's id, a place in the text: none of them says what trace it is.
            ("dd.trace_id", None),
            ("parent_span_id", None),
            ("aws.request_id", None),
            ("stacktrace", None),
            ("", None),
        ] {
            assert_eq!(says(key.as_bytes(), &[b"xcorrelationid".to_vec()]), meant, "{key}");
        }
    }
}
