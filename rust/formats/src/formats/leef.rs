//! `QRadar`'s Log Event Extended Format.

use std::{cell::RefCell, ops::Range, sync::Arc};

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memchr;

use super::{
    cef::{event_time, parts, severity, syslog_header, version_at},
    json::KEYS,
};
use crate::{
    About, Decoder, Format, Likely, OptionError, Options, Spec,
    fields::{Dialect, Fields, Known, Put, Rows},
    ids::hex2,
    json::Seen,
    open_framed,
    scan::{Finder, find},
    time::{Context, TimePattern, Zone},
};

/// The row of `leef`.
pub static SPEC: Spec = Spec {
    name: "leef",
    about: About {
        line: "Log Event Extended Format (QRadar) 1.0 and 2.0, of any delimiter, also behind a syslog header",
        page: "https://www.ibm.com/docs/en/dsm?topic=leef-overview",
        example: "LEEF:2.0|Example|Gate|2.1|100|^|devTime=1795257659509^sev=7^src=198.51.100.7^srcPort=50712^dst=192.0.2.9^dstPort=443^proto=TCP^usrName=alice",
    },
    options: &[KEYS],
    compile,
};

/// The predefined attributes, as far as the conventions have them; others are `leef.<key>`.
const ROWS: Rows = Rows {
    keys: &[
        ("msg", "body"),
        ("message", "body"),
        ("src", "client.address"),
        ("srcPort", "client.port:int"),
        ("srcMAC", "source.mac"),
        ("dst", "destination.address"),
        ("dstPort", "destination.port:int"),
        ("dstMAC", "destination.mac"),
        ("usrName", "user.name"),
        ("accountName", "user.name"),
        ("identHostName", "host.name"),
        ("header_host", "host.name"),
        ("proto", "network.transport"),
        ("url", "url.original:url"),
        ("resource", "leef.resource"),
    ],
    prefix: "leef.",
    ..Rows::NONE
};

struct Leef {
    dialect: Dialect,
    /// What the parts of the header are called.
    header: [Known; 5],
    host: Known,
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let zone = options.zone()?;
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(zone);
    let known = |key| Known::new(&dialect, key);
    let header = ["version", "device_vendor", "device_product", "device_version", "event_id"].map(known);
    let host = known("header_host");
    Ok(Arc::new(Leef { dialect, header, host, zone }))
}

impl Format for Leef {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        match version_at(frame, b"LEEF:") {
            Some(at) if parts::<5>(Text::from(frame), at).is_ok() => Likely::SURE,
            _ => Likely::NO,
        }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a line has at most 4 GiB", 0));
        }
        let context = Context::of(self.zone, out);
        Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
            self.gather(fields, frame, &context)?;
            fields.write(&self.dialect, frame, frame, |text, to| to.extend_from_slice(text.bytes()), out)
        })
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// The delimiter that version 2 names, and where the attributes begin: a character, or its number as `x09` or `0x5e`. None is a tab.
fn delimiter(line: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = line.get(at..)?;
    let len = memchr(b'|', rest).filter(|len| *len <= 4)?;
    let named = rest.get(..len).unwrap_or_default();
    let byte = match named {
        b"" => b'\t',
        [byte] => *byte,
        [b'0', b'x' | b'X', digits @ ..] | [b'x' | b'X', digits @ ..] => match digits {
            [digit] => hex2(&[b'0', *digit])?,
            digits => hex2(digits)?,
        },
        b"\\t" => b'\t',
        _ => return None,
    };
    // `|` itself as the delimiter.
    let behind = at + len + 1;
    Some((byte, behind))
}

impl Leef {
    fn gather(&self, fields: &mut Fields, frame: Text<'_>, context: &Context) -> Result<(), RejectReason> {
        let (line, dialect) = (frame.bytes(), &self.dialect);
        let at = version_at(line, b"LEEF:").ok_or(RejectReason::syntax("expected 'LEEF:' and a version", 0))?;
        let ([version, vendor, product, product_version, event], rest) = parts::<5>(frame, at)?;
        let is_second = line.get(version.clone()).is_some_and(|version| version.starts_with(b"2"));
        let (delimiter, from) = if is_second { delimiter(line, rest) } else { None }.unwrap_or((b'\t', rest));
        let mut seen = Seen::default();
        for (known, range) in self.header.iter().zip([version, vendor, product, product_version, event]) {
            if !range.is_empty() {
                fields.add_looked_up(&mut seen, frame, known, Put::Text(range));
            }
        }
        let (header_time, host) = syslog_header(line, at, context);
        if !host.is_empty() {
            fields.add_looked_up(&mut seen, frame, &self.host, Put::Text(host));
        }
        let (mut time, mut pattern, mut level) = (0..0, 0..0, 0..0);
        let mut pairs = from;
        let mut delimiters = Finder::new(frame, delimiter);
        while pairs < line.len() {
            let end = delimiters.find(pairs);
            let key_len = match fields.expected(dialect, frame, pairs, b'=') {
                Some(len) if pairs + len < end => Some(len),
                _ => find(frame.slice(pairs..end), b'='),
            };
            if let Some(equals) = key_len.filter(|equals| *equals > 0) {
                let pair = line.get(pairs..end).unwrap_or_default();
                let lead = pair.len() - pair.trim_ascii_start().len();
                let (key, value): (Range<usize>, Range<usize>) = (pairs + lead..pairs + equals, pairs + equals + 1..end);
                match line.get(key.clone()) {
                    Some(b"devTime") => time = value.clone(),
                    Some(b"devTimeFormat") => pattern = value.clone(),
                    Some(b"sev") => level = value.clone(),
                    _ => {}
                }
                if !value.is_empty() {
                    fields.add(dialect, &mut seen, frame, key, Put::Typed(value));
                }
            }
            pairs = end + 1;
        }
        if let Some(unix_nano) = device_time(line, time, pattern, context).or(header_time) {
            fields.give_time(unix_nano);
        }
        let text = std::str::from_utf8(line.get(level).unwrap_or_default()).unwrap_or_default();
        if severity(text) != 0 {
            fields.give_severity(severity(text), text);
        }
        Ok(())
    }
}

/// How many patterns are kept.
const PATTERNS_MAX: usize = 4;

thread_local! {
    /// The patterns that events of this thread named, compiled, the last first: nearly all of a source name the same.
    static PATTERNS: RefCell<Vec<(String, Option<TimePattern>)>> = const { RefCell::new(Vec::new()) };
}

/// The event's own time, in the pattern (of Java) that it names, or one of the usual ways.
fn device_time(line: &[u8], time: Range<usize>, pattern: Range<usize>, context: &Context) -> Option<u64> {
    let time = line.get(time).filter(|time| !time.is_empty())?;
    let named = std::str::from_utf8(line.get(pattern).unwrap_or_default()).ok().filter(|pattern| (1..=64).contains(&pattern.len()));
    named.and_then(|pattern| in_pattern(time, pattern, context)).or_else(|| event_time(time, context))
}

fn in_pattern(time: &[u8], pattern: &str, context: &Context) -> Option<u64> {
    PATTERNS.with_borrow_mut(|patterns| {
        if let Some(at) = patterns.iter().position(|(known, _)| known == pattern) {
            patterns.get_mut(..=at)?.rotate_right(1);
        } else {
            patterns.truncate(PATTERNS_MAX - 1);
            patterns.insert(0, (pattern.to_owned(), TimePattern::java(pattern).ok()));
        }
        patterns.first()?.1.as_ref()?.parse(time, context).ok().flatten()
    })
}
