//! What a request came to, as gRPC tells it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::rpc::Code;

/// The longest text that is read from a destination's status, in bytes.
const MESSAGE_BYTES_MAX: usize = 8 << 10;

/// What a request came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// gRPC's code; 0: it was taken.
    pub code: u32,
    /// Why not, for people.
    pub message: String,
    /// The `google.rpc.Status` that came along, as its bytes.
    pub details: Vec<u8>,
    /// The answer's message.
    pub body: Bytes,
}

impl Answer {
    /// It failed here, or on the way.
    pub(super) fn failed(code: Code, message: impl Into<String>) -> Self {
        Self { code: code as u32, message: message.into(), ..Self::default() }
    }

    /// What trailers say; `None` where they say nothing.
    pub(super) fn read(trailers: &HeaderMap) -> Option<Self> {
        let code = trailers.get("grpc-status")?.to_str().ok().and_then(|code| code.parse().ok());
        let message = trailers.get("grpc-message").map(|message| unescaped(message.as_bytes())).unwrap_or_default();
        let details = trailers.get("grpc-status-details-bin").and_then(|text| unbase64(text.as_bytes())).unwrap_or_default();
        Some(Self { code: code.unwrap_or(Code::Unknown as u32), message, details, body: Bytes::new() })
    }

    /// Where an answer has no status of gRPC: what the one of HTTP means, as gRPC maps it.
    pub(super) fn of_http(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            400 => Code::Internal,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::Unimplemented,
            429 | 502 | 503 | 504 => Code::Unavailable,
            _ => Code::Unknown,
        };
        Self::failed(code, format!("the answer is not gRPC's: HTTP status {}", status.as_u16()))
    }

    /// A stream or a connection that failed.
    pub(super) fn of_h2(error: &h2::Error) -> Self {
        let code = match error.reason() {
            Some(reason) if error.is_reset() => match reason {
                h2::Reason::REFUSED_STREAM => Code::Unavailable,
                h2::Reason::CANCEL => Code::Cancelled,
                h2::Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
                h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
                _ => Code::Internal,
            },
            _ => Code::Unavailable, // the whole connection
        };
        Self::failed(code, error.to_string())
    }
}

/// A `grpc-message`: percent-encoded UTF-8.
fn unescaped(text: &[u8]) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let text = text.get(..MESSAGE_BYTES_MAX).unwrap_or(text);
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = text.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            out.push((high << 4 | low) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Base64, with padding or without it; `None` where it is none.
fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.split(|byte| *byte == b'=').next().unwrap_or_default();
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.chunks(4) {
        let mut word = 0_u32;
        for &byte in group {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            word = word << 6 | u32::from(value);
        }
        word <<= 6 * (4 - group.len());
        let bytes = word.to_be_bytes();
        out.extend_from_slice(bytes.get(1..group.len()).unwrap_or_default());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::{base64, percent_encoded};

    #[test]
    fn what_is_written_is_read() {
        for len in 0..20_u8 {
            let bytes: Vec<u8> = (0..len).map(|at| at.wrapping_mul(47) ^ 0xa5).collect();
            assert_eq!(unbase64(base64(&bytes).as_bytes()), Some(bytes.clone()));
            assert_eq!(unbase64(format!("{}==", base64(&bytes)).as_bytes()), Some(bytes));
        }
        assert_eq!(unbase64(b"a b"), None);
        for text in ["50% größer\n", "", "%", "%2", "%zz", "日本語"] {
            assert_eq!(unescaped(percent_encoded(text).as_bytes()), text);
        }
        assert_eq!(unescaped(b"100% sure %4"), "100% sure %4");
    }

    #[test]
    fn trailers_without_a_status_say_nothing() {
        let mut trailers = HeaderMap::new();
        assert_eq!(Answer::read(&trailers), None);
        trailers.insert("grpc-status", http::HeaderValue::from_static("x"));
        assert_eq!(Answer::read(&trailers).map(|answer| answer.code), Some(2));
        assert_eq!(Answer::of_http(StatusCode::BAD_GATEWAY).code, 14);
    }
}
