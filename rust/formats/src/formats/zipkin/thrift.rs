//! Thrift of version 1, as [zipkinCore.thrift](https://github.com/openzipkin/zipkin-api/blob/master/thrift/zipkinCore.thrift) has it: a list of
//! spans, or one span, in the binary protocol.

use logloom_record::{BatchWriter, RejectReason, Text};

use super::{
    SPEC,
    endpoint::{Endpoint, nanoseconds},
    v1::{Annotation, V1, typed},
};
use crate::{
    Likely,
    spans::{Original, Repaired, Repairs, Value, plain},
    thrift::{Binary, Protocol, Type},
};

/// A list of structs whose first field is a trace id.
pub(super) fn likely(body: &[u8]) -> Likely {
    let counted = body.first() == Some(&0x0c) && body.get(1..5).is_some_and(|count| count != [0; 4]);
    if counted && body.get(5..8) == Some(&[0x0a, 0, 1]) { Likely(96) } else { Likely::NO }
}

/// Reads all spans of a body. One that says what it should not is a Reject beside the others; where the bytes are no thrift any more, nothing behind
/// has a known place, and the rest of the body is one.
pub(super) fn parse(frame: Text<'_>, out: &mut BatchWriter) -> Result<()> {
    let mut reader = Binary::new(frame, 0);
    let count = if frame.bytes().first() == Some(&0x0c) {
        match reader.list()? {
            (Type::Struct, count) => count,
            (_, 0) => 0,
            _ => return Err(RejectReason::syntax("expected a list of structs: spans", 0)),
        }
    } else {
        1
    };
    let repairs = Repairs::default();
    let mut texts = Repaired::new(&repairs);
    let mut span = V1::default();
    for _ in 0..count {
        let start = reader.position();
        span.clear();
        texts.is_repaired = false;
        let read = fill(reader, &mut span, &mut texts);
        let (after, wrong) = match read {
            Ok(read) => read,
            Err(reason) => {
                reject(frame.after(start), reason, start, out);
                return Ok(());
            }
        };
        reader = after;
        let raw = frame.slice(start..reader.position());
        let result = match wrong {
            Some(reason) => Err(reason),
            None => write(&mut span, raw, texts.is_repaired, out),
        };
        if let Err(reason) = result {
            reject(raw, reason, start, out);
        }
        // One body may have spans of any number of services: here the lanes are kept under their bound.
        out.end_frame();
    }
    if reader.remaining() > 0 {
        let start = reader.position();
        reject(frame.after(start), RejectReason::syntax("expected nothing after the spans", start), start, out);
    }
    Ok(())
}

fn reject(raw: Text<'_>, reason: RejectReason, start: usize, out: &mut BatchWriter) {
    let at = reason.at.saturating_sub(start as u32);
    out.reject(raw.bytes(), RejectReason { at, ..reason }, out.frame_offset() + start as u64, SPEC.name);
}

fn write<'a>(span: &mut V1<'a>, raw: Text<'a>, is_repaired: bool, out: &mut BatchWriter) -> Result<()> {
    if raw.len() > out.limits().frame_bytes_max {
        return Err(RejectReason::limit("the span is longer than frame_bytes_max", 0));
    }
    if is_repaired {
        out.set_raw(Some(raw.bytes().to_vec()));
    }
    let original = if out.keeps_original() { Original::Bytes(raw) } else { Original::None };
    let result = out.attempt(|out| span.write(original, out));
    out.set_raw(None);
    result
}

type Result<T> = std::result::Result<T, RejectReason>;

/// Reads one span to its end; and what is wrong with its values.
#[inline]
fn fill<'a>(mut reader: Binary<'a>, span: &mut V1<'a>, texts: &mut Repaired<'a>) -> Result<(Binary<'a>, Option<RejectReason>)> {
    let (mut last, mut wrong) = (0, None);
    let (mut high, mut low, mut last_host) = (0i64, 0i64, None);
    while let Some((what, number)) = reader.field(&mut last)? {
        let at = reader.position();
        match (number, what) {
            (1, Type::I64) => low = reader.i64()?,
            (3, Type::Binary) => span.name = Some(plain(texts.text(reader.binary()?))),
            (4, Type::I64) => span.id = reader.i64()?.to_be_bytes(),
            (5, Type::I64) => span.parent_id = reader.i64()?.to_be_bytes(),
            (6, Type::List) => reader = annotations(reader, span, texts, &mut wrong, &mut last_host)?,
            (8, Type::List) => reader = binary_annotations(reader, span, texts, &mut last_host)?,
            (9, Type::Bool) => span.debug = reader.bool()?,
            (10, Type::I64) => match nanoseconds(reader.i64()?) {
                Some(nanos) => span.start_nanos = nanos as u64,
                None => wrong = wrong.or(Some(RejectReason::value("timestamp is not in microseconds", at))),
            },
            (11, Type::I64) => match nanoseconds(reader.i64()?) {
                Some(nanos) => span.duration_nanos = Some(nanos).filter(|nanos| *nanos != 0),
                None => wrong = wrong.or(Some(RejectReason::value("duration is not in microseconds", at))),
            },
            (12, Type::I64) => high = reader.i64()?,
            _ => reader.skip(what)?,
        }
    }
    span.trace_id = (u128::from(high as u64) << 64 | u128::from(low as u64)).to_be_bytes();
    Ok((reader, wrong))
}

fn structs(reader: &mut Binary<'_>) -> Result<usize> {
    let at = reader.position();
    match reader.list()? {
        (Type::Struct, count) => Ok(count),
        (_, 0) => Ok(0),
        _ => Err(RejectReason::syntax("expected a list of structs", at)),
    }
}

fn annotations<'a>(
    mut reader: Binary<'a>,
    span: &mut V1<'a>,
    texts: &mut Repaired<'a>,
    wrong: &mut Option<RejectReason>,
    last_host: &mut LastHost<'a>,
) -> Result<Binary<'a>> {
    for _ in 0..structs(&mut reader)? {
        let mut annotation = Annotation { nanos: 0, value: None, host: None };
        let mut last = 0;
        while let Some((what, number)) = reader.field(&mut last)? {
            let at = reader.position();
            match (number, what) {
                (1, Type::I64) => match nanoseconds(reader.i64()?) {
                    Some(nanos) => annotation.nanos = nanos as u64,
                    None => *wrong = wrong.or(Some(RejectReason::value("an annotation's timestamp is not in microseconds", at))),
                },
                (2, Type::Binary) => annotation.value = Some(plain(texts.text(reader.binary()?))),
                (3, Type::Struct) => annotation.host = Some(host(&mut reader, span, texts, last_host)?),
                _ => reader.skip(what)?,
            }
        }
        span.annotations.push(annotation);
    }
    Ok(reader)
}

fn binary_annotations<'a>(
    mut reader: Binary<'a>,
    span: &mut V1<'a>,
    texts: &mut Repaired<'a>,
    last_host: &mut LastHost<'a>,
) -> Result<Binary<'a>> {
    let mut last_rest: Option<(&[u8], Option<usize>)> = None;
    for _ in 0..structs(&mut reader)? {
        let (mut key, mut bytes, mut kind, mut at_host) = (Text::EMPTY, Text::EMPTY, 6, None);
        let mut last = 0;
        let usual = usual_annotation(reader);
        if let Some((name, value, behind)) = usual {
            reader = behind;
            (key, bytes) = (texts.text(name), value);
            if let Some((rest, host)) = last_rest
                && reader.pass_equal(rest)
            {
                span.tag(plain(key), Value::Str(plain(texts.text(bytes))), host);
                continue;
            }
        }
        let mut is_usual = true;
        while let Some((what, number)) = reader.field(&mut last)? {
            is_usual &= number > 2;
            match (number, what) {
                (1, Type::Binary) => key = texts.text(reader.binary()?),
                (2, Type::Binary) => bytes = reader.binary()?,
                (3, Type::I32) => kind = i64::from(reader.i32()?),
                (4, Type::Struct) => at_host = Some(host(&mut reader, span, texts, last_host)?),
                _ => reader.skip(what)?,
            }
        }
        // What follows key and value says the same of the next one: that it is a text, and where it was set.
        if let Some((_, _, behind)) = usual
            && kind == 6
            && is_usual
        {
            last_rest = Some((behind.until(reader.position()), at_host));
        }
        // A value of another length than its type has is kept as it is.
        let value = if kind == 6 { Value::Str(plain(texts.text(bytes))) } else { typed(kind, bytes).unwrap_or(Value::Bytes(bytes)) };
        span.tag(plain(key), value, at_host);
    }
    Ok(reader)
}

/// The first two fields of an annotation, where they are key and value in the order of their numbers, as all libraries write them; and the reader
/// behind them.
#[inline(always)]
fn usual_annotation(mut reader: Binary<'_>) -> Option<(Text<'_>, Text<'_>, Binary<'_>)> {
    let key = reader.pass_equal(&[0x0b, 0, 1]).then(|| reader.binary().ok())??;
    let value = reader.pass_equal(&[0x0b, 0, 2]).then(|| reader.binary().ok())??;
    Some((key, value, reader))
}

/// The bytes of the last endpoint, and where it is kept.
type LastHost<'a> = Option<(&'a [u8], usize)>;

/// Reads an endpoint; where it is kept. Mostly it is the last one once more, byte for byte.
#[inline]
fn host<'a>(reader: &mut Binary<'a>, span: &mut V1<'a>, texts: &mut Repaired<'a>, last_host: &mut LastHost<'a>) -> Result<usize> {
    if let Some((bytes, number)) = *last_host
        && reader.pass_equal(bytes)
    {
        return Ok(number);
    }
    let before = *reader;
    let number = span.host(endpoint(reader, texts)?);
    *last_host = Some((before.until(reader.position()), number));
    Ok(number)
}

#[inline]
fn endpoint<'a>(reader: &mut Binary<'a>, texts: &mut Repaired<'a>) -> Result<Endpoint<'a>> {
    let mut endpoint = Endpoint::default();
    let mut last = 0;
    while let Some((what, number)) = reader.field(&mut last)? {
        match (number, what) {
            (1, Type::I32) => endpoint.ipv4 = address(*reader, reader.i32()? != 0),
            (2, Type::I16) => endpoint.port = i64::from(reader.i16()? as u16),
            (3, Type::Binary) => endpoint.service = Some(plain(texts.text(reader.binary()?))).filter(|name| !name.text.is_empty()),
            (4, Type::Binary) => {
                let ip = reader.binary()?;
                endpoint.ipv6 = (ip.len() == 16).then_some(Value::Address(ip));
            }
            _ => reader.skip(what)?,
        }
    }
    Ok(endpoint)
}

/// The four bytes that stand next, as an address.
#[inline(always)]
fn address(reader: Binary<'_>, is_known: bool) -> Option<Value<'_>> {
    is_known.then(|| Value::Address(reader.fixed::<4>()))
}
