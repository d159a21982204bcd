//! Thrift, as [jaeger.thrift](https://github.com/jaegertracing/jaeger-idl/blob/main/thrift/jaeger.thrift) has it: a `Batch` as its clients post it,
//! or the call that takes one as they send it over UDP; in the binary protocol or the compact one.

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memmem;

use super::{SPEC, reference};
use crate::{
    Likely,
    spans::{Event, Owner, Repaired, Repairs, Span, Tag, Value, plain},
    thrift::{Protocol, Type},
};

/// A batch whose first field is a process with its name; a message by the name of its method.
pub(super) fn likely(body: &[u8]) -> Likely {
    let head = body.get(..32).unwrap_or(body);
    let is_call = matches!(body.first(), Some(0x80 | 0x82 | 0)) && memmem::find(head, b"emitBatch").is_some();
    let is_binary = body.starts_with(&[0x0c, 0, 1, 0x0b, 0, 1, 0]);
    // Behind the name stand the process's tags, or its end.
    let compact_end = || body.get(3 + usize::from(*body.get(2)?));
    let is_compact = body.starts_with(&[0x1c, 0x18]) && matches!(compact_end(), Some(0x19 | 0));
    if is_call || is_binary || is_compact { Likely(96) } else { Likely::NO }
}

type Result<T> = std::result::Result<T, RejectReason>;

/// Reads all spans of a body. One that says what it should not is a Reject beside the others; where the bytes are no thrift any more, nothing behind
/// has a known place, and the rest of the body is one.
pub(super) fn parse<'a, P: Protocol<'a>>(frame: Text<'a>, out: &mut BatchWriter) -> Result<()> {
    let repairs = Repairs::default();
    let before = out.len();
    let mut reading = Reading { frame, read: 0, texts: Repaired::new(&repairs), out };
    match reading.body(P::new(frame, 0)) {
        Err(reason) if reading.out.len() > before => {
            let start = reading.read;
            reading.reject(frame.after(start), reason, start);
            Ok(())
        }
        result => result,
    }
}

/// A body that is being read. What has `'m` may be made, not only found in it.
struct Reading<'a, 'm, 'o> {
    frame: Text<'a>,
    /// How much of it has become records.
    read: usize,
    texts: Repaired<'m>,
    out: &'o mut BatchWriter,
}

/// Whose spans they are.
struct Process<'m> {
    key: Text<'m>,
    service: Text<'m>,
    tags: Vec<Tag<'m>>,
}

impl<'a: 'm, 'm> Reading<'a, 'm, '_> {
    /// A batch, or the call that takes one or more.
    fn body<P: Protocol<'a>>(&mut self, mut reader: P) -> Result<()> {
        if !matches!(self.frame.bytes().first(), Some(0x80 | 0x82 | 0)) {
            return self.batch(reader).map(drop);
        }
        let envelope = reader.envelope()?;
        if !matches!(envelope.method.bytes(), b"emitBatch" | b"submitBatches") {
            return Err(RejectReason::value("expected a call of emitBatch or submitBatches", 0));
        }
        let mut last = 0;
        while let Some((what, number)) = reader.field(&mut last)? {
            match (number, what) {
                (1, Type::Struct) => reader = self.batch(reader)?,
                (1, Type::List) => {
                    for _ in 0..structs(&mut reader)? {
                        reader = self.batch(reader)?;
                    }
                }
                _ => reader.skip(what)?,
            }
        }
        Ok(())
    }

    /// Reads a batch; the reader behind it.
    fn batch<P: Protocol<'a>>(&mut self, mut reader: P) -> Result<P> {
        let (mut process, mut early) = (None, None);
        let mut last = 0;
        while let Some((what, number)) = reader.field(&mut last)? {
            match (number, what) {
                (1, Type::Struct) => process = Some(self.process(&mut reader)?),
                (2, Type::List) if process.is_some() => reader = self.spans(reader, process.as_ref())?,
                // The process should come first. It may come yet.
                (2, Type::List) => {
                    early = Some(reader);
                    reader.skip(what)?;
                }
                _ => reader.skip(what)?,
            }
        }
        if let Some(spans) = early {
            self.spans(spans, process.as_ref())?;
        }
        Ok(reader)
    }

    fn reject(&mut self, raw: Text<'a>, reason: RejectReason, start: usize) {
        let at = reason.at.saturating_sub(start as u32);
        let offset = self.out.frame_offset() + start as u64;
        self.out.reject(raw.bytes(), RejectReason { at, ..reason }, offset, SPEC.name);
    }

    fn process<P: Protocol<'a>>(&mut self, reader: &mut P) -> Result<Process<'m>> {
        let start = reader.position();
        let mut process = Process { key: Text::EMPTY, service: Text::EMPTY, tags: Vec::new() };
        let mut last = 0;
        while let Some((what, number)) = reader.field(&mut last)? {
            match (number, what) {
                (1, Type::Binary) => process.service = self.texts.text(reader.binary()?),
                (2, Type::List) => *reader = tags(*reader, &mut process.tags, &mut self.texts)?,
                _ => reader.skip(what)?,
            }
        }
        process.key = self.frame.slice(start..reader.position());
        Ok(process)
    }

    /// Reads the list of spans that stands next; the reader behind it.
    fn spans<P: Protocol<'a>>(&mut self, mut reader: P, process: Option<&Process<'m>>) -> Result<P> {
        let owner = match process {
            Some(process) => Owner { key: process.key, service: Some(plain(process.service)), tags: &process.tags },
            None => Owner { key: Text::EMPTY, service: None, tags: &[] },
        };
        for _ in 0..structs(&mut reader)? {
            let start = reader.position();
            let mut span = Span::begin();
            self.texts.is_repaired = false;
            let read = fill(reader, &mut span, &mut self.texts);
            let written = read.map(|(after, wrong)| {
                reader = after;
                let raw = self.frame.slice(start..reader.position());
                if let Err(reason) = wrong.map_or_else(|| self.write(&mut span, &owner, raw), Err) {
                    self.reject(raw, reason, start);
                }
                self.read = reader.position();
                // Their scopes may be many: here the lanes are kept under their bound.
                self.out.end_frame();
            });
            span.end();
            written?;
        }
        Ok(reader)
    }

    fn write(&mut self, span: &mut Span<'m>, owner: &Owner<'m, '_>, raw: Text<'a>) -> Result<()> {
        if raw.len() > self.out.limits().frame_bytes_max {
            return Err(RejectReason::limit("the span is longer than frame_bytes_max", 0));
        }
        span.write_binary(owner, raw, self.texts.is_repaired, self.out)
    }
}

fn structs<'a, P: Protocol<'a>>(reader: &mut P) -> Result<usize> {
    let at = reader.position();
    match reader.list()? {
        (Type::Struct, count) => Ok(count),
        (_, 0) => Ok(0),
        _ => Err(RejectReason::syntax("expected a list of structs", at)),
    }
}

fn micros(value: i64) -> Option<i64> {
    value.checked_mul(1000).filter(|nanos| *nanos >= 0)
}

fn trace_id(high: i64, low: i64) -> [u8; 16] {
    (u128::from(high as u64) << 64 | u128::from(low as u64)).to_be_bytes()
}

/// Reads one span to its end; and what is wrong with its values.
#[inline]
fn fill<'a: 'm, 'm, P: Protocol<'a>>(mut reader: P, span: &mut Span<'m>, texts: &mut Repaired<'m>) -> Result<(P, Option<RejectReason>)> {
    let (mut high, mut low, mut flags, mut wrong) = (0, 0, 0, None);
    let mut last = 0;
    while let Some((what, number)) = reader.field(&mut last)? {
        let at = reader.position();
        match (number, what) {
            (1, Type::I64) => low = reader.i64()?,
            (2, Type::I64) => high = reader.i64()?,
            (3, Type::I64) => span.span_id = reader.i64()?.to_be_bytes(),
            (4, Type::I64) => span.parent_span_id = reader.i64()?.to_be_bytes(),
            (5, Type::Binary) => span.name = Some(plain(texts.text(reader.binary()?))),
            (6, Type::List) => reader = references(reader, span)?,
            (7, Type::I32) => flags = reader.i32()? as u32,
            (8, Type::I64) => match micros(reader.i64()?) {
                Some(nanos) => span.start_unix_nano = nanos as u64,
                None => wrong = wrong.or(Some(RejectReason::value("startTime is not in microseconds", at))),
            },
            (9, Type::I64) => match micros(reader.i64()?) {
                Some(nanos) => span.duration_ns = Some(nanos),
                None => wrong = wrong.or(Some(RejectReason::value("duration is not in microseconds", at))),
            },
            (10, Type::List) => reader = tags(reader, &mut span.tags, texts)?,
            (11, Type::List) => reader = logs(reader, span, texts, &mut wrong)?,
            _ => reader.skip(what)?,
        }
    }
    span.trace_id = trace_id(high, low);
    if span.trace_id == [0; 16] || span.span_id == [0; 8] {
        wrong = wrong.or(Some(RejectReason::value("a span needs a trace id and spanId, not all zeros", 0)));
    }
    reference::settle(span, flags, None);
    Ok((reader, wrong))
}

fn references<'a, P: Protocol<'a>>(mut reader: P, span: &mut Span<'_>) -> Result<P> {
    for _ in 0..structs(&mut reader)? {
        let (mut kind, mut low, mut high, mut span_id) = (0, 0, 0, 0);
        let mut last = 0;
        while let Some((what, number)) = reader.field(&mut last)? {
            match (number, what) {
                (1, Type::I32) => kind = reader.i32()?,
                (2, Type::I64) => low = reader.i64()?,
                (3, Type::I64) => high = reader.i64()?,
                (4, Type::I64) => span_id = reader.i64()?,
                _ => reader.skip(what)?,
            }
        }
        let kind = [reference::CHILD_OF, reference::FOLLOWS_FROM].get(kind as usize).copied().unwrap_or_default();
        reference::push(span, kind, trace_id(high, low), span_id.to_be_bytes());
    }
    Ok(reader)
}

#[inline]
fn tags<'a: 'm, 'm, P: Protocol<'a>>(mut reader: P, tags: &mut Vec<Tag<'m>>, texts: &mut Repaired<'m>) -> Result<P> {
    for _ in 0..structs(&mut reader)? {
        let (mut name, mut kind, mut value) = (Text::EMPTY, 0, None);
        let mut last = 0;
        while let Some((what, number)) = reader.field(&mut last)? {
            match (number, what) {
                (1, Type::Binary) => name = texts.text(reader.binary()?),
                (2, Type::I32) => kind = reader.i32()?,
                (3, Type::Binary) => value = Some(Value::Str(plain(texts.text(reader.binary()?)))),
                (4, Type::Double) => value = Some(Value::Double(reader.double()?)),
                (5, Type::Bool) => value = Some(Value::Bool(reader.bool()?)),
                (6, Type::I64) => value = Some(Value::Int(reader.i64()?)),
                (7, Type::Binary) => value = Some(Value::Bytes(reader.binary()?)),
                _ => reader.skip(what)?,
            }
        }
        // Some clients leave the value out where it is nothing.
        let value = value.unwrap_or(match kind {
            1 => Value::Double(0.0),
            2 => Value::Bool(false),
            3 => Value::Int(0),
            4 => Value::Bytes(Text::EMPTY),
            _ => Value::Str(plain(Text::EMPTY)),
        });
        tags.push(Tag::new(plain(name), value));
    }
    Ok(reader)
}

fn logs<'a: 'm, 'm, P: Protocol<'a>>(
    mut reader: P,
    span: &mut Span<'m>,
    texts: &mut Repaired<'m>,
    wrong: &mut Option<RejectReason>,
) -> Result<P> {
    for _ in 0..structs(&mut reader)? {
        let from = span.fields.len();
        let mut event = Event { time_unix_nano: 0, name: None, fields: from..from, dropped: 0 };
        let mut last = 0;
        while let Some((what, number)) = reader.field(&mut last)? {
            let at = reader.position();
            match (number, what) {
                (1, Type::I64) => match micros(reader.i64()?) {
                    Some(nanos) => event.time_unix_nano = nanos as u64,
                    None => *wrong = wrong.or(Some(RejectReason::value("a log's timestamp is not in microseconds", at))),
                },
                (2, Type::List) => reader = tags(reader, &mut span.fields, texts)?,
                _ => reader.skip(what)?,
            }
        }
        event.fields.end = span.fields.len();
        span.events.push(event);
    }
    Ok(reader)
}
