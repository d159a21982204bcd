//! What the config of an operator says, read with the place of each thing, so that what is wrong is told where it stands.

use std::cell::RefCell;

use logloom_record::{Program, nearest};

use super::{
    entry::Field,
    value::{Map, Value},
};
use crate::OptionError;

/// A map of the config, and where it stands.
pub(super) struct Place<'c> {
    path: String,
    map: &'c Map<'static>,
    /// What `env("NAME")` gives.
    environment: &'c Map<'static>,
    asked: RefCell<Vec<&'static str>>,
}

pub(super) type Result<T> = std::result::Result<T, OptionError>;

impl<'c> Place<'c> {
    pub(super) fn new(path: String, value: &'c Value<'static>, environment: &'c Map<'static>) -> Result<Self> {
        match value {
            Value::Map(map) => Ok(Self { path, map, environment, asked: RefCell::default() }),
            _ => Err(OptionError::new(&path, "expected a map")),
        }
    }

    /// A map below, of that path.
    pub(super) fn at(&self, path: String, value: &'c Value<'static>) -> Result<Self> {
        Self::new(path, value, self.environment)
    }

    pub(super) fn error(&self, key: &str, message: impl Into<String>) -> OptionError {
        let path = if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) };
        OptionError::new(&path, message)
    }

    /// What stands at a key; null is as if nothing did.
    pub(super) fn get(&self, key: &'static str) -> Option<&'c Value<'static>> {
        self.asked.borrow_mut().push(key);
        self.map.get(key).filter(|value| !matches!(value, Value::Null))
    }

    pub(super) fn inner(&self, key: &'static str) -> Result<Option<Self>> {
        self.get(key).map(|value| self.at(format!("{}.{key}", self.path), value)).transpose()
    }

    pub(super) fn items(&self, key: &'static str) -> Result<Option<Vec<(String, &'c Value<'static>)>>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                Ok(Some(items.iter().enumerate().map(|(at, item)| (format!("{}.{key}[{at}]", self.path), item)).collect()))
            }
            Some(_) => Err(self.error(key, "expected a list")),
        }
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'c str, &'c Value<'static>)> {
        let map = self.map;
        map.iter().map(|(key, value)| (key.str(), value))
    }

    pub(super) fn text(&self, key: &'static str) -> Result<Option<&'c str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Str(text)) => Ok(Some(text.str())),
            Some(_) => Err(self.error(key, "expected a text")),
        }
    }

    pub(super) fn needed(&self, key: &'static str) -> Result<&'c str> {
        self.text(key)?.filter(|text| !text.is_empty()).ok_or_else(|| self.error("", format!("'{key}' is missing")))
    }

    pub(super) fn texts(&self, key: &'static str) -> Result<Vec<String>> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Str(text)) => Ok(vec![text.str().to_owned()]),
            Some(Value::Array(items)) => {
                let text = |item: &Value<'_>| if let Value::Str(text) = item { Some(text.str().to_owned()) } else { None };
                items.iter().map(text).collect::<Option<_>>().ok_or_else(|| self.error(key, "expected a list of texts"))
            }
            Some(_) => Err(self.error(key, "expected a text or a list of texts")),
        }
    }

    pub(super) fn bool(&self, key: &'static str) -> Result<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.error(key, "expected true or false")),
        }
    }

    pub(super) fn count(&self, key: &'static str) -> Result<Option<u64>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Int(value)) if *value >= 0 => Ok(Some(*value as u64)),
            Some(_) => Err(self.error(key, "expected a whole number")),
        }
    }

    /// A size: bytes, or with a unit (`1MiB`, `64kb`).
    pub(super) fn bytes(&self, key: &'static str) -> Result<Option<u64>> {
        let Some(Value::Str(text)) = self.get(key) else { return self.count(key) };
        let (digits, unit) = split(text.str());
        let factor = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1000,
            "kib" => 1 << 10,
            "m" | "mb" => 1_000_000,
            "mib" => 1 << 20,
            "g" | "gb" => 1_000_000_000,
            "gib" => 1 << 30,
            _ => 0,
        };
        let size = digits.parse::<f64>().ok().filter(|_| factor > 0).map(|count| (count * f64::from(factor)) as u64);
        size.map(Some).ok_or_else(|| self.error(key, "expected a size: 65536, 64KiB, 1MiB"))
    }

    /// A time, in nanoseconds: `500ms`, `5s`, `1m`.
    pub(super) fn nanos(&self, key: &'static str) -> Result<Option<u64>> {
        let wrong = || self.error(key, "expected a time with its unit: 500ms, 5s, 1m");
        match self.get(key) {
            None => Ok(None),
            Some(Value::Int(0)) => Ok(Some(0)),
            Some(Value::Str(text)) => {
                let (digits, unit) = split(text.str());
                let factor = match unit {
                    "ns" => 1.0,
                    "us" | "µs" => 1e3,
                    "ms" => 1e6,
                    "s" => 1e9,
                    "m" => 6e10,
                    "h" => 3.6e12,
                    _ => return Err(wrong()),
                };
                digits.parse::<f64>().map(|count| Some((count * factor) as u64)).map_err(|_| wrong())
            }
            Some(_) => Err(wrong()),
        }
    }

    pub(super) fn field(&self, key: &'static str) -> Result<Option<Field>> {
        self.text(key)?.map(|text| Field::parse(text).map_err(|message| self.error(key, message))).transpose()
    }

    /// A field that is not all attributes, or the whole resource.
    pub(super) fn needed_field(&self, key: &'static str) -> Result<Field> {
        let field = self.field(key)?.ok_or_else(|| self.error("", format!("'{key}' is missing")))?;
        self.one(key, field)
    }

    pub(super) fn one_field(&self, key: &'static str) -> Result<Option<Field>> {
        self.field(key)?.map(|field| self.one(key, field)).transpose()
    }

    fn one(&self, key: &str, field: Field) -> Result<Field> {
        if field.is_root() && field.root != super::entry::Root::Body {
            return Err(self.error(key, "names all of them: name one, attributes.key or resource[\"key\"]"));
        }
        Ok(field)
    }

    /// An expression that is true or false.
    pub(super) fn condition(&self, key: &'static str) -> Result<Option<Program>> {
        self.text(key)?.map(|text| self.test(text).map_err(|message| self.error(key, message))).transpose()
    }

    /// The same, of this text.
    pub(super) fn test(&self, text: &str) -> std::result::Result<Program, String> {
        Program::condition(text, &|name| self.variable(name)).map_err(|error| error.to_string())
    }

    /// An expression that is any value.
    pub(super) fn program(&self, text: &str) -> std::result::Result<Program, String> {
        Program::value(text, &|name| self.variable(name)).map_err(|error| error.to_string())
    }

    fn variable(&self, name: &str) -> String {
        match self.environment.get(name) {
            Some(Value::Str(text)) => text.str().to_owned(),
            _ => String::new(),
        }
    }

    /// Refuses keys that nobody asked for.
    pub(super) fn finish(&self) -> Result<()> {
        let asked = self.asked.borrow();
        for (key, _) in self.pairs() {
            if !asked.contains(&key) {
                let hint = match nearest(key, &asked) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("there are {}", asked.join(", ")),
                };
                return Err(self.error(key, format!("unknown key, {hint}")));
            }
        }
        Ok(())
    }
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}
