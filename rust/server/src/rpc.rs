//! The statuses of gRPC and OTLP: `google.rpc.Status` and `Export…ServiceResponse`, as protobuf and as JSON.

use std::{fmt::Write, time::Duration};

use serde_json::{Value, json};

/// The longest text that is written to a peer, in characters.
const MESSAGE_CHARS_MAX: usize = 1000;
/// The longest delay that is asked for.
const RETRY_MAX: Duration = Duration::from_secs(86_400);
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// gRPC's codes, those that are told here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // they are gRPC's
pub enum Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// What a request came to where it was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The code, also one that is not told here.
    pub code: u32,
    /// Why, for people.
    pub message: String,
    /// When the same may be sent again; `None`: it must not be.
    pub retry_after: Option<Duration>,
}

/// What is counted where a part of a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Log records.
    Logs,
    /// Spans.
    Traces,
}

impl Status {
    /// For good.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code as u32, message: message.into(), retry_after: None }
    }

    /// To be sent again after so long.
    pub fn later(code: Code, message: impl Into<String>, after: Duration) -> Self {
        Self { code: code as u32, message: message.into(), retry_after: Some(after) }
    }

    /// The text that peers are told.
    pub fn text(&self) -> &str {
        cut(&self.message)
    }

    /// A `google.rpc.Status`, with a `RetryInfo` where it may be sent again.
    pub fn to_proto(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, 1, u64::from(self.code));
        put_bytes(&mut out, 2, self.text().as_bytes());
        if let Some(after) = self.retry_after {
            let after = after.min(RETRY_MAX);
            let (mut delay, mut info, mut any) = (Vec::new(), Vec::new(), Vec::new());
            put_number(&mut delay, 1, after.as_secs());
            put_number(&mut delay, 2, u64::from(after.subsec_nanos()));
            put_message(&mut info, 1, &delay);
            put_bytes(&mut any, 1, RETRY_INFO.as_bytes());
            put_message(&mut any, 2, &info);
            put_message(&mut out, 3, &any);
        }
        out
    }

    /// The same in protobuf's JSON mapping.
    pub fn to_json(&self) -> Vec<u8> {
        let mut status = json!({"code": self.code, "message": self.text()});
        if let (Some(after), Value::Object(fields)) = (self.retry_after, &mut status) {
            let after = after.min(RETRY_MAX);
            let delay = match after.subsec_nanos() {
                0 => format!("{}s", after.as_secs()),
                nanos => format!("{}.{nanos:09}s", after.as_secs()),
            };
            fields.insert("details".into(), json!([{"@type": RETRY_INFO, "retryDelay": delay}]));
        }
        status.to_string().into_bytes()
    }
}

/// An `ExportLogsServiceResponse` or `ExportTraceServiceResponse`; empty where nothing was rejected.
pub fn partial_success(rejected: u64, why: &str) -> Vec<u8> {
    let mut out = Vec::new();
    if rejected > 0 {
        let mut inner = Vec::new();
        put_number(&mut inner, 1, rejected);
        put_bytes(&mut inner, 2, cut(why).as_bytes());
        put_message(&mut out, 1, &inner);
    }
    out
}

/// The same in protobuf's JSON mapping, in which 64-bit numbers are strings.
pub fn partial_success_json(signal: Signal, rejected: u64, why: &str) -> Vec<u8> {
    if rejected == 0 {
        return b"{}".to_vec();
    }
    let name = match signal {
        Signal::Logs => "rejectedLogRecords",
        Signal::Traces => "rejectedSpans",
    };
    json!({"partialSuccess": {name: rejected.to_string(), "errorMessage": cut(why)}}).to_string().into_bytes()
}

/// A text as `grpc-message` has it: percent-encoded but for printable ASCII.
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // a String takes all
        }
    }
    out
}

/// Bytes as `…-bin` headers have them: base64 without padding.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..=group.len() {
            let index = (word >> (18 - 6 * at) & 63) as usize;
            out.push(char::from(LETTERS.get(index).copied().unwrap_or(b'A')));
        }
    }
    out
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(MESSAGE_CHARS_MAX).map_or(text, |(at, _)| text.get(..at).unwrap_or(text))
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_number(out: &mut Vec<u8>, field: u64, value: u64) {
    if value > 0 {
        put_varint(out, field << 3);
        put_varint(out, value);
    }
}

fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_message(out, field, bytes);
    }
}

fn put_message(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_rfc_4648_has_it() {
        for (text, coded) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn texts_are_cut_and_encoded() {
        assert_eq!(percent_encoded("50% größer\n"), "50%25 gr%C3%B6%C3%9Fer%0A");
        assert_eq!(Status::new(Code::Internal, "ä".repeat(2000)).text().chars().count(), 1000);
    }

    #[test]
    fn statuses_are_as_protobuf_has_them() {
        let status = Status::later(Code::Unavailable, "x", Duration::from_millis(1500));
        let proto = status.to_proto();
        assert_eq!(&proto[..5], b"\x08\x0e\x12\x01x");
        assert_eq!(&proto[proto.len() - 10..], b"\x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01"[2..].as_ref());
        let said: Value = serde_json::from_slice(&status.to_json()).unwrap();
        assert_eq!(said["details"][0]["retryDelay"], "1.500000000s");
        assert_eq!(partial_success(0, "x"), b"");
        assert_eq!(partial_success(2, "no"), b"\x0a\x06\x08\x02\x12\x02no");
        assert_eq!(partial_success_json(Signal::Traces, 2, "no"), br#"{"partialSuccess":{"errorMessage":"no","rejectedSpans":"2"}}"#);
    }
}
