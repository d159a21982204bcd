//! Trace and span ids, as tracing headers and Envoy write them.

use logloom_record::Tail;

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
        let fixed: &[u8; 55] = text.first_chunk()?;
        let version = hex::<1>(fixed.get(..2)?)?;
        let dashes = [2, 35, 52].iter().all(|at| fixed.get(*at) == Some(&b'-'));
        // Version 00 ends here; a later one may say more behind another dash; ff is none.
        let ends = text.len() == 55 || (version != [0] && text.get(55) == Some(&b'-'));
        if version == [0xff] || !dashes || !ends {
            return None;
        }
        let trace_id = hex(fixed.get(3..35)?)?;
        let span_id = hex(fixed.get(36..52)?)?;
        let [flags] = hex(fixed.get(53..55)?)?;
        (trace_id != [0; 16] && span_id != [0; 8]).then_some(Self { trace_id, span_id, flags })
    }

    /// A [single `b3` header](https://github.com/openzipkin/b3-propagation): `trace-span[-sampled[-parent]]`.
    pub fn from_b3(text: &[u8]) -> Option<Self> {
        let mut parts = text.split(|b| *b == b'-');
        let trace_id = parse_trace_id(parts.next()?)?;
        let span_id = parse_span_id(parts.next()?)?;
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
    let id = match text.len() {
        16 => {
            let mut id = [0; 16];
            id.get_mut(8..)?.copy_from_slice(&hex::<8>(text)?);
            id
        }
        32 => hex(text)?,
        36 => {
            let digits: Vec<u8> = text.iter().copied().filter(|b| *b != b'-').collect();
            hex(&digits)?
        }
        _ => return None,
    };
    (id != [0; 16]).then_some(id)
}

/// 16 hexadecimal digits; a zero id is none.
pub(super) fn parse_span_id(text: &[u8]) -> Option<[u8; 8]> {
    hex(text).filter(|id| *id != [0; 8])
}

/// Exactly `2 * N` hexadecimal digits.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        *byte = (digit(high)? * 16 + digit(low)?) as u8;
    }
    Some(out)
}
