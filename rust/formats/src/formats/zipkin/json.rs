//! JSON of version 2: a list of spans, a list of traces, or one object after the other. A span of version 1 among them is told by its fields.

use logloom_record::{BatchWriter, RejectReason, Text};

use super::{
    endpoint::{self, Endpoint, Facts},
    v1_json,
};
use crate::{
    Likely, ids,
    json::{Scanner, Str, Value as Json},
    spans::{self, Event, Kind, Original, Owner, Span, Tag, Value},
};

/// Reads one span into its records.
pub(super) fn parse(frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let mut span = Span::begin();
    let result = read(frame, out.limits().depth_max, &mut span).map(|read| {
        let Version::Two(owner) = read else { return true };
        if out.keeps_original() {
            span.original = Original::Text(frame);
        }
        let mut scratch = out.take_scratch();
        span.use_lane(&owner, out);
        span.write(out, &mut scratch);
        out.give_scratch(scratch);
        false
    });
    span.end();
    if result? { v1_json::parse(frame, out) } else { Ok(()) }
}

/// Whose the span is, or that it is none of version 2.
enum Version<'a> {
    One,
    Two(Owner<'a, 'a>),
}

/// The names of the fields that every span has, and of those that a log line with ids in it would not have. The body may be cut.
pub(super) fn likely(body: &[u8]) -> Likely {
    let first = body.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'['));
    let has = |name: &[u8]| memchr::memmem::find(body, name).is_some();
    if first == Some(&b'{') && has(b"\"traceId\"") && has(b"\"id\"") {
        let telling: [&[u8]; 4] = [b"\"localEndpoint\"", b"\"annotations\"", b"\"binaryAnnotations\"", b"\"parentId\""];
        let timed = has(b"\"timestamp\"") && has(b"\"duration\"");
        let spans = telling.iter().filter(|name| has(name)).count() + usize::from(timed);
        return if spans > 0 { Likely(90 + spans as u8) } else { Likely(20) };
    }
    // The structs of thrift as JSON.
    if first == Some(&b'{') && has(b"\"trace_id\"") && has(b"\"id\"") && has(b"\"annotations\"") {
        return if has(b"\"binary_annotations\"") || has(b"\"host\"") { Likely(92) } else { Likely(20) };
    }
    Likely::NO
}

/// Reads one span; whose it is.
fn read<'a>(frame: Text<'a>, depth_max: u32, span: &mut Span<'a>) -> Result<Version<'a>, RejectReason> {
    let mut json = Scanner::new(frame, depth_max);
    if !matches!(json.value()?, Json::Object) {
        return Err(RejectReason::syntax("expected an object: a span", 0));
    }
    let mut facts = Facts::default();
    let (mut has_trace_id, mut has_id) = (false, false);
    let mut unknown = Vec::new();
    let mut unescaped = Vec::new();
    while let Some(key) = json.key()? {
        let at = json.position();
        let value = json.value()?;
        if matches!(value, Json::Null) {
            continue;
        }
        match key.resolve(&mut unescaped).bytes() {
            b"id" | b"traceId" if matches!(value, Json::Int(_) | Json::Digits(_)) => return Ok(Version::One),
            b"traceId" => {
                span.trace_id = trace_id(value).ok_or_else(|| RejectReason::value("traceId is not 1 to 32 hexadecimal digits", at))?;
                has_trace_id = span.trace_id != [0; 16];
            }
            b"id" => {
                span.span_id = span_id(value).ok_or_else(|| RejectReason::value("id is not 1 to 16 hexadecimal digits", at))?;
                has_id = span.span_id != [0; 8];
            }
            b"parentId" => {
                span.parent_span_id =
                    span_id(value).ok_or_else(|| RejectReason::value("parentId is not 1 to 16 hexadecimal digits", at))?;
            }
            b"name" => span.name = Some(text(value).ok_or_else(|| RejectReason::value("name is not a string", at))?),
            b"kind" => {
                let kind = text(value).ok_or_else(|| RejectReason::value("kind is not a string", at))?;
                span.kind = Kind::of(kind.text.bytes());
                facts.other_kind = if span.kind.is_none() { Some(Value::Str(kind)) } else { None };
            }
            b"timestamp" => {
                span.start_unix_nano =
                    nanoseconds(value).ok_or_else(|| RejectReason::value("timestamp is not in microseconds", at))? as u64;
            }
            b"duration" => {
                span.duration_ns = Some(nanoseconds(value).ok_or_else(|| RejectReason::value("duration is not in microseconds", at))?);
            }
            b"localEndpoint" => (json, facts.local) = endpoint(json, matches!(value, Json::Object), at, &mut unknown)?,
            b"remoteEndpoint" => (json, facts.remote) = endpoint(json, matches!(value, Json::Object), at, &mut unknown)?,
            b"annotations" => {
                let is_v1;
                (json, is_v1) = annotations(json, matches!(value, Json::Array), at, span)?;
                if is_v1 {
                    return Ok(Version::One);
                }
            }
            b"tags" => json = tags(json, matches!(value, Json::Object), at, span)?,
            b"debug" if matches!(value, Json::Bool(_)) => facts.debug = matches!(value, Json::Bool(true)),
            b"shared" if matches!(value, Json::Bool(_)) => facts.shared = matches!(value, Json::Bool(true)),
            b"binaryAnnotations" | b"binary_annotations" | b"trace_id" => return Ok(Version::One),
            _ => json = other(json, key, value, at, &mut unknown)?,
        }
    }
    json.end()?;
    span.unknown(&unknown);
    if !has_trace_id || !has_id {
        return Err(RejectReason::value("a span needs traceId and id, not all zeros", 0));
    }
    Ok(Version::Two(facts.settle(span)))
}

#[inline(always)]
pub(super) fn text(value: Json<'_>) -> Option<Str<'_>> {
    if let Json::Str(text) = value { Some(text) } else { None }
}

#[inline(always)]
pub(super) fn trace_id(value: Json<'_>) -> Option<[u8; 16]> {
    text(value).and_then(|digits| ids::trace_id(digits.text.bytes()).or_else(|| ids::padded(digits.text.bytes())))
}

#[inline(always)]
pub(super) fn span_id(value: Json<'_>) -> Option<[u8; 8]> {
    text(value).and_then(|digits| ids::span_id(digits.text.bytes()).or_else(|| ids::padded(digits.text.bytes())))
}

/// Microseconds as nanoseconds, exactly. A sender in JavaScript may write them as `1.5e15`.
#[inline(always)]
pub(super) fn nanoseconds(value: Json<'_>) -> Option<i64> {
    match value {
        Json::Int(micros) => endpoint::nanoseconds(micros),
        Json::Double(micros) if micros.fract() == 0.0 && (0.0..9e15).contains(&micros) => Some(micros as i64 * 1000),
        _ => None,
    }
}

// The scanner goes in and comes back by value: one whose address is taken lives in memory, not in registers.

/// A field that a span, or a part of it, has not: kept as a tag.
#[inline(never)]
pub(super) fn other<'a>(
    json: Scanner<'a>,
    key: Str<'a>,
    value: Json<'a>,
    at: usize,
    unknown: &mut Vec<Tag<'a>>,
) -> Result<Scanner<'a>, RejectReason> {
    let (json, value) = spans::value_from(json, value, at)?;
    unknown.push(Tag::new(key, value));
    Ok(json)
}

pub(super) fn endpoint<'a>(
    mut json: Scanner<'a>,
    is_object: bool,
    at: usize,
    unknown: &mut Vec<Tag<'a>>,
) -> Result<(Scanner<'a>, Endpoint<'a>), RejectReason> {
    let mut endpoint = Endpoint::default();
    if !is_object {
        return Err(RejectReason::value("an endpoint is not an object", at));
    }
    let mut unescaped = Vec::new();
    while let Some(key) = json.key()? {
        let at = json.position();
        match (key.resolve(&mut unescaped).bytes(), json.value()?) {
            (_, Json::Null) => {}
            (b"serviceName", Json::Str(name)) => endpoint.service = Some(name).filter(|name| !name.text.is_empty()),
            (b"ipv4", Json::Str(ip)) => endpoint.ipv4 = Some(ip).filter(|ip| !ip.text.is_empty()).map(Value::Str),
            (b"ipv6", Json::Str(ip)) => endpoint.ipv6 = Some(ip).filter(|ip| !ip.text.is_empty()).map(Value::Str),
            (b"port", Json::Int(port)) => endpoint.port = port,
            (_, value) => json = other(json, key, value, at, unknown)?,
        }
    }
    Ok((json, endpoint))
}

/// The scanner, and whether the annotations say where they were made, as those of version 1 do.
fn annotations<'a>(mut json: Scanner<'a>, is_array: bool, at: usize, span: &mut Span<'a>) -> Result<(Scanner<'a>, bool), RejectReason> {
    if !is_array {
        return Err(RejectReason::value("annotations are not an array", at));
    }
    span.events.clear();
    let mut unescaped = Vec::new();
    while json.item()? {
        let at = json.position();
        if !matches!(json.value()?, Json::Object) {
            return Err(RejectReason::value("an annotation is not an object", at));
        }
        let mut event = Event { time_unix_nano: 0, name: None, fields: span.fields.len()..0, dropped: 0 };
        while let Some(key) = json.key()? {
            let at = json.position();
            let value = json.value()?;
            match key.resolve(&mut unescaped).bytes() {
                b"timestamp" if !matches!(value, Json::Null) => {
                    let nanos =
                        nanoseconds(value).ok_or_else(|| RejectReason::value("an annotation's timestamp is not in microseconds", at))?;
                    event.time_unix_nano = nanos as u64;
                }
                b"value" if matches!(value, Json::Str(_)) => event.name = text(value),
                b"endpoint" | b"host" => return Ok((json, true)),
                _ if matches!(value, Json::Null) => {}
                _ => json = other(json, key, value, at, &mut span.fields)?,
            }
        }
        event.fields.end = span.fields.len();
        span.events.push(event);
    }
    Ok((json, false))
}

fn tags<'a>(mut json: Scanner<'a>, is_object: bool, at: usize, span: &mut Span<'a>) -> Result<Scanner<'a>, RejectReason> {
    if !is_object {
        return Err(RejectReason::value("tags are not an object", at));
    }
    span.tags.clear();
    while let Some(name) = json.key()? {
        let value;
        (json, value) = spans::json_value(json)?;
        span.tag(name, value);
    }
    Ok(json)
}
