//! Spans as log records: one mapping for all formats that carry spans. `docs/spans.md` is its description.
//!
//! A format fills a [`Span`], which borrows from the frame; [`Span::write`] lays it out. The vectors of a Span are taken from the last one of the
//! thread, so that nothing is allocated per span.

pub(crate) mod choice;
mod duplicates;
pub(crate) mod otlp;
mod repairs;
mod resource;
mod tags;
mod value;
mod write;

use std::{cell::RefCell, ops::Range};

use logloom_record::{BatchWriter, Key, RejectReason, Text};

use crate::json::{Escapes, Scanner, Str, Value as Json};

pub(crate) use repairs::{Repaired, Repairs};
pub(crate) use resource::Owner;
pub(crate) use value::{Tag, Value, push_address};

/// What a span was to its peer; the words are OpenTelemetry's, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

impl Kind {
    const ALL: [(&'static str, Self); 5] = [
        ("internal", Self::Internal),
        ("server", Self::Server),
        ("client", Self::Client),
        ("producer", Self::Producer),
        ("consumer", Self::Consumer),
    ];

    /// Of its name, in letters of any size.
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(name)).map(|row| row.1)
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// How a span ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    #[default]
    Unset,
    Ok,
    Error,
}

/// Another span that this one names.
#[derive(Clone, Debug)]
pub(crate) struct Link<'a> {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    /// OpenTelemetry's `opentracing.ref_type`; empty where there is none.
    pub(crate) kind: &'static str,
    pub(crate) trace_state: Text<'a>,
    /// Its attributes among the span's `fields`.
    pub(crate) fields: Range<usize>,
}

/// Something that happened in a span: an annotation, a log.
#[derive(Clone, Debug)]
pub(crate) struct Event<'a> {
    pub(crate) time_unix_nano: u64,
    /// Its name, where the format has one besides the fields.
    pub(crate) name: Option<Str<'a>>,
    /// Its attributes among the span's `fields`.
    pub(crate) fields: Range<usize>,
    /// How many attributes the sender left out.
    pub(crate) dropped: u32,
}

/// A span on its way to records.
#[derive(Debug, Default)]
#[allow(clippy::struct_field_names)] // OpenTelemetry's names
pub(crate) struct Span<'a> {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    /// Zero where there is none.
    pub(crate) parent_span_id: [u8; 8],
    /// The low 8 bits are the W3C trace flags.
    pub(crate) flags: u32,
    pub(crate) name: Option<Str<'a>>,
    /// 0 where there is none.
    pub(crate) start_unix_nano: u64,
    pub(crate) duration_ns: Option<i64>,
    pub(crate) kind: Option<Kind>,
    pub(crate) status: Status,
    pub(crate) status_message: Option<Str<'a>>,
    pub(crate) trace_state: Option<Str<'a>>,
    /// How many attributes the sender left out.
    pub(crate) dropped: u32,
    /// The instrumentation scope that tags named.
    pub(crate) scope_name: Option<Str<'a>>,
    pub(crate) scope_version: Option<Str<'a>>,
    pub(crate) tags: Vec<Tag<'a>>,
    /// What links and events carry.
    pub(crate) fields: Vec<Tag<'a>>,
    pub(crate) links: Vec<Link<'a>>,
    pub(crate) events: Vec<Event<'a>>,
    /// Attributes that the format itself adds.
    pub(crate) extras: Vec<Tag<'a>>,
    pub(crate) original: Original<'a>,
}

/// The span as it came, where it is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Original<'a> {
    #[default]
    None,
    Text(Text<'a>),
    Bytes(Text<'a>),
}

/// The vectors of a span, empty, between two spans.
#[derive(Debug, Default)]
struct Spare {
    tags: Vec<Tag<'static>>,
    fields: Vec<Tag<'static>>,
    links: Vec<Link<'static>>,
    events: Vec<Event<'static>>,
    extras: Vec<Tag<'static>>,
}

thread_local! {
    static SPARE: RefCell<Spare> = RefCell::default();
}

/// The most fields that are kept of a span that has what its specification does not have; more are counted.
pub(crate) const UNKNOWN_MAX: usize = 64;
/// The most tags that a spare vector keeps room for.
const SPARE_TAGS_MAX: usize = 4096;

/// An empty vector in the memory of another one, whose elements borrowed something else.
fn recycle<A, B>(mut used: Vec<A>) -> Vec<B> {
    used.clear();
    if used.capacity() > SPARE_TAGS_MAX {
        return Vec::new();
    }
    // Collecting in place: the two have the same layout.
    used.into_iter().filter_map(|_| None).collect()
}

impl<'a> Span<'a> {
    /// An empty span, in the memory of the last one that this thread gave back.
    pub(crate) fn begin() -> Self {
        let spare = SPARE.take();
        Self {
            tags: recycle(spare.tags),
            fields: recycle(spare.fields),
            links: recycle(spare.links),
            events: recycle(spare.events),
            extras: recycle(spare.extras),
            ..Self::default()
        }
    }

    /// Adds an attribute of the format itself.
    #[inline]
    pub(crate) fn extra(&mut self, name: &'static Key, value: Value<'a>) {
        self.extras.push(Tag::new(plain(name.text()), value));
    }

    /// Writes a span that was read from `raw`, which is binary: it is kept as bytes, also where a text in it had to be repaired.
    pub(crate) fn write_binary(
        &mut self,
        owner: &Owner<'a, '_>,
        raw: Text<'a>,
        is_repaired: bool,
        out: &mut BatchWriter,
    ) -> Result<(), RejectReason> {
        if is_repaired {
            out.set_raw(Some(raw.bytes().to_vec()));
        } else if out.keeps_original() {
            self.original = Original::Bytes(raw);
        }
        let result = out.attempt(|out| {
            let mut scratch = out.take_scratch();
            self.use_lane(owner, out);
            self.write(out, &mut scratch);
            out.give_scratch(scratch);
            Ok(())
        });
        out.set_raw(None);
        result
    }

    /// Adds fields that the format's specification does not have, as tags, where no tag is called so.
    #[inline(never)]
    pub(crate) fn unknown(&mut self, fields: &[Tag<'a>]) {
        self.dropped += fields.len().saturating_sub(UNKNOWN_MAX) as u32;
        for field in fields.iter().take(UNKNOWN_MAX) {
            if !self.tags.iter().any(|tag| tag.name().text.bytes() == field.name().text.bytes()) {
                self.tags.push(*field);
            }
        }
    }

    /// Gives the memory back.
    pub(crate) fn end(self) {
        SPARE.set(Spare {
            tags: recycle(self.tags),
            fields: recycle(self.fields),
            links: recycle(self.links),
            events: recycle(self.events),
            extras: recycle(self.extras),
        });
    }
}

/// The value that stands next, as a tag's; an object or array is passed over, and so checked. The scanner comes back behind it.
#[inline(always)]
pub(crate) fn json_value(mut json: Scanner<'_>) -> Result<(Scanner<'_>, Value<'_>), RejectReason> {
    let from = json.position();
    let value = json.value()?;
    value_from(json, value, from)
}

/// The value that the scanner has begun to read, at `from`, as a tag's.
#[inline(always)]
pub(crate) fn value_from<'a>(json: Scanner<'a>, value: Json<'a>, from: usize) -> Result<(Scanner<'a>, Value<'a>), RejectReason> {
    let value = match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Int(value) => Value::Int(value),
        Json::Double(value) => Value::Double(value),
        Json::Digits(digits) => Value::Str(plain(digits)),
        Json::Str(text) => Value::Str(text),
        nested @ (Json::Object | Json::Array) => return nested_value(json, nested, from),
    };
    Ok((json, value))
}

#[inline(never)]
fn nested_value<'a>(mut json: Scanner<'a>, nested: Json<'a>, from: usize) -> Result<(Scanner<'a>, Value<'a>), RejectReason> {
    json.skip(nested)?;
    let value = Value::Json(json.frame().slice(from..json.position()), json.suspects_duplicates());
    Ok((json, value))
}

/// A text without escapes as the strings of spans are.
pub(crate) fn plain(text: Text<'_>) -> Str<'_> {
    Str { text, escapes: Escapes::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_reuse_their_memory() {
        let mut span = Span::begin();
        span.tags.push(Tag::new(plain(Text::from("a")), Value::Null));
        span.tags.reserve(100);
        let (address, capacity) = (span.tags.as_ptr() as usize, span.tags.capacity());
        span.end();
        let span = Span::begin();
        assert_eq!((span.tags.as_ptr() as usize, span.tags.capacity()), (address, capacity));
        assert!(span.tags.is_empty());
    }
}
