//! The table of keys, compiled: from a key to what it says.

use std::sync::atomic::{AtomicU64, Ordering};

use logloom_record::{Text, nearest};

use super::{
    Fields, Keys, Rows, Table, Target,
    keys::{CONTAINERS, ROWS},
    names::NAMES,
    rows::{As, Meaning},
};
use crate::{
    OptionError,
    json::Seen,
    time::{Context, TimePattern, Zone},
};

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An attribute under its own name.
    Plain,
    /// The time: RFC 3339 and its relatives, or a number since 1970.
    Time,
    /// The time, in a dialect whose severity is INFO where it names none: Serilog's compact one.
    CompactTime,
    /// Its whole seconds, beside [`Role::TimeNanos`].
    TimeSeconds,
    /// Its nanoseconds within the second.
    TimeNanos,
    /// The severity, as a word or a number.
    Severity,
    /// The same under the key `severity`: a number is one of syslog's or Google Cloud's.
    CloudSeverity,
    /// The same as Python's logging calls it, whose loggers are called `name`.
    PythonSeverity,
    /// The logger, in a record that has what shows that it is one.
    LoggerName,
    /// The severity in Python's numbers.
    PythonLevel,
    /// The severity in syslog's numbers.
    SyslogSeverity,
    /// OpenTelemetry's severity number.
    SeverityNumber,
    /// The body.
    Body,
    /// The trace id: 32 hexadecimal digits, with what Google Cloud and X-Ray write around them; 16 are padded.
    TraceId,
    /// The trace id, where digits alone are decimal.
    DatadogTraceId,
    /// The span id: 16 hexadecimal digits.
    SpanId,
    /// The span id in decimal digits.
    DatadogSpanId,
    /// The W3C trace flags: a number, two hexadecimal digits, or whether it is sampled.
    TraceFlags,
    /// W3C's `traceparent`: trace id, span id and flags.
    Traceparent,
    /// The event name.
    EventName,
    /// A line kept by somebody before us.
    Original,
    /// A thread: its name or its number.
    Thread,
    /// An exception: its stack trace where it has several lines, else its message.
    Exception,
    /// `file:line`.
    Caller,
    /// An attribute under the name of the semantic conventions.
    Attribute(Target),
    /// An attribute under a name that the user or the format gave, by its position in [`Dialect::named`].
    Named(u16, As),
    /// Left out.
    Omitted,
}

/// How an object's entries are read, where not as one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Container {
    /// As one value.
    #[default]
    No,
    /// As attributes `container.entry`.
    Dotted,
    /// As attributes `entry`, or `container.entry` where that name is taken.
    Plain,
    /// As the entries of the object around it.
    Through,
    /// As attributes `name.entry`, whose name is at this position in [`Dialect::named`]; for objects that stand in another.
    Renamed(u16),
}

/// What the table knows of a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(super) role: Role,
    pub(super) rank: u8,
    pub(super) container: Container,
}

/// An attribute name.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// The name, and zeros behind it, so that it can be copied in whole steps.
    padded: Box<[u8]>,
    len: usize,
    /// Those that parts of its value go under, by their position.
    pub(super) others: [Option<u16>; 3],
}

impl Named {
    fn new(name: &str) -> Self {
        let mut padded = name.as_bytes().to_vec();
        padded.resize(name.len() + 64, 0);
        Self { padded: padded.into(), len: name.len(), others: [None; 3] }
    }

    #[inline(always)]
    pub(super) fn text(&self) -> Text<'_> {
        Text::of(&self.padded, 0..self.len)
    }
}

/// How many tables there were.
static TABLES: AtomicU64 = AtomicU64::new(0);

/// A compiled table.
#[derive(Debug, Default)]
pub(crate) struct Dialect {
    /// Its number among all, counted from 1.
    id: u64,
    pub(super) keys: Keys,
    classes: Option<fn(&[u8]) -> u8>,
    entries: Vec<Entry>,
    /// The attribute names that the user or the format gave.
    pub(super) named: Vec<Named>,
    /// Objects of which the table says nothing.
    pub(super) nested: Container,
    /// Whether `-` and empty text say that there is no value.
    pub(super) dash_is_absent: bool,
    strips_underscore: bool,
    constants: &'static [(&'static str, &'static str)],
    /// What stands before and behind a part of the message, and the name that the part has.
    pub(super) inside: Vec<(&'static str, &'static str, u16)>,
    pub(super) levels: &'static [(&'static str, u8)],
    /// What stands before the name of each field that has no other.
    pub(super) prefix: &'static str,
    /// The name, among those of the format, of a line that somebody before us kept under another.
    pub(super) original: Option<u16>,
    /// How a time may be written beside the usual ways.
    pub(super) times: Vec<TimePattern>,
    /// How the user says that it is written.
    pub(super) user_time: Option<TimePattern>,
    /// Of times that name none.
    pub(super) zone: Zone,
}

/// The most keys that a user may add.
const USER_KEYS_MAX: usize = 200;
/// A key that names its role exactly, or that the user named, is not outranked.
const RANK_EXACT: u8 = 200;
pub(crate) const RANK_USER: u8 = 255;
/// The rows of a format's own table: those that stand later have less, down to this.
const RANK_ROWS: u8 = RANK_EXACT - 41;
/// Names that many use, for what their libraries say in words of their own.
const RANK_NAMES: u8 = 60;

/// The roles that a user may name.
const ROLES: &[(&str, Role)] = &[
    ("time", Role::Time),
    ("severity", Role::Severity),
    ("body", Role::Body),
    ("message", Role::Body),
    ("trace_id", Role::TraceId),
    ("span_id", Role::SpanId),
    ("trace_flags", Role::TraceFlags),
    ("event_name", Role::EventName),
    ("caller", Role::Caller),
    ("exception", Role::Exception),
    ("attribute", Role::Plain),
];

impl Dialect {
    /// The built-in table with the user's own `keys` before it: key to role, or to the name of an attribute.
    pub(crate) fn compile(keys: &[(String, String)]) -> Result<Self, OptionError> {
        Self::of(&Rows { general: true, ..Rows::NONE }, keys)
    }

    /// A format's own table, with the user's `keys` before it.
    pub(crate) fn of(rows: &Rows, keys: &[(String, String)]) -> Result<Self, OptionError> {
        let mut dialect = Self {
            id: TABLES.fetch_add(1, Ordering::Relaxed) + 1,
            prefix: rows.prefix,
            nested: rows.nested,
            dash_is_absent: rows.dash_is_absent,
            strips_underscore: rows.strips_underscore,
            constants: rows.constants,
            levels: rows.levels,
            ..Self::default()
        };
        for pattern in rows.times {
            let pattern = TimePattern::compile(pattern).map_err(|error| OptionError::new("time_format", error.message).at(error.at))?;
            dialect.times.push(pattern);
        }
        if keys.len() > USER_KEYS_MAX {
            return Err(OptionError::new("keys", format!("at most {USER_KEYS_MAX} keys, not {}", keys.len())));
        }
        for (key, role) in keys {
            let role = dialect.user_role(key, role)?;
            dialect.add(key, role, RANK_USER);
        }
        dialect.add_rows(rows.keys, RANK_EXACT - 1)?;
        for (before, behind, name) in rows.inside {
            let position = dialect.name(name);
            dialect.inside.push((before, behind, position));
        }
        if rows.general {
            dialect.add_general()?;
        }
        for (n, named) in dialect.named.clone().iter().enumerate() {
            let name = String::from_utf8_lossy(named.text().bytes());
            dialect.add(&name, Role::Named(n as u16, As::Any), RANK_EXACT);
            // What would be called so once the prefix stands before it.
            if let Some(rest) = name.strip_prefix(rows.prefix).filter(|_| !rows.prefix.is_empty()) {
                dialect.add(rest, Role::Named(n as u16, As::Any), RANK_EXACT);
            }
        }
        for target in Target::ALL {
            dialect.add(target.name(), Role::Attribute(target), RANK_EXACT);
        }
        Ok(dialect)
    }

    /// The keys of the common logging libraries.
    fn add_general(&mut self) -> Result<(), OptionError> {
        for (role, keys) in ROWS {
            for (key, rank) in *keys {
                self.add(key, *role, *rank);
            }
        }
        self.add_rows(NAMES, RANK_NAMES)?;
        for (key, container) in CONTAINERS {
            self.contain(key, *container, 0);
        }
        Ok(())
    }

    /// Says how objects under this key are read, unless something of more right said what the key is.
    fn contain(&mut self, key: &str, container: Container, rank: u8) {
        self.add(key, Role::Plain, rank);
        let entry = self.keys.position(key).and_then(|position| self.entries.get_mut(position));
        // Of a format's own table, a row may say what a key is and another one how an object under it is read.
        let is_own = |entry: &Entry| rank >= RANK_ROWS && entry.rank != RANK_USER;
        if let Some(entry) = entry.filter(|entry| entry.rank <= rank || entry.rank < RANK_ROWS || is_own(entry)) {
            entry.container = container;
        }
    }

    /// `classes` says of a key what the format itself makes of it; 0: nothing. It is asked once for each key that is kept from line to line.
    pub(crate) fn with_classes(mut self, classes: fn(&[u8]) -> u8) -> Self {
        self.classes = Some(classes);
        self
    }

    pub(super) fn class_of(&self, key: &[u8]) -> u8 {
        self.classes.map_or(0, |classes| classes(key))
    }

    /// The same; times are written by this pattern first of all.
    pub(crate) fn with_time(mut self, pattern: TimePattern) -> Self {
        self.user_time = Some(pattern);
        self
    }

    /// What stands before the names of keys that are not in the table.
    pub(crate) fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// The same; times that name no zone are in this one.
    pub(crate) fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Of two keys that say the same, the one that stands first in the table is the better.
    fn add_rows(&mut self, rows: &[(&str, &'static str)], best: u8) -> Result<(), OptionError> {
        for (n, (key, what)) in rows.iter().enumerate() {
            let rank = best - n.min(40) as u8;
            let role = match Meaning::read(what) {
                Some(Meaning::Role(role)) => {
                    if role == Role::Original {
                        self.original = Some(self.name("log.record.original"));
                    }
                    role
                }
                Some(Meaning::Object(container)) => {
                    self.contain(key, container, rank);
                    continue;
                }
                Some(Meaning::Renamed(path)) => {
                    let position = self.name(path);
                    self.contain(key, Container::Renamed(position), rank);
                    continue;
                }
                Some(Meaning::Attribute(name, kind)) => self.named_role(name, kind),
                None => return Err(OptionError::new("", format!("'{key}': there is no '{what}'"))),
            };
            self.add(key, role, rank);
        }
        Ok(())
    }

    /// The role of a key that becomes an attribute of this name.
    fn named_role(&mut self, name: &str, kind: As) -> Role {
        if let Some(target) = Target::ALL.into_iter().find(|target| target.name() == name && matches!(kind, As::Text | As::Int | As::Any)) {
            return Role::Attribute(target);
        }
        let others = kind.others(name).map(|other| other.map(|other| self.name(&other)));
        let position = self.name(name);
        if let Some(named) = self.named.get_mut(usize::from(position)).filter(|_| others[0].is_some()) {
            named.others = others;
        }
        Role::Named(position, kind)
    }

    /// The position of a name.
    fn name(&mut self, name: &str) -> u16 {
        let position = self.named.iter().position(|named| named.text().bytes() == name.as_bytes()).unwrap_or_else(|| {
            self.named.push(Named::new(name));
            self.named.len() - 1
        });
        position as u16
    }

    fn user_role(&mut self, key: &str, role: &str) -> Result<Role, OptionError> {
        if let Some((_, role)) = ROLES.iter().find(|(name, _)| *name == role) {
            return Ok(*role);
        }
        if let Some(target) = Target::ALL.into_iter().find(|target| target.name() == role) {
            return Ok(Role::Attribute(target));
        }
        let names: Vec<_> = ROLES.iter().map(|(name, _)| *name).collect();
        if !role.contains('.') {
            let hint =
                nearest(role, &names).map_or_else(|| format!("roles are {}", names.join(", ")), |name| format!("did you mean '{name}'?"));
            return Err(OptionError::new(
                "keys",
                format!("'{key}': there is no role '{role}', {hint} (the name of an attribute has a dot)"),
            ));
        }
        Ok(self.named_role(role, As::Any))
    }

    /// What the table says of a key, and how surely: for names that are known before any line is.
    pub(crate) fn says(&self, key: &str) -> Option<(Role, u8)> {
        self.keys.position(key).and_then(|position| self.entry(position as u32)).map(|entry| (entry.role, entry.rank))
    }

    /// The attribute of a [`Role::Named`].
    pub(crate) fn attribute(&self, named: u16) -> Option<&str> {
        self.named.get(usize::from(named)).and_then(|named| std::str::from_utf8(named.text().bytes()).ok())
    }

    /// Adds a key where it is not there yet.
    fn add(&mut self, key: &str, role: Role, rank: u8) {
        let role = if role == Role::Severity && key == "severity" { Role::CloudSeverity } else { role };
        if self.keys.add(key) {
            self.entries.push(Entry { role, rank, container: if rank == RANK_USER { Container::No } else { self.nested } });
        }
    }

    /// Adds what holds for each record.
    pub(crate) fn add_constants(&self, fields: &mut Fields, frame: Text<'_>) {
        if !self.constants.is_empty() {
            let mut seen = Seen::default();
            for (name, value) in self.constants {
                fields.add_made(self, &mut seen, frame, name, value);
            }
        }
    }

    /// The name at a position.
    #[inline(always)]
    pub(super) fn name_of(&self, n: u16) -> Text<'_> {
        self.named.get(usize::from(n)).map_or(Text::EMPTY, Named::text)
    }

    /// A time in a way of writing that only this table knows.
    #[cold]
    pub(super) fn time(&self, text: Text<'_>) -> Option<u64> {
        let context = Context { zone: self.zone, ..Context::default() };
        self.user_time.iter().chain(&self.times).find_map(|pattern| pattern.parse(text.bytes(), &context).ok().flatten())
    }

    #[inline(always)]
    pub(super) fn entry(&self, position: u32) -> Option<Entry> {
        self.entries.get(position as usize).copied()
    }
}

impl Table for Dialect {
    #[inline(always)]
    fn find(&self, hash: u32, key: Text<'_>) -> Option<u32> {
        self.keys.find(hash, key)
    }

    #[inline(always)]
    fn container(&self, position: Option<u32>) -> Container {
        position.and_then(|position| self.entry(position)).map_or(self.nested, |entry| entry.container)
    }

    #[inline(always)]
    fn strips_underscore(&self) -> bool {
        self.strips_underscore
    }

    fn path(&self, position: u16) -> Text<'_> {
        self.name_of(position)
    }

    #[inline(always)]
    fn id(&self) -> u64 {
        self.id
    }

    #[inline(always)]
    fn prefix(&self) -> &'static str {
        self.prefix
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_stands_twice_and_each_is_found() {
        let dialect = Dialect::compile(&[]).unwrap();
        let mut keys = BTreeSet::new();
        for (role, rows) in ROWS {
            for (key, _) in *rows {
                assert!(keys.insert(key), "{key} stands twice");
                let entry = dialect.keys.position(key).and_then(|at| dialect.entry(at as u32)).unwrap();
                let role = if *key == "severity" { Role::CloudSeverity } else { *role };
                assert_eq!(entry.role, role, "{key}");
            }
        }
        for (key, container) in CONTAINERS {
            assert_eq!(dialect.container(dialect.keys.position(key).map(|at| at as u32)), *container);
        }
        assert_eq!(dialect.keys.position("no such key"), None);
        assert!(dialect.keys.len() + USER_KEYS_MAX * 2 < 1536, "a table holds them all");
    }

    #[test]
    fn what_a_user_may_say_and_what_not() {
        let pair = |key: &str, role: &str| [(key.to_owned(), role.to_owned())];
        for (role, message) in [
            ("tim", "keys: 'ts': there is no role 'tim', did you mean 'time'? (the name of an attribute has a dot)"),
            (
                "",
                "keys: 'ts': there is no role '', roles are time, severity, body, message, trace_id, span_id, trace_flags, event_name, caller, exception, attribute (the name of an attribute has a dot)",
            ),
        ] {
            assert_eq!(Dialect::compile(&pair("ts", role)).unwrap_err().to_string(), message);
        }
        let many: Vec<_> = (0..=USER_KEYS_MAX).map(|i| (format!("k{i}"), "x.y".to_owned())).collect();
        assert_eq!(Dialect::compile(&many).unwrap_err().to_string(), "keys: at most 200 keys, not 201");
        assert!(Dialect::compile(&many[1..]).is_ok());
    }
}
