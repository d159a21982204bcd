//! Messages of the Fluent Forward protocol: what Fluentd and Fluent Bit send each other.

mod event;
mod group;

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectKind, RejectReason, Text, lossy, msgpack::Head, proto};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec,
    fields::{Dialect, Fields, PackedKeys},
    formats::json,
    json::unescape,
    msgpack_json::{Damage, Reader},
    open_framed,
};
use event::{Event, GROUP_BEGINS, NANOS, is_plain_time, is_time, metadata, split};
use group::group;

/// The row of `fluentforward`.
pub static SPEC: Spec = Spec {
    name: "fluentforward",
    about: About {
        line: "Fluent Forward messages (MessagePack) of Fluentd and Fluent Bit: each event is a record, its tag an attribute",
        page: "https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1",
        example: "a MessagePack array: [tag, [[time, record], ...], option]",
    },
    options: &[json::KEYS],
    compile,
};

/// Reads the record of an event as `json` reads an object.
struct FluentForward {
    object: Arc<dyn Format>,
    /// The same, for records that are read without JSON in between.
    dialect: Dialect,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(FluentForward { object: (json::SPEC.compile)(options)?, dialect: json::dialect(options)? }))
}

/// Arrays and maps lie at most so deep in each other, beside what `depth_max` says.
const DEPTH_MAX: u32 = 64;
/// The longest event that is read without JSON, in bytes.
const FRAME_BYTES_MAX: usize = u32::MAX as usize / 4;
/// So many bytes follow what is read.
const STEP: usize = 128;

impl Format for FluentForward {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn is_text(&self) -> bool {
        false
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        // An array of two to four values, the first of them a string; nothing in a text begins so.
        let mut reader = Reader::new(frame);
        let is_message = matches!(reader.head(), Ok(Head::Array(2..=4))) && matches!(reader.text(), Ok(Some(tag)) if !tag.is_empty());
        if is_message { Likely(90) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let bytes = frame.bytes();
        let mut reader = Reader::new(bytes);
        let Head::Array(len @ 2..=4) = reader.head().map_err(reason)? else {
            return Err(RejectReason::syntax("expected an array of tag, events and option", 0));
        };
        let at = reader.at;
        if len == 2 && (is_plain_time(bytes, at) || is_time(bytes, at)) {
            // Events alone, one after another, as Fluent Bit posts them over HTTP.
            self.events(b"", frame, 0, out);
            return Ok(());
        }
        let tag = reader.text().map_err(reason)?.ok_or_else(|| RejectReason::syntax("expected the tag, a string", at))?;
        let events = reader.at;
        // The whole message first: of one that is cut nothing is taken.
        for _ in 1..len {
            reader.pass().map_err(reason)?;
        }
        if !reader.is_at_end() {
            return Err(RejectReason::syntax("something stands behind the message", reader.at));
        }
        reader.at = events;
        match reader.head().map_err(reason)? {
            Head::Array(count) if !is_time(bytes, events) => {
                let mut text = Scratch::default();
                for _ in 0..count {
                    let start = reader.at;
                    if let Some(len) = self.known_event(tag, frame.after(start), &mut text, out) {
                        reader.at += len;
                        continue;
                    }
                    reader.pass().map_err(reason)?;
                    self.event(tag, frame.slice(start..reader.at), start, &mut text, out);
                }
            }
            head @ (Head::Str(_) | Head::Bin(_)) => {
                let packed = reader.body(head).map_err(reason)?;
                let base = reader.at - packed.len();
                self.events(tag, frame.slice(base..reader.at), base, out);
            }
            // One event in the message itself.
            _ => {
                let result =
                    split(&mut Reader::from(bytes, events)).and_then(|event| self.write(tag, bytes, &event, &mut Scratch::default(), out));
                return result;
            }
        }
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// Memory that stays from event to event.
#[derive(Default)]
struct Scratch {
    json: Vec<u8>,
    /// An event, and behind it what of its record does not stand there as text.
    frame: Vec<u8>,
    /// The event's record is like none before: it is to be learned.
    is_new: bool,
    /// What the group of events shares: the content of an OTLP `Resource`, and of an `InstrumentationScope`.
    resource: Vec<u8>,
    scope: Vec<u8>,
}

impl FluentForward {
    /// Events one after another, which stand at `base` in their frame; what is damaged ends them.
    fn events(&self, tag: &[u8], packed: Text<'_>, base: usize, out: &mut BatchWriter) {
        let mut inside = Reader::new(packed.bytes());
        let mut scratch = Scratch::default();
        while !inside.is_at_end() {
            let start = inside.at;
            if let Some(len) = self.known_event(tag, packed.after(start), &mut scratch, out) {
                inside.at += len;
                continue;
            }
            if let Err(damage) = inside.pass() {
                let rest = packed.bytes().get(start..).unwrap_or_default();
                out.reject(rest, reason(damage), out.frame_offset() + (base + start) as u64, SPEC.name);
                break;
            }
            self.event(tag, packed.slice(start..inside.at), base + start, &mut scratch, out);
        }
    }

    /// One event: `[time, record]`.
    fn event(&self, tag: &[u8], raw: Text<'_>, start: usize, scratch: &mut Scratch, out: &mut BatchWriter) {
        let mut reader = Reader::new(raw.bytes());
        let result = match reader.head() {
            Ok(Head::Array(2..)) => split(&mut reader).and_then(|event| self.write(tag, raw.bytes(), &event, scratch, out)),
            Ok(_) => Err(RejectReason::syntax("an event is an array of its time and its record", 0)),
            Err(damage) => Err(reason(damage)),
        };
        if let Err(reason) = result {
            out.reject(raw.bytes(), reason, out.frame_offset() + start as u64, SPEC.name);
        }
        out.end_frame();
    }

    /// The event that stands at the beginning of `events`, where its record is like one before: how long it is. It is looked through once only, while
    /// [`event`](Self::event) asks for its end first.
    #[inline]
    fn known_event(&self, tag: &[u8], events: Text<'_>, scratch: &mut Scratch, out: &mut BatchWriter) -> Option<usize> {
        let bytes = events.bytes();
        let mut reader = Reader::new(bytes);
        scratch.is_new = false;
        if bytes.len() > FRAME_BYTES_MAX || reader.head() != Ok(Head::Array(2)) {
            return None;
        }
        let event = split(&mut reader).ok()?;
        if event.is_mark() || event.has_metadata(bytes) {
            return None;
        }
        self.envelop(tag, &event, scratch, out);
        let depth = out.limits().depth_max.min(DEPTH_MAX);
        let Scratch { frame, is_new, .. } = scratch;
        let mut len = None;
        let result = out.attempt(|out| {
            Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
                len = fields.follow_packed(&self.dialect, events, event.record, depth, frame);
                *is_new = fields.is_learning();
                if len.is_some() { self.write_fields(fields, frame, out) } else { Ok(()) }
            })
        });
        out.end_envelope();
        if result.is_err() {
            return None; // what is wrong is told where it is read for itself
        }
        if len.is_some() {
            out.end_frame();
        }
        len
    }

    /// What the next record has besides its own fields.
    fn envelop(&self, tag: &[u8], event: &Event, scratch: &Scratch, out: &mut BatchWriter) {
        self.choose_lane(scratch, out);
        out.envelope().time(event.time.max(0) as u64).no_original();
        if !tag.is_empty() {
            out.envelope().attr(b"fluent.tag", lossy(tag).as_bytes());
        }
    }

    /// Writes the fields that were gathered.
    #[inline(always)]
    fn write_fields(&self, fields: &mut Fields, frame: &mut Vec<u8>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let len = frame.len();
        frame.resize(len + STEP, 0); // texts are copied in whole steps
        let text = Text::of(frame, 0..len);
        fields.write(&self.dialect, text, text, unescape, out)
    }

    /// The records that follow are of this resource and scope, beside what is known from the channel.
    #[allow(clippy::unused_self)] // beside `write`
    fn choose_lane(&self, scratch: &Scratch, out: &mut BatchWriter) {
        if scratch.resource.is_empty() && scratch.scope.is_empty() {
            return out.use_channel();
        }
        let origin = Arc::clone(out.origin());
        let mut key = out.take_scratch();
        key.extend_from_slice(&scratch.resource);
        key.push(0);
        key.extend_from_slice(&scratch.scope);
        out.use_resource(&key, |resource, scope| {
            for (name, value) in &origin.resource {
                proto::push_string_attribute(resource, 0x0a, name.as_bytes(), value.as_bytes());
            }
            resource.extend_from_slice(&scratch.resource);
            scope.extend_from_slice(&scratch.scope);
        });
        out.give_scratch(key);
    }

    /// Writes an event that stands in `bytes`.
    fn write(&self, tag: &[u8], bytes: &[u8], event: &Event, scratch: &mut Scratch, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let depth = out.limits().depth_max.min(DEPTH_MAX);
        let mut reader = Reader::from(bytes, event.record);
        let Head::Map(len) = reader.head().map_err(reason)? else {
            return Err(RejectReason::syntax("the record of an event is a map", event.record));
        };
        if event.is_mark() {
            scratch.resource.clear();
            scratch.scope.clear();
            if event.time.div_euclid(NANOS) == GROUP_BEGINS {
                group(&mut reader, len, depth, scratch).map_err(reason)?;
            }
            return Ok(());
        }
        self.envelop(tag, event, scratch, out);
        let result = match self.packed(bytes, event, depth, scratch, out) {
            Some(result) => result,
            None => self.by_json(bytes, event, depth, &mut scratch.json, out),
        };
        out.end_envelope();
        result
    }

    /// Writes the record as it stands; `None`: it must be read as JSON.
    #[inline]
    fn packed(
        &self,
        bytes: &[u8],
        event: &Event,
        depth: u32,
        Scratch { frame, is_new, .. }: &mut Scratch,
        out: &mut BatchWriter,
    ) -> Option<Result<(), RejectReason>> {
        if bytes.len() > FRAME_BYTES_MAX || event.has_metadata(bytes) {
            return None;
        }
        let mut is_read = true;
        let result = out.attempt(|out| {
            let mut reader = Reader::from(bytes, event.record);
            let Ok(Head::Map(len)) = reader.head() else { return Ok(()) };
            Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
                frame.clear();
                frame.extend_from_slice(bytes);
                if *is_new {
                    fields.begin_learning();
                }
                is_read = PackedKeys::with(&self.dialect, |keys| fields.gather_packed(&self.dialect, keys, &mut reader, len, depth, frame))
                    .is_some();
                if !is_read {
                    return Ok(());
                }
                fields.learn_packed(&self.dialect, bytes, event.record, reader.at, frame);
                self.write_fields(fields, frame, out)
            })
        });
        is_read.then_some(result)
    }

    /// Writes the record by way of JSON.
    #[inline(never)]
    fn by_json(&self, bytes: &[u8], event: &Event, depth: u32, json: &mut Vec<u8>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let mut reader = Reader::from(bytes, event.record);
        let Head::Map(len) = reader.head().map_err(reason)? else { return Ok(()) };
        json.clear();
        json.push(b'{');
        reader.pairs(len, depth, json).map_err(reason)?;
        if let Some(at) = event.metadata {
            metadata(bytes, at, depth, json).map_err(reason)?;
        }
        json.push(b'}');
        out.attempt(|out| self.object.parse(Text::from(json.as_slice()), out))
    }
}

fn reason(damage: Damage) -> RejectReason {
    let kind = if damage.what.ends_with("cut") { RejectKind::Truncated } else { RejectKind::Syntax };
    RejectReason { kind, what: damage.what, at: u32::try_from(damage.at).unwrap_or(u32::MAX) }
}

#[cfg(test)]
mod tests;
