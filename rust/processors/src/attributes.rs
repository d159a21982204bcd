//! `attributes`: actions on attributes, in their order. What they do not name stays byte for byte.

use std::fmt::Write as _;

use logloom_record::{
    AnyValue, Attributes as Pairs, Batch, Condition, Edit, Marks, Origin, Overlay,
    overlay::{push_double, push_int, push_text},
};
use regex::{Regex, bytes::Regex as BytesRegex};
use ring::digest::{SHA256, digest};

use crate::{Outcome, Processor};

/// Where the value of an `insert`, `update` or `upsert` comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// An `AnyValue` message.
    Value(Vec<u8>),
    /// Another attribute.
    Attribute(String),
    /// Who sent it.
    Context(Context),
}

/// What is known of who sent a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// The peer's address, without a port.
    ClientAddress,
    /// Who the peer proved to be.
    Identity,
    /// The tenant.
    Tenant,
}

/// What an attribute is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An integer.
    Int,
    /// A double.
    Double,
    /// A text.
    String,
}

/// What is done.
#[derive(Clone, Debug)]
pub enum Action {
    /// An attribute gets a value: where it is not there, where it is, or both.
    Put {
        /// Its key.
        key: String,
        /// Whether one that is not there is added.
        inserts: bool,
        /// Whether one that is there is changed.
        updates: bool,
        /// Its value.
        source: Source,
        /// The value where the source has none.
        default: Option<Vec<u8>>,
    },
    /// Attributes go.
    Delete {
        /// The key of one.
        key: Option<String>,
        /// What the keys of others match.
        pattern: Option<BytesRegex>,
    },
    /// Values become their SHA-256, in hexadecimal digits.
    Hash {
        /// The key of one.
        key: Option<String>,
        /// What the keys of others match.
        pattern: Option<BytesRegex>,
    },
    /// The named groups of a pattern become attributes.
    Extract {
        /// The attribute that is searched.
        key: String,
        /// What it is searched for.
        pattern: Regex,
    },
    /// A value becomes another type, where it can.
    Convert {
        /// The attribute.
        key: String,
        /// The type.
        to: Type,
    },
}

/// Does the actions on one message; `number` is the field of its attributes.
pub(crate) fn act(actions: &[Action], message: &[u8], number: u32, origin: &Origin, overlay: &mut Overlay) {
    let mut value = Vec::new();
    // Keys that are new, which patterns find too.
    let mut added: Vec<&str> = Vec::new();
    for action in actions {
        match action {
            Action::Put { key, inserts, updates, source, default } => {
                value.clear();
                if !source.read(message, origin, overlay, &mut value) {
                    let Some(default) = default else { continue };
                    value.extend_from_slice(default);
                }
                let old = overlay.attribute_bytes(message, key.as_bytes());
                if old.is_some_and(|old| old == value) || !(if old.is_some() { *updates } else { *inserts }) {
                    continue;
                }
                if old.is_none() {
                    overlay.add(key.as_bytes(), |out| out.extend_from_slice(&value));
                } else {
                    overlay.set(key.as_bytes(), |out| out.extend_from_slice(&value));
                }
                added.push(key);
            }
            Action::Delete { key, pattern } => {
                each_key(key.as_deref(), pattern.as_ref(), message, number, &added, |key| {
                    if overlay.attribute_bytes(message, key).is_some() {
                        overlay.remove(key);
                    }
                });
            }
            Action::Hash { key, pattern } => {
                each_key(key.as_deref(), pattern.as_ref(), message, number, &added, |key| {
                    if let Some(hashed) = overlay.attribute(message, key).and_then(|value| hash(&value)) {
                        overlay.set_text(key, hashed.as_bytes());
                    }
                });
            }
            Action::Extract { key, pattern } => {
                let Some(AnyValue::Str(text)) = overlay.attribute(message, key.as_bytes()) else { continue };
                let Ok(text) = str::from_utf8(text).map(str::to_owned) else { continue };
                let Some(found) = pattern.captures(&text) else { continue };
                for name in pattern.capture_names().flatten() {
                    overlay.set_text(name.as_bytes(), found.name(name).map_or("", |part| part.as_str()).as_bytes());
                    added.push(name);
                }
            }
            Action::Convert { key, to } => {
                value.clear();
                let is_other = overlay.attribute(message, key.as_bytes()).is_some_and(|old| convert(&old, *to, &mut value));
                if is_other {
                    overlay.set(key.as_bytes(), |out| out.extend_from_slice(&value));
                }
            }
        }
    }
}

impl Source {
    /// Appends the value as an `AnyValue` message; false where there is none.
    fn read(&self, message: &[u8], origin: &Origin, overlay: &Overlay, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Value(value) => out.extend_from_slice(value),
            Self::Attribute(key) => {
                let Some(value) = overlay.attribute_bytes(message, key.as_bytes()) else { return false };
                out.extend_from_slice(value);
            }
            Self::Context(context) => {
                let text = match context {
                    Context::ClientAddress => host(&origin.peer),
                    Context::Identity => &origin.identity,
                    Context::Tenant => &origin.tenant,
                };
                if text.is_empty() {
                    return false;
                }
                push_text(out, text.as_bytes());
            }
        }
        true
    }
}

/// An address without its port: `10.0.0.1:4317`, `[::1]:4317`.
fn host(peer: &str) -> &str {
    let host = match peer.rsplit_once(':') {
        Some((host, port))
            if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => peer,
    };
    host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
}

/// Calls `each` with a key, and with those that match a pattern, once each.
fn each_key(key: Option<&str>, pattern: Option<&BytesRegex>, message: &[u8], number: u32, added: &[&str], mut each: impl FnMut(&[u8])) {
    if let Some(key) = key {
        each(key.as_bytes());
    }
    let Some(pattern) = pattern else { return };
    let there = Pairs::new(message, number).map(|(name, _)| name).chain(added.iter().map(|name| name.as_bytes()));
    let mut seen: Vec<&[u8]> = Vec::new();
    for name in there.filter(|name| pattern.is_match(name) && Some(*name) != key.map(str::as_bytes)) {
        if !seen.contains(&name) {
            seen.push(name);
            each(name);
        }
    }
}

/// The SHA-256 of a value's bytes, as the Collector takes them: numbers are little-endian; nothing for arrays and maps.
fn hash(value: &AnyValue<'_>) -> Option<String> {
    let bytes: &[u8] = match value {
        AnyValue::Str(text) | AnyValue::Bytes(text) => text,
        AnyValue::Bool(value) => &[u8::from(*value)],
        AnyValue::Int(value) => &value.to_le_bytes(),
        AnyValue::Double(value) => &value.to_bits().to_le_bytes(),
        AnyValue::Null | AnyValue::Array(_) | AnyValue::Map(_) => return None,
    };
    if bytes.is_empty() {
        return Some(String::new());
    }
    let mut digits = String::with_capacity(64);
    for byte in digest(&SHA256, bytes).as_ref() {
        let _ = write!(digits, "{byte:02x}"); // a String takes everything
    }
    Some(digits)
}

/// Appends the value as another type; false where it is of that type, or has no such value.
fn convert(value: &AnyValue<'_>, to: Type, out: &mut Vec<u8>) -> bool {
    let text = |bytes: &[u8]| str::from_utf8(bytes).ok().map(str::to_owned);
    match (to, value) {
        (Type::Int, AnyValue::Str(bytes)) => text(bytes).and_then(|text| text.parse().ok()).map(|number| push_int(out, number)).is_some(),
        (Type::Int, AnyValue::Bool(value)) => {
            push_int(out, (*value).into());
            true
        }
        (Type::Int, AnyValue::Double(value)) if value.is_finite() => {
            push_int(out, *value as i64);
            true
        }
        (Type::Double, AnyValue::Str(bytes)) => {
            text(bytes).and_then(|text| text.parse().ok()).map(|number| push_double(out, number)).is_some()
        }
        (Type::Double, AnyValue::Bool(value)) => {
            push_double(out, f64::from(u8::from(*value)));
            true
        }
        (Type::Double, AnyValue::Int(value)) => {
            push_double(out, *value as f64);
            true
        }
        (Type::String, AnyValue::Int(value)) => {
            push_text(out, value.to_string().as_bytes());
            true
        }
        (Type::String, AnyValue::Double(value)) => {
            push_text(out, value.to_string().as_bytes());
            true
        }
        (Type::String, AnyValue::Bool(value)) => {
            push_text(out, value.to_string().as_bytes());
            true
        }
        _ => false,
    }
}

/// Actions on the attributes of records.
#[derive(Debug)]
pub struct Attributes {
    actions: Vec<Action>,
    when: Option<Condition>,
}

impl Attributes {
    /// On records for which `when` holds, on all without it.
    pub fn new(actions: Vec<Action>, when: Option<Condition>) -> Self {
        Self { actions, when }
    }
}

impl Processor for Attributes {
    fn apply(&self, batch: Batch, _outcome: &mut Outcome) -> Batch {
        let mut overlay = Overlay::record();
        let meant = self.when.as_ref().map(|when| when.among(&batch, &Marks::all(batch.len())));
        batch.edit_bytes(
            |position, record, out| {
                if meant.as_ref().is_some_and(|meant| !meant.contains(position)) {
                    return Edit::Keep;
                }
                overlay.clear();
                act(&self.actions, record, 6, batch.origin(), &mut overlay);
                overlay.finish(record, out)
            },
            |_, _, _| false,
        )
    }
}
