//! A format's own table: what each of its keys says, in the words of the option `keys`; and fields that are added one by one.

use std::ops::Range;

use logloom_record::Text;

use super::{Container, Dialect, Field, Fields, Kind, Place, Role, Table};
use crate::json::{Seen, hash};

/// A format's table.
#[derive(Debug)]
pub(crate) struct Rows {
    /// A key, and what it says: `time`, `severity`, `severity:syslog`, `severity:otel`, `body`, `original`, `event_name`, `trace_id`, `span_id`; `-` where it is left
    /// out, `+` where it is an attribute under its own name; else the name of an attribute, behind which one of the kinds of [`As`] may
    /// stand (text without). Of an object: `.` where its entries are attributes under their paths, `..` under their own names, `^` as if
    /// they stood beside it, `{}` where it stays one value, a path and `.*` where they are attributes under that path (of an object that
    /// stands in another).
    pub(crate) keys: &'static [(&'static str, &'static str)],
    /// Objects of which the table says nothing.
    pub(crate) nested: Container,
    /// Whether `-` and empty text say that there is no value, as access logs have it.
    pub(crate) dash_is_absent: bool,
    /// Whether `_` before a key of JSON is no part of its name.
    pub(crate) strips_underscore: bool,
    /// What else holds for each record: an attribute and its value.
    pub(crate) constants: &'static [(&'static str, &'static str)],
    /// What a message says inside its text: what stands before it, what behind, and the attribute that it is.
    pub(crate) inside: &'static [(&'static str, &'static str, &'static str)],
    /// What this format's words or numbers mean as a severity, where that is not what they usually mean.
    pub(crate) levels: &'static [(&'static str, u8)],
    /// Whether the keys of the common logging libraries follow.
    pub(crate) general: bool,
    /// What stands before the names of keys that are not in the table.
    pub(crate) prefix: &'static str,
    /// strftime patterns of times that are not written in one of the usual ways.
    pub(crate) times: &'static [&'static str],
}

impl Rows {
    /// A table without rows.
    pub(crate) const NONE: Self = Self {
        keys: &[],
        nested: Container::No,
        dash_is_absent: false,
        strips_underscore: false,
        constants: &[],
        inside: &[],
        levels: &[],
        general: false,
        prefix: "",
        times: &[],
    };
}

/// How the value of a named attribute is written; as what it is called in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// `any`: as it was read.
    Any,
    /// As text, a number too; of a list of one text, that.
    Text,
    /// `int`: as an integer where it is one.
    Int,
    /// `status`: as an integer; 0 says that there is none.
    Status,
    /// `double`: as a double where it is a number.
    Double,
    /// `list`: as a list of one text.
    List,
    /// `lines`: the texts of a list, each a line.
    Lines,
    /// `protocol`: without the `HTTP/` before it.
    Protocol,
    /// `tls`: without the `TLSv` before it.
    Tls,
    /// `first`: the first text of a list, which stays beside it where it has more.
    First,
    /// `address`: `host:port`, of which the port becomes the attribute beside it.
    Address,
    /// `path`: what follows its `?` becomes `url.query`.
    Path,
    /// `request`: `GET /path?query HTTP/1.1`; its method, and the attributes of the others.
    Request,
    /// `url`: a whole one as such; one that begins with its path is `url.path` and `url.query`, another `url.original`.
    Url,
}

/// What a row says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Role(Role),
    Object(Container),
    Renamed(&'static str),
    Attribute(&'static str, As),
}

impl Meaning {
    /// Reads the word of a row; `None` where there is no such.
    pub(super) fn read(what: &'static str) -> Option<Self> {
        let role = match what {
            "time" => Role::Time,
            "severity" => Role::Severity,
            "severity:syslog" => Role::SyslogSeverity,
            "severity:otel" => Role::SeverityNumber,
            "body" => Role::Body,
            "event_name" => Role::EventName,
            "trace_id" => Role::TraceId,
            "span_id" => Role::SpanId,
            "trace_flags" => Role::TraceFlags,
            "traceparent" => Role::Traceparent,
            "exception" => Role::Exception,
            "original" => Role::Original,
            "caller" => Role::Caller,
            "-" => Role::Omitted,
            "+" => Role::Plain,
            "." => return Some(Self::Object(Container::Dotted)),
            ".." => return Some(Self::Object(Container::Plain)),
            "^" => return Some(Self::Object(Container::Through)),
            "{}" => return Some(Self::Object(Container::No)),
            _ if let Some(path) = what.strip_suffix(".*") => return Some(Self::Renamed(path)),
            _ => {
                let (name, kind) = what.split_once(':').unwrap_or((what, ""));
                let kind = match kind {
                    "" => As::Text,
                    "any" => As::Any,
                    "int" => As::Int,
                    "status" => As::Status,
                    "double" => As::Double,
                    "list" => As::List,
                    "lines" => As::Lines,
                    "protocol" => As::Protocol,
                    "tls" => As::Tls,
                    "first" => As::First,
                    "address" => As::Address,
                    "path" => As::Path,
                    "url" => As::Url,
                    "request" => As::Request,
                    _ => return None,
                };
                return name.contains('.').then_some(Self::Attribute(name, kind));
            }
        };
        Some(Self::Role(role))
    }
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
    /// Text that does not stand in the frame.
    Made(Range<usize>),
}

/// A name and what the table says of it, looked up once.
#[derive(Debug)]
pub(crate) struct Known {
    /// The name as a whole, and zeros behind it, so that it can be copied in whole steps.
    padded: Box<[u8]>,
    len: usize,
    /// The key's, without what the table has names begin with.
    hash: u32,
    entry: Option<u32>,
}

impl Known {
    pub(crate) fn new(dialect: &Dialect, key: &str) -> Self {
        let text = Text::from(key);
        let mut padded = [dialect.prefix.as_bytes(), key.as_bytes()].concat();
        let len = padded.len();
        padded.resize(len + 64, 0);
        Self { padded: padded.into(), len, hash: hash(text), entry: dialect.find(hash(text), text) }
    }
}

impl Fields {
    /// Adds a field whose name does not stand in the frame.
    pub(crate) fn add_known(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: &str, value: Put) {
        let (mut field, hash) = self.named(dialect, name);
        field.put(frame, value);
        self.push(frame, seen, hash, field);
    }

    /// Adds a field of a name that was looked up beforehand.
    #[inline]
    pub(crate) fn add_looked_up(&mut self, seen: &mut Seen, frame: Text<'_>, name: &Known, value: Put) {
        let at = self.names.len();
        self.names.put(Text::of(&name.padded, 0..name.len));
        let Some(room) = self.room() else { return };
        *room = Field::new(at, name.len, name.entry);
        room.place = Place::Whole;
        room.put(frame, value);
        self.keep(frame, seen, name.hash);
    }

    /// Adds a field neither of whose name and value stands in the frame.
    pub(crate) fn add_made(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: &str, value: &str) {
        let at = self.names.len();
        self.names.extend(value.as_bytes());
        let (mut field, hash) = self.named(dialect, name);
        field.place(at, at + value.len(), Kind::Made);
        self.push(frame, seen, hash, field);
    }

    /// The same of a name that was looked up beforehand.
    #[inline]
    pub(crate) fn add_made_looked_up(&mut self, seen: &mut Seen, frame: Text<'_>, name: &Known, value: &str) {
        let at = self.names.len();
        self.names.extend(value.as_bytes());
        self.add_looked_up(seen, frame, name, Put::Made(at..at + value.len()));
    }

    /// Adds a list whose `items` each end with NUL.
    pub(crate) fn add_items(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: &str, items: &str) {
        self.add_made(dialect, seen, frame, name, items);
        if let Some(field) = self.len.checked_sub(1).and_then(|last| self.list.get_mut(last)).filter(|field| field.kind == Kind::Made) {
            field.kind = Kind::MadeItems;
        }
    }

    /// Adds an integer whose name does not stand in the frame.
    pub(crate) fn add_int(&mut self, dialect: &Dialect, seen: &mut Seen, frame: Text<'_>, name: &str, value: i64) {
        let (mut field, hash) = self.named(dialect, name);
        field.scalar_of(Kind::Int, value as u64);
        self.push(frame, seen, hash, field);
    }

    /// Lays down names that are no part of the frame. For before the first field.
    #[inline(always)]
    pub(crate) fn lay_names(&mut self, names: &[u8]) {
        self.names.truncate(0);
        self.names.extend(names);
    }

    /// Adds a field whose name was laid down, and that no other field has.
    #[inline(always)]
    pub(crate) fn add_column(&mut self, entry: Option<u32>, name_at: u32, name_len: u32, frame: Text<'_>, value: Put) {
        let over = entry.is_none() && self.len >= self.count_max;
        let Some(room) = self.room() else { return };
        *room = Field::new(name_at as usize, name_len as usize, entry);
        room.place = Place::Whole;
        room.put(frame, value);
        if over {
            self.dropped = self.dropped.saturating_add(1);
        } else {
            self.len += 1;
        }
    }

    /// Adds the `n`th value of a row that has more than there are columns.
    #[cold]
    pub(crate) fn add_extra(&mut self, dialect: &Dialect, frame: Text<'_>, n: usize, value: Put) {
        let at = self.names.len();
        self.names.extend(dialect.prefix.as_bytes());
        self.names.extend(format!("column_{n}").as_bytes());
        let len = self.names.len() - at;
        self.add_column(None, at as u32, len as u32, frame, value);
    }

    /// A field of this name, which is kept among the names; and the name's hash.
    #[inline(always)]
    fn named(&mut self, dialect: &Dialect, name: &str) -> (Field, u32) {
        let at = self.names.len();
        self.names.extend(dialect.prefix.as_bytes());
        self.names.extend(name.as_bytes());
        // There it is looked up faster than where it comes from: its buffer goes on.
        let key = self.names.text(at + dialect.prefix.len()..self.names.len());
        let hash = hash(key);
        let mut field = Field::new(at, self.names.len() - at, dialect.find(hash, key));
        field.place = Place::Whole;
        (field, hash)
    }

    /// The time, as the format found it: fields that say it too become attributes.
    pub(crate) fn give_time(&mut self, unix_nano: u64) {
        self.given_time_unix_nano = unix_nano;
    }

    /// The severity, as the format found it: 1 to 24, and its spelling.
    pub(crate) fn give_severity(&mut self, severity: u8, text: &str) {
        self.given_severity = severity;
        self.given_severity_text = (self.names.len() as u32, (self.names.len() + text.len()) as u32);
        self.names.extend(text.as_bytes());
    }
}

impl Field {
    /// Takes off the first of these beginnings that it has.
    pub(super) fn skip_past(&mut self, frame: Text<'_>, beginnings: &[&[u8]]) {
        let text = self.span(frame);
        if let Some(found) = beginnings.iter().find(|beginning| text.bytes().starts_with(beginning)) {
            self.at += found.len() as u32;
            self.len -= found.len() as u32;
        }
    }

    #[inline(always)]
    pub(super) fn put(&mut self, frame: Text<'_>, value: Put) {
        match value {
            Put::Text(range) => self.place(range.start, range.end, Kind::Text),
            Put::Escaped(range) => self.place(range.start, range.end, Kind::Escaped),
            Put::Typed(range) => self.typed(frame, range.start, range.end),
            Put::Items(range) => self.place(range.start, range.end, Kind::Items),
            Put::Made(range) => self.place(range.start, range.end, Kind::Made),
        }
    }
}
