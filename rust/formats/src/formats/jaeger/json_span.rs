//! One span as JSON: as Jaeger's API and Elasticsearch have it, as thrift's and protobuf's fields are called, as Cassandra's columns are.

use logloom_record::{RejectReason, Text};

use super::{
    items::objects,
    json_tags::{logs, tag_map, tags},
    reference,
};
use crate::{
    ids,
    json::{Scanner, Str, Value as Json},
    proto_json::scalar::base64,
    spans::{self, Repaired, Span, Tag, Value},
    time,
};

/// How a span says whose it is.
pub(super) enum Belongs<'a> {
    None,
    Named(Str<'a>),
    Inline(Scanner<'a>),
}

/// Reads one span; how it says whose it is.
pub(super) fn read<'a>(text: Text<'a>, depth_max: u32, span: &mut Span<'a>, made: &mut Repaired<'a>) -> Result<Belongs<'a>, RejectReason> {
    let mut json = Scanner::new(text, depth_max);
    if !matches!(json.value()?, Json::Object) {
        return Err(RejectReason::syntax("expected an object: a span", 0));
    }
    let mut process = Belongs::None;
    let (mut flags, mut warnings, mut trace_id_high) = (0, None, [0; 8]);
    let (mut unescaped, mut unknown) = (Vec::new(), Vec::new());
    while let Some(key) = json.key()? {
        let place = json;
        let name = key.resolve(&mut unescaped).bytes();
        match name {
            b"tags" | b"Tags" => {
                json = tags(json, &mut span.tags, made)?;
                continue;
            }
            b"tag" => {
                json = tag_map(json, &mut span.tags, made)?;
                continue;
            }
            b"logs" | b"Logs" => {
                json = logs(json, span, made)?;
                continue;
            }
            b"references" | b"Refs" | b"refs" => {
                json = references(json, span)?;
                continue;
            }
            _ => {}
        }
        let at = json.position();
        let value = json.value()?;
        let begun = json;
        json.skip(value)?;
        let wrong = |what| move || RejectReason::value(what, at);
        match (name, value) {
            // What storages keep for themselves says nothing more: the start once again, the process's service, a checksum; nor does the name of a
            // process that stands in the span.
            (_, Json::Null) | (b"startTimeMillis" | b"ServiceName" | b"SpanHash", _) => {}
            (b"processID" | b"processId", Json::Str(_)) if matches!(process, Belongs::Inline(_)) => {}
            (b"traceID" | b"traceId" | b"TraceID" | b"traceIdLow", value) => {
                span.trace_id = id(value).ok_or_else(wrong("traceID is not 1 to 32 hexadecimal digits"))?;
            }
            (b"traceIdHigh", value) => trace_id_high = id(value).ok_or_else(wrong("traceIdHigh is no number"))?,
            (b"spanID" | b"spanId" | b"SpanID", value) => {
                span.span_id = id(value).ok_or_else(wrong("spanID is not 1 to 16 hexadecimal digits"))?;
            }
            (b"parentSpanID" | b"parentSpanId" | b"ParentID", value) => {
                span.parent_span_id = id(value).ok_or_else(wrong("parentSpanID is not 1 to 16 hexadecimal digits"))?;
            }
            (b"operationName" | b"OperationName", value) => {
                span.name = Some(string(value).ok_or_else(wrong("operationName is not a string"))?);
            }
            (b"startTime" | b"StartTime", value) => {
                span.start_unix_nano = nanoseconds(value).ok_or_else(wrong("startTime is not in microseconds"))? as u64;
            }
            (b"duration" | b"Duration", value) => {
                span.duration_ns = Some(elapsed(value).ok_or_else(wrong("duration is not in microseconds"))?);
            }
            (b"flags" | b"Flags", Json::Int(number)) => flags = number as u32,
            (b"warnings", Json::Array) => {
                let list = text.slice(at..json.position());
                if list.bytes().contains(&b'"') {
                    warnings = Some(Value::Json(list, json.suspects_duplicates()));
                }
            }
            (b"processID" | b"processId", Json::Str(id)) if !matches!(process, Belongs::Inline(_)) => process = Belongs::Named(id),
            (b"process" | b"Process", Json::Object) => process = Belongs::Inline(place),
            // What the specification does not have.
            (_, value) => unknown.push(Tag::new(key, spans::value_from(begun, value, at)?.1)),
        }
    }
    json.end()?;
    span.unknown(&unknown);
    if trace_id_high != [0; 8]
        && let Some(high) = span.trace_id.first_chunk_mut()
    {
        *high = trace_id_high;
    }
    if span.trace_id == [0; 16] || span.span_id == [0; 8] {
        return Err(RejectReason::value("a span needs traceID and spanID, not all zeros", 0));
    }
    reference::settle(span, flags, warnings);
    Ok(process)
}

fn string(value: Json<'_>) -> Option<Str<'_>> {
    if let Json::Str(text) = value { Some(text) } else { None }
}

/// Hexadecimal digits, of which Jaeger's older versions leave leading zeros out; base64, which ends with its padding; or a number of 64 bits,
/// signed or not.
#[inline]
fn id<const N: usize>(value: Json<'_>) -> Option<[u8; N]> {
    match value {
        Json::Str(digits) => ids::exact(digits.text.bytes()).or_else(|| other_id(digits.text.bytes())),
        Json::Int(number) => ids::low(number.to_be_bytes()),
        Json::Digits(digits) => ids::low(std::str::from_utf8(digits.bytes()).ok()?.parse::<u64>().ok()?.to_be_bytes()),
        _ => None,
    }
}

#[cold]
fn other_id<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.ends_with(b"=") { base64(text)?.try_into().ok() } else { ids::padded(text) }
}

/// A time: microseconds, or RFC 3339. As nanoseconds, exactly.
#[inline]
pub(super) fn nanoseconds(value: Json<'_>) -> Option<i64> {
    match value {
        Json::Str(text) => time::parse(text.text.bytes()).ok().and_then(|nanos| i64::try_from(nanos).ok()),
        value => micros(value),
    }
}

#[inline]
fn micros(value: Json<'_>) -> Option<i64> {
    match value {
        Json::Int(micros) => micros.checked_mul(1000).filter(|nanos| *nanos >= 0),
        Json::Double(micros) if micros.fract() == 0.0 && (0.0..9e15).contains(&micros) => Some(micros as i64 * 1000),
        _ => None,
    }
}

/// A duration: microseconds, or a number with a unit (`22938000ns`, `0.022938s`).
fn elapsed(value: Json<'_>) -> Option<i64> {
    let Json::Str(text) = value else { return micros(value) };
    let text = std::str::from_utf8(text.text.bytes()).ok()?;
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let scale = match text.get(digits.len()..)? {
        "ns" => 0,
        "us" | "µs" | "μs" => 3,
        "ms" => 6,
        "s" => 9,
        _ => return None,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > scale || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nanos = |digits: &str, places: usize| {
        let number: u64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        i64::try_from(number).ok()?.checked_mul(10i64.pow(places as u32))
    };
    nanos(whole, scale)?.checked_add(nanos(fraction, scale - fraction.len())?)
}

/// The list of references that stands next. Where none says which kind it is, it is the one that protobuf leaves out: a parent.
fn references<'a>(json: Scanner<'a>, span: &mut Span<'a>) -> Result<Scanner<'a>, RejectReason> {
    objects(json, |mut json| {
        let at = json.position();
        let (mut kind, mut trace_id, mut trace_id_high, mut span_id) = (reference::CHILD_OF, None, None, None);
        while let Some(key) = json.key()? {
            let value = json.value()?;
            json.skip(value)?;
            match key.text.bytes() {
                b"refType" | b"RefType" => {
                    kind = match string(value).map(|text| text.text.bytes()) {
                        Some(b"CHILD_OF" | b"child-of") => reference::CHILD_OF,
                        Some(b"FOLLOWS_FROM" | b"follows-from") => reference::FOLLOWS_FROM,
                        _ => "",
                    };
                }
                b"traceID" | b"traceId" | b"TraceID" | b"traceIdLow" => trace_id = id::<16>(value),
                b"traceIdHigh" => trace_id_high = id::<8>(value),
                b"spanID" | b"spanId" | b"SpanID" => span_id = id(value),
                _ => {}
            }
        }
        let (Some(mut trace_id), Some(span_id)) = (trace_id, span_id) else {
            return Err(RejectReason::value("a reference needs traceID and spanID", at));
        };
        if let (Some(high), Some(place)) = (trace_id_high, trace_id.first_chunk_mut()) {
            *place = high;
        }
        reference::push(span, kind, trace_id, span_id);
        Ok(json)
    })
}
