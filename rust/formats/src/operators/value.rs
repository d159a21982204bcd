//! Values on their way through operators: views of the line where they can be.

use std::collections::HashMap;

use logloom_record::{
    AnyValue, BatchWriter, RecordCursor, RejectReason, Scalar, Text, lossy,
    overlay::{push_bool, push_double, push_int, push_text},
    proto::push_field,
};

use crate::json::{self, Scanner};

/// So many entries of an object are told apart one by one; more by a table.
const FEW: usize = 24;

/// A text: a view of the line or of the config, or its own.
#[derive(Clone, Debug)]
pub(super) enum Str<'a> {
    Ref(Text<'a>),
    Own(Box<str>),
}

/// Any value that OpenTelemetry has.
#[derive(Clone, Debug, Default)]
pub(super) enum Value<'a> {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Str(Str<'a>),
    Array(Vec<Self>),
    Map(Map<'a>),
}

/// Keys with their values, each key once, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Map<'a>(Vec<(Str<'a>, Value<'a>)>);

impl<'a> Str<'a> {
    pub(super) fn text(&self) -> Text<'_> {
        match self {
            Self::Ref(text) => *text,
            Self::Own(text) => Text::from(&**text),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.text().bytes()
    }

    /// All texts here are UTF-8.
    pub(super) fn str(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    pub(super) fn own(text: impl Into<Box<str>>) -> Self {
        Self::Own(text.into())
    }

    pub(super) fn bytes_of(bytes: &[u8]) -> Self {
        Self::Own(lossy(bytes).into())
    }

    pub(super) fn into_static(self) -> Str<'static> {
        match self {
            Self::Ref(text) => Str::bytes_of(text.bytes()),
            Self::Own(text) => Str::Own(text),
        }
    }

    /// A view of it.
    pub(super) fn lend(&'a self) -> Self {
        Self::Ref(self.text())
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self::Ref(Text::from(text))
    }
}

impl<'a> From<Text<'a>> for Value<'a> {
    fn from(text: Text<'a>) -> Self {
        Self::Str(Str::Ref(text))
    }
}

impl<'a> Value<'a> {
    pub(super) fn own(text: impl Into<Box<str>>) -> Self {
        Self::Str(Str::own(text))
    }

    pub(super) fn into_static(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Double(value) => Value::Double(value),
            Self::Str(text) => Value::Str(text.into_static()),
            Self::Array(values) => Value::Array(values.into_iter().map(Value::into_static).collect()),
            Self::Map(map) => Value::Map(map.into_static()),
        }
    }

    /// The same, its texts views of this one's.
    pub(super) fn lend(&'a self) -> Self {
        match self {
            Self::Str(text) => Self::Str(text.lend()),
            Self::Array(values) => Self::Array(values.iter().map(Self::lend).collect()),
            Self::Map(map) => Self::Map(map.lend()),
            other => other.clone(),
        }
    }

    /// What an `AnyValue` message says.
    pub(super) fn of(value: AnyValue<'_>) -> Value<'static> {
        match value {
            AnyValue::Null => Value::Null,
            AnyValue::Bool(value) => Value::Bool(value),
            AnyValue::Int(value) => Value::Int(value),
            AnyValue::Double(value) => Value::Double(value),
            AnyValue::Str(text) | AnyValue::Bytes(text) => Value::Str(Str::bytes_of(text)),
            AnyValue::Array(values) => Value::Array(values.map(Value::of).collect()),
            AnyValue::Map(pairs) => Value::Map(Map::of(pairs.map(|(key, value)| (Str::bytes_of(key), Value::of(value))).collect())),
        }
    }

    /// Reads JSON.
    pub(super) fn json(frame: Text<'a>, depth_max: u32) -> Result<Self, RejectReason> {
        let mut scanner = Scanner::new(frame, depth_max);
        let first = scanner.value()?;
        let value = Self::scanned(&mut scanner, first)?;
        scanner.end()?;
        Ok(value)
    }

    /// Reads an array of JSON: objects in it stay texts, and there are no arrays in it.
    pub(super) fn json_items(frame: Text<'a>, depth_max: u32) -> Result<Vec<Self>, RejectReason> {
        let wrong = |scanner: &Scanner<'_>| RejectReason::syntax("expected an array of values", scanner.position());
        let mut scanner = Scanner::new(frame, depth_max);
        let json::Value::Array = scanner.value()? else { return Err(wrong(&scanner)) };
        let mut items = Vec::new();
        while scanner.item()? {
            let start = scanner.start();
            items.push(match scanner.value()? {
                json::Value::Array => return Err(wrong(&scanner)),
                json::Value::Object => {
                    scanner.skip(json::Value::Object)?;
                    frame.slice(start..scanner.position()).into()
                }
                value => Self::scanned(&mut scanner, value)?,
            });
        }
        scanner.end()?;
        Ok(items)
    }

    fn scanned(scanner: &mut Scanner<'a>, value: json::Value<'a>) -> Result<Self, RejectReason> {
        Ok(match value {
            json::Value::Null => Self::Null,
            json::Value::Bool(value) => Self::Bool(value),
            json::Value::Int(value) => Self::Int(value),
            json::Value::Double(value) => Self::Double(value),
            json::Value::Digits(text) => text.into(),
            json::Value::Str(text) => Self::Str(unescaped(text)),
            json::Value::Array => {
                let mut values = Vec::new();
                while scanner.item()? {
                    let value = scanner.value()?;
                    values.push(Self::scanned(scanner, value)?);
                }
                Self::Array(values)
            }
            json::Value::Object => {
                let mut pairs = Vec::new();
                while let Some(key) = scanner.key()? {
                    let value = scanner.value()?;
                    pairs.push((unescaped(key), Self::scanned(scanner, value)?));
                }
                Self::Map(Map::of(pairs))
            }
        })
    }

    /// Appends it as an `AnyValue` message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Bool(value) => push_bool(out, *value),
            Self::Int(value) => push_int(out, *value),
            Self::Double(value) => push_double(out, *value),
            Self::Str(text) => push_text(out, text.bytes()),
            Self::Array(values) => {
                let (mut list, mut item) = (Vec::new(), Vec::new());
                for value in values {
                    item.clear();
                    value.encode(&mut item);
                    push_field(&mut list, 0x0a, &item);
                }
                push_field(out, 0x2a, &list);
            }
            Self::Map(map) => {
                let mut pairs = Vec::new();
                map.iter().for_each(|(key, value)| push_pair(&mut pairs, 0x0a, key.bytes(), value));
                push_field(out, 0x32, &pairs);
            }
        }
    }

    /// The same, into a record.
    pub(super) fn write(&self, rec: &mut RecordCursor<'_>) {
        match self {
            Self::Array(values) => {
                let array = rec.open(0x2a);
                for value in values {
                    let item = rec.open(0x0a);
                    value.write(rec);
                    rec.close(item);
                }
                rec.close(array);
            }
            Self::Map(map) => {
                let whole = rec.open(0x32);
                for (key, value) in map.iter() {
                    match value.scalar() {
                        Some(scalar) => rec.scalar_entry(0x0a, key.text(), scalar),
                        None => write_pair(rec, 0x0a, key.text(), value),
                    }
                }
                rec.close(whole);
            }
            other => rec.scalar(other.scalar().unwrap_or(Scalar::Null)),
        }
    }

    /// What it is, where it is one value.
    pub(super) fn scalar(&self) -> Option<Scalar<'_>> {
        Some(match self {
            Self::Null => Scalar::Null,
            Self::Bool(value) => Scalar::Bool(*value),
            Self::Int(value) => Scalar::Int(*value),
            Self::Double(value) => Scalar::Double(*value),
            Self::Str(text) => Scalar::Str(text.text()),
            Self::Array(_) | Self::Map(_) => return None,
        })
    }
}

/// Writes a `KeyValue` as field `tag`.
pub(super) fn write_pair(rec: &mut RecordCursor<'_>, tag: u8, key: Text<'_>, value: &Value<'_>) {
    let pair = rec.open(tag);
    rec.name(key);
    let any = rec.open(0x12);
    value.write(rec);
    rec.close(any);
    rec.close(pair);
}

/// Appends a `KeyValue` as field `tag`.
pub(super) fn push_pair(out: &mut Vec<u8>, tag: u8, key: &[u8], value: &Value<'_>) {
    let (mut pair, mut any) = (Vec::new(), Vec::new());
    value.encode(&mut any);
    push_field(&mut pair, 0x0a, key);
    push_field(&mut pair, 0x12, &any);
    push_field(out, tag, &pair);
}

fn unescaped(text: json::Str<'_>) -> Str<'_> {
    if !text.has_escapes() {
        return Str::Ref(text.text);
    }
    let mut plain = Vec::with_capacity(text.text.len());
    text.unescape_into(&mut plain);
    Str::bytes_of(&plain)
}

impl<'a> Map<'a> {
    pub(super) fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Of pairs that may have a key twice: the last counts.
    pub(super) fn of(pairs: Vec<(Str<'a>, Value<'a>)>) -> Self {
        if pairs.len() <= FEW {
            let is_new =
                |(at, pair): (usize, &(Str<'a>, Value<'a>))| pairs.iter().take(at).all(|before| before.0.bytes() != pair.0.bytes());
            if pairs.iter().enumerate().all(is_new) {
                return Self(pairs);
            }
        }
        let mut map = Self::with_capacity(pairs.len());
        map.merge(Self(pairs));
        map
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Str<'a>, Value<'a>)> {
        self.0.iter()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|pair| pair.0.bytes() == key.as_bytes()).map(|pair| &pair.1)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Value<'a>> {
        self.0.iter_mut().find(|pair| pair.0.bytes() == key.as_bytes()).map(|pair| &mut pair.1)
    }

    /// Adds a pair whose key is not there.
    pub(super) fn push(&mut self, key: Str<'a>, value: Value<'a>) {
        self.0.push((key, value));
    }

    pub(super) fn set(&mut self, key: Str<'a>, value: Value<'a>) {
        match self.0.iter_mut().find(|pair| pair.0.bytes() == key.bytes()) {
            Some(pair) => pair.1 = value,
            None => self.0.push((key, value)),
        }
    }

    /// The map at a key, made where there is none.
    pub(super) fn inner(&mut self, key: Str<'a>) -> Option<&mut Self> {
        let found = self.0.iter().position(|pair| pair.0.bytes() == key.bytes());
        let at = found.unwrap_or(self.0.len());
        if found.is_none() {
            self.0.push((key, Value::Map(Self::default())));
        }
        let value = &mut self.0.get_mut(at)?.1;
        if !matches!(value, Value::Map(_)) {
            *value = Value::Map(Self::default());
        }
        if let Value::Map(map) = value { Some(map) } else { None }
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let at = self.0.iter().position(|pair| pair.0.bytes() == key.as_bytes())?;
        Some(self.0.remove(at).1)
    }

    /// Sets all pairs of another: of keys that both have, its values count.
    pub(super) fn merge(&mut self, other: Self) {
        if self.0.len() + other.0.len() <= 2 * FEW {
            return other.0.into_iter().for_each(|(key, value)| self.set(key, value));
        }
        let mut places: HashMap<Box<[u8]>, usize> = self.0.iter().enumerate().map(|(at, pair)| (pair.0.bytes().into(), at)).collect();
        for (key, value) in other.0 {
            if let Some(pair) = places.get(key.bytes()).and_then(|at| self.0.get_mut(*at)) {
                pair.1 = value;
            } else {
                places.insert(key.bytes().into(), self.0.len());
                self.0.push((key, value));
            }
        }
    }

    pub(super) fn into_static(self) -> Map<'static> {
        Map(self.0.into_iter().map(|(key, value)| (key.into_static(), value.into_static())).collect())
    }

    pub(super) fn lend(&'a self) -> Self {
        Self(self.0.iter().map(|(key, value)| (key.lend(), value.lend())).collect())
    }

    /// Writes it as a record's attributes.
    pub(super) fn write<'w>(&self, mut rec: RecordCursor<'w>) -> RecordCursor<'w> {
        for (key, value) in self.iter() {
            match value {
                Value::Str(text) => rec = rec.attr_text(key.text(), text.text()),
                Value::Int(value) => rec = rec.attr_int(key.text(), *value),
                value => match value.scalar() {
                    Some(scalar) => rec = rec.attr_scalar(key.text(), scalar),
                    None => {
                        if rec.admit() {
                            rec = rec.apart(|mut rec| {
                                write_pair(&mut rec, 0x32, key.text(), value);
                                rec
                            });
                        }
                    }
                },
            }
        }
        rec
    }
}

/// How deep values may be nested for a source's bounds.
pub(super) fn depth_max(out: &BatchWriter) -> u32 {
    out.limits().depth_max
}
