//! One entry: its reserved keys are taken out, the rest is read as `json` reads an object.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
    ops::Range,
    sync::Arc,
};

use logloom_record::{BatchWriter, RejectReason, Text, proto::push_string_attribute};

use super::{plain, tags::Tags};
use crate::{
    Format,
    beside::Beside,
    decoder::too_long,
    fields::{Dialect, Field, Kind},
    formats::text,
    json::{Scanner, Str, Value},
    severity,
    time::{Zone, epoch},
};

/// What a request says of all its entries.
#[derive(Default)]
pub(super) struct Given {
    pub(super) source: String,
    pub(super) tags: String,
    pub(super) host: String,
    pub(super) service: String,
}

impl Given {
    pub(super) fn of(out: &BatchWriter) -> Self {
        let of = |name| out.given(name).unwrap_or_default().to_owned();
        Self { source: of("ddsource"), tags: of("ddtags"), host: of("hostname"), service: of("service") }
    }

    /// How many bytes it adds to a record, at most.
    pub(super) fn len(&self) -> usize {
        self.source.len() + self.tags.len() + self.host.len() + self.service.len()
    }
}

/// What stands before the name of a tag that a record has an attribute of already.
pub(super) const BESIDE: &[u8] = b"datadog.tag.";
/// So many bytes follow a text that was made, so that it is read in whole steps.
const STEP: usize = 64;
/// So many names are compared one after the other.
const FEW: usize = 16;

/// The reserved keys of an entry, and what else it has, as the members of an object.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) source: Vec<u8>,
    pub(super) tags: Vec<u8>,
    pub(super) host: Vec<u8>,
    pub(super) service: Vec<u8>,
    /// In nanoseconds; 0 where it has none.
    pub(super) time: u64,
    pub(super) severity: u8,
    members: Vec<u8>,
    /// Where each member stands: its name, in quotes, and its value.
    places: Vec<(Range<usize>, Range<usize>)>,
}

/// What the message is.
enum Message<'r> {
    None,
    /// Text that is no JSON, or another value: as it stands in the entry.
    Value(&'r [u8]),
    Object(Text<'r>),
    /// Text that may hold an object, and as it stands in the entry.
    Inside(Str<'r>, &'r [u8]),
}

/// The most entries that are remembered to say the same of whose they are.
const PLACES_MAX: usize = 256;

/// By what entries say: the key of the lane, empty for the channel's, and the attributes. There are few, so that a quick hash does.
pub(super) type Known = HashMap<Vec<u8>, (Vec<u8>, Vec<u8>), BuildHasherDefault<Quick>>;

/// A hash that anybody can foresee.
#[derive(Default)]
pub(super) struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        for eight in eights.iter().chain([&last]) {
            self.0 = (self.0.rotate_left(29) ^ u64::from_le_bytes(*eight)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

/// Where the entries of a body belong, by what they say of it; and the memory of the last one.
#[derive(Default)]
pub(super) struct Places {
    pub(super) known: Known,
    pub(super) said: Vec<u8>,
    pub(super) entry: Entry,
    pub(super) inner: Entry,
    pub(super) inside: Vec<u8>,
    pub(super) all: Vec<u8>,
}

/// Writes an entry; an empty one, with which clients try whether anybody listens, is none.
pub(super) fn write(
    given: &Given,
    dialect: &Dialect,
    object: &dyn Format,
    raw: Text<'_>,
    places: &mut Places,
    out: &mut BatchWriter,
) -> Result<(), RejectReason> {
    if raw.len() > out.limits().frame_bytes_max {
        return Err(too_long());
    }
    match plain::write(given, dialect, raw, places, out) {
        Some(result) => result,
        None => write_apart(given, object, raw, places, out),
    }
}

/// The same of any entry, which is taken apart and put together without its reserved keys.
#[inline(never)]
pub(super) fn write_apart(
    given: &Given,
    object: &dyn Format,
    raw: Text<'_>,
    places: &mut Places,
    out: &mut BatchWriter,
) -> Result<(), RejectReason> {
    let depth_max = out.limits().depth_max;
    let Places { known, said, entry, inner, inside, all } = places;
    entry.clear();
    let (count, message) = entry.read(raw, depth_max, true)?;
    if count == 0 {
        return Ok(());
    }
    all.clear();
    all.push(b'{');
    let mut original = None;
    let mut value: Option<&[u8]> = None;
    match message {
        Message::None => {}
        Message::Value(text) => value = Some(text),
        Message::Object(text) => {
            inner.clear();
            inner.read(text, depth_max, false)?;
            original = Some(text.bytes());
        }
        Message::Inside(string, text) => {
            let len = made(inside, |to| string.unescape_into(to));
            let object = Text::of(inside, 0..len);
            inner.clear();
            // What cannot be read is no JSON, but begins like it.
            match inner.read(object, depth_max, false) {
                Ok(_) => original = Some(object.bytes()),
                Err(_) => value = Some(text),
            }
        }
    }
    if let Some(value) = value {
        entry.member(b"message", value);
    }
    if original.is_some() {
        entry.beside(inner, all);
        entry.prefer(inner);
    } else {
        all.extend_from_slice(&entry.members);
    }
    all.push(b'}');
    let attributes = entry.place_once(given, known, said, out)?;
    let (time, severity) = (entry.time, entry.severity);
    let prepare = |out: &mut BatchWriter| {
        let envelope = out.envelope().time(time).severity(severity, "");
        match &original {
            Some(text) => envelope.original(text, true),
            None => envelope.no_original(),
        };
    };
    let len = all.len();
    all.resize(len + STEP, 0);
    Beside { attributes: [attributes, &[]], prefix: BESIDE }.parse(object, Text::of(all, 0..len), prepare, out)
}

/// Lets `write` fill `room` anew; the length of what it wrote.
pub(super) fn made(room: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> usize {
    room.clear();
    write(room);
    let len = room.len();
    room.resize(len + STEP, 0);
    len
}

/// Writes a line that is a message by itself.
pub(super) fn write_line(given: &Given, zone: Zone, line: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let mut attributes = Vec::new();
    Entry::default().place(given, &mut attributes, out)?;
    out.end_envelope();
    out.envelope().encoded(&attributes);
    out.attempt(|out| text::parse(zone, line, out))
}

impl Entry {
    pub(super) fn clear(&mut self) {
        let Self { source, tags, host, service, time, severity, members, places } = self;
        [source, tags, host, service, members].into_iter().for_each(Vec::clear);
        places.clear();
        (*time, *severity) = (0, 0);
    }

    /// Takes an object apart; how many keys it has, and its message. `is_outer`: it is the entry itself, and not what its message holds.
    fn read<'r>(&mut self, raw: Text<'r>, depth_max: u32, is_outer: bool) -> Result<(usize, Message<'r>), RejectReason> {
        let mut json = Scanner::new(raw, depth_max);
        let Value::Object = json.value()? else { return Err(RejectReason::syntax("an entry is an object", 0)) };
        let (mut count, mut said) = (0, Message::None);
        while let Some(key) = json.key()? {
            count += 1;
            let start = json.start();
            let value = json.value()?;
            json.skip(value)?;
            let text = raw.slice(start..json.position());
            let places = [
                (&b"ddsource"[..], &mut self.source),
                (b"ddtags", &mut self.tags),
                (b"hostname", &mut self.host),
                (b"service", &mut self.service),
            ];
            let reserved = places.into_iter().find(|(name, _)| key.is(name)).map(|(_, place)| place);
            match (reserved, value) {
                (Some(reserved), Value::Str(value)) => {
                    reserved.clear();
                    value.unescape_into(reserved);
                }
                (Some(_), Value::Null) => {}
                _ if is_outer && key.is(b"message") => said = message(value, text),
                _ => {
                    match value {
                        Value::Str(word) if is_outer => self.learn_status(key.text.bytes(), word.text),
                        Value::Int(number) if is_outer => self.learn_time(key.text.bytes(), number),
                        _ => {}
                    }
                    self.member(key.text.bytes(), text.bytes());
                }
            }
        }
        json.end()?;
        Ok((count, said))
    }

    fn member(&mut self, name: &[u8], value: &[u8]) {
        let members = &mut self.members;
        if !members.is_empty() {
            members.push(b',');
        }
        let start = members.len();
        members.push(b'"');
        members.extend_from_slice(name);
        members.push(b'"');
        let end = members.len();
        members.push(b':');
        members.extend_from_slice(value);
        self.places.push((start..end, end + 1..members.len()));
    }

    /// The members of the entry and those of its message in one object. What both name is the message's; the entry's is `datadog.NAME`.
    fn beside(&self, inner: &Self, all: &mut Vec<u8>) {
        let part = |of: &Range<usize>| self.members.get(of.clone()).unwrap_or_default();
        let name_of = |(name, _): &(Range<usize>, Range<usize>)| inner.members.get(name.clone()).unwrap_or_default();
        let many: HashSet<&[u8]> = inner.places.get(FEW..).unwrap_or_default().iter().map(name_of).collect();
        let few = || inner.places.iter().take(FEW).map(name_of);
        let is_taken = |name: &[u8]| few().any(|other| other == name) || (!many.is_empty() && many.contains(name));
        for (name, value) in &self.places {
            let name = part(name);
            if is_taken(name) {
                all.extend_from_slice(b"\"datadog.");
                all.extend_from_slice(name.get(1..).unwrap_or_default());
            } else {
                all.extend_from_slice(name);
            }
            all.push(b':');
            all.extend_from_slice(part(value));
            all.push(b',');
        }
        all.extend_from_slice(&inner.members);
        if all.last() == Some(&b',') {
            all.pop();
        }
    }

    /// The reserved keys of a message count for more than those of its entry; its tags are more of them.
    pub(super) fn prefer(&mut self, inner: &mut Self) {
        for (own, better) in
            [(&mut self.source, &mut inner.source), (&mut self.host, &mut inner.host), (&mut self.service, &mut inner.service)]
        {
            if !better.is_empty() {
                std::mem::swap(own, better);
            }
        }
        if !inner.tags.is_empty() {
            self.tags.push(b',');
            self.tags.append(&mut inner.tags);
        }
    }

    /// What counts where the message says nothing of it.
    pub(super) fn learn(&mut self, name: &[u8], field: &Field, raw: Text<'_>) {
        match field.kind() {
            Kind::Text | Kind::Escaped => self.learn_status(name, field.span(raw)),
            Kind::Int => self.learn_time(name, field.integer()),
            _ => {}
        }
    }

    fn learn_status(&mut self, name: &[u8], word: Text<'_>) {
        if name == b"status" {
            self.severity = severity::of_text(word);
        }
    }

    fn learn_time(&mut self, name: &[u8], number: i64) {
        if name == b"timestamp" {
            self.time = u64::try_from(number).ok().and_then(|number| epoch::integer(number).ok()).unwrap_or(0);
        }
    }

    /// [Chooses](Self::place) the lane; the attributes. Most entries of a body say the same of it as another one.
    pub(super) fn place_once<'k>(
        &self,
        given: &Given,
        known: &'k mut Known,
        said: &mut Vec<u8>,
        out: &mut BatchWriter,
    ) -> Result<&'k [u8], RejectReason> {
        said.clear();
        for part in [&self.source, &self.tags, &self.host, &self.service] {
            said.extend_from_slice(&part.len().to_le_bytes());
            said.extend_from_slice(part);
        }
        if let Some((lane, _)) = known.get(said) {
            if lane.is_empty() {
                out.use_channel();
            } else if !out.enter_resource(lane) {
                self.place(given, &mut Vec::new(), out)?;
            }
        } else {
            let mut attributes = Vec::new();
            let lane = self.place(given, &mut attributes, out)?;
            if known.len() >= PLACES_MAX {
                known.clear();
            }
            known.insert(said.clone(), (lane, attributes));
        }
        Ok(known.get(said).map_or(&[], |(_, attributes)| attributes))
    }

    /// Chooses the lane of what the entry belongs to, and answers its key; the rest of its source and tags are attributes.
    fn place(&self, given: &Given, attributes: &mut Vec<u8>, out: &mut BatchWriter) -> Result<Vec<u8>, RejectReason> {
        let or = |own: &'_ [u8], other: &'_ str| if own.is_empty() { other.as_bytes().to_vec() } else { own.to_vec() };
        let (host, service, source) = (or(&self.host, &given.host), or(&self.service, &given.service), or(&self.source, &given.source));
        let mut resource: Vec<(&[u8], &[u8])> = Vec::new();
        resource.extend((!host.is_empty()).then_some((b"host.name".as_slice(), host.as_slice())));
        resource.extend((!service.is_empty()).then_some((b"service.name".as_slice(), service.as_slice())));
        if !source.is_empty() {
            push_string_attribute(attributes, 0x32, b"datadog.ddsource", &source);
        }
        let mut tags = Tags::default();
        for list in [self.tags.as_slice(), given.tags.as_bytes()] {
            tags.add(list, out.limits().attributes_max)?;
        }
        tags.split(&mut resource, attributes);
        if resource.is_empty() {
            out.use_channel();
            return Ok(Vec::new());
        }
        let mut key = Vec::new();
        for (name, value) in &resource {
            push_string_attribute(&mut key, 0x0a, name, value);
        }
        if !out.enter_resource(&key) {
            let origin = Arc::clone(out.origin());
            out.use_resource(&key, |to, _| {
                for (name, value) in &origin.resource {
                    if resource.iter().all(|(other, _)| *other != name.as_bytes()) {
                        push_string_attribute(to, 0x0a, name.as_bytes(), value.as_bytes());
                    }
                }
                to.extend_from_slice(&key);
            });
        }
        Ok(key)
    }
}

/// What a message is.
fn message<'r>(value: Value<'r>, text: Text<'r>) -> Message<'r> {
    match value {
        Value::Object => Message::Object(text),
        Value::Str(string) if string.text.bytes().trim_ascii().first() == Some(&b'{') => Message::Inside(string, text.bytes()),
        _ => Message::Value(text.bytes()),
    }
}
