//! The captured pieces as one record.

use logloom_record::{BatchWriter, Key, RecordCursor, Scalar, Tail, Text};

use super::{Kind, NAMES_MAX, Plan, Slot, Use};
use crate::{
    ids,
    severity::{self, Scale},
    time::{Context, usual},
};

const ORIGINAL: Key = Key::new("log.record.original");

/// A bit for each slot.
#[derive(Clone, Copy, Default)]
struct Bits([u64; NAMES_MAX / 64]);

impl Bits {
    #[inline(always)]
    fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word & 1 << (at % 64) != 0)
    }

    #[inline(always)]
    fn set(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }
}

/// What stands in a record beside its attributes.
#[derive(Default)]
struct Head<'a> {
    time_unix_nano: Option<u64>,
    severity: Option<(u8, Text<'a>)>,
    body: Option<Text<'a>>,
    tail: Tail<'a>,
}

impl Plan {
    /// Writes the record of a line. `value` answers what stands in each slot; nothing and `-` are absent, as in all formats. `more` writes
    /// attributes that have no slot.
    #[inline(always)]
    pub(crate) fn write<'a>(
        &self,
        line: Text<'a>,
        value: impl Fn(usize) -> Option<Text<'a>>,
        more: impl for<'w> FnOnce(RecordCursor<'w>) -> RecordCursor<'w>,
        out: &mut BatchWriter,
    ) {
        let value = |at: usize| value(at).filter(|text| !matches!(text.bytes(), b"" | b"-"));
        let keeps_original = out.keeps_original();
        let context = Context::of(self.zone, out);
        let mut head = Head::default();
        let mut used = Bits::default();
        for &at in &self.heads {
            let at = usize::from(at);
            let (Some(slot), Some(text)) = (self.slots.get(at), value(at)) else { continue };
            if self.take(slot, text, &context, &mut head) {
                used.set(at);
            }
        }
        let (severity, severity_text) = head.severity.unwrap_or((0, Text::EMPTY));
        let mut rec = out.begin(head.time_unix_nano.unwrap_or_default(), severity, severity_text);
        rec = match head.body {
            Some(body) => rec.body(body),
            None if keeps_original => rec.body(line),
            None => rec,
        };
        for (at, slot) in self.slots.iter().enumerate() {
            if used.has(at) || used.has(usize::from(slot.first)) {
                continue;
            }
            let Some(text) = value(at) else { continue };
            used.set(usize::from(slot.first));
            rec = match slot.kind {
                Kind::Text => rec.attr_text(Text::from(slot.name.as_str()), text),
                _ => rec.apart(|rec| typed(rec, slot, text)),
            };
        }
        rec = more(rec);
        if keeps_original && head.body.is_some() {
            rec = rec.attr(&ORIGINAL, line);
        }
        rec.finish(&head.tail);
    }

    /// Gives a text the place in the record that its slot names, where that is free and the text fits it.
    fn take<'a>(&self, slot: &Slot, text: Text<'a>, context: &Context, head: &mut Head<'a>) -> bool {
        match slot.says {
            Use::Time if head.time_unix_nano.is_none() => {
                let by_pattern = self.time.as_ref().and_then(|pattern| pattern.parse(text.bytes(), context).ok().flatten());
                head.time_unix_nano = by_pattern.or_else(|| usual(text.bytes(), context)).filter(|time| *time != 0);
                return head.time_unix_nano.is_some();
            }
            Use::Severity(scale) if head.severity.is_none() => head.severity = Some((severity_of(text, scale), text)),
            Use::Body if head.body.is_none() => head.body = Some(text),
            Use::TraceId if head.tail.trace_id.is_none() => {
                head.tail.trace_id = ids::trace_id(text.bytes());
                return head.tail.trace_id.is_some();
            }
            Use::SpanId if head.tail.span_id.is_none() => {
                head.tail.span_id = ids::span_id(text.bytes());
                return head.tail.span_id.is_some();
            }
            Use::TraceFlags if head.tail.flags == 0 => {
                let Some(flags) = ids::hex2(text.bytes()) else { return false };
                head.tail.flags = u32::from(flags);
            }
            Use::Traceparent if head.tail.trace_id.is_none() => {
                let Some((trace_id, span_id, flags)) = ids::traceparent(text.bytes()) else { return false };
                (head.tail.trace_id, head.tail.span_id, head.tail.flags) = (Some(trace_id), Some(span_id), u32::from(flags));
            }
            Use::EventName if head.tail.event_name.is_empty() => head.tail.event_name = text.bytes(),
            _ => return false,
        }
        true
    }
}

fn severity_of(text: Text<'_>, scale: Scale) -> u8 {
    match severity::of_text(text) {
        0 => integer(text).map_or(0, |number| severity::of_number(number, scale)),
        known => known,
    }
}

fn integer(text: Text<'_>) -> Option<i64> {
    std::str::from_utf8(text.bytes()).ok()?.parse().ok()
}

/// An attribute of the type that the pattern gives; a text that is none of it stays text.
#[inline(never)]
fn typed<'w>(mut rec: RecordCursor<'w>, slot: &Slot, text: Text<'_>) -> RecordCursor<'w> {
    let name = Text::from(slot.name.as_str());
    let value = match slot.kind {
        Kind::Int => match integer(text) {
            Some(number) => return rec.attr_int(name, number),
            None => return rec.attr_text(Text::from(slot.own.as_str()), text),
        },
        Kind::Double => {
            let number = std::str::from_utf8(text.bytes()).ok().and_then(|digits| digits.parse::<f64>().ok());
            number.filter(|number| number.is_finite()).map(Scalar::Double)
        }
        Kind::Bool => match text.bytes() {
            word if [&b"true"[..], b"yes", b"on", b"1"].iter().any(|known| known.eq_ignore_ascii_case(word)) => Some(Scalar::Bool(true)),
            word if [&b"false"[..], b"no", b"off", b"0"].iter().any(|known| known.eq_ignore_ascii_case(word)) => Some(Scalar::Bool(false)),
            _ => None,
        },
        Kind::List => return list(rec, name, text),
        Kind::Header => return if rec.admit() { rec.attr_list_named(name, text) } else { rec },
        Kind::Text => None,
    };
    if rec.admit() {
        rec.scalar_entry(0x32, name, value.unwrap_or(Scalar::Str(text)));
    }
    rec
}

fn list<'w>(mut rec: RecordCursor<'w>, name: Text<'_>, text: Text<'_>) -> RecordCursor<'w> {
    if !rec.admit() {
        return rec;
    }
    let attribute = rec.open(0x32);
    rec.name(name);
    let any = rec.open(0x12);
    let values = rec.open(0x2a);
    for item in text.bytes().split(|byte| *byte == b',') {
        let value = rec.open(0x0a);
        rec.scalar(Scalar::Str(Text::from(item.trim_ascii())));
        rec.close(value);
    }
    rec.close(values);
    rec.close(any);
    rec.close(attribute);
    rec
}
