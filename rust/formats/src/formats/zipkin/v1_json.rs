//! JSON of version 1: as Zipkin's `/api/v1/spans` takes it, and as thrift's structs are written by their field names, with numbers for ids and
//! addresses and base64 for values.

use logloom_record::{BatchWriter, RejectReason, Text};

use super::{
    endpoint::Endpoint,
    json::{nanoseconds, span_id, text, trace_id},
    v1::{Annotation, TYPES, V1, typed},
};
use crate::{
    json::{Scanner, Str, Value as Json},
    proto_json::scalar::base64,
    spans::{self, Original, Repaired, Repairs, Value, plain},
};

/// Reads one span into its records.
pub(super) fn parse(frame: Text<'_>, out: &mut BatchWriter) -> Result<()> {
    let repairs = Repairs::default();
    let mut span = V1::default();
    read(frame, out.limits().depth_max, &mut span, &mut Repaired::new(&repairs))?;
    let original = if out.keeps_original() { Original::Text(frame) } else { Original::None };
    span.write(original, out)
}

type Result<T> = std::result::Result<T, RejectReason>;

/// An id as a number, of 64 bits, signed or not.
fn number(value: Json<'_>) -> Option<[u8; 8]> {
    match value {
        Json::Int(id) => Some(id.to_be_bytes()),
        Json::Digits(digits) => Some(std::str::from_utf8(digits.bytes()).ok()?.parse::<u64>().ok()?.to_be_bytes()),
        _ => None,
    }
}

fn read<'a>(frame: Text<'a>, depth_max: u32, span: &mut V1<'a>, made: &mut Repaired<'a>) -> Result<()> {
    let mut json = Scanner::new(frame, depth_max);
    if !matches!(json.value()?, Json::Object) {
        return Err(RejectReason::syntax("expected an object: a span", 0));
    }
    let mut unescaped = Vec::new();
    let (mut high, mut is_number) = ([0; 8], false);
    let mut unknown = Vec::new();
    while let Some(key) = json.key()? {
        let at = json.position();
        let value = json.value()?;
        let wrong = |what| move || RejectReason::value(what, at);
        if matches!(value, Json::Null) {
            continue;
        }
        match key.resolve(&mut unescaped).bytes() {
            b"traceId" | b"trace_id" => {
                is_number = number(value).is_some();
                let id = number(value).map(|low| u128::from(u64::from_be_bytes(low)).to_be_bytes()).or_else(|| trace_id(value));
                span.trace_id = id.ok_or_else(wrong("the trace id is no id"))?;
            }
            b"trace_id_high" | b"traceIdHigh" => high = number(value).ok_or_else(wrong("trace_id_high is no number"))?,
            b"id" => span.id = number(value).or_else(|| span_id(value)).ok_or_else(wrong("the id is no id"))?,
            b"parentId" | b"parent_id" => {
                span.parent_id = number(value).or_else(|| span_id(value)).ok_or_else(wrong("the parent's id is no id"))?;
            }
            b"name" => span.name = Some(text(value).ok_or_else(wrong("name is not a string"))?),
            b"timestamp" => span.start_nanos = nanoseconds(value).ok_or_else(wrong("timestamp is not in microseconds"))? as u64,
            b"duration" => {
                let nanos = nanoseconds(value).ok_or_else(wrong("duration is not in microseconds"))?;
                span.duration_nanos = Some(nanos).filter(|nanos| *nanos != 0);
            }
            b"debug" => span.debug = matches!(value, Json::Bool(true)),
            b"annotations" if matches!(value, Json::Array) => json = annotations(json, span, made)?,
            b"binaryAnnotations" | b"binary_annotations" if matches!(value, Json::Array) => json = binary_annotations(json, span, made)?,
            // What the specification does not have.
            _ => {
                let found;
                (json, found) = spans::value_from(json, value, at)?;
                unknown.push((key, found));
            }
        }
    }
    json.end()?;
    for (key, value) in unknown {
        span.tag(key, value, None);
    }
    if is_number && let Some(place) = span.trace_id.first_chunk_mut::<8>() {
        *place = high;
    }
    Ok(())
}

fn annotations<'a>(mut json: Scanner<'a>, span: &mut V1<'a>, made: &mut Repaired<'a>) -> Result<Scanner<'a>> {
    span.annotations.clear();
    while json.item()? {
        let at = json.position();
        if !matches!(json.value()?, Json::Object) {
            return Err(RejectReason::value("an annotation is not an object", at));
        }
        let mut annotation = Annotation { nanos: 0, value: None, host: None };
        while let Some(key) = json.key()? {
            let at = json.position();
            let value = json.value()?;
            match value {
                Json::Null => {}
                Json::Object if key.is(b"endpoint") || key.is(b"host") => {
                    let host;
                    (json, host) = endpoint(json, made)?;
                    annotation.host = Some(span.host(host));
                }
                value if key.is(b"timestamp") => {
                    let wrong = || RejectReason::value("an annotation's timestamp is not in microseconds", at);
                    annotation.nanos = nanoseconds(value).ok_or_else(wrong)? as u64;
                }
                value if key.is(b"value") => annotation.value = text(value),
                other => json.skip(other)?,
            }
        }
        span.annotations.push(annotation);
    }
    Ok(json)
}

fn binary_annotations<'a>(mut json: Scanner<'a>, span: &mut V1<'a>, made: &mut Repaired<'a>) -> Result<Scanner<'a>> {
    span.clear_tags();
    while json.item()? {
        let at = json.position();
        if !matches!(json.value()?, Json::Object) {
            return Err(RejectReason::value("a binary annotation is not an object", at));
        }
        let (mut name, mut value, mut kind, mut is_thrift, mut host) = (plain(Text::EMPTY), Value::Null, None, false, None);
        while let Some(key) = json.key()? {
            if key.is(b"value") {
                (json, value) = spans::json_value(json)?;
                continue;
            }
            match json.value()? {
                Json::Object if key.is(b"endpoint") || key.is(b"host") => {
                    let found;
                    (json, found) = endpoint(json, made)?;
                    host = Some(span.host(found));
                }
                Json::Str(text) if key.is(b"key") => name = text,
                Json::Str(text) if key.is(b"type") || key.is(b"annotationType") => kind = Some(text),
                Json::Str(text) if key.is(b"annotation_type") => (kind, is_thrift) = (Some(text), true),
                other => json.skip(other)?,
            }
        }
        let kind = kind.and_then(|kind: Str<'_>| TYPES.iter().position(|name| kind.is(name))).unwrap_or(6);
        let value = if is_thrift { decoded(kind, value, made) } else { said(kind, value) };
        span.tag(name, value, host);
    }
    Ok(json)
}

/// A value of thrift: its bytes in base64.
fn decoded<'a>(kind: usize, value: Value<'a>, made: &mut Repaired<'a>) -> Value<'a> {
    let Value::Str(text) = value else { return value };
    let Some(bytes) = base64(text.text.bytes()) else { return value };
    let bytes = made.keep(bytes);
    if kind == 6 { Value::Str(plain(made.text(bytes))) } else { typed(kind as i64, bytes).unwrap_or(value) }
}

/// A value of the type that stands beside it; as it stands where it is none of that type.
fn said(kind: usize, value: Value<'_>) -> Value<'_> {
    let Value::Str(text) = value else { return value };
    let word = std::str::from_utf8(text.text.bytes()).unwrap_or_default();
    match kind {
        0 => word.parse().map_or(value, Value::Bool),
        1 if !text.has_escapes() => Value::Hex(text.text),
        2..=4 => word.parse().map_or(value, Value::Int),
        5 => word.parse().map_or(value, Value::Double),
        _ => value,
    }
}

fn endpoint<'a>(mut json: Scanner<'a>, made: &mut Repaired<'a>) -> Result<(Scanner<'a>, Endpoint<'a>)> {
    let mut endpoint = Endpoint::default();
    while let Some(key) = json.key()? {
        let value = json.value()?;
        json.skip(value)?;
        let filled = text(value).filter(|text| !text.text.is_empty());
        if key.is(b"serviceName") || key.is(b"service_name") {
            endpoint.service = filled;
        } else if key.is(b"ipv4") {
            endpoint.ipv4 = match value {
                Json::Int(ip) if ip != 0 => Some(Value::Address(made.keep((ip as u32).to_be_bytes().to_vec()))),
                _ => filled.map(Value::Str),
            };
        } else if key.is(b"ipv6") {
            // Thrift's are bytes, and so base64.
            let bytes = filled.and_then(|text| base64(text.text.bytes())).filter(|bytes| bytes.len() == 16);
            endpoint.ipv6 = bytes.map(|bytes| Value::Address(made.keep(bytes))).or(filled.map(Value::Str));
        } else if let Json::Int(port) = value
            && key.is(b"port")
        {
            endpoint.port = if port < 0 { i64::from(port as u16) } else { port };
        }
    }
    Ok((json, endpoint))
}
