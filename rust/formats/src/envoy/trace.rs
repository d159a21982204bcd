//! Trace and span ids, as tracing headers and Envoy write them.

use logloom_record::Tail;

use crate::ids;

/// The trace that a record belongs to, as far as its fields say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The trace id; zero where there is none.
    pub trace_id: [u8; 16],
    /// The span id; zero where there is none.
    pub span_id: [u8; 8],
    /// The W3C trace flags.
    pub flags: u8,
}

impl Trace {
    /// Whether there is a trace id.
    pub fn has_trace_id(&self) -> bool {
        self.trace_id != [0; 16]
    }

    /// Whether there is a span id.
    pub fn has_span_id(&self) -> bool {
        self.span_id != [0; 8]
    }

    /// A [`traceparent`](https://www.w3.org/TR/trace-context/#traceparent-header) value; `None` where it is malformed.
    pub fn from_traceparent(text: &[u8]) -> Option<Self> {
        ids::traceparent(text).map(|(trace_id, span_id, flags)| Self { trace_id, span_id, flags })
    }

    /// A [single `b3` header](https://github.com/openzipkin/b3-propagation): `trace-span[-sampled[-parent]]`.
    pub fn from_b3(text: &[u8]) -> Option<Self> {
        let mut parts = text.split(|b| *b == b'-');
        let trace_id = parse_trace_id(parts.next()?)?;
        let span_id = ids::span_id(parts.next()?)?;
        let flags = u8::from(matches!(parts.next(), Some(b"1" | b"d" | b"true")));
        Some(Self { trace_id, span_id, flags })
    }

    /// The tail of the record.
    #[inline(always)]
    pub fn tail(&self) -> Tail<'static> {
        Tail { flags: u32::from(self.flags), trace_id: Some(self.trace_id), span_id: Some(self.span_id), event_name: b"" }
    }
}

/// 32 hexadecimal digits, or 16, which are padded on the left; a zero id is none. Dashes as in a UUID are passed over.
pub fn parse_trace_id(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() == 36 {
        let digits: Vec<u8> = text.iter().copied().filter(|b| *b != b'-').collect();
        return if digits.len() == 32 { ids::trace_id(&digits) } else { None };
    }
    ids::trace_id(text)
}
