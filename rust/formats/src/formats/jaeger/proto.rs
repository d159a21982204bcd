//! Protobuf, as [api_v2](https://github.com/jaegertracing/jaeger-idl/tree/main/proto/api_v2) has it: a `PostSpansRequest`, or the `Batch` in it.

use logloom_record::{
    BatchWriter, RejectReason, Text,
    proto::{Fields, Value as Wire, push_field, varint},
};

use super::{SPEC, reference};
use crate::{
    Likely, ids,
    spans::{Event, Owner, Repaired, Repairs, Span, Tag, Value, plain},
};

/// A span begins with its trace id.
const SPAN: &[u8] = b"\x0a\x10";

/// Whether the content of the first field is a batch (which begins with a span, or a process) or a span. `None` where that begins later.
pub(super) fn is_message(content: &[u8]) -> Option<bool> {
    match *content.first()? {
        0x12 => Some(true),
        0x0a if *content.get(1)? == 0x10 => Some(true),
        0x0a => {
            let rest = content.get(1..)?;
            let Some((_, used)) = varint(rest) else { return if rest.len() < 10 { None } else { Some(false) } };
            Some(rest.get(used..used + 2)? == SPAN)
        }
        _ => Some(false),
    }
}

/// A request whose first span goes on with its own id; a batch by itself only where its span cannot be one of Zipkin's.
pub(super) fn likely(body: &[u8]) -> Likely {
    let enter = |bytes: &'_ [u8]| {
        let rest = bytes.strip_prefix(b"\x0a")?;
        Some(varint(rest)?.1 + 1)
    };
    let at = |start: usize| body.get(start..).unwrap_or_default();
    let Some(batch) = enter(body) else { return Likely::NO };
    let is_span = |start: usize| at(start).starts_with(SPAN) && at(start + 18).starts_with(b"\x12\x08");
    if let Some(used) = enter(at(batch))
        && is_span(batch + used)
    {
        return Likely(97);
    }
    if is_span(batch) && at(batch + 28).first() == Some(&0x1a) && at(batch + 29).first() != Some(&8) { Likely(94) } else { Likely::NO }
}

/// Reads all spans of a body; a bad one is a Reject beside the others. What is around them is checked before.
pub(super) fn parse(frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let repairs = Repairs::default();
    let mut texts = Repaired::new(&repairs);
    let first = Fields::new(frame.bytes()).flatten().find_map(|field| if let (1, Wire::Len(inner)) = field { Some(inner) } else { None });
    if first.is_some_and(|inner| inner.starts_with(SPAN)) || frame.bytes().first() == Some(&0x12) {
        return batch(frame, 0, &mut texts, out);
    }
    let mut batches = Vec::new();
    let mut fields = Fields::new(frame.bytes());
    while let Some(field) = fields.next() {
        if let (1, Wire::Len(inner)) = field.map_err(|bad| RejectReason::syntax("the message is cut, or no protobuf", bad.at))? {
            let start = fields.position() - inner.len();
            check(frame.slice(start..fields.position()), start)?;
            batches.push(start..fields.position());
        }
    }
    if batches.is_empty() {
        return Err(RejectReason::value("the message has no batch: it is another one", 0));
    }
    for range in batches {
        let raw = frame.slice(range.clone());
        if let Err(reason) = batch(raw, range.start, &mut texts, out) {
            out.reject(raw.bytes(), reason, out.frame_offset() + range.start as u64, SPEC.name);
        }
    }
    Ok(())
}

/// Whether a batch has its fields, spans among them or not.
fn check(batch: Text<'_>, start: usize) -> Result<(), RejectReason> {
    let mut fields = Fields::new(batch.bytes());
    loop {
        let at = start + fields.position();
        let Some(field) = fields.next() else { return Ok(()) };
        match field.map_err(|bad| RejectReason::syntax("the batch is cut, or no protobuf", start + bad.at))? {
            (1 | 2, Wire::Len(_)) => {}
            (1 | 2, _) => return Err(RejectReason::value("a field is not of its type: this is no batch", at)),
            _ => {}
        }
    }
}

/// Reads a batch that begins `start` bytes into the frame.
fn batch<'a>(raw: Text<'a>, start: usize, texts: &mut Repaired<'a>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    check(raw, start)?;
    let mut common = Process::default();
    let mut fields = Fields::new(raw.bytes());
    while let Some(Ok(field)) = fields.next() {
        if let (2, Wire::Len(part)) = field {
            let part = raw.slice(fields.position() - part.len()..fields.position());
            common = process(part, texts)?;
        }
    }
    let mut fields = Fields::new(raw.bytes());
    while let Some(Ok(field)) = fields.next() {
        let (1, Wire::Len(message)) = field else { continue };
        let from = fields.position() - message.len();
        if let Err(reason) = span(raw.slice(from..fields.position()), &common, texts, out) {
            out.reject(message, reason, out.frame_offset() + (start + from) as u64, SPEC.name);
        }
        // Spans may have processes of their own: here the lanes are kept under their bound.
        out.end_frame();
    }
    Ok(())
}

/// Whose spans they are.
#[derive(Default)]
struct Process<'a> {
    key: Text<'a>,
    service: Option<Text<'a>>,
    tags: Vec<Tag<'a>>,
}

impl<'a> Process<'a> {
    fn owner(&self) -> Owner<'a, '_> {
        Owner { key: self.key, service: self.service.map(plain), tags: &self.tags }
    }
}

fn process<'a>(raw: Text<'a>, texts: &mut Repaired<'a>) -> Result<Process<'a>, RejectReason> {
    let mut process = Process { key: raw, service: Some(Text::EMPTY), tags: Vec::new() };
    let mut fields = Fields::new(raw.bytes());
    while let Some(field) = fields.next() {
        let text = |inner: &[u8]| raw.slice(fields.position() - inner.len()..fields.position());
        match field.map_err(|_| malformed())? {
            (1, Wire::Len(name)) => process.service = Some(texts.text(text(name))),
            (2, Wire::Len(part)) => process.tags.push(tag(text(part), texts)?),
            _ => {}
        }
    }
    Ok(process)
}

#[cold]
fn malformed() -> RejectReason {
    RejectReason::syntax("a part of the span is cut, or no protobuf", 0)
}

fn span<'a>(raw: Text<'a>, common: &Process<'a>, texts: &mut Repaired<'a>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    if raw.len() > out.limits().frame_bytes_max {
        return Err(RejectReason::limit("the span is longer than frame_bytes_max", 0));
    }
    texts.is_repaired = false;
    let mut span = Span::begin();
    let result = fill(raw, &mut span, texts).and_then(|own| {
        let owner = own.as_ref().unwrap_or(common).owner();
        span.write_binary(&owner, raw, texts.is_repaired, out)
    });
    span.end();
    result
}

/// Reads one span, and the process that it may have by itself.
#[inline]
fn fill<'a>(raw: Text<'a>, span: &mut Span<'a>, texts: &mut Repaired<'a>) -> Result<Option<Process<'a>>, RejectReason> {
    let (mut flags, mut warnings, mut own) = (0, Vec::new(), None);
    let mut unknown = Vec::new();
    let mut fields = Fields::new(raw.bytes());
    loop {
        let at = fields.position();
        let Some(field) = fields.next() else { break };
        let text = |inner: &[u8]| raw.slice(fields.position() - inner.len()..fields.position());
        match field.map_err(|bad| RejectReason::syntax("the span is cut, or no protobuf", bad.at))? {
            (1, Wire::Len(id)) => span.trace_id = ids::widened(id).ok_or_else(|| RejectReason::value("trace_id is not 16 bytes", at))?,
            (2, Wire::Len(id)) => span.span_id = id.try_into().map_err(|_| RejectReason::value("span_id is not 8 bytes", at))?,
            (3, Wire::Len(name)) => span.name = Some(plain(texts.text(text(name)))),
            (4, Wire::Len(part)) => reference(part, span)?,
            (5, Wire::Varint(number)) => flags = number as u32,
            (6, Wire::Len(part)) => {
                span.start_unix_nano =
                    nanoseconds(part).ok_or_else(|| RejectReason::value("start_time is before 1970 or too large", at))? as u64;
            }
            (7, Wire::Len(part)) => {
                span.duration_ns = Some(nanoseconds(part).ok_or_else(|| RejectReason::value("duration is negative or too large", at))?);
            }
            (8, Wire::Len(part)) => {
                let tag = tag(text(part), texts)?;
                span.tags.push(tag);
            }
            (9, Wire::Len(part)) => log(text(part), span, texts)?,
            (10, Wire::Len(part)) => own = Some(process(text(part), texts)?),
            (12, Wire::Len(warning)) => push_warning(&mut warnings, texts.text(text(warning))),
            (1..=12, Wire::Len(_)) => {}
            (number @ 13.., value) => unknown.push(texts.unknown("jaeger", number, value, &unknown)),
            _ => return Err(RejectReason::value("a field is not of its type: this is no span", at)),
        }
    }
    if span.trace_id == [0; 16] || span.span_id == [0; 8] {
        return Err(RejectReason::value("a span needs trace_id and span_id, not all zeros", 0));
    }
    span.unknown(&unknown);
    // Both times are there, as their messages are, even where all of them is zero.
    span.duration_ns = span.duration_ns.or(Some(0));
    let warnings = if warnings.is_empty() { None } else { Some(Value::Encoded(texts.keep(list(&warnings)))) };
    reference::settle(span, flags, warnings);
    Ok(own)
}

/// Appends a string as an item of OTLP's list.
#[cold]
fn push_warning(warnings: &mut Vec<u8>, text: Text<'_>) {
    let mut any = Vec::new();
    push_field(&mut any, 0x0a, text.bytes());
    push_field(warnings, 0x0a, &any);
}

/// The items as an `AnyValue`.
#[cold]
fn list(items: &[u8]) -> Vec<u8> {
    let mut any = Vec::new();
    push_field(&mut any, 0x2a, items);
    any
}

/// A `Timestamp` or `Duration` as nanoseconds, which are not negative.
#[inline]
fn nanoseconds(part: &[u8]) -> Option<i64> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    for field in Fields::new(part) {
        match field.ok()? {
            (1, Wire::Varint(value)) => seconds = value as i64,
            (2, Wire::Varint(value)) => nanos = i64::from(value as i32),
            _ => {}
        }
    }
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos).filter(|nanos| *nanos >= 0)
}

fn reference(part: &[u8], span: &mut Span<'_>) -> Result<(), RejectReason> {
    let (mut trace_id, mut span_id, mut kind) = ([0; 16], [0; 8], 0);
    for field in Fields::new(part) {
        let wrong = || RejectReason::value("a reference's ids are not 16 and 8 bytes", 0);
        match field.map_err(|_| malformed())? {
            (1, Wire::Len(id)) => trace_id = ids::widened(id).ok_or_else(wrong)?,
            (2, Wire::Len(id)) => span_id = id.try_into().map_err(|_| wrong())?,
            (3, Wire::Varint(number)) => kind = number,
            _ => {}
        }
    }
    let kind = match kind {
        0 => reference::CHILD_OF,
        1 => reference::FOLLOWS_FROM,
        _ => "",
    };
    reference::push(span, kind, trace_id, span_id);
    Ok(())
}

#[inline]
fn tag<'a>(part: Text<'a>, texts: &mut Repaired<'a>) -> Result<Tag<'a>, RejectReason> {
    let (mut name, mut kind, mut value) = (Text::EMPTY, 0, None);
    let mut fields = Fields::new(part.bytes());
    while let Some(field) = fields.next() {
        let text = |inner: &[u8]| part.slice(fields.position() - inner.len()..fields.position());
        match field.map_err(|_| malformed())? {
            (1, Wire::Len(key)) => name = texts.text(text(key)),
            (2, Wire::Varint(number)) => kind = number,
            (3, Wire::Len(inner)) if kind == 0 => value = Some(Value::Str(plain(texts.text(text(inner))))),
            (4, Wire::Varint(flag)) if kind == 1 => value = Some(Value::Bool(flag != 0)),
            (5, Wire::Varint(number)) if kind == 2 => value = Some(Value::Int(number as i64)),
            (6, Wire::Fixed64(bits)) if kind == 3 => value = Some(Value::Double(f64::from_bits(bits))),
            (7, Wire::Len(inner)) if kind == 4 => value = Some(Value::Bytes(text(inner))),
            _ => {}
        }
    }
    let value = value.unwrap_or(match kind {
        1 => Value::Bool(false),
        2 => Value::Int(0),
        3 => Value::Double(0.0),
        4 => Value::Bytes(Text::EMPTY),
        _ => Value::Str(plain(Text::EMPTY)),
    });
    Ok(Tag::new(plain(name), value))
}

#[inline]
fn log<'a>(part: Text<'a>, span: &mut Span<'a>, texts: &mut Repaired<'a>) -> Result<(), RejectReason> {
    let from = span.fields.len();
    let mut event = Event { time_unix_nano: 0, name: None, fields: from..from, dropped: 0 };
    let mut fields = Fields::new(part.bytes());
    while let Some(field) = fields.next() {
        let text = |inner: &[u8]| part.slice(fields.position() - inner.len()..fields.position());
        match field.map_err(|_| malformed())? {
            (1, Wire::Len(time)) => {
                let wrong = || RejectReason::value("a log's timestamp is before 1970 or too large", 0);
                event.time_unix_nano = nanoseconds(time).ok_or_else(wrong)? as u64;
            }
            (2, Wire::Len(inner)) => {
                let tag = tag(text(inner), texts)?;
                span.fields.push(tag);
            }
            _ => {}
        }
    }
    event.fields.end = span.fields.len();
    span.events.push(event);
    Ok(())
}
