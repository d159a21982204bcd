//! Formats whose frames are JSON objects, and which differ by their table of keys only.

use std::{ops::Range, sync::Arc};

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memmem::Finder;

use crate::{
    Decoder, Format, Framing, Likely, OptionError, Options, Spec,
    decoder::is_object,
    fields::{Dialect, Fields, Rows, unescape_pair},
    formats::json::KEYS,
    json::{Scanner, Value, unescape},
    open_framed,
};

/// What one such format is.
#[derive(Debug)]
pub(crate) struct Objects {
    pub(crate) spec: &'static Spec,
    pub(crate) rows: Rows,
    /// What tells it from other JSON: so many of these keys (of text with a quote in it: of these texts) stand in an object; one group will do.
    pub(crate) signs: &'static [(usize, &'static [&'static str])],
    /// Keys of an object around the records, which are its array's items.
    pub(crate) lists: &'static [&'static str],
    /// Whether a line that is no object may hold the same as `key=value` pairs.
    pub(crate) pairs: bool,
    pub(crate) framing: Framing,
}

/// A compiled one.
struct Compiled {
    objects: &'static Objects,
    dialect: Dialect,
    /// Search for the keys of its lists.
    lists: Vec<Finder<'static>>,
}

impl Objects {
    /// Compiles it, with the user's own keys first.
    pub(crate) fn compile(&'static self, options: &Options) -> Result<Arc<dyn Format>, OptionError> {
        let dialect = Dialect::of(&self.rows, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?);
        Ok(Arc::new(Compiled { objects: self, dialect, lists: self.lists.iter().map(|key| Finder::new(key.as_bytes())).collect() }))
    }
}

impl Compiled {
    /// Whether a list of records may begin in the frame: its key stands near the beginning.
    fn has_list(&self, frame: &[u8]) -> bool {
        let head = frame.get(..LIST_KEY_AT_MAX).unwrap_or(frame);
        self.lists.iter().any(|key| key_value(head, key).is_some_and(|value| value.first() == Some(&b'[')))
    }
}

/// How far into a frame the key of a list of records is looked for, in bytes.
const LIST_KEY_AT_MAX: usize = 256;
/// So much of a source tells whether it has the keys, where frames are not lines, in bytes.
const HEAD_LEN_MAX: usize = 4096;

/// What stands behind `"key":`, at the key's first place.
fn key_value<'a>(object: &'a [u8], key: &Finder<'_>) -> Option<&'a [u8]> {
    key.find_iter(object).find_map(|at| {
        let before = object.get(at.checked_sub(1)?)?;
        let value = object.get(at + key.needle().len()..)?.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":")?;
        (*before == b'"').then(|| value.trim_ascii_start())
    })
}

impl Format for Compiled {
    fn spec(&self) -> &'static Spec {
        self.objects.spec
    }

    fn framing(&self) -> Framing {
        self.objects.framing
    }

    #[inline]
    fn begins(&self, line: &[u8]) -> bool {
        is_object(line)
    }

    fn goes_on_over_lines(&self) -> bool {
        true
    }

    fn list_key(&self) -> &'static str {
        self.objects.lists.first().copied().unwrap_or_default()
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let frame = frame.trim_ascii_start();
        if frame.first() != Some(&b'{') && !self.objects.pairs {
            return Likely::NO;
        }
        let frame = if self.objects.framing == Framing::Elements { frame.get(..HEAD_LEN_MAX).unwrap_or(frame) } else { frame };
        let has = |sign: &&&str| {
            if sign.contains(['"', '=']) {
                crate::scan::find_bytes(frame, sign.as_bytes()).is_some()
            } else {
                key_value(frame, &Finder::new(sign.as_bytes())).is_some()
            }
        };
        let is_it = self.objects.signs.iter().any(|(count, signs)| signs.iter().filter(has).count() >= *count);
        if is_it { Likely(95) } else { Likely::NO }
    }

    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if !self.lists.is_empty() && self.has_list(frame.bytes()) {
            return read_list(self.objects, &self.dialect, frame, out);
        }
        if self.objects.pairs && frame.bytes().first() != Some(&b'{') {
            return read_pairs(&self.dialect, frame, out);
        }
        read(&self.dialect, frame, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// Reads one object.
#[inline]
fn read(dialect: &Dialect, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    if frame.len() > u32::MAX as usize {
        return Err(RejectReason::limit("a line of JSON has at most 4 GiB", 0));
    }
    let mut json = Scanner::new(frame, out.limits().depth_max);
    json.byte_order_mark();
    match json.value()? {
        Value::Object => {}
        Value::Array if let Some(objects) = objects_of(json) => {
            return objects.into_iter().try_for_each(|object| read(dialect, frame.slice(object), out));
        }
        _ => return Err(RejectReason::syntax("expected an object", 0)),
    }
    Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
        fields.gather(dialect, &mut json)?;
        json.end()?;
        dialect.add_constants(fields, frame);
        fields.write(dialect, frame, frame, unescape, out)
    })
}

/// Where the items of the array that `json` is in stand in its frame; `None` unless all of them are objects, and nothing follows.
#[cold]
#[inline(never)]
pub(crate) fn objects_of(mut json: Scanner<'_>) -> Option<Vec<Range<usize>>> {
    let mut objects = Vec::new();
    while json.item().ok()? {
        let start = json.start();
        let item = json.value().ok()?;
        let Value::Object = item else { return None };
        json.skip(item).ok()?;
        objects.push(start..json.position());
    }
    json.end().ok()?;
    (!objects.is_empty()).then_some(objects)
}

/// Reads a line of `key=value` pairs.
#[inline(never)]
fn read_pairs(dialect: &Dialect, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    if frame.len() > u32::MAX as usize {
        return Err(RejectReason::limit("a line has at most 4 GiB", 0));
    }
    Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
        if fields.gather_pairs(dialect, frame)? == 0 {
            return Err(RejectReason::syntax("expected an object or key=value", 0));
        }
        dialect.add_constants(fields, frame);
        fields.write(dialect, frame, frame, unescape_pair, out)
    })
}

/// Reads an object around a list of records: each item is one, and its text its original.
#[inline(never)]
fn read_list(objects: &Objects, dialect: &Dialect, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let mut json = Scanner::new(frame, out.limits().depth_max + 2);
    json.byte_order_mark();
    let Value::Object = json.value()? else { return Err(RejectReason::syntax("expected an object", 0)) };
    while let Some(key) = json.key()? {
        let value = json.value()?;
        if !matches!(value, Value::Array) || !objects.lists.iter().any(|list| key.is(list.as_bytes())) {
            json.skip(value)?;
            continue;
        }
        while json.item()? {
            let start = json.start();
            let item = json.value()?;
            json.skip(item)?;
            read(dialect, frame.slice(start..json.position()), out)
                .map_err(|reason| RejectReason { at: reason.at.saturating_add(start as u32), ..reason })?;
        }
    }
    json.end()
}
