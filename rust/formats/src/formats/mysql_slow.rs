//! The slow query log of MySQL, MariaDB and Percona Server.
//!
//! Longer than a table: its records have a head of several lines of which each may be missing, and whose pairs depend on the version.

use std::sync::Arc;

use logloom_record::{BatchWriter, Key, RecordCursor, RejectReason, Scalar, Tail, Text};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec, open_framed, swar,
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

    /// Reads the head; what remains is the statement.
    fn read<'a>(&self, frame: &'a [u8], context: &Context) -> Option<Found<'a>> {
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
            } else if let Some(text) = line.strip_prefix(b"# ") {
                pairs(text, |name, value| match name {
                    b"Thread_id" | b"Id" => found.thread = value,
                    b"Schema" => found.namespace = value,
                    _ => {}
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

/// `Query_time: 2.47  Lock_time: 0.0 Rows_sent: 10`
fn pairs<'a>(text: &'a [u8], mut take: impl FnMut(&'a [u8], &'a [u8])) {
    let mut name: &[u8] = &[];
    for word in text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        match word.strip_suffix(b":") {
            Some(next) => name = next,
            None if !name.is_empty() => take(std::mem::take(&mut name), word),
            None => {}
        }
    }
}

fn number(value: &[u8]) -> Scalar<'_> {
    if let Some(number) = swar::canonical_i64(value) {
        return Scalar::Int(number);
    }
    if let Some(number) = swar::short_decimal(value).filter(|_| value.contains(&b'.')) {
        return Scalar::Double(number);
    }
    let text = std::str::from_utf8(value).unwrap_or_default();
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(number), _) => Scalar::Int(number),
        (_, Ok(number)) if number.is_finite() => Scalar::Double(number),
        _ => Scalar::Str(Text::from(value)),
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
        line.starts_with(b"# Time:") || line.starts_with(b"# User@Host:")
    }

    /// A head begins with the time where the second is another one than the record's before, else with the user.
    fn goes_on(&self, open: &[u8], line: &[u8]) -> bool {
        line.starts_with(b"# User@Host:") && open.starts_with(b"# Time:") && memchr::memchr(b'\n', open.trim_ascii_end()).is_none()
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        if self.begins(frame) { Likely(97) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let context = Context::of(self.zone, out);
        let Some(found) = self.read(frame.bytes(), &context) else {
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
            rec = rec.attr_scalar(Text::from(THREAD.name()), number(found.thread));
        }
        let mut name = Vec::new();
        let mut statistics: Vec<(&[u8], &[u8])> = Vec::new();
        let head_len = frame.len() - found.query.len().min(frame.len());
        for line in frame.bytes().get(..head_len).unwrap_or_default().split(|byte| *byte == b'\n') {
            let is_statistic = line.starts_with(b"# ") && !line.starts_with(b"# Time:") && !line.starts_with(b"# User@Host:");
            if let Some(text) = line.strip_prefix(b"# ").filter(|_| is_statistic) {
                pairs(text, |name, value| statistics.push((name, value)));
            }
        }
        for (key, value) in statistics {
            if !matches!(key, b"Thread_id" | b"Id" | b"Schema") {
                name.clear();
                name.extend_from_slice(b"mysql.slowlog.");
                name.extend(key.iter().map(u8::to_ascii_lowercase));
                rec = rec.attr_scalar(Text::from(name.as_slice()), number(value));
            }
        }
        if keep && has_query {
            rec = rec.attr(&ORIGINAL, frame);
        }
        rec.finish(&Tail::default());
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
