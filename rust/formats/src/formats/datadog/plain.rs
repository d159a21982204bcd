//! An entry as nearly all are, each name once: read where it stands, but for its reserved keys. Where its message is JSON, what else the entry
//! has is written before what the message has, and that is read as one object.

use logloom_record::{BatchWriter, RejectReason, Text};

use super::entry::{BESIDE, Entry, Given, Places, made};
use crate::{
    beside::Beside,
    fields::{Dialect, Field, Fields, Kind},
    json::{Scanner, Value, unescape},
    scan::find_bytes,
};

/// The most fields of an entry, of which a set is a word of bits: one of more is taken apart, as is one that is not plain.
const FIELDS_MAX: usize = 64;

/// What an entry's message is.
enum Message {
    /// It begins as an object does.
    Object(Field),
    Other,
}

/// Writes an entry; `None` where it is not plain.
pub(super) fn write(
    given: &Given,
    dialect: &Dialect,
    raw: Text<'_>,
    places: &mut Places,
    out: &mut BatchWriter,
) -> Option<Result<(), RejectReason>> {
    let (attributes_max, depth_max) = (out.limits().attributes_max, out.limits().depth_max);
    if raw.len() > u32::MAX as usize / 2 {
        return None;
    }
    Fields::with(attributes_max, depth_max, |fields| {
        let Places { known, said, entry, inner, inside, all } = places;
        gather(fields, dialect, raw, depth_max)?;
        entry.clear();
        let (mut frame, mut original) = (raw, None);
        if let Message::Object(message) = take(fields, raw, entry, true)? {
            let object = match message.kind() {
                Kind::Escaped => {
                    let len = made(inside, |to| unescape(message.span(raw), to));
                    Text::of(inside, 0..len)
                }
                _ => message.span(raw),
            };
            let mut joined = None;
            let len = made(all, |to| joined = join(fields, raw, object, to));
            let joined = joined?;
            (frame, original) = (Text::of(all, 0..len), Some(object.bytes()));
            fields.clear();
            gather(fields, dialect, frame, depth_max)?;
            joined.is_right(fields, frame)?;
            inner.clear();
            take(fields, frame, inner, false)?;
            entry.prefer(inner);
        }
        let attributes = match entry.place_once(given, known, said, out) {
            Ok(attributes) => attributes,
            Err(reason) => return Some(Err(reason)),
        };
        let (time, severity) = (entry.time, entry.severity);
        let mut is_gathered = true;
        let write = |out: &mut BatchWriter| {
            if !is_gathered {
                // Writing gave the fields their roles.
                fields.clear();
                let is_outer = original.is_none();
                let again = gather(fields, dialect, frame, depth_max).and_then(|()| take(fields, frame, &mut Entry::default(), is_outer));
                again.ok_or(RejectReason::syntax("expected an object", 0))?;
            }
            is_gathered = false;
            fields.write(dialect, frame, frame, unescape, out)
        };
        let prepare = |out: &mut BatchWriter| {
            let envelope = out.envelope().time(time).severity(severity, "");
            match original {
                Some(text) => envelope.original(text, true),
                None => envelope.no_original(),
            };
        };
        Some(Beside { attributes: [attributes, &[]], prefix: BESIDE }.run(write, prepare, out))
    })
}

fn gather(fields: &mut Fields, dialect: &Dialect, raw: Text<'_>, depth_max: u32) -> Option<()> {
    let mut json = Scanner::new(raw, depth_max);
    let Ok(Value::Object) = json.value() else { return None };
    fields.gather(dialect, &mut json).ok()?;
    json.end().ok()
}

/// Moves the reserved keys into `entry`; of the entry itself (`is_outer`) its message as well, where that begins as an object does. `None` where a
/// name stands twice, or an object inside may have one of them.
#[inline]
fn take(fields: &mut Fields, raw: Text<'_>, entry: &mut Entry, is_outer: bool) -> Option<Message> {
    let count = fields.fields().len();
    if count == 0 || count > FIELDS_MAX || fields.dropped() > 0 {
        return None;
    }
    let mut message = Message::Other;
    for position in 0..count {
        let field = *fields.fields().get(position)?;
        let kind = field.kind();
        if kind == Kind::Gone || field.is_inside() {
            return None;
        }
        let reserved = match fields.name(raw, &field).bytes() {
            b"ddsource" => &mut entry.source,
            b"ddtags" => &mut entry.tags,
            b"hostname" => &mut entry.host,
            b"service" => &mut entry.service,
            b"message" if is_outer => {
                let is_object = field.span(raw).bytes().trim_ascii_start().first() == Some(&b'{');
                match kind {
                    Kind::Text | Kind::Escaped if !is_object => continue,
                    Kind::Escaped | Kind::Nested | Kind::NestedTwice if is_object => {}
                    _ => return None,
                }
                message = Message::Object(field);
                fields.leave_out(position);
                continue;
            }
            name => {
                if is_outer {
                    entry.learn(name, &field, raw);
                }
                continue;
            }
        };
        match kind {
            Kind::Text => reserved.extend_from_slice(field.span(raw).bytes()),
            Kind::Escaped => unescape(field.span(raw), reserved),
            Kind::Null => {}
            _ => return None,
        }
        fields.leave_out(position);
    }
    Some(message)
}

/// The first fields of an object that was put together are the entry's: how many they are, and, a bit for each, which got another name.
#[derive(Clone, Copy, Default)]
struct Joined {
    count: usize,
    renamed: u64,
}

/// What stands before the name of a member whose message has one of that name as well.
const RENAMED: &[u8] = b"datadog.";
/// A longer name is none of a plain entry.
const NAME_LEN_MAX: usize = 60;

/// Writes the members that are left, and those of `object`, as one object. A name that `object` seems to have is the message's.
fn join(fields: &Fields, raw: Text<'_>, object: Text<'_>, out: &mut Vec<u8>) -> Option<Joined> {
    let inner = object.bytes().trim_ascii_start().strip_prefix(b"{")?;
    let mut joined = Joined::default();
    let mut quoted = [0; NAME_LEN_MAX + 3];
    out.push(b'{');
    for field in fields.fields().iter().filter(|field| field.kind() != Kind::Gone) {
        let (name, value) = (fields.name(raw, field).bytes(), field.source(raw)?);
        if name.len() > NAME_LEN_MAX || name.iter().any(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\')) {
            return None;
        }
        quoted[0] = b'"';
        quoted.get_mut(1..=name.len())?.copy_from_slice(name);
        quoted.get_mut(name.len() + 1..name.len() + 3)?.copy_from_slice(b"\":");
        let quoted = quoted.get(..name.len() + 3)?;
        out.push(b'"');
        if find_bytes(inner, quoted).is_some() {
            joined.renamed |= 1 << joined.count;
            out.extend_from_slice(RENAMED);
        }
        out.extend_from_slice(quoted.get(1..)?);
        out.extend_from_slice(value);
        out.push(b',');
        joined.count += 1;
    }
    out.extend_from_slice(inner);
    Some(joined)
}

impl Joined {
    /// Whether those got another name whose own the message has indeed; `None` where not.
    fn is_right(self, fields: &Fields, frame: Text<'_>) -> Option<()> {
        let (outer, inner) = fields.fields().split_at_checked(self.count)?;
        for (_, field) in outer.iter().enumerate().filter(|(position, _)| self.renamed >> position & 1 == 1) {
            let name = fields.name(frame, field).bytes().get(RENAMED.len()..)?;
            inner.iter().find(|other| !other.is_inside() && fields.name(frame, other).bytes() == name)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use logloom_record::{BlockPool, Limits, Origin};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Options,
        formats::{datadog::entry::write_apart, json},
    };

    const ENTRIES: &[&str] = &[
        r#"{"message":"all is \"well\"","status":"info","timestamp":1795257659000,"ddsource":"nginx","ddtags":"env:prod,a:b","hostname":"h","service":"s"}"#,
        r#"{"message":"{\"level\":\"warn\",\"message\":\"slow\",\"took\":1.5,\"n\":{\"a\":[1]}}","status":"error","timestamp":1795257659000,"service":"s"}"#,
        r#"{"ddtags":"env:dev","message":{"message":"nested","service":"own","ddtags":"x:y"},"extra":12345678901234567890123,"none":null}"#,
        r#"{"message":"{\"timestamp\":\"2026-11-21T10:41:00.123456Z\",\"level\":\"error\"}","status":"info","timestamp":1795257659000,"ddtags":"a:b"}"#,
        r#"{"message":"{\"status\":500,\"datadog.status\":1,\"in\":{\"extra\":1}}","status":"info","hostname":7}"#,
        r#"{"status":"warn","message":"{\"a\":{\"took\":1},\"timestamp\":\"2026-11-21T10:41:00.123456Z\"}","timestamp":1795257659000,"took":2}"#,
        r#"{"message":["a",1],"a":"{","b":{"service":"x"},"fields":{"service":"y"},"log":{"level":"info"}}"#,
        r#"{"message":" {no JSON} ","service":null,"service":"again","k\u0065y":"v"}"#,
        "{}",
    ];

    /// How reading went, and the records.
    type Read = (Result<(), RejectReason>, Vec<u8>);

    /// What the records of an entry are, read as it stands (if it can be) and taken apart.
    fn both(entry: &str) -> [Option<Read>; 2] {
        let (dialect, object) = (json::dialect(&Options::default()).unwrap(), (json::SPEC.compile)(&Options::default()).unwrap());
        let (pool, origin) = (BlockPool::new(1 << 20), Arc::new(Origin { arrival_unix_nano: 1, ..Origin::default() }));
        [true, false].map(|is_plain| {
            let mut out = BatchWriter::new(&pool, &Limits::DEFAULT, &origin, 64);
            let (given, mut places, raw) = (Given::default(), Places::default(), Text::from(entry));
            let result = if is_plain {
                write(&given, &dialect, raw, &mut places, &mut out)?
            } else {
                write_apart(&given, &*object, raw, &mut places, &mut out)
            };
            out.end_envelope();
            Some((result, out.finish().to_otlp().to_vec()))
        })
    }

    #[test]
    fn usual_entries_are_read_where_they_stand() {
        for entry in ENTRIES.iter().take(4) {
            let [plain, apart] = both(entry);
            assert!(plain.as_ref().is_some_and(|(result, _)| result.is_ok()), "{entry}");
            assert_eq!(plain, apart, "{entry}");
        }
    }

    proptest! {
        #[test]
        fn an_entry_is_read_as_if_it_were_taken_apart(
            members in proptest::collection::vec((0..ENTRIES.len(), 0usize..9), 0..7),
        ) {
            // The members of the entries, mixed.
            let all: Vec<Vec<(String, String)>> = ENTRIES.iter().map(|entry| members_of(entry)).collect();
            let mixed: Vec<String> = members.iter().filter_map(|(entry, member)| all[*entry].get(*member)).map(|(name, value)| format!("{name}:{value}")).collect();
            let entry = format!("{{{}}}", mixed.join(","));
            let [plain, apart] = both(&entry);
            if plain.is_some() {
                prop_assert_eq!(plain, apart, "{}", entry);
            }
        }
    }

    /// The members of an object, as they stand in it.
    fn members_of(object: &str) -> Vec<(String, String)> {
        let mut json = Scanner::new(Text::from(object), 64);
        json.value().unwrap();
        let mut members = Vec::new();
        while let Some(key) = json.key().unwrap() {
            let start = json.start();
            let value = json.value().unwrap();
            json.skip(value).unwrap();
            members.push((format!("\"{}\"", std::str::from_utf8(key.text.bytes()).unwrap()), object[start..json.position()].to_owned()));
        }
        members
    }
}
