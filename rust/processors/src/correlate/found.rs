//! What was found of a record's trace and request, and which of it counts.

use logloom_record::ids;

use super::keys::Says;

/// A trace as some header or pair of keys tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: Option<[u8; 8]>,
    pub(super) flags: u8,
}

/// Where a trace was told, the surest first: what a standard defines, then what loggers agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Traceparent,
    B3,
    B3Multi,
    Jaeger,
    Amazon,
    Google,
    Keys,
}

impl Source {
    pub(super) const ALL: [(Self, &'static str); 7] = [
        (Self::Traceparent, "traceparent"),
        (Self::B3, "b3"),
        (Self::B3Multi, "x-b3"),
        (Self::Jaeger, "uber-trace-id"),
        (Self::Amazon, "x-amzn-trace-id"),
        (Self::Google, "x-cloud-trace-context"),
        (Self::Keys, "trace_id"),
    ];
}

/// Ids that stand apart, each under a key of its own.
#[derive(Clone, Copy, Debug, Default)]
struct Apart {
    trace_id: Option<[u8; 16]>,
    span_id: Option<[u8; 8]>,
    flags: Option<u8>,
}

impl Apart {
    fn trace(self) -> Option<Told> {
        Some(Told { trace_id: self.trace_id?, span_id: self.span_id, flags: self.flags.unwrap_or_default() })
    }
}

/// All that a record tells. Of each kind the first counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found<'a> {
    traceparent: Option<Told>,
    b3: Option<Told>,
    jaeger: Option<Told>,
    amazon: Option<Told>,
    google: Option<Told>,
    b3_multi: Apart,
    keys: Apart,
    pub(super) request_id: Option<&'a [u8]>,
}

impl<'a> Found<'a> {
    /// A value was found under a key that says something; what is malformed is passed over.
    pub(super) fn tell(&mut self, says: Says, value: &'a [u8]) {
        match says {
            Says::Traceparent => first(&mut self.traceparent, || traceparent(value)),
            Says::B3 => first(&mut self.b3, || b3(value)),
            Says::Jaeger => first(&mut self.jaeger, || jaeger(value)),
            Says::Amazon => first(&mut self.amazon, || amazon(value)),
            Says::Google => first(&mut self.google, || google(value)),
            Says::B3Trace => first(&mut self.b3_multi.trace_id, || ids::trace_id(value)),
            Says::B3Span => first(&mut self.b3_multi.span_id, || ids::span_id(value)),
            Says::B3Sampled => first(&mut self.b3_multi.flags, || Some(u8::from(matches!(value, b"1" | b"true")))),
            Says::TraceId => first(&mut self.keys.trace_id, || trace_id(value)),
            Says::SpanId => first(&mut self.keys.span_id, || ids::span_id(value)),
            Says::Flags => first(&mut self.keys.flags, || flags(value)),
            Says::Sampled => first(&mut self.keys.flags, || Some(u8::from(matches!(value, b"1" | b"true" | b"True")))),
            Says::RequestId => first(&mut self.request_id, || request_id(value)),
        }
    }

    fn all(&self) -> impl Iterator<Item = (Source, Told)> {
        let told = [
            (Source::Traceparent, self.traceparent),
            (Source::B3, self.b3),
            (Source::B3Multi, self.b3_multi.trace()),
            (Source::Jaeger, self.jaeger),
            (Source::Amazon, self.amazon),
            (Source::Google, self.google),
            (Source::Keys, self.keys.trace()),
        ];
        told.into_iter().filter_map(|(source, trace)| Some((source, trace?)))
    }

    /// The trace of a record that has none.
    pub(super) fn trace(&self) -> Option<(Source, Told)> {
        let (source, mut trace) = self.all().next()?;
        // A source that knows no span is helped by another that tells of the same trace.
        if trace.span_id.is_none() {
            trace.span_id = self.span_of(trace.trace_id).and_then(|(_, same)| same.span_id);
        }
        Some((source, trace))
    }

    /// The span of a record whose trace is known: of a source that tells of that very trace, or of a span alone.
    pub(super) fn span_of(&self, trace_id: [u8; 16]) -> Option<(Source, Told)> {
        let same = self.all().find(|(_, told)| told.trace_id == trace_id && told.span_id.is_some());
        let alone = |source, apart: Apart| match apart.trace_id {
            None => Some((source, Told { trace_id, span_id: Some(apart.span_id?), flags: apart.flags.unwrap_or_default() })),
            Some(_) => None,
        };
        same.or_else(|| alone(Source::B3Multi, self.b3_multi)).or_else(|| alone(Source::Keys, self.keys))
    }
}

fn first<T>(slot: &mut Option<T>, read: impl FnOnce() -> Option<T>) {
    if slot.is_none() {
        *slot = read();
    }
}

fn traceparent(value: &[u8]) -> Option<Told> {
    let (trace_id, span_id, flags) = ids::traceparent(value)?;
    Some(Told { trace_id, span_id: Some(span_id), flags })
}

/// [`trace-span[-sampled[-parent]]`](https://github.com/openzipkin/b3-propagation#single-header); a sampling decision alone tells of no trace.
fn b3(value: &[u8]) -> Option<Told> {
    let mut parts = value.split(|byte| *byte == b'-');
    let trace_id = ids::trace_id(parts.next()?)?;
    let span_id = Some(ids::span_id(parts.next()?)?);
    Some(Told { trace_id, span_id, flags: u8::from(matches!(parts.next(), Some(b"1" | b"d" | b"true"))) })
}

/// [`trace:span:parent:flags`](https://www.jaegertracing.io/docs/1.76/client-libraries/#tracespan-identity), leading zeros left out, in a header
/// with its colons as they are or as `%3A`.
fn jaeger(value: &[u8]) -> Option<Told> {
    let mut parts = [&b""[..]; 4];
    let mut rest = value;
    for part in &mut parts {
        let end = rest.iter().position(|byte| matches!(byte, b':' | b'%')).unwrap_or(rest.len());
        *part = rest.get(..end)?;
        rest = rest.get(end..)?;
        rest = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"%3A")).or_else(|| rest.strip_prefix(b"%3a")).unwrap_or(rest);
    }
    let [trace_id, span_id, _, flags] = parts;
    let trace_id = ids::padded(trace_id).filter(|id| *id != [0; 16])?;
    let span_id = Some(ids::padded(span_id).filter(|id| *id != [0; 8])?);
    let [flags] = ids::padded::<1>(flags)?;
    // Of its flags the first is W3C's: sampled. The second is Jaeger's own, debug.
    Some(Told { trace_id, span_id, flags: flags & 1 })
}

/// [`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`](https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader),
/// in any order; or the root alone.
fn amazon(value: &[u8]) -> Option<Told> {
    let (mut trace_id, mut span_id, mut flags) = (root(value), None, 0);
    for part in value.split(|byte| *byte == b';') {
        let part = part.trim_ascii();
        let Some(at) = part.iter().position(|byte| *byte == b'=') else { continue };
        let (name, value) = (part.get(..at)?, part.get(at + 1..)?);
        match name {
            b"Root" => trace_id = root(value),
            b"Parent" => span_id = ids::span_id(value),
            b"Sampled" => flags = u8::from(value == b"1"),
            _ => {}
        }
    }
    Some(Told { trace_id: trace_id?, span_id, flags })
}

/// AWS's form of a trace id: `1-`, eight digits of the time, `-`, 24 digits.
fn root(value: &[u8]) -> Option<[u8; 16]> {
    let value: &[u8; 35] = value.try_into().ok()?;
    if !value.starts_with(b"1-") || value.get(10) != Some(&b'-') {
        return None;
    }
    let mut digits = [0; 32];
    digits.get_mut(..8)?.copy_from_slice(value.get(2..10)?);
    digits.get_mut(8..)?.copy_from_slice(value.get(11..)?);
    ids::trace_id(&digits)
}

/// [`trace/span;o=1`](https://cloud.google.com/trace/docs/trace-context#legacy-http-header): the span is a decimal number.
fn google(value: &[u8]) -> Option<Told> {
    let end = value.iter().position(|byte| matches!(byte, b'/' | b';')).unwrap_or(value.len());
    let trace_id = value.get(..end).filter(|digits| digits.len() == 32).and_then(ids::trace_id)?;
    let rest = value.get(end..)?;
    let digits = rest.strip_prefix(b"/").map(|rest| rest.split(|byte| *byte == b';').next().unwrap_or_default());
    let span_id = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok()).filter(|id| *id != 0);
    Some(Told { trace_id, span_id: span_id.map(u64::to_be_bytes), flags: u8::from(rest.ends_with(b";o=1")) })
}

/// Under a key that names a trace id: 32 digits, 16, or AWS's form.
fn trace_id(value: &[u8]) -> Option<[u8; 16]> {
    ids::trace_id(value).or_else(|| root(value))
}

fn flags(value: &[u8]) -> Option<u8> {
    match value {
        [digit] => ids::hex2(&[b'0', *digit]),
        digits => ids::hex2(digits),
    }
}

/// The longest request id that is taken, in bytes: [Envoy's](https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-request-id)
/// are UUIDs of 36.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Visible ASCII, with a letter or a digit in it: `-` stands for none in many logs.
fn request_id(value: &[u8]) -> Option<&[u8]> {
    let is_one = (1..=REQUEST_ID_BYTES_MAX).contains(&value.len())
        && value.iter().all(u8::is_ascii_graphic)
        && value.iter().any(u8::is_ascii_alphanumeric)
        && !value.eq_ignore_ascii_case(b"null");
    is_one.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: [u8; 16] = [0x46, 0x3a, 0xc3, 0x5c, 0x9f, 0x64, 0x13, 0xad, 0x48, 0x48, 0x5a, 0x39, 0x53, 0xbb, 0x61, 0x24];
    const SPAN: [u8; 8] = [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];

    #[test]
    fn headers() {
        let of = |flags| Some(Told { trace_id: TRACE, span_id: Some(SPAN), flags });
        assert_eq!(traceparent(b"00-463ac35c9f6413ad48485a3953bb6124-00f067aa0ba902b7-01"), of(1));
        assert_eq!(b3(b"463ac35c9f6413ad48485a3953bb6124-00f067aa0ba902b7-d-05e3ac9a4f6e3b90"), of(1));
        assert_eq!(b3(b"463ac35c9f6413ad48485a3953bb6124-00f067aa0ba902b7-0"), of(0));
        assert_eq!(b3(b"0"), None);
        assert_eq!(jaeger(b"463ac35c9f6413ad48485a3953bb6124:f067aa0ba902b7:0:1"), of(1));
        assert_eq!(jaeger(b"463ac35c9f6413ad48485a3953bb6124%3Af067aa0ba902b7%3a0%3A3"), of(1));
        assert_eq!(amazon(b"Root=1-463ac35c-9f6413ad48485a3953bb6124;Parent=00f067aa0ba902b7;Sampled=1"), of(1));
        assert_eq!(
            amazon(b"Self=1-67891234-12456789abcdef012345678; Root=1-463ac35c-9f6413ad48485a3953bb6124").map(|it| it.trace_id),
            Some(TRACE)
        );
        assert_eq!(google(b"463ac35c9f6413ad48485a3953bb6124/67667974448284343;o=1"), of(1));
        assert_eq!(google(b"463ac35c9f6413ad48485a3953bb6124").map(|it| it.span_id), Some(None));
        assert_eq!(trace_id(b"1-463ac35c-9f6413ad48485a3953bb6124"), Some(TRACE));
    }

    #[test]
    fn what_is_invalid_is_none() {
        for value in
            ["", "0", "-", "00000000000000000000000000000000", "463ac35c9f6413ad48485a3953bb612", "463ac35c9f6413ad48485a3953bb6124f"]
        {
            let value = value.as_bytes();
            assert_eq!((traceparent(value), b3(value), jaeger(value), amazon(value), google(value), trace_id(value)), Default::default());
        }
        assert_eq!(traceparent(b"00-00000000000000000000000000000000-00f067aa0ba902b7-01"), None);
        assert_eq!(jaeger(b"0:f067aa0ba902b7:0:1"), None);
        assert_eq!(jaeger(b"463ac35c9f6413ad:0:0:1"), None);
        assert_eq!(amazon(b"Root=1-00000000-000000000000000000000000"), None);
        assert_eq!(amazon(b"Root=2-463ac35c-9f6413ad48485a3953bb6124"), None);
        for value in ["", "-", "null", "two words", "caf\u{e9}"] {
            assert_eq!(request_id(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn the_surest_counts_and_others_of_the_same_trace_help() {
        let mut found = Found::default();
        found.tell(Says::TraceId, b"0af7651916cd43dd8448eb211c80319c");
        found.tell(Says::Amazon, b"Root=1-463ac35c-9f6413ad48485a3953bb6124");
        assert_eq!(found.trace(), Some((Source::Amazon, Told { trace_id: TRACE, span_id: None, flags: 0 })));
        found.tell(Says::B3Trace, b"463ac35c9f6413ad48485a3953bb6124");
        assert_eq!(found.span_of(TRACE), None);
        found.tell(Says::B3Span, b"00f067aa0ba902b7");
        assert_eq!(found.span_of(TRACE).and_then(|it| it.1.span_id), Some(SPAN));
        assert_eq!(found.span_of([1; 16]), None, "another trace's span");
        let mut found = Found::default();
        found.tell(Says::SpanId, b"00f067aa0ba902b7");
        assert_eq!(found.trace(), None);
        assert_eq!(found.span_of([1; 16]).and_then(|it| it.1.span_id), Some(SPAN));
    }
}
