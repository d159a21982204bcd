//! OTLP's spans: an `ExportTraceServiceRequest` in its binary form.

use logloom_record::{
    BatchWriter, Key, RejectReason, Text,
    proto::{Fields, Value as Wire},
};

use super::{Event, Kind, Link, Span, Status, Tag, Value, plain, resource::use_encoded_lane};
use crate::proto_json::{
    Message,
    check::{check, is_text, repaired},
    schema::{RESOURCE, SCOPE},
    traces::{SPAN, TRACES_REQUEST},
};

static PARENT_IS_REMOTE: Key = Key::new("span.parent_is_remote");
static END_TIME: Key = Key::new("span.end_time_unix_nano");
static DROPPED_EVENTS: Key = Key::new("span.dropped_events_count");
static DROPPED_LINKS: Key = Key::new("span.dropped_links_count");

/// The deepest nesting that any limit allows, in levels: reading values is recursive.
const DEPTH_MAX: u32 = 128;
/// `flags`: whether it is known that the parent is remote, and whether it is.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// Writes the records of a request that is checked as a whole first. A field that should stand once and stands twice counts as it stood last.
/// `format` is who says so of a span that is larger than a block.
pub(crate) fn read(request: &[u8], format: &'static str, out: &mut BatchWriter) -> Result<(), RejectReason> {
    check(request, &TRACES_REQUEST, out.limits().depth_max.min(DEPTH_MAX), 0)?;
    write(request, false, format, out);
    Ok(())
}

/// The same of a request that was made from JSON by its table, and so checked with that.
pub(crate) fn write_made(request: &[u8], format: &'static str, out: &mut BatchWriter) {
    write(request, true, format, out);
}

/// `is_text`: all its strings are known to be UTF-8.
fn write(request: &[u8], is_text: bool, format: &'static str, out: &mut BatchWriter) {
    for resource_spans in messages(Text::from(request), 1) {
        let (mut repaired_resource, mut repaired_scope) = (Vec::new(), Vec::new());
        let resource = text_of(last(resource_spans, 1), is_text, &RESOURCE, &mut repaired_resource);
        for scope_spans in messages(resource_spans, 2) {
            let scope = text_of(last(scope_spans, 1), is_text, &SCOPE, &mut repaired_scope);
            for span in messages(scope_spans, 2) {
                if let Err(reason) = read_span(span, is_text, resource, scope, out) {
                    out.reject(span.bytes(), reason, out.frame_offset(), format);
                }
                // One request may have any number of resources: here the lanes are kept under their bound.
                out.end_frame();
            }
        }
    }
}

/// The message with its strings as UTF-8: itself, or, where they are none, what becomes of it in `room`.
fn text_of<'a>(message: Text<'a>, is_known: bool, table: &'static Message, room: &'a mut Vec<u8>) -> Text<'a> {
    if is_known || is_text(message.bytes(), table) {
        return message;
    }
    *room = repaired(message.bytes(), table);
    Text::from(room.as_slice())
}

fn read_span(raw: Text<'_>, is_text: bool, resource: Text<'_>, scope: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let mut room = Vec::new();
    let bytes = text_of(raw, is_text, &SPAN, &mut room);
    let is_repaired = !std::ptr::eq(bytes.tail(), raw.tail());
    if is_repaired {
        out.set_raw(Some(raw.bytes().to_vec()));
    }
    let mut span = Span::begin();
    fill(bytes, &mut span);
    let result = out.attempt(|out| {
        let mut scratch = out.take_scratch();
        use_encoded_lane(resource.bytes(), scope.bytes(), out);
        span.write(out, &mut scratch);
        out.give_scratch(scratch);
        Ok(())
    });
    span.end();
    if is_repaired {
        out.set_raw(None);
    }
    result
}

/// A field of a message.
enum Field<'a> {
    /// The content, with what follows it in the buffer: what is known to be followed by more is copied and compared in whole steps.
    Len(Text<'a>),
    Number(u64),
}

/// The fields of a message that was checked.
#[inline(always)]
fn fields(message: Text<'_>) -> impl Iterator<Item = (u32, Field<'_>)> {
    let mut fields = Fields::new(message.bytes());
    std::iter::from_fn(move || {
        let (number, value) = fields.next()?.ok()?;
        let end = fields.position();
        Some(match value {
            Wire::Len(part) => (number, Field::Len(message.slice(end - part.len()..end))),
            Wire::Varint(value) | Wire::Fixed64(value) => (number, Field::Number(value)),
            Wire::Fixed32(value) => (number, Field::Number(value.into())),
        })
    })
}

fn fill<'a>(bytes: Text<'a>, span: &mut Span<'a>) {
    let (mut end, mut has_end) = (0, false);
    let mut dropped = [(&DROPPED_EVENTS, 0), (&DROPPED_LINKS, 0)];
    for field in fields(bytes) {
        match field {
            (1, Field::Len(id)) => span.trace_id = id.bytes().try_into().unwrap_or_default(),
            (2, Field::Len(id)) => span.span_id = id.bytes().try_into().unwrap_or_default(),
            (3, Field::Len(state)) => span.trace_state = Some(plain(state)),
            (4, Field::Len(id)) => span.parent_span_id = id.bytes().try_into().unwrap_or_default(),
            (5, Field::Len(name)) => span.name = Some(plain(name)),
            (6, Field::Number(kind)) => span.kind = kind_of(kind),
            (7, Field::Number(time)) => span.start_unix_nano = time,
            (8, Field::Number(time)) => (end, has_end) = (time, time != 0),
            (9, Field::Len(pair)) => span.tags.push(tag(pair)),
            (10, Field::Number(count)) => span.dropped = count as u32,
            (11, Field::Len(event)) => push_event(event, span),
            (12, Field::Number(count)) => dropped[0].1 = count as u32,
            (13, Field::Len(link)) => push_link(link, span),
            (14, Field::Number(count)) => dropped[1].1 = count as u32,
            (15, Field::Len(status)) => fill_status(status, span),
            (16, Field::Number(flags)) => {
                let flags = flags as u32;
                span.flags = flags & 0xff;
                if flags & HAS_IS_REMOTE != 0 {
                    span.extra(&PARENT_IS_REMOTE, Value::Bool(flags & IS_REMOTE != 0));
                }
            }
            _ => {}
        }
    }
    match end.checked_sub(span.start_unix_nano) {
        Some(duration) if has_end && span.start_unix_nano != 0 => span.duration_ns = i64::try_from(duration).ok(),
        // It ended before it began, or nobody knows when it began: both times are kept as they are.
        _ if has_end => span.extra(&END_TIME, Value::Int(end as i64)),
        _ => {}
    }
    for (name, count) in dropped {
        if count != 0 {
            span.extra(name, Value::Int(count.into()));
        }
    }
}

fn kind_of(number: u64) -> Option<Kind> {
    [Kind::Internal, Kind::Server, Kind::Client, Kind::Producer, Kind::Consumer].get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

fn fill_status<'a>(status: Text<'a>, span: &mut Span<'a>) {
    for field in fields(status) {
        match field {
            (2, Field::Len(message)) => span.status_message = Some(plain(message)),
            (3, Field::Number(code)) => {
                span.status = match code {
                    1 => Status::Ok,
                    2 => Status::Error,
                    _ => Status::Unset,
                }
            }
            _ => {}
        }
    }
}

fn push_event<'a>(message: Text<'a>, span: &mut Span<'a>) {
    let from = span.fields.len();
    let mut event = Event { time_unix_nano: 0, name: Some(plain(Text::EMPTY)), fields: from..from, dropped: 0 };
    for field in fields(message) {
        match field {
            (1, Field::Number(time)) => event.time_unix_nano = time,
            (2, Field::Len(name)) => event.name = Some(plain(name)),
            (3, Field::Len(pair)) => span.fields.push(tag(pair)),
            (4, Field::Number(count)) => event.dropped = count as u32,
            _ => {}
        }
    }
    event.fields.end = span.fields.len();
    span.events.push(event);
}

fn push_link<'a>(message: Text<'a>, span: &mut Span<'a>) {
    let from = span.fields.len();
    let mut link = Link { trace_id: [0; 16], span_id: [0; 8], kind: "", trace_state: Text::EMPTY, fields: from..from };
    for field in fields(message) {
        match field {
            (1, Field::Len(id)) => link.trace_id = id.bytes().try_into().unwrap_or_default(),
            (2, Field::Len(id)) => link.span_id = id.bytes().try_into().unwrap_or_default(),
            (3, Field::Len(state)) => link.trace_state = state,
            (4, Field::Len(pair)) => span.fields.push(tag(pair)),
            _ => {}
        }
    }
    link.fields.end = span.fields.len();
    span.links.push(link);
}

/// A `KeyValue`: mostly of a text.
#[inline]
fn tag(pair: Text<'_>) -> Tag<'_> {
    let (mut key, mut any) = (Text::EMPTY, Text::EMPTY);
    for field in fields(pair) {
        match field {
            (1, Field::Len(part)) => key = part,
            (2, Field::Len(part)) => any = part,
            _ => {}
        }
    }
    let value = match any.bytes() {
        [0x0a, len @ ..0x80, text @ ..] if usize::from(*len) == text.len() => Value::Str(plain(any.after(2))),
        _ => Value::Encoded(any),
    };
    Tag::new(plain(key), value)
}

/// The messages that are field `number`, in order.
fn messages(message: Text<'_>, number: u32) -> impl Iterator<Item = Text<'_>> {
    fields(message).filter_map(move |field| match field {
        (found, Field::Len(part)) if found == number => Some(part),
        _ => None,
    })
}

fn last(message: Text<'_>, number: u32) -> Text<'_> {
    messages(message, number).last().unwrap_or(Text::EMPTY)
}
