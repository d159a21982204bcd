//! A format's own table: what each of its keys says, in the words of the option `keys`; and fields that are added one by one.

use std::ops::Range;

use logloom_record::Text;

use super::{Dialect, Field, Fields, Kind, Role, Table};
use crate::json::{Seen, hash};

/// A format's table.
#[derive(Debug)]
pub(crate) struct Rows {
    /// A key, and what it says: `time`, `severity`, `severity:syslog`, `body`, `event_name`, `trace_id`, `span_id`; `-` where it is left
    /// out; else the name of an attribute, behind which `:int`, `:double`, `:list`, `:protocol` or `:any` may stand (text without).
    pub(crate) keys: &'static [(&'static str, &'static str)],
    /// Whether the keys of the common logging libraries follow.
    pub(crate) general: bool,
    /// What stands before the names of keys that are not in the table.
    pub(crate) prefix: &'static str,
    /// strftime patterns of times that are not written in one of the usual ways.
    pub(crate) times: &'static [&'static str],
}

impl Rows {
    /// A table without rows.
    pub(crate) const NONE: Self = Self { keys: &[], general: false, prefix: "", times: &[] };
}

/// How the value of a named attribute is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// As it was read.
    Any,
    /// As text, a number too.
    Text,
    /// As an integer where it is one.
    Int,
    /// As a double where it is a number.
    Double,
    /// As a list of one text.
    List,
    /// Without the `HTTP/` before it.
    Protocol,
}

/// What a row says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Role(Role),
    Attribute(&'static str, As),
}

impl Meaning {
    /// Reads the word of a row; `None` where there is no such.
    pub(super) fn read(what: &'static str) -> Option<Self> {
        let role = match what {
            "time" => Role::Time,
            "severity" => Role::Severity,
            "severity:syslog" => Role::SyslogSeverity,
            "body" => Role::Body,
            "event_name" => Role::EventName,
            "trace_id" => Role::TraceId,
            "span_id" => Role::SpanId,
            "-" => Role::Omitted,
            _ => {
                let (name, kind) = what.split_once(':').unwrap_or((what, ""));
                let kind = match kind {
                    "" => As::Text,
                    "any" => As::Any,
                    "int" => As::Int,
                    "double" => As::Double,
                    "list" => As::List,
                    "protocol" => As::Protocol,
                    _ => return None,
                };
                return name.contains('.').then_some(Self::Attribute(name, kind));
            }
        };
        Some(Self::Role(role))
    }
}

impl As {
    /// Makes the field's value one of this kind; one that cannot be stays as it is.
    pub(super) fn convert(self, field: &mut Field, frame: Text<'_>) {
        match (self, field.kind) {
            (Self::Text, Kind::Int | Kind::Double | Kind::Bool) => field.kind = Kind::Text,
            (Self::List, Kind::Text | Kind::Int | Kind::Double | Kind::Bool) => field.kind = Kind::List,
            (Self::Int, Kind::Text) => {
                if let Some(value) = number::<i64>(field, frame) {
                    field.scalar_of(Kind::Int, value as u64);
                }
            }
            (Self::Double, Kind::Int) => {
                let value = field.integer() as f64;
                field.scalar_of(Kind::Double, value.to_bits());
            }
            (Self::Double, Kind::Text) => {
                if let Some(value) = number::<f64>(field, frame).filter(|value| value.is_finite()) {
                    field.scalar_of(Kind::Double, value.to_bits());
                }
            }
            (Self::Protocol, Kind::Text) if field.span(frame).bytes().starts_with(b"HTTP/") => {
                field.at += 5;
                field.len -= 5;
            }
            _ => {}
        }
    }
}

fn number<T: std::str::FromStr>(field: &Field, frame: Text<'_>) -> Option<T> {
    std::str::from_utf8(field.span(frame).bytes()).ok()?.parse().ok()
}

/// A value as it stands in the frame.
#[derive(Clone, Debug)]
pub(crate) enum Put {
    /// Text as it is.
    Text(Range<usize>),
    /// Text with escapes, which the format's `unescape` resolves.
    Escaped(Range<usize>),
    /// Text whose numbers and truth values are typed.
    Typed(Range<usize>),
    /// A list, as the format's `unescape` gives it: see [`Kind::Items`].
    Items(Range<usize>),
}

impl Fields {
    /// Adds a field whose name and value stand in the frame.
    #[inline(always)]
    pub(crate) fn add(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: Range<usize>, value: Put) {
        let key = frame.slice(name.clone());
        let hash = hash(key);
        let mut field = Field::new(name.start, key.len(), dialect.find(hash, key));
        if !dialect.prefix.is_empty() {
            self.name_into(&mut field, dialect.prefix, key);
        }
        field.put(frame, value);
        self.push(frame, seen, hash, field);
    }

    /// Adds a field whose name does not stand in the frame.
    pub(crate) fn add_known(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: &str, value: Put) {
        let key = Text::from(name);
        let hash = hash(key);
        let mut field = Field::new(0, key.len(), dialect.find(hash, key));
        self.name_into(&mut field, dialect.prefix, key);
        field.put(frame, value);
        self.push(frame, seen, hash, field);
    }

    /// Adds a field neither of whose name and value stands in the frame.
    pub(crate) fn add_made(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: &str, value: &str) {
        let at = self.names.len();
        self.names.extend_from_slice(value.as_bytes());
        let (key, hash) = (Text::from(name), hash(Text::from(name)));
        let mut field = Field::new(0, key.len(), dialect.find(hash, key));
        self.name_into(&mut field, dialect.prefix, key);
        field.place(at, at + value.len(), Kind::Made);
        self.push(frame, seen, hash, field);
    }

    /// Adds an integer whose name does not stand in the frame.
    pub(crate) fn add_int(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: &str, value: i64) {
        let (key, hash) = (Text::from(name), hash(Text::from(name)));
        let mut field = Field::new(0, key.len(), dialect.find(hash, key));
        self.name_into(&mut field, dialect.prefix, key);
        field.scalar_of(Kind::Int, value as u64);
        self.push(frame, seen, hash, field);
    }

    /// Keeps the field's name among the names.
    #[inline(always)]
    fn name_into(&mut self, field: &mut Field, prefix: &str, name: Text<'_>) {
        field.name_at = self.names.len() as u32;
        field.name_len = (prefix.len() + name.len()) as u32;
        field.in_names = true;
        self.names.extend_from_slice(prefix.as_bytes());
        self.names.extend_from_slice(name.bytes());
    }

    /// The time, as the format found it: fields that say it too become attributes.
    pub(crate) fn give_time(&mut self, unix_nano: u64) {
        self.given_time_unix_nano = unix_nano;
    }

    /// The severity, as the format found it: 1 to 24.
    pub(crate) fn give_severity(&mut self, severity: u8) {
        self.given_severity = severity;
    }
}

impl Field {
    #[inline(always)]
    fn put(&mut self, frame: Text<'_>, value: Put) {
        match value {
            Put::Text(range) => self.place(range.start, range.end, Kind::Text),
            Put::Escaped(range) => self.place(range.start, range.end, Kind::Escaped),
            Put::Typed(range) => self.typed(frame, range.start, range.end),
            Put::Items(range) => self.place(range.start, range.end, Kind::Items),
        }
    }
}
