//! OTLP's spans: an `ExportTraceServiceRequest` in its binary form.

use std::borrow::Cow;

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
    for resource_spans in messages(request, 1) {
        let resource = text_of(last(resource_spans, 1), &RESOURCE);
        for scope_spans in messages(resource_spans, 2) {
            let scope = text_of(last(scope_spans, 1), &SCOPE);
            for span in messages(scope_spans, 2) {
                if let Err(reason) = read_span(span, &resource, &scope, out) {
                    out.reject(span, reason, out.frame_offset(), format);
                }
                // One request may have any number of resources: here the lanes are kept under their bound.
                out.end_frame();
            }
        }
    }
    Ok(())
}

/// The message with its strings as UTF-8.
fn text_of<'a>(bytes: &'a [u8], message: &'static Message) -> Cow<'a, [u8]> {
    if is_text(bytes, message) { Cow::Borrowed(bytes) } else { Cow::Owned(repaired(bytes, message)) }
}

fn read_span(raw: &[u8], resource: &[u8], scope: &[u8], out: &mut BatchWriter) -> Result<(), RejectReason> {
    let bytes = text_of(raw, &SPAN);
    let is_repaired = matches!(bytes, Cow::Owned(_));
    if is_repaired {
        out.set_raw(Some(raw.to_vec()));
    }
    let mut span = Span::begin();
    fill(&bytes, &mut span);
    let result = out.attempt(|out| {
        let mut scratch = out.take_scratch();
        use_encoded_lane(resource, scope, out);
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

fn fill<'a>(bytes: &'a [u8], span: &mut Span<'a>) {
    let (mut end, mut has_end) = (0, false);
    let mut dropped = [(&DROPPED_EVENTS, 0), (&DROPPED_LINKS, 0)];
    for field in Fields::new(bytes).flatten() {
        match field {
            (1, Wire::Len(id)) => span.trace_id = id.try_into().unwrap_or_default(),
            (2, Wire::Len(id)) => span.span_id = id.try_into().unwrap_or_default(),
            (3, Wire::Len(state)) => span.trace_state = Some(plain(Text::from(state))),
            (4, Wire::Len(id)) => span.parent_span_id = id.try_into().unwrap_or_default(),
            (5, Wire::Len(name)) => span.name = Some(plain(Text::from(name))),
            (6, Wire::Varint(kind)) => span.kind = kind_of(kind),
            (7, Wire::Fixed64(time)) => span.start_unix_nano = time,
            (8, Wire::Fixed64(time)) => (end, has_end) = (time, time != 0),
            (9, Wire::Len(pair)) => span.tags.push(tag(pair)),
            (10, Wire::Varint(count)) => span.dropped = count as u32,
            (11, Wire::Len(event)) => push_event(event, span),
            (12, Wire::Varint(count)) => dropped[0].1 = count as u32,
            (13, Wire::Len(link)) => push_link(link, span),
            (14, Wire::Varint(count)) => dropped[1].1 = count as u32,
            (15, Wire::Len(status)) => fill_status(status, span),
            (16, Wire::Fixed32(flags)) => {
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

fn fill_status<'a>(status: &'a [u8], span: &mut Span<'a>) {
    for field in Fields::new(status).flatten() {
        match field {
            (2, Wire::Len(message)) => span.status_message = Some(plain(Text::from(message))),
            (3, Wire::Varint(code)) => {
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

fn push_event<'a>(message: &'a [u8], span: &mut Span<'a>) {
    let from = span.fields.len();
    let mut event = Event { time_unix_nano: 0, name: Some(plain(Text::EMPTY)), fields: from..from, dropped: 0 };
    for field in Fields::new(message).flatten() {
        match field {
            (1, Wire::Fixed64(time)) => event.time_unix_nano = time,
            (2, Wire::Len(name)) => event.name = Some(plain(Text::from(name))),
            (3, Wire::Len(pair)) => span.fields.push(tag(pair)),
            (4, Wire::Varint(count)) => event.dropped = count as u32,
            _ => {}
        }
    }
    event.fields.end = span.fields.len();
    span.events.push(event);
}

fn push_link<'a>(message: &'a [u8], span: &mut Span<'a>) {
    let from = span.fields.len();
    let mut link = Link { trace_id: [0; 16], span_id: [0; 8], kind: "", trace_state: Text::EMPTY, fields: from..from };
    for field in Fields::new(message).flatten() {
        match field {
            (1, Wire::Len(id)) => link.trace_id = id.try_into().unwrap_or_default(),
            (2, Wire::Len(id)) => link.span_id = id.try_into().unwrap_or_default(),
            (3, Wire::Len(state)) => link.trace_state = Text::from(state),
            (4, Wire::Len(pair)) => span.fields.push(tag(pair)),
            _ => {}
        }
    }
    link.fields.end = span.fields.len();
    span.links.push(link);
}

fn tag(pair: &[u8]) -> Tag<'_> {
    Tag::new(plain(Text::from(last(pair, 1))), Value::Encoded(Text::from(last(pair, 2))))
}

/// The messages that are field `number`, in order.
fn messages(bytes: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    Fields::new(bytes).flatten().filter_map(move |field| match field {
        (found, Wire::Len(message)) if found == number => Some(message),
        _ => None,
    })
}

fn last(bytes: &[u8], number: u32) -> &[u8] {
    messages(bytes, number).last().unwrap_or_default()
}
