//! Protobuf of version 2, as [zipkin.proto](https://github.com/openzipkin/zipkin-api/blob/master/zipkin.proto) has it: a `ListOfSpans`.

use logloom_record::{
    BatchWriter, RejectReason, Text,
    proto::{Fields, Value as Wire, varint},
};

use super::{
    SPEC,
    endpoint::{Endpoint, Facts, nanoseconds},
};
use crate::{
    Likely, ids,
    spans::{Event, Kind, Owner, Repaired, Repairs, Span, Value, plain},
};

/// Whether the content of the first field is a span, which begins with its trace id of 8 or 16 bytes. `None` where it begins later.
pub(super) fn is_message(content: &[u8]) -> Option<bool> {
    Some(content.first()? == &0x0a && matches!(content.get(1)?, 8 | 16))
}

/// A span that goes on behind its trace id with another id of 8 bytes.
pub(super) fn likely(body: &[u8]) -> Likely {
    let content = || {
        let rest = body.strip_prefix(b"\x0a")?;
        rest.get(varint(rest)?.1..)
    };
    let is_span = || {
        let content = content().filter(|content| is_message(content) == Some(true))?;
        let id = content.get(2 + usize::from(*content.get(1)?)..)?;
        Some(matches!(id.first_chunk()?, [0x12 | 0x1a, 8]))
    };
    if is_span() == Some(true) { Likely(96) } else { Likely::NO }
}

/// Reads all spans of a body; a bad one is a Reject beside the others, and so is what is no protobuf, to the end.
pub(super) fn parse(frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let bytes = frame.bytes();
    let repairs = Repairs::default();
    let mut texts = Repaired::new(&repairs);
    let mut fields = Fields::new(bytes);
    let mut has_spans = false;
    loop {
        let start = fields.position();
        let Some(field) = fields.next() else { break };
        match field {
            Ok((1, Wire::Len(message))) => {
                has_spans = true;
                let start = fields.position() - message.len();
                let raw = frame.slice(start..fields.position());
                if let Err(reason) = span(raw, &mut texts, out) {
                    out.reject(message, reason, out.frame_offset() + start as u64, SPEC.name);
                }
                // One body may have spans of any number of services: here the lanes are kept under their bound.
                out.end_frame();
            }
            Ok(_) => {}
            Err(_) if has_spans => {
                let reason = RejectReason::syntax("the message is cut, or no protobuf", 0);
                out.reject(frame.after(start).bytes(), reason, out.frame_offset() + start as u64, SPEC.name);
                break;
            }
            Err(bad) => return Err(RejectReason::syntax("the message is cut, or no protobuf", bad.at)),
        }
    }
    if has_spans { Ok(()) } else { Err(RejectReason::value("the message has no spans: it is another one", 0)) }
}

fn span<'a>(raw: Text<'a>, texts: &mut Repaired<'a>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    if raw.len() > out.limits().frame_bytes_max {
        return Err(RejectReason::limit("the span is longer than frame_bytes_max", 0));
    }
    texts.is_repaired = false;
    let mut span = Span::begin();
    let result = fill(raw, &mut span, texts).and_then(|owner| span.write_binary(&owner, raw, texts.is_repaired, out));
    span.end();
    result
}

/// Reads one span; whose it is.
#[inline]
fn fill<'a>(raw: Text<'a>, span: &mut Span<'a>, texts: &mut Repaired<'a>) -> Result<Owner<'a, 'a>, RejectReason> {
    let mut facts = Facts::default();
    let mut unknown = Vec::new();
    let mut fields = Fields::new(raw.bytes());
    loop {
        let at = fields.position();
        let Some(field) = fields.next() else { break };
        let text = |part: &[u8]| raw.slice(fields.position() - part.len()..fields.position());
        match field.map_err(|bad| RejectReason::syntax("the span is cut, or no protobuf", bad.at))? {
            (1, Wire::Len(id)) => {
                span.trace_id = ids::widened(id).ok_or_else(|| RejectReason::value("trace_id is not 8 or 16 bytes", at))?;
            }
            (2, Wire::Len([])) => {}
            (2, Wire::Len(id)) => {
                span.parent_span_id = id.try_into().map_err(|_| RejectReason::value("parent_id is not 8 bytes", at))?;
            }
            (3, Wire::Len(id)) => span.span_id = id.try_into().map_err(|_| RejectReason::value("id is not 8 bytes", at))?,
            (4, Wire::Varint(kind)) => {
                span.kind = match kind {
                    1 => Some(Kind::Client),
                    2 => Some(Kind::Server),
                    3 => Some(Kind::Producer),
                    4 => Some(Kind::Consumer),
                    _ => None,
                };
                facts.other_kind = if kind > 4 { Some(Value::Int(kind as i64)) } else { None };
            }
            (5, Wire::Len(name)) => span.name = Some(plain(texts.text(text(name)))),
            (6, Wire::Fixed64(micros)) => {
                let nanos = i64::try_from(micros).ok().and_then(nanoseconds);
                span.start_unix_nano = nanos.ok_or_else(|| RejectReason::value("timestamp is not in microseconds", at))? as u64;
            }
            (7, Wire::Varint(micros)) => {
                let nanos = i64::try_from(micros).ok().and_then(nanoseconds);
                span.duration_ns =
                    Some(nanos.ok_or_else(|| RejectReason::value("duration is not in microseconds", at))?).filter(|n| *n != 0);
            }
            (8, Wire::Len(part)) => facts.local = endpoint(text(part), texts)?,
            (9, Wire::Len(part)) => facts.remote = endpoint(text(part), texts)?,
            (10, Wire::Len(part)) => annotation(text(part), span, texts)?,
            (11, Wire::Len(part)) => tag(text(part), span, texts)?,
            (12, Wire::Varint(debug)) => facts.debug = debug != 0,
            (13, Wire::Varint(shared)) => facts.shared = shared != 0,
            (1..=13, _) => return Err(RejectReason::value("a field is not of its type: this is no span", at)),
            (number, value) => unknown.push(texts.unknown("zipkin", number, value, &unknown)),
        }
    }
    if span.trace_id == [0; 16] || span.span_id == [0; 8] {
        return Err(RejectReason::value("a span needs trace_id and id, not all zeros", 0));
    }
    span.unknown(&unknown);
    Ok(facts.settle(span))
}

#[cold]
fn malformed() -> RejectReason {
    RejectReason::syntax("a part of the span is cut, or no protobuf", 0)
}

#[inline]
fn endpoint<'a>(part: Text<'a>, texts: &mut Repaired<'a>) -> Result<Endpoint<'a>, RejectReason> {
    let mut endpoint = Endpoint::default();
    let mut fields = Fields::new(part.bytes());
    while let Some(field) = fields.next() {
        let text = |inner: &[u8]| part.slice(fields.position() - inner.len()..fields.position());
        match field.map_err(|_| malformed())? {
            (1, Wire::Len(name)) => endpoint.service = Some(plain(texts.text(text(name)))).filter(|name| !name.text.is_empty()),
            (2, Wire::Len(ip)) if ip.len() == 4 => endpoint.ipv4 = Some(Value::Address(text(ip))),
            (3, Wire::Len(ip)) if ip.len() == 16 => endpoint.ipv6 = Some(Value::Address(text(ip))),
            (4, Wire::Varint(port)) => endpoint.port = i64::from(port as i32),
            _ => {}
        }
    }
    Ok(endpoint)
}

#[inline]
fn annotation<'a>(part: Text<'a>, span: &mut Span<'a>, texts: &mut Repaired<'a>) -> Result<(), RejectReason> {
    let mut event = Event { time_unix_nano: 0, name: None, fields: 0..0, dropped: 0 };
    let mut fields = Fields::new(part.bytes());
    while let Some(field) = fields.next() {
        match field.map_err(|_| malformed())? {
            (1, Wire::Fixed64(micros)) => {
                let nanos = i64::try_from(micros).ok().and_then(nanoseconds);
                let wrong = || RejectReason::value("an annotation's timestamp is not in microseconds", 0);
                event.time_unix_nano = nanos.ok_or_else(wrong)? as u64;
            }
            (2, Wire::Len(value)) => {
                event.name = Some(plain(texts.text(part.slice(fields.position() - value.len()..fields.position()))));
            }
            _ => {}
        }
    }
    span.events.push(event);
    Ok(())
}

#[inline]
fn tag<'a>(part: Text<'a>, span: &mut Span<'a>, texts: &mut Repaired<'a>) -> Result<(), RejectReason> {
    if let Some(name_len) = short_pair(part.bytes()) {
        let (name, value) = (texts.text(part.slice(2..2 + name_len)), texts.text(part.after(4 + name_len)));
        span.tag(plain(name), Value::Str(plain(value)));
        return Ok(());
    }
    let (mut name, mut value) = (Text::EMPTY, Text::EMPTY);
    let mut fields = Fields::new(part.bytes());
    while let Some(field) = fields.next() {
        let text = |inner: &[u8]| part.slice(fields.position() - inner.len()..fields.position());
        match field.map_err(|_| malformed())? {
            (1, Wire::Len(key)) => name = texts.text(text(key)),
            (2, Wire::Len(inner)) => value = texts.text(text(inner)),
            _ => {}
        }
    }
    span.tag(plain(name), Value::Str(plain(value)));
    Ok(())
}

/// The length of the name where a pair is what nearly all are: a name and a value, each of less than 128 bytes, and nothing else.
#[inline(always)]
fn short_pair(pair: &[u8]) -> Option<usize> {
    let [0x0a, name_len @ 0..=0x7f, rest @ ..] = pair else { return None };
    let name_len = usize::from(*name_len);
    let [0x12, value_len @ 0..=0x7f, value @ ..] = rest.get(name_len..)? else { return None };
    (value.len() == usize::from(*value_len)).then_some(name_len)
}
