//! The slow query log of MySQL, MariaDB and Percona Server.
//!
//! Longer than a table: its records have a head of several lines of which each may be missing, and whose pairs depend on the version.

use std::{cell::Cell, ops::Range, sync::Arc};

use logloom_record::{BatchWriter, Key, RecordCursor, RejectReason, Scalar, Tail, Text};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec, open_framed,
    scan::Finder,
    swar,
    time::{self, Context, TimePattern, Zone},
};

/// The row of `mysql_slow`.
pub static SPEC: Spec = Spec {
    name: "mysql_slow",
    about: About {
        line: "The slow query log of MySQL, MariaDB and Percona Server, of all versions",
        page: "https://dev.mysql.com/doc/refman/8.4/en/slow-query-log.html",
        example: "# Time: 2026-11-21T10:40:59.509123Z\n# User@Host: app[app] @ shop.example [203.0.113.9]  Id:    14\n\
                  # Query_time: 2.475469  Lock_time: 0.000287 Rows_sent: 10  Rows_examined: 3145718\nSET timestamp=1795257657;\n\
                  SELECT * FROM carts;",
    },
    options: &[],
    compile,
};

const ORIGINAL: Key = Key::new("log.record.original");
const USER: Key = Key::new("user.name");
const CURRENT_USER: Key = Key::new("mysql.slowlog.current_user");
const CLIENT: Key = Key::new("client.address");
const CLIENT_NAME: Key = Key::new("mysql.slowlog.host");
const THREAD: Key = Key::new("mysql.thread_id");
const NAMESPACE: Key = Key::new("db.namespace");
const QUERY: Key = Key::new("db.query.text");

struct MysqlSlow {
    zone: Zone,
    old_time: TimePattern,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let old_time = TimePattern::compile("%y%m%d %k:%M:%S").map_err(|e| OptionError::new("", e.message))?;
    Ok(Arc::new(MysqlSlow { zone: options.zone()?, old_time }))
}

/// What the lines of a record say, as parts of it.
#[derive(Default)]
struct Found<'a> {
    time_unix_nano: u64,
    timestamp: u64,
    user: &'a [u8],
    current_user: &'a [u8],
    host: &'a [u8],
    ip: &'a [u8],
    thread: &'a [u8],
    namespace: &'a [u8],
    query: &'a [u8],
}

impl MysqlSlow {
    fn time(&self, text: &[u8], context: &Context) -> u64 {
        let iso = time::prefix(text, self.zone).map(|(time, _)| time);
        iso.or_else(|_| self.old_time.prefix(text, context).map(|(time, _)| time.unwrap_or_default())).unwrap_or_default()
    }

    /// Reads the head, its pairs into `pairs`; what remains is the statement.
    fn read<'a>(&self, text: Text<'a>, context: &Context, pairs: &mut Pairs) -> Option<Found<'a>> {
        let frame = text.bytes();
        let mut found = Found::default();
        let mut rest = frame;
        let mut is_known = false;
        while !rest.is_empty() {
            let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..len).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(text) = line.strip_prefix(b"# Time:") {
                found.time_unix_nano = self.time(text.trim_ascii(), context);
                is_known = true;
            } else if let Some(text) = line.strip_prefix(b"# User@Host:") {
                found.who(text.trim_ascii());
                is_known = true;
            } else if line.starts_with(b"# ") {
                let at = frame.len() - rest.len();
                pairs.read(text, at + 2..at + line.len(), |name, value| {
                    match name {
                        b"Thread_id" | b"Id" => found.thread = value,
                        b"Schema" => found.namespace = value,
                        _ => return true,
                    }
                    false
                });
            } else if let Some(text) = line.strip_prefix(b"SET timestamp=") {
                let digits = text.strip_suffix(b";").unwrap_or(text);
                found.timestamp = time::epoch::parse(digits).unwrap_or_default();
            } else if let Some(text) = line.strip_prefix(b"use ").and_then(|text| text.strip_suffix(b";")) {
                found.namespace = text.trim_ascii();
            } else {
                found.query = rest.trim_ascii_end();
                break;
            }
            rest = rest.get(len + 1..).unwrap_or_default();
        }
        is_known.then_some(found)
    }
}

impl<'a> Found<'a> {
    /// `app[app] @ shop.example [203.0.113.9]  Id:    14`
    fn who(&mut self, text: &'a [u8]) {
        let (who, place) = split(text, b" @ ");
        let (user, rest) = split(who, b"[");
        (self.user, self.current_user) = (user.trim_ascii(), rest.strip_suffix(b"]").unwrap_or(rest));
        let (host, rest) = split(place, b"[");
        let (ip, rest) = split(rest, b"]");
        (self.host, self.ip) = (host.trim_ascii(), ip);
        if let Some(id) = rest.trim_ascii().strip_prefix(b"Id:") {
            self.thread = id.trim_ascii();
        }
    }
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    match crate::scan::find_bytes(text, at) {
        Some(place) => (text.get(..place).unwrap_or_default(), text.get(place + at.len()..).unwrap_or_default()),
        None => (text, &[]),
    }
}

/// The most names that are kept.
const NAMES_MAX: usize = 128;
/// Memory for more pairs than this is given back.
const PAIRS_MAX: usize = 4096;

/// The pairs of a record, and the names of those before it; the memory is kept from record to record.
#[derive(Debug, Default)]
struct Pairs {
    /// Where names and values stand.
    found: Vec<(Range<u32>, Range<u32>)>,
    /// Names as they stand in lines, and the attributes' that they become.
    names: Vec<(Vec<u8>, Key)>,
    /// The name that is looked at first: it stood behind the last one before.
    next: usize,
}

thread_local! {
    /// The memory of this thread's last record.
    static KEPT: Cell<Option<Box<Pairs>>> = const { Cell::new(None) };
}

impl Pairs {
    /// `Query_time: 2.47  Lock_time: 0.0 Rows_sent: 10`: keeps those of which `take` answers that they are wanted.
    fn read<'a>(&mut self, text: Text<'a>, line: Range<usize>, mut take: impl FnMut(&'a [u8], &'a [u8]) -> bool) {
        let part = |range: &Range<usize>| text.bytes().get(range.clone()).unwrap_or_default();
        let mut name = 0..0;
        let mut word = |word: Range<usize>, found: &mut Vec<_>| match part(&word) {
            [.., b':'] => name = word.start..word.end - 1,
            value if !name.is_empty() => {
                let of = std::mem::take(&mut name);
                if take(part(&of), value) {
                    found.push((of.start as u32..of.end as u32, word.start as u32..word.end as u32));
                }
            }
            _ => {}
        };
        let bytes = part(&line);
        if memchr::memchr3(b'\t', b'\r', 0x0c, bytes).is_some() {
            let mut at = line.start;
            for part in bytes.split(u8::is_ascii_whitespace) {
                if !part.is_empty() {
                    word(at..at + part.len(), &mut self.found);
                }
                at += part.len() + 1;
            }
            return;
        }
        let (mut at, mut blanks) = (line.start, Finder::new(text, b' '));
        while at < line.end {
            let end = blanks.find(at).min(line.end);
            if end > at {
                word(at..end, &mut self.found);
            }
            at = end + 1;
        }
    }

    /// The name of the attribute of a pair; `None` of one that is too long to be kept, or one of too many.
    fn key(&mut self, name: &[u8]) -> Option<&Key> {
        let is_it = |known: &(Vec<u8>, Key)| known.0 == name;
        let at = if self.names.get(self.next).is_some_and(is_it) { Some(self.next) } else { self.names.iter().position(is_it) };
        let at = match at {
            Some(at) => at,
            None if self.names.len() < NAMES_MAX => {
                let key = Key::try_new(&attribute_name(name))?;
                self.names.push((name.to_vec(), key));
                self.names.len() - 1
            }
            None => return None,
        };
        self.next = at + 1;
        self.names.get(at).map(|(_, key)| key)
    }
}

fn attribute_name(name: &[u8]) -> String {
    format!("mysql.slowlog.{}", String::from_utf8_lossy(name).to_ascii_lowercase())
}

fn number(text: Text<'_>) -> Scalar<'_> {
    let value = text.bytes();
    if let Some(number) = swar::canonical_i64(value) {
        return Scalar::Int(number);
    }
    if let Some(number) = swar::short_decimal(value).filter(|_| value.contains(&b'.')) {
        return Scalar::Double(number);
    }
    let word = std::str::from_utf8(value).unwrap_or_default();
    match (word.parse::<i64>(), word.parse::<f64>()) {
        (Ok(number), _) => Scalar::Int(number),
        (_, Ok(number)) if number.is_finite() => Scalar::Double(number),
        _ => Scalar::Str(text),
    }
}

fn attribute<'w>(rec: RecordCursor<'w>, key: &Key, value: &[u8]) -> RecordCursor<'w> {
    if value.is_empty() { rec } else { rec.attr(key, Text::from(value)) }
}

impl Format for MysqlSlow {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Records
    }

    fn begins(&self, line: &[u8]) -> bool {
        is_head(line) || is_banner(line)
    }

    /// A head begins with the time where the second is another one than the record's before, else with the user.
    fn goes_on(&self, open: &[u8], line: &[u8]) -> bool {
        line.starts_with(b"# User@Host:") && open.starts_with(b"# Time:") && memchr::memchr(b'\n', open.trim_ascii_end()).is_none()
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        if is_head(frame) { Likely(97) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a record has at most 4 GiB", 0));
        }
        let mut pairs = KEPT.take().unwrap_or_default();
        pairs.found.clear();
        let result = self.record(frame, &mut pairs, out);
        if pairs.found.capacity() <= PAIRS_MAX {
            KEPT.set(Some(pairs));
        }
        result
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

fn is_head(line: &[u8]) -> bool {
    line.starts_with(b"# Time:") || line.starts_with(b"# User@Host:")
}

/// What the server writes whenever it opens the file, so after each restart: `mysqld, Version: 8.4.3 (…). started with:`, where it listens, names
/// of columns.
fn is_banner(line: &[u8]) -> bool {
    match line.trim_ascii_end() {
        [b'T' | b't', b'c', b'p', b' ', b'P' | b'p', b'o', b'r', b't', b':', ..] => true,
        line @ [b'T', b'i', b'm', b'e', b' ', ..] => line.ends_with(b"Argument"),
        line => line.ends_with(b" started with:") && crate::scan::find_bytes(line, b", Version: ").is_some(),
    }
}

impl MysqlSlow {
    fn record(&self, frame: Text<'_>, pairs: &mut Pairs, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let context = Context::of(self.zone, out);
        let Some(found) = self.read(frame, &context, pairs) else {
            if is_banner(frame.bytes()) {
                out.begin(0, 0, Text::EMPTY).body(frame).finish(&Tail::default());
                return Ok(());
            }
            return Err(RejectReason::syntax("expected '# Time:' or '# User@Host:'", 0));
        };
        let keep = out.keeps_original();
        let time = if found.timestamp == 0 { found.time_unix_nano } else { found.timestamp };
        let has_query = !found.query.is_empty();
        let mut rec = out.begin(time, 0, Text::EMPTY);
        if has_query || keep {
            rec = rec.body(if has_query { Text::from(found.query) } else { frame });
        }
        let ip = if found.ip.is_empty() { found.host } else { found.ip };
        rec = attribute(rec, &USER, found.user);
        rec = attribute(rec, &CURRENT_USER, found.current_user);
        rec = attribute(rec, &CLIENT, ip);
        rec = attribute(rec, &CLIENT_NAME, found.host);
        rec = attribute(rec, &NAMESPACE, found.namespace);
        rec = attribute(rec, &QUERY, found.query);
        if !found.thread.is_empty() {
            rec = rec.attr_scalar(Text::from(THREAD.name()), number(Text::from(found.thread)));
        }
        for i in 0..pairs.found.len() {
            let Some((name, value)) = pairs.found.get(i).cloned() else { break };
            let part = |range: Range<u32>| frame.slice(range.start as usize..range.end as usize);
            let (name, value) = (part(name), number(part(value)));
            rec = match pairs.key(name.bytes()) {
                Some(key) => rec.attr_scalar(key.text(), value),
                None => rec.attr_scalar(Text::from(attribute_name(name.bytes()).as_str()), value),
            };
        }
        if keep && has_query {
            rec = rec.attr(&ORIGINAL, frame);
        }
        rec.finish(&Tail::default());
        Ok(())
    }
}
