//! One span of Jaeger's JSON: its fields, tags, logs and references.

use logloom_record::{RejectReason, Text};

use super::items::objects;
use crate::{
    ids,
    json::{Scanner, Str, Value as Json},
    spans::{self, Event, Link, Span, Tag, Value},
};

/// How a span says whose it is.
pub(super) enum Belongs<'a> {
    None,
    Named(Str<'a>),
    Inline(Scanner<'a>),
}

/// Reads one span; how it says whose it is.
pub(super) fn read<'a>(text: Text<'a>, depth_max: u32, span: &mut Span<'a>) -> Result<Belongs<'a>, RejectReason> {
    let mut json = Scanner::new(text, depth_max);
    if !matches!(json.value()?, Json::Object) {
        return Err(RejectReason::syntax("expected an object: a span", 0));
    }
    let mut process = Belongs::None;
    let mut references = None;
    let mut unescaped = Vec::new();
    while let Some(key) = json.key()? {
        let place = json;
        let at = json.position();
        let name = key.resolve(&mut unescaped).bytes();
        match name {
            b"tags" => {
                json = tags(json, &mut span.tags)?;
                continue;
            }
            b"logs" => {
                json = logs(json, span)?;
                continue;
            }
            _ => {}
        }
        let value = json.value()?;
        json.skip(value)?;
        let wrong = |what| move || RejectReason::value(what, at);
        match (name, value) {
            (_, Json::Null) => {}
            (b"traceID", value) => span.trace_id = id(value).ok_or_else(wrong("traceID is not 1 to 32 hexadecimal digits"))?,
            (b"spanID", value) => span.span_id = id(value).ok_or_else(wrong("spanID is not 1 to 16 hexadecimal digits"))?,
            (b"parentSpanID", value) => {
                span.parent_span_id = id(value).ok_or_else(wrong("parentSpanID is not 1 to 16 hexadecimal digits"))?;
            }
            (b"operationName", value) => span.name = Some(string(value).ok_or_else(wrong("operationName is not a string"))?),
            (b"startTime", value) => {
                span.start_unix_nano = nanoseconds(value).ok_or_else(wrong("startTime is not in microseconds"))? as u64;
            }
            (b"duration", value) => span.duration_ns = Some(nanoseconds(value).ok_or_else(wrong("duration is not in microseconds"))?),
            (b"flags", Json::Int(flags)) => {
                span.flags = flags as u32 & 1;
                if flags & !1 != 0 {
                    span.extra("jaeger.flags", Value::Int(flags));
                }
            }
            (b"references", _) => references = Some(place),
            (b"warnings", Json::Array) => {
                let list = text.slice(at..json.position());
                if list.bytes().contains(&b'"') {
                    span.extra("jaeger.warnings", Value::Json(list, json.suspects_duplicates()));
                }
            }
            (b"processID", Json::Str(id)) if !matches!(process, Belongs::Inline(_)) => process = Belongs::Named(id),
            (b"process", Json::Object) => process = Belongs::Inline(place),
            _ => {}
        }
    }
    json.end()?;
    if span.trace_id == [0; 16] || span.span_id == [0; 8] {
        return Err(RejectReason::value("a span needs traceID and spanID, not all zeros", 0));
    }
    if let Some(place) = references {
        links(place, span)?;
    }
    span.settle();
    Ok(process)
}

fn string(value: Json<'_>) -> Option<Str<'_>> {
    if let Json::Str(text) = value { Some(text) } else { None }
}

/// Jaeger's older versions leave leading zeros out.
fn id<const N: usize>(value: Json<'_>) -> Option<[u8; N]> {
    string(value).and_then(|digits| ids::padded(digits.text.bytes()))
}

/// Microseconds as nanoseconds, exactly.
fn nanoseconds(value: Json<'_>) -> Option<i64> {
    match value {
        Json::Int(micros) => micros.checked_mul(1000).filter(|nanos| *nanos >= 0),
        Json::Double(micros) if micros.fract() == 0.0 && (0.0..9e15).contains(&micros) => Some(micros as i64 * 1000),
        _ => None,
    }
}

/// Appends the tags of the list that stands next: `{"key", "type", "value"}` each. What is none is passed over.
pub(super) fn tags<'a>(json: Scanner<'a>, tags: &mut Vec<Tag<'a>>) -> Result<Scanner<'a>, RejectReason> {
    objects(json, |mut json| {
        let (mut name, mut kind, mut value) = (None, None, Value::Null);
        while let Some(key) = json.key()? {
            let read;
            (json, read) = spans::json_value(json)?;
            match read {
                Value::Str(text) if key.is(b"key") => name = Some(text),
                Value::Str(text) if key.is(b"type") => kind = Some(text),
                read if key.is(b"value") => value = read,
                _ => {}
            }
        }
        if let Some(name) = name {
            tags.push(Tag::new(name, typed(kind, value)));
        }
        Ok(json)
    })
}

/// The value in the type that its tag names; as it stands where it is none of that type. Elasticsearch may keep all of them as strings.
fn typed<'a>(kind: Option<Str<'a>>, value: Value<'a>) -> Value<'a> {
    let kind = kind.map_or(&b""[..], |kind| kind.text.bytes());
    let parsed = match value {
        Value::Str(text) if !text.has_escapes() => std::str::from_utf8(text.text.bytes()).unwrap_or_default(),
        _ => "",
    };
    match (kind, value) {
        (b"bool", Value::Str(_)) => parsed.parse().map_or(value, Value::Bool),
        (b"int64", Value::Str(_)) => parsed.parse().map_or(value, Value::Int),
        (b"float64", Value::Str(_)) => parsed.parse().map_or(value, Value::Double),
        (b"float64", Value::Int(number)) => Value::Double(number as f64),
        (b"binary", Value::Str(text)) if !text.has_escapes() => Value::Hex(text.text),
        _ => value,
    }
}

/// Each log is an event; its fields are tags.
fn logs<'a>(json: Scanner<'a>, span: &mut Span<'a>) -> Result<Scanner<'a>, RejectReason> {
    objects(json, |mut json| {
        let from = span.fields.len();
        let mut event = Event { time_unix_nano: 0, name: None, fields: from..from, dropped: 0 };
        while let Some(key) = json.key()? {
            if key.is(b"fields") {
                json = tags(json, &mut span.fields)?;
                continue;
            }
            let at = json.position();
            let value = json.value()?;
            json.skip(value)?;
            if key.is(b"timestamp") {
                let nanos = nanoseconds(value).ok_or_else(|| RejectReason::value("a log's timestamp is not in microseconds", at))?;
                event.time_unix_nano = nanos as u64;
            }
        }
        event.fields.end = span.fields.len();
        span.events.push(event);
        Ok(json)
    })
}

/// The first reference to a parent in the same trace is the parent, unless the span names one; all others are links.
fn links<'a>(references: Scanner<'a>, span: &mut Span<'a>) -> Result<(), RejectReason> {
    let mut parent = None;
    let named = span.parent_span_id;
    objects(references, |mut json| {
        let at = json.position();
        let (mut kind, mut trace_id, mut span_id) = ("", None, None);
        while let Some(key) = json.key()? {
            let value = json.value()?;
            json.skip(value)?;
            match string(value).map(|text| text.text.bytes()) {
                Some(b"CHILD_OF") if key.is(b"refType") => kind = "child_of",
                Some(b"FOLLOWS_FROM") if key.is(b"refType") => kind = "follows_from",
                _ if key.is(b"traceID") => trace_id = id(value),
                _ if key.is(b"spanID") => span_id = id(value),
                _ => {}
            }
        }
        let (Some(trace_id), Some(span_id)) = (trace_id, span_id) else {
            return Err(RejectReason::value("a reference needs traceID and spanID", at));
        };
        if kind == "child_of" && trace_id == span.trace_id && parent.is_none() && (named == [0; 8] || named == span_id) {
            parent = Some(span_id);
        } else {
            span.links.push(Link { trace_id, span_id, kind, trace_state: Text::EMPTY, fields: 0..0 });
        }
        Ok(json)
    })?;
    span.parent_span_id = parent.unwrap_or(named);
    Ok(())
}
