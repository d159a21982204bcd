//! The one place that lays out spans as records.

use logloom_record::{AnyValue, BatchWriter, Key, RecordCursor, Scalar, Tail, Text};

use super::{
    Event, Link, Original, Span, Status, Tag, Value,
    duplicates::{is_superseded, superseded, superseded_beside},
    plain, push_address,
    tags::{is_ours, may_be_known},
};
use crate::{
    ids,
    json::{Scanner, Seen, Str, write_value},
    severity,
};

const KIND: Key = Key::new("span.kind");
const PARENT_SPAN_ID: Key = Key::new("span.parent_span_id");
const DURATION_NS: Key = Key::new("span.duration_ns");
const STATUS_CODE: Key = Key::new("span.status_code");
const STATUS_MESSAGE: Key = Key::new("span.status_message");
const TRACE_STATE: Key = Key::new("span.trace_state");
const ORIGINAL: Key = Key::new("log.record.original");

const INFO: u8 = 9;
const ERROR: u8 = 17;

/// What a tag that was not consumed, and is called like an attribute of ours, is called instead.
const RENAMED: &[u8] = b"tag.";

impl<'a> Span<'a> {
    /// Writes the span's record and those of its events into the current lane. `scratch` is overwritten.
    pub(crate) fn write(&self, out: &mut BatchWriter, scratch: &mut Vec<u8>) {
        let mut seen = Seen::default();
        let gone = superseded_beside(&self.tags, &mut seen);
        let severity = if self.status == Status::Error { ERROR } else { INFO };
        let mut rec = out.begin(self.start_unix_nano, severity, Text::EMPTY);
        if let Some(name) = self.name.filter(|name| !name.text.is_empty()) {
            rec = rec.body(name.resolve(scratch));
        }
        if let Some(kind) = self.kind {
            rec = rec.attr(&KIND, Text::from(kind.name()));
        }
        if self.parent_span_id != [0; 8] {
            rec = rec.attr(&PARENT_SPAN_ID, Text::from(ids::digits(self.parent_span_id).as_slice()));
        }
        if let Some(duration) = self.duration_ns {
            rec = rec.attr_i64(&DURATION_NS, duration);
        }
        match self.status {
            Status::Unset => {}
            Status::Ok => rec = rec.attr(&STATUS_CODE, Text::from("OK")),
            Status::Error => rec = rec.attr(&STATUS_CODE, Text::from("ERROR")),
        }
        if let Some(message) = self.status_message.filter(|message| !message.text.is_empty()) {
            rec = rec.attr(&STATUS_MESSAGE, message.resolve(scratch));
        }
        if let Some(state) = self.trace_state.filter(|state| !state.text.is_empty()) {
            rec = rec.attr(&TRACE_STATE, state.resolve(scratch));
        }
        let mut clashes = false;
        for extra in &self.extras {
            clashes |= seen.add(extra.hash);
            rec = tag_attribute(rec, extra, scratch);
        }
        for (at, tag) in self.tags.iter().enumerate() {
            if is_superseded(&gone, at) {
                continue;
            }
            let is_extra = || self.extras.iter().any(|extra| tag.name.bytes() == extra.name.bytes());
            rec = if (may_be_known(tag.name) && is_ours(tag.name.bytes())) || (clashes && is_extra()) {
                rec.apart(|rec| write_renamed(rec, tag, scratch))
            } else {
                tag_attribute(rec, tag, scratch)
            };
        }
        if !self.links.is_empty() {
            rec = rec.apart(|rec| self.write_links(rec, scratch));
        }
        match self.original {
            Original::None => {}
            Original::Text(text) => rec = rec.attr(&ORIGINAL, text),
            Original::Bytes(bytes) => rec = rec.attr_scalar(Text::from(ORIGINAL.name()), Scalar::Bytes(bytes.bytes())),
        }
        rec.count_dropped(self.dropped);
        rec.finish(&self.tail(b"span"));
        if self.events.is_empty() {
            return;
        }
        // The bytes from before a repair are kept once, as the original is.
        let raw = out.take_raw();
        for event in &self.events {
            self.write_event(event, out, scratch);
        }
        out.set_raw(raw);
    }

    fn tail<'t>(&self, event_name: &'t [u8]) -> Tail<'t> {
        Tail { flags: self.flags & 0xff, trace_id: Some(self.trace_id), span_id: Some(self.span_id), event_name }
    }

    /// One event at its own time: named by its `event` field, else its `message`, unless the format has a name for it. The message is the body,
    /// else the name. Its severity is what a `level` field says; ERROR for an exception, else INFO.
    fn write_event(&self, event: &Event<'a>, out: &mut BatchWriter, scratch: &mut Vec<u8>) {
        let fields = self.fields.get(event.fields.clone()).unwrap_or_default();
        let gone = superseded(fields);
        let find = |name: &[u8]| fields.iter().rev().find(|tag| tag.name().is(name)).and_then(|tag| text_of(tag.value()));
        let named = if event.name.is_none() { find(b"event") } else { None };
        let message = find(b"message");
        let name = event.name.or(named).or(message).unwrap_or(plain(Text::EMPTY));
        let mut name_scratch = Vec::new();
        let name = name.resolve(&mut name_scratch);
        let level = find(b"level").map_or(0, |level| severity::of_text(level.resolve(scratch)));
        let severity = match name.bytes() {
            _ if level != 0 => level,
            b"exception" | b"error" => ERROR,
            _ => INFO,
        };
        let mut rec = out.begin(event.time_unix_nano, severity, Text::EMPTY);
        let body = message.map_or(name, |message| message.resolve(scratch));
        if !body.is_empty() {
            rec = rec.body(body);
        }
        for (at, tag) in fields.iter().enumerate() {
            let consumed = named.is_some() && tag.name().is(b"event");
            if !consumed && !is_superseded(&gone, at) {
                rec = tag_attribute(rec, tag, scratch);
            }
        }
        rec.count_dropped(event.dropped);
        rec.finish(&self.tail(name.bytes()));
    }

    /// `span.links`: an array of maps.
    #[inline(never)]
    fn write_links<'w>(&self, mut rec: RecordCursor<'w>, scratch: &mut Vec<u8>) -> RecordCursor<'w> {
        if !rec.admit() {
            return rec;
        }
        let attribute = rec.open(0x32);
        rec.name(Text::from("span.links"));
        let any = rec.open(0x12);
        let array = rec.open(0x2a);
        for link in &self.links {
            let item = rec.open(0x0a);
            let map = rec.open(0x32);
            self.write_link(link, &mut rec, scratch);
            rec.close(map);
            rec.close(item);
        }
        rec.close(array);
        rec.close(any);
        rec.close(attribute);
        rec
    }

    fn write_link(&self, link: &Link<'a>, rec: &mut RecordCursor<'_>, scratch: &mut Vec<u8>) {
        rec.string_entry(0x0a, Text::from("trace_id"), Text::from(ids::digits_16(link.trace_id).as_slice()));
        rec.string_entry(0x0a, Text::from("span_id"), Text::from(ids::digits(link.span_id).as_slice()));
        if !link.trace_state.is_empty() {
            rec.string_entry(0x0a, Text::from("trace_state"), link.trace_state);
        }
        let fields = self.fields.get(link.fields.clone()).unwrap_or_default();
        if fields.is_empty() && link.kind.is_empty() {
            return;
        }
        let entry = rec.open(0x0a);
        rec.name(Text::from("attributes"));
        let any = rec.open(0x12);
        let map = rec.open(0x32);
        if !link.kind.is_empty() {
            rec.string_entry(0x0a, Text::from("opentracing.ref_type"), Text::from(link.kind));
        }
        let gone = superseded(fields);
        for (at, tag) in fields.iter().enumerate() {
            if !is_superseded(&gone, at) {
                write_pair(rec, 0x0a, tag, scratch);
            }
        }
        rec.close(map);
        rec.close(any);
        rec.close(entry);
    }
}

/// The text of a value that is one.
fn text_of(value: Value<'_>) -> Option<Str<'_>> {
    match value {
        Value::Str(text) => Some(text),
        Value::Encoded(any) => match AnyValue::read(any.bytes()) {
            AnyValue::Str(text) => Some(plain(Text::from(text))),
            _ => None,
        },
        _ => None,
    }
}

/// A tag as an attribute; over `attributes_max` it is counted as dropped.
#[inline(always)]
fn tag_attribute<'w>(mut rec: RecordCursor<'w>, tag: &Tag<'_>, scratch: &mut Vec<u8>) -> RecordCursor<'w> {
    if !rec.admit() {
        return rec;
    }
    if tag.is_plain() {
        rec.string_entry(0x32, tag.name, tag.text());
        return rec;
    }
    rec.apart(|mut rec| {
        write_pair(&mut rec, 0x32, tag, scratch);
        rec
    })
}

#[cold]
#[inline(never)]
fn write_renamed<'w>(rec: RecordCursor<'w>, tag: &Tag<'_>, scratch: &mut Vec<u8>) -> RecordCursor<'w> {
    let mut name = RENAMED.to_vec();
    tag.name().unescape_into(&mut name);
    tag_attribute(rec, &Tag::new(plain(Text::from(name.as_slice())), tag.value()), scratch)
}

/// A `KeyValue` as field `field`.
#[inline(never)]
fn write_pair(rec: &mut RecordCursor<'_>, field: u8, tag: &Tag<'_>, scratch: &mut Vec<u8>) {
    if tag.is_plain() {
        return rec.string_entry(field, tag.name, tag.text());
    }
    let pair = rec.open(field);
    rec.name(tag.name().resolve(scratch));
    let value = tag.value();
    if let Value::Encoded(any) = value {
        rec.message(0x12, any.bytes());
    } else {
        let any = rec.open(0x12);
        write_scalar(rec, value, scratch);
        rec.close(any);
    }
    rec.close(pair);
}

fn write_scalar(rec: &mut RecordCursor<'_>, value: Value<'_>, scratch: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Encoded(_) => {}
        Value::Bool(value) => rec.scalar(Scalar::Bool(value)),
        Value::Int(value) => rec.scalar(Scalar::Int(value)),
        Value::Double(value) => rec.scalar(Scalar::Double(value)),
        Value::Str(text) => rec.scalar(Scalar::Str(text.resolve(scratch))),
        Value::Hex(digits) => {
            scratch.clear();
            if ids::binary_into(scratch, digits.bytes()) {
                rec.scalar(Scalar::Bytes(scratch));
            } else {
                rec.scalar(Scalar::Str(digits));
            }
        }
        Value::Bytes(bytes) => rec.scalar(Scalar::Bytes(bytes.bytes())),
        Value::Address(bytes) => {
            scratch.clear();
            push_address(scratch, bytes.bytes());
            rec.scalar(Scalar::Str(Text::from(scratch.as_slice())));
        }
        Value::Json(text, suspect) => {
            // It was checked when it was passed over: nothing here can fail.
            let mut scanner = Scanner::new(text, u32::MAX);
            if suspect {
                scanner = scanner.suspecting();
            }
            if let Ok(value) = scanner.value() {
                let _ = write_value(rec, &mut scanner, value, scratch);
            }
        }
    }
}
