//! One entry: its reserved keys are taken out, the rest is read as `json` reads an object.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

use logloom_record::{BatchWriter, RejectReason, Text, proto::push_string_attribute};

use super::tags::Tags;
use crate::{
    Format,
    beside::Beside,
    decoder::too_long,
    formats::text,
    json::{Scanner, Value},
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

/// The reserved keys of an entry, and what else it has, as the members of an object.
#[derive(Default)]
struct Entry {
    source: Vec<u8>,
    tags: Vec<u8>,
    host: Vec<u8>,
    service: Vec<u8>,
    /// In nanoseconds; 0 where it has none.
    time: u64,
    severity: u8,
    members: Vec<u8>,
    /// Where each member stands: its name, in quotes, and its value.
    places: Vec<(Range<usize>, Range<usize>)>,
}

/// What the message is.
enum Message<'r> {
    None,
    /// Text that is no JSON, or another value: as it stands in the entry.
    Value(&'r [u8]),
    /// An object, or text that holds one: as its program wrote it.
    Object(Cow<'r, [u8]>),
}

/// The most entries that are remembered to say the same of whose they are.
const PLACES_MAX: usize = 256;

/// Where the entries of a body belong, by what they say of it; and the memory of the last one.
#[derive(Default)]
pub(super) struct Places {
    /// By what an entry says: the key of its lane, empty for the channel's, and its attributes.
    known: HashMap<Vec<u8>, (Vec<u8>, Vec<u8>)>,
    said: Vec<u8>,
    entry: Entry,
    inner: Entry,
    all: Vec<u8>,
}

/// Writes an entry; an empty one, with which clients try whether anybody listens, is none.
pub(super) fn write(
    given: &Given,
    object: &dyn Format,
    raw: Text<'_>,
    places: &mut Places,
    out: &mut BatchWriter,
) -> Result<(), RejectReason> {
    if raw.len() > out.limits().frame_bytes_max {
        return Err(too_long());
    }
    let depth_max = out.limits().depth_max;
    let Places { known, said, entry, inner, all } = places;
    entry.clear();
    let (count, message) = entry.read(raw, depth_max, true)?;
    if count == 0 {
        return Ok(());
    }
    all.clear();
    all.push(b'{');
    let original = match message {
        Message::None => {
            all.extend_from_slice(&entry.members);
            None
        }
        Message::Value(value) => {
            entry.member(b"message", value);
            all.extend_from_slice(&entry.members);
            None
        }
        Message::Object(text) => {
            inner.clear();
            inner.read(Text::from(&*text), depth_max, false)?;
            entry.beside(inner, all);
            entry.prefer(inner);
            Some(text)
        }
    };
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
    Beside { attributes: [attributes, &[]], prefix: b"datadog.tag." }.parse(object, Text::from(all.as_slice()), prepare, out)
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
    fn clear(&mut self) {
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
            let reserved = match key.text.bytes() {
                b"ddsource" => Some(&mut self.source),
                b"ddtags" => Some(&mut self.tags),
                b"hostname" => Some(&mut self.host),
                b"service" => Some(&mut self.service),
                _ => None,
            };
            match (reserved, value) {
                (Some(reserved), Value::Str(value)) => {
                    reserved.clear();
                    value.unescape_into(reserved);
                }
                (Some(_), Value::Null) => {}
                _ if is_outer && key.is(b"message") => said = message(value, text, depth_max),
                _ => {
                    if is_outer {
                        self.learn(key.text.bytes(), value);
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
        let taken: HashSet<&[u8]> = inner.places.iter().map(|(name, _)| inner.members.get(name.clone()).unwrap_or_default()).collect();
        for (name, value) in &self.places {
            let name = part(name);
            if taken.contains(name) {
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
    fn prefer(&mut self, inner: &mut Self) {
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
    fn learn(&mut self, name: &[u8], value: Value<'_>) {
        match (name, value) {
            (b"status", Value::Str(word)) => self.severity = severity::of_text(word.text),
            (b"timestamp", Value::Int(number)) => {
                self.time = u64::try_from(number).ok().and_then(|number| epoch::integer(number).ok()).unwrap_or(0);
            }
            _ => {}
        }
    }

    /// [Chooses](Self::place) the lane; the attributes. Most entries of a body say the same of it as another one.
    fn place_once<'k>(
        &self,
        given: &Given,
        known: &'k mut HashMap<Vec<u8>, (Vec<u8>, Vec<u8>)>,
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
fn message<'r>(value: Value<'r>, text: Text<'r>, depth_max: u32) -> Message<'r> {
    match value {
        Value::Object => Message::Object(Cow::Borrowed(text.bytes())),
        Value::Str(string) if string.text.bytes().trim_ascii().first() == Some(&b'{') => {
            let mut inside = Vec::new();
            string.unescape_into(&mut inside);
            if is_object(&inside, depth_max) { Message::Object(Cow::Owned(inside)) } else { Message::Value(text.bytes()) }
        }
        _ => Message::Value(text.bytes()),
    }
}

fn is_object(text: &[u8], depth_max: u32) -> bool {
    let mut json = Scanner::new(Text::from(text), depth_max);
    matches!(json.value(), Ok(Value::Object)) && json.skip(Value::Object).is_ok() && json.end().is_ok()
}
