//! What the paths of a program lead to: read from the wire form when asked for, written as edits that lie over it.

use logloom_record::{
    AnyValue, Attributes, Overlay, Record,
    proto::{Fields, Value as Wire, text_field},
};
use vrl::{
    path::OwnedSegment,
    value::{KeyString, ObjectMap, Value},
};

use super::values::{self, Bytes};

/// A record on its way, as it stands now: the bytes of three messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) record: &'a [u8],
    pub(super) resource: &'a [u8],
    pub(super) scope: &'a [u8],
    /// Whose bytes they are, unless they were written anew.
    pub(super) owner: Option<&'a Record<'a>>,
}

impl Bytes for Source<'_> {
    fn view(&self, part: &[u8]) -> bytes::Bytes {
        self.owner.map_or_else(|| bytes::Bytes::copy_from_slice(part), |owner| owner.view(part))
    }
}

/// The edits of one record.
#[derive(Debug)]
pub(super) struct Edits {
    pub(super) record: Overlay,
    pub(super) resource: Overlay,
    pub(super) scope: Overlay,
}

impl Default for Edits {
    fn default() -> Self {
        Self { record: Overlay::record(), resource: Overlay::resource(), scope: Overlay::scope() }
    }
}

impl Edits {
    pub(super) fn clear(&mut self) {
        self.record.clear();
        self.resource.clear();
        self.scope.clear();
    }
}

/// Whose attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Record,
    Resource,
    Scope,
}

impl Of {
    fn message(self, source: Source<'_>) -> (&[u8], u32) {
        match self {
            Self::Record => (source.record, 6),
            Self::Resource => (source.resource, 1),
            Self::Scope => (source.scope, 3),
        }
    }

    fn edits(self, edits: &mut Edits) -> &mut Overlay {
        match self {
            Self::Record => &mut edits.record,
            Self::Resource => &mut edits.resource,
            Self::Scope => &mut edits.scope,
        }
    }
}

/// A field, or several at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Resource,
    Scope,
    Attributes(Of),
    Attribute(Of, KeyString),
    Body,
    /// A text, by its number: of the record, or of the scope.
    Text(Of, u32),
    SeverityNumber,
    /// A time, by its number.
    Time(u32),
    /// An id, by its number and length.
    Id(u32, usize),
    Flags,
}

/// What stands at the top of a record.
pub(super) const TOP: [(&str, Place); 12] = [
    ("attributes", Place::Attributes(Of::Record)),
    ("body", Place::Body),
    ("event_name", Place::Text(Of::Record, 12)),
    ("flags", Place::Flags),
    ("observed_timestamp", Place::Time(11)),
    ("resource", Place::Resource),
    ("scope", Place::Scope),
    ("severity_number", Place::SeverityNumber),
    ("severity_text", Place::Text(Of::Record, 3)),
    ("span_id", Place::Id(10, 8)),
    ("timestamp", Place::Time(1)),
    ("trace_id", Place::Id(9, 16)),
];
/// What stands under `.resource`.
pub(super) const RESOURCE: [(&str, Place); 1] = [("attributes", Place::Attributes(Of::Resource))];
/// What stands under `.scope`.
pub(super) const SCOPE: [(&str, Place); 3] =
    [("attributes", Place::Attributes(Of::Scope)), ("name", Place::Text(Of::Scope, 1)), ("version", Place::Text(Of::Scope, 2))];

impl Place {
    /// Where a path leads, and how many of its steps lead there; what it names that no record has.
    pub(super) fn of(path: &[OwnedSegment]) -> Result<(Self, usize), String> {
        let (mut place, mut taken) = (Self::Root, 0);
        while let Some(segment) = path.get(taken) {
            place = match (&place, segment) {
                (Self::Attributes(of), OwnedSegment::Field(key)) => Self::Attribute(*of, key.clone()),
                (Self::Root | Self::Resource | Self::Scope, OwnedSegment::Index(_)) => return Err("a record is no list".into()),
                (Self::Root | Self::Resource | Self::Scope, OwnedSegment::Field(name)) => {
                    match place.parts().iter().find(|row| row.0 == name.as_str()) {
                        Some((_, part)) => part.clone(),
                        None => return Err(unknown(&place, name.as_str())),
                    }
                }
                _ => break,
            };
            taken += 1;
        }
        Ok((place, taken))
    }

    /// Of several fields at once, each.
    pub(super) fn parts(&self) -> &'static [(&'static str, Self)] {
        match self {
            Self::Root => &TOP,
            Self::Resource => &RESOURCE,
            Self::Scope => &SCOPE,
            _ => &[],
        }
    }

    /// What stands there; `None` where nothing does.
    pub(super) fn read(&self, source: Source<'_>) -> Option<Value> {
        Some(match self {
            Self::Root | Self::Resource | Self::Scope => {
                let parts = self.parts().iter().filter_map(|(name, part)| Some(((*name).into(), part.read(source)?)));
                Value::Object(parts.collect())
            }
            Self::Attributes(of) => {
                let (message, number) = of.message(source);
                Value::Object(values::object(Attributes::new(message, number), &source))
            }
            Self::Attribute(of, key) => {
                let (message, number) = of.message(source);
                values::read(attribute(message, number, key.as_str().as_bytes())?, &source)
            }
            Self::Body => match AnyValue::read(text_field(source.record, 5)) {
                AnyValue::Null => return None,
                body => values::read(body, &source),
            },
            Self::Text(of, number) => Value::Bytes(source.view(text_field(of.message(source).0, *number))),
            Self::SeverityNumber => match field(source.record, 2) {
                Some(Wire::Varint(number)) => Value::Integer((number as i32).into()),
                _ => Value::Integer(0),
            },
            Self::Time(number) => match field(source.record, *number) {
                Some(Wire::Fixed64(nanos)) => values::time(nanos)?,
                _ => return None,
            },
            Self::Id(number, len) => Value::from(match text_field(source.record, *number) {
                id if id.len() == *len && id.iter().any(|byte| *byte != 0) => hex(id),
                _ => String::new(),
            }),
            Self::Flags => match field(source.record, 8) {
                Some(Wire::Fixed32(flags)) => Value::Integer(flags.into()),
                _ => Value::Integer(0),
            },
        })
    }

    /// Has this stand there; nothing is edited that stays the same.
    pub(super) fn write(&self, new: Option<&Value>, source: Source<'_>, edits: &mut Edits) -> Result<(), String> {
        // An attribute that is only set need not be read; what is equal is told from the bytes.
        if !matches!(self, Self::Root | Self::Resource | Self::Scope | Self::Attributes(_)) && self.read(source).as_ref() == new {
            return Ok(());
        }
        let new = new.filter(|new| !matches!(new, Value::Null) || matches!(self, Self::Attribute(..)));
        match self {
            Self::Root | Self::Resource | Self::Scope => {
                let object = self.object(new)?;
                if let Some(name) = object.keys().find(|name| self.parts().iter().all(|(part, _)| *part != name.as_str())) {
                    return Err(unknown(self, name.as_str()));
                }
                self.parts().iter().try_for_each(|(name, part)| part.write(object.get(*name), source, edits))?;
            }
            Self::Attributes(of) => write_attributes(*of, self.object(new)?, source, edits)?,
            Self::Attribute(of, key) => match new {
                None => of.edits(edits).remove(key.as_str().as_bytes()),
                Some(value) => set(of.edits(edits), key.as_str().as_bytes(), value)?,
            },
            Self::Body => match new {
                None => edits.record.set_field(5, |_| {}),
                Some(body) => {
                    let mut written = Ok(());
                    edits.record.set_body(|out| written = values::write(body, out));
                    written?;
                }
            },
            Self::Text(of, number) => {
                let text = new.map_or(Some(&[][..]), values::text).filter(|text| std::str::from_utf8(text).is_ok());
                of.edits(edits).set_bytes(*number, text.ok_or_else(|| self.wants("a string", new))?);
            }
            Self::SeverityNumber => match new {
                None => edits.record.set_varint(2, 0),
                Some(Value::Integer(number @ 0..=24)) => edits.record.set_varint(2, *number as u64),
                _ => return Err(self.wants("an integer from 0 to 24", new)),
            },
            Self::Time(number) => {
                let nanos = new.map_or(Some(0), values::nanos);
                edits.record.set_fixed64(*number, nanos.ok_or_else(|| self.wants("a timestamp", new))?);
            }
            Self::Id(number, len) => {
                let text = new.map_or(Some(&[][..]), values::text).unwrap_or(b"?");
                let id = if text.is_empty() { Some(Vec::new()) } else { unhex(text).filter(|id| id.len() == *len) };
                let wanted = || self.wants(&format!("{} hexadecimal digits", len * 2), new);
                edits.record.set_bytes(*number, &id.ok_or_else(wanted)?);
            }
            Self::Flags => match new {
                None => edits.record.set_fixed32(8, 0),
                Some(Value::Integer(flags)) if u32::try_from(*flags).is_ok() => edits.record.set_fixed32(8, *flags as u32),
                _ => return Err(self.wants("an integer of 32 bits", new)),
            },
        }
        Ok(())
    }

    fn object<'v>(&self, value: Option<&'v Value>) -> Result<&'v ObjectMap, String> {
        static EMPTY: ObjectMap = ObjectMap::new();
        match value {
            None => Ok(&EMPTY),
            Some(Value::Object(object)) => Ok(object),
            other => Err(self.wants("an object", other)),
        }
    }

    fn wants(&self, what: &str, got: Option<&Value>) -> String {
        format!("{} takes {what}, not {}", self.name(), got.map_or("nothing", Value::kind_str))
    }

    /// As it is written in a program.
    pub(super) fn name(&self) -> String {
        let named = [("", &TOP[..]), (".resource", &RESOURCE[..]), (".scope", &SCOPE[..])].into_iter();
        let mut named = named.flat_map(|(above, parts)| parts.iter().map(move |(name, part)| (above, name, part)));
        match self {
            Self::Root => ".".into(),
            Self::Attribute(of, key) => format!("{}.{:?}", Self::Attributes(*of).name(), key.as_str()),
            _ => named.find(|row| row.2 == self).map(|(above, name, _)| format!("{above}.{name}")).unwrap_or_default(),
        }
    }
}

fn unknown(place: &Place, name: &str) -> String {
    let names: Vec<_> = place.parts().iter().map(|row| row.0).collect();
    let under = if *place == Place::Root { String::new() } else { place.name() };
    let hint = match logloom_record::nearest(name, &names) {
        Some(near) => format!("did you mean '{under}.{near}'?"),
        None if *place == Place::Root => format!("there are .{}; an attribute is .attributes.{name:?}", names.join(", .")),
        None => format!("an attribute is {under}.attributes.{name:?}"),
    };
    format!("'{under}.{name}' is no field of a record: {hint}")
}

/// Attributes that stay as they are are not touched, whatever order they come in.
fn write_attributes(of: Of, new: &ObjectMap, source: Source<'_>, edits: &mut Edits) -> Result<(), String> {
    let (message, number) = of.message(source);
    let mut seen = std::collections::BTreeSet::new();
    for (key, old) in Attributes::new(message, number) {
        let name = values::name(key);
        if seen.contains(&name) {
            continue;
        }
        match new.get(&name) {
            None => of.edits(edits).remove(key),
            Some(value) if *value == values::read(old, &source) => {}
            Some(value) => set(of.edits(edits), key, value)?,
        }
        seen.insert(name);
    }
    for (name, value) in new.iter().filter(|(name, _)| !seen.contains(*name)) {
        set(of.edits(edits), name.as_str().as_bytes(), value)?;
    }
    Ok(())
}

fn set(overlay: &mut Overlay, key: &[u8], value: &Value) -> Result<(), String> {
    let mut written = Ok(());
    overlay.set(key, |out| written = values::write(value, out));
    written
}

/// The value of the first attribute with this key: values of others are passed over unread.
fn attribute<'a>(message: &'a [u8], number: u32, key: &[u8]) -> Option<AnyValue<'a>> {
    let mut pairs = Fields::new(message).flatten().filter_map(|field| match field {
        (found, Wire::Len(pair)) if found == number => Some(pair),
        _ => None,
    });
    pairs.find(|pair| text_field(pair, 1) == key).map(|pair| AnyValue::read(text_field(pair, 2)))
}

/// The last of a field that stands once.
fn field(message: &[u8], number: u32) -> Option<Wire<'_>> {
    Fields::new(message).flatten().filter(|(found, _)| *found == number).last().map(|(_, value)| value)
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(nibble + if nibble < 10 { b'0' } else { b'a' - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Hexadecimal digits as bytes.
pub(super) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.chunks(2).map(pair).collect()
}
