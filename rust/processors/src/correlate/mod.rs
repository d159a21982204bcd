//! `correlate`: which trace, span and request a record belongs to, found in its attributes and its text.

mod found;
mod keys;

use std::sync::Arc;

use logloom_record::{AnyValue, Batch, Overlay, Record, overlay::push_text};
use regex::bytes::Regex;

use crate::{Outcome, Processor};
use found::{Found, Source};
use keys::{KEY_BYTES_MAX, Plain, Says, is_key, says};

/// Where is looked, and what is written.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether the body is searched.
    pub body: bool,
    /// The attributes whose texts are searched.
    pub texts: Vec<String>,
    /// The attribute that a request's id becomes; empty: none.
    pub request_id: String,
    /// Further keys under which a request's id stands.
    pub request_id_keys: Vec<String>,
}

/// The processor.
#[derive(Debug)]
pub struct Correlate {
    settings: Settings,
    /// In plain form.
    further: Vec<Vec<u8>>,
    marks: Regex,
    names: Vec<Arc<str>>,
    request: Arc<str>,
}

/// What every key that is looked for in a text holds. These are literals, which are found many bytes at a time; a key of the user's own
/// is added to them.
const MARKS: &[&str] = &[
    "race", "RACE", "Race", "pan_", "pan-", "pan.", "panI", "panid", "PAN", "b3:", "b3=", "b3\"", "b3\\", "B3:", "B3=", "B3\"", "B3\\",
    "ampled",
];

/// The same where a request's id is wanted.
const REQUEST_MARKS: &[&str] = &["equest-", "equest_", "equest.", "equestI", "equestid", "EQUEST", "eqId", "eq_id", "eqid", "eq-id"];

/// How deep a map is followed.
const DEPTH_MAX: u32 = 4;

/// The longest value in a text, in bytes.
const VALUE_BYTES_MAX: usize = 256;

impl Correlate {
    /// From its settings.
    pub fn new(settings: Settings) -> Result<Self, regex::Error> {
        let mut marks: Vec<String> = MARKS.iter().map(|mark| (*mark).to_owned()).collect();
        if !settings.request_id.is_empty() {
            marks.extend(REQUEST_MARKS.iter().map(|mark| (*mark).to_owned()));
            marks.extend(settings.request_id_keys.iter().cloned());
        }
        let pattern: Vec<String> = marks.iter().map(|mark| regex::escape(mark)).collect();
        Ok(Self {
            marks: Regex::new(&pattern.join("|"))?,
            further: settings
                .request_id_keys
                .iter()
                .filter_map(|key| Plain::of(key.as_bytes()))
                .map(|key| key.as_bytes().to_vec())
                .collect(),
            names: Source::ALL.iter().map(|(_, name)| (*name).into()).collect(),
            request: "request_id".into(),
            settings,
        })
    }

    /// What is to be written of this record.
    fn lay(&self, record: &Record<'_>, overlay: &mut Overlay, outcome: &mut Outcome) {
        let wants_trace = record.trace_id.is_none() || record.span_id.is_none();
        let wants_request = !self.settings.request_id.is_empty();
        let mut search = Search { of: self, found: Found::default(), has_request: false };
        if wants_trace || wants_request {
            search.attributes(record);
        }
        let wants_request = wants_request && !search.has_request;
        if self.settings.body
            && (wants_trace || (wants_request && search.found.request_id.is_none()))
            && let Some(body) = record.body()
        {
            search.body(&body, 0);
        }
        let found = search.found;
        let told = match record.trace_id {
            None => found.trace(),
            Some(_) if record.span_id.is_some() => None,
            Some(trace_id) => found.span_of(trace_id),
        };
        if let Some((source, trace)) = told {
            if record.trace_id.is_none() {
                overlay.set_bytes(9, &trace.trace_id);
            }
            if let (None, Some(span_id)) = (record.span_id, trace.span_id) {
                overlay.set_bytes(10, &span_id);
            }
            if record.flags == 0 && trace.flags != 0 {
                overlay.set_fixed32(8, trace.flags.into());
            }
            if let Some(name) = self.names.get(source as usize) {
                outcome.count(name, 1);
            }
        }
        if let (true, Some(id)) = (wants_request, found.request_id) {
            overlay.set_in(record.bytes(), self.settings.request_id.as_bytes(), |out| push_text(out, id));
            outcome.count(&self.request, 1);
        }
    }
}

/// One record on its way.
struct Search<'s, 'a> {
    of: &'s Correlate,
    found: Found<'a>,
    /// The attribute that a request's id becomes is there.
    has_request: bool,
}

impl<'a> Search<'_, 'a> {
    fn attributes(&mut self, record: &Record<'a>) {
        let settings = &self.of.settings;
        for (key, value) in record.attributes() {
            self.has_request |= key == settings.request_id.as_bytes() && !key.is_empty();
            if let Some(says) = says(key, &self.of.further) {
                self.value(says, &value);
            } else if let AnyValue::Map(_) = value {
                self.nested(&value, 0, false);
            }
        }
        // Texts come after: what stands under a key of its own is surer.
        for (key, value) in record.attributes() {
            if settings.texts.iter().any(|text| text.as_bytes() == key) {
                self.body(&value, 0);
            }
        }
    }

    fn value(&mut self, says: Says, value: &AnyValue<'a>) {
        match value {
            AnyValue::Str(text) => self.found.tell(says, text),
            AnyValue::Bool(is_sampled) if matches!(says, Says::Sampled | Says::B3Sampled) => {
                self.found.tell(says, if *is_sampled { b"1" } else { b"0" });
            }
            // A header that came more than once: the first.
            AnyValue::Array(values) => {
                if let Some(AnyValue::Str(text)) = values.clone().next() {
                    self.found.tell(says, text);
                }
            }
            _ => {}
        }
    }

    /// The values of a map by their keys; `texts`: also what other texts in it say.
    fn nested(&mut self, value: &AnyValue<'a>, depth: u32, texts: bool) {
        let AnyValue::Map(entries) = value else { return };
        for (key, value) in entries.clone() {
            match says(key, &self.of.further) {
                Some(says) => self.value(says, &value),
                None if depth >= DEPTH_MAX => {}
                None if texts => self.body(&value, depth + 1),
                None => self.nested(&value, depth + 1, false),
            }
        }
    }

    fn body(&mut self, value: &AnyValue<'a>, depth: u32) {
        match value {
            AnyValue::Str(text) | AnyValue::Bytes(text) => self.text(text),
            AnyValue::Map(_) => self.nested(value, depth, true),
            _ => {}
        }
    }

    /// Keys with their values in a text: `key=value`, `key: value`, JSON, JSON in JSON.
    fn text(&mut self, text: &'a [u8]) {
        let mut from = 0;
        while let Some(mark) = self.of.marks.find_at(text, from) {
            let before = text.get(mark.start().saturating_sub(KEY_BYTES_MAX)..mark.start()).unwrap_or_default();
            let start = mark.start() - before.iter().rev().take_while(|byte| is_key(**byte)).count();
            let behind = text.get(mark.start()..text.len().min(mark.start() + KEY_BYTES_MAX)).unwrap_or_default();
            let end = mark.start() + behind.iter().take_while(|byte| is_key(**byte)).count();
            from = end.max(mark.end());
            let Some(says) = text.get(start..end).and_then(|key| says(key, &self.of.further)) else { continue };
            if let Some(value) = value_after(text.get(end..).unwrap_or_default(), says) {
                self.found.tell(says, value);
            }
        }
    }
}

/// The value behind a key: behind `=` or `:`, quotes and backslashes taken off.
fn value_after(rest: &[u8], says: Says) -> Option<&[u8]> {
    let rest = rest.get(..rest.len().min(VALUE_BYTES_MAX)).unwrap_or(rest);
    let quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\\');
    let skip = |rest: &[u8], is: &dyn Fn(&u8) -> bool| rest.iter().take_while(|byte| is(byte)).count();
    let mut at = skip(rest, &quote);
    at += skip(rest.get(at..)?, &|byte| *byte == b' ');
    if !matches!(rest.get(at)?, b'=' | b':') {
        return None;
    }
    at += 1;
    at += skip(rest.get(at..)?, &|byte| matches!(byte, b' ' | b'[' | b'>') || quote(byte));
    let value = rest.get(at..)?;
    let parts = matches!(says, Says::Amazon | Says::Google);
    let is_end = |byte: &u8| match byte {
        b';' => !parts,
        b'"' | b'\'' | b'\\' | b',' | b'&' | b'|' | b'<' | b'>' | b'{' | b'}' | b'[' | b']' | b'(' | b')' => true,
        byte => !byte.is_ascii_graphic(),
    };
    let end = value.iter().position(is_end).unwrap_or(value.len());
    let value = value.get(..end)?;
    Some(value.strip_suffix(b".").unwrap_or(value)).filter(|value| !value.is_empty())
}

impl Processor for Correlate {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        let mut overlay = Overlay::record();
        batch.edit(
            |record, out| {
                overlay.clear();
                self.lay(record, &mut overlay, outcome);
                overlay.finish(record.bytes(), out)
            },
            |_, _, _| false,
        )
    }
}
