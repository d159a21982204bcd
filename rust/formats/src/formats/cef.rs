//! `ArcSight`'s Common Event Format.

use std::{
    ops::Range,
    sync::{Arc, LazyLock},
};

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::{memchr, memchr_iter};

use super::json::KEYS;
use crate::{
    About, Decoder, Format, Likely, OptionError, Options, Spec,
    fields::{Dialect, Fields, Known, Put, Rows},
    json::Seen,
    open_framed,
    scan::Finder,
    time::{Context, TimePattern, Zone, usual},
};

/// The row of `cef`.
pub static SPEC: Spec = Spec {
    name: "cef",
    about: About {
        line: "Common Event Format (ArcSight) of firewalls, proxies and other security products, also behind a syslog header",
        page: "https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/#cef",
        example: r"CEF:0|Example|Gate|2.1|100|Connection blocked|7|rt=1795257659509 src=198.51.100.7 spt=50712 dst=192.0.2.9 dpt=443 proto=TCP act=blocked msg=Rule 7\=drop matched",
    },
    options: &[KEYS],
    compile,
};

/// The extension dictionary, as far as the conventions have its keys; others are `cef.<key>`.
const ROWS: Rows = Rows {
    keys: &[
        ("rt", "time"),
        ("end", "time"),
        ("start", "time"),
        ("deviceCustomDate1", "cef.deviceCustomDate1"),
        ("UNIFIutcTime", "time"),
        ("msg", "body"),
        ("header_name", "body"),
        ("src", "client.address"),
        ("spt", "client.port:int"),
        ("shost", "client.domain"),
        ("smac", "source.mac"),
        ("dst", "destination.address"),
        ("dpt", "destination.port:int"),
        ("dhost", "destination.domain"),
        ("dmac", "destination.mac"),
        ("suser", "user.name"),
        ("suid", "user.id"),
        ("dvchost", "host.name"),
        ("deviceExternalId", "device.id"),
        ("header_host", "host.name"),
        ("dproc", "process.executable.name"),
        ("dpid", "process.pid:int"),
        ("deviceProcessName", "process.executable.name"),
        ("deviceProcessId", "process.pid:int"),
        ("dvcpid", "process.pid:int"),
        ("proto", "network.transport"),
        ("app", "network.protocol.name"),
        ("request", "url.original:url"),
        ("requestMethod", "http.request.method"),
        ("requestClientApplication", "user_agent.original"),
        ("requestContext", "http.request.header.referer:list"),
        ("requestCookies", "http.request.header.cookie:list"),
        ("fname", "file.name"),
        ("filePath", "file.path"),
        ("fsize", "file.size:int"),
        ("filePermission", "file.mode"),
    ],
    prefix: "cef.",
    ..Rows::NONE
};

struct Cef {
    dialect: Dialect,
    /// What the parts of the header are called, the severity last.
    header: [Known; 7],
    name: Known,
    host: Known,
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let zone = options.zone()?;
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(zone);
    let known = |key| Known::new(&dialect, key);
    let header = ["version", "device_vendor", "device_product", "device_version", "event_class_id", "name", "severity"].map(known);
    let (name, host) = (known("header_name"), known("header_host"));
    Ok(Arc::new(Cef { dialect, header, name, host, zone }))
}

/// The shortest time, in bytes.
const TIME_LEN_MIN: usize = 9;
/// How far from the beginning of a line the event may begin: behind a syslog header.
const HEADER_BYTES_MAX: usize = 512;

/// Where an event of this mark (`CEF:`, `LEEF:`) begins: at its version. What stands before it is a syslog header.
pub(super) fn version_at(line: &[u8], mark: &[u8]) -> Option<usize> {
    let head = line.get(..line.len().min(HEADER_BYTES_MAX)).unwrap_or_default();
    let at = crate::scan::find_bytes(head, mark)
        .filter(|at| *at == 0 || line.get(at - 1).is_some_and(|byte| matches!(byte, b' ' | b':' | b'"')))?;
    let behind = at + mark.len();
    let blanks = line.get(behind..)?.iter().take_while(|byte| **byte == b' ').count();
    line.get(behind + blanks).filter(|byte| byte.is_ascii_digit()).map(|_| behind + blanks)
}

/// What a syslog header says: its time, and where its host stands.
pub(super) fn syslog_header(line: &[u8], end: usize, context: &Context) -> (Option<u64>, Range<usize>) {
    let header = line.get(..end).unwrap_or_default();
    if header.len() <= TIME_LEN_MIN {
        return (None, 0..0);
    }
    let from = match header.first() {
        Some(b'<') => memchr(b'>', header).map_or(0, |at| at + 1),
        _ => 0,
    };
    // RFC 5424 has its version before the time.
    let from = from + header.get(from..).filter(|rest| from > 0 && rest.starts_with(b"1 ")).map_or(0, |_| 2);
    let rest = header.get(from..).unwrap_or_default();
    // The time ends at the first blank before which it is one, or behind the zone that follows.
    let blanks: Vec<usize> = memchr_iter(b' ', rest).take(7).collect();
    let is_time = |blank: usize| rest.get(..blank).filter(|text| text.len() >= TIME_LEN_MIN).and_then(|text| event_time(text, context));
    let first = blanks.iter().enumerate().find_map(|(n, blank)| Some((n, is_time(*blank)?)));
    let zone = first.and_then(|(n, _)| {
        let word = rest.get(blanks.get(n)? + 1..*blanks.get(n + 1)?)?;
        let is_zone =
            matches!(word, [b'+' | b'-', b'0'..=b'9', ..]) || ((3..=4).contains(&word.len()) && word.iter().all(u8::is_ascii_uppercase));
        is_zone.then_some(n + 1)
    });
    let of_zone = zone.and_then(|n| blanks.get(n)).and_then(|blank| Some((is_time(*blank)?, *blank)));
    let found = of_zone.or_else(|| first.and_then(|(n, unix_nano)| Some((unix_nano, *blanks.get(n)?))));
    let Some((unix_nano, blank)) = found else { return (None, 0..0) };
    let host = from + blank + 1;
    let len = memchr(b' ', header.get(host..).unwrap_or_default()).unwrap_or_default();
    let is_host = len > 0 && header.get(host + len - 1) != Some(&b':');
    (Some(unix_nano), if is_host { host..host + len } else { 0..0 })
}

/// A time as the specifications have it, or in another usual way.
pub(super) fn event_time(text: &[u8], context: &Context) -> Option<u64> {
    static PATTERNS: LazyLock<Vec<TimePattern>> = LazyLock::new(|| {
        let patterns =
            ["%b %d %Y %H:%M:%E*S %Z", "%b %d %Y %H:%M:%E*S%z", "%b %d %Y %H:%M:%E*S", "%b %d %H:%M:%E*S %Z", "%b %d %H:%M:%E*S"];
        patterns.iter().filter_map(|pattern| TimePattern::compile(pattern).ok()).collect()
    });
    let text = text.trim_ascii();
    // All of them begin with a month's name.
    let patterns = if text.first().is_some_and(u8::is_ascii_alphabetic) { PATTERNS.as_slice() } else { &[] };
    // Behind a month, a day and a year no hour ends so soon.
    let patterns = if text.get(9) == Some(&b':') { patterns.get(3..).unwrap_or_default() } else { patterns };
    patterns.iter().find_map(|pattern| pattern.parse(text, context).ok().flatten()).or_else(|| usual(text, context))
}

/// The severity of 0 to 10, or of the words that stand for them.
pub(super) fn severity(text: &str) -> u8 {
    if text.is_empty() {
        return 0;
    }
    if let [digit @ b'0'..=b'9'] = text.as_bytes() {
        return [9, 9, 9, 9, 13, 13, 13, 17, 17, 18].get(usize::from(digit - b'0')).copied().unwrap_or_default();
    }
    match (text.parse::<u8>(), text.to_ascii_lowercase().as_str()) {
        (Ok(0..=3), _) | (_, "low") => 9,
        (Ok(4..=6), _) | (_, "medium") => 13,
        (Ok(7..=8), _) | (_, "high") => 17,
        (Ok(9..=10), _) | (_, "very-high" | "critical") => 18,
        (Err(_), word) => crate::severity::of_text(Text::from(word)),
        _ => 0,
    }
}

/// The parts of a header `a|b|…|`, `N` of them, and where the rest begins. `\|` is part of one.
pub(super) fn parts<const N: usize>(line: Text<'_>, from: usize) -> Result<([Range<usize>; N], usize), RejectReason> {
    let mut parts = std::array::from_fn(|_| 0..0);
    let mut bars = Finder::new(line, b'|');
    let mut at = from;
    for part in &mut parts {
        let mut end = at;
        loop {
            let bar = bars.find(end);
            if bar >= line.len() {
                return Err(RejectReason::truncated("expected '|' and the rest of the header", line.len()));
            }
            let escapes = line.bytes().get(at..bar).unwrap_or_default().iter().rev().take_while(|byte| **byte == b'\\').count();
            end = bar + 1;
            if escapes % 2 == 0 {
                *part = at..bar;
                break;
            }
        }
        at = end;
    }
    Ok((parts, at))
}

/// A text, with what its backslashes escape.
pub(super) fn put(line: &[u8], range: Range<usize>) -> Put {
    let has_escapes = memchr(b'\\', line.get(range.clone()).unwrap_or_default()).is_some();
    if has_escapes { Put::Escaped(range) } else { Put::Text(range) }
}

/// Appends a value without the backslashes before `|`, `=` and `\`; `\n` and `\r` are line ends.
pub(super) fn unescape(text: Text<'_>, out: &mut Vec<u8>) {
    let mut rest = text.bytes();
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let (byte, used) = match rest.get(at + 1) {
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(byte @ (b'|' | b'=' | b'\\')) => (*byte, 2),
            _ => (b'\\', 1),
        };
        out.push(byte);
        rest = rest.get(at + used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Whether the line is an event whose mark a relay has taken off: `0|Vendor|Product|…`.
fn is_bare(line: &[u8]) -> bool {
    matches!(line, [b'0' | b'1', b'|', ..]) && parts::<7>(Text::from(line), 0).is_ok()
}

impl Format for Cef {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        match version_at(frame, b"CEF:") {
            Some(at) if parts::<6>(Text::from(frame), at).is_ok() => Likely::SURE,
            None if is_bare(frame) => Likely(90),
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
            fields.write(&self.dialect, frame, frame, unescape, out)
        })
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

impl Cef {
    fn gather(&self, fields: &mut Fields, frame: Text<'_>, context: &Context) -> Result<(), RejectReason> {
        let (line, dialect) = (frame.bytes(), &self.dialect);
        let at = version_at(line, b"CEF:").or_else(|| is_bare(line).then_some(0));
        let at = at.ok_or(RejectReason::syntax("expected 'CEF:' and a version", 0))?;
        let ([version, vendor, product, product_version, class, name], rest) = parts::<6>(frame, at)?;
        // The severity may be the last thing.
        let end = memchr(b'|', line.get(rest..).unwrap_or_default()).map_or(line.len(), |bar| rest + bar);
        let mut seen = Seen::default();
        // Nearly no line escapes anything.
        let has_escapes = memchr(b'\\', line).is_some();
        let put = |range: Range<usize>| if has_escapes { put(line, range) } else { Put::Text(range) };
        let header = [version, vendor, product, product_version, class, name.clone(), rest..end];
        for (known, range) in self.header.iter().zip(header) {
            if !range.is_empty() {
                fields.add_looked_up(&mut seen, frame, known, put(range));
            }
        }
        let (mut has_time, mut has_message) = (false, false);
        let (header_time, host) = syslog_header(line, at, context);
        let mut extension = Extension::new(frame, end + 1);
        while let Some((key, value)) = extension.next(|end| fields.expected_before(dialect, frame, end)) {
            if value.is_empty() {
                continue;
            }
            match line.get(key.clone()) {
                Some(b"rt" | b"end" | b"start") if !has_time => {
                    if let Some(unix_nano) = event_time(line.get(value.clone()).unwrap_or_default(), context) {
                        has_time = true;
                        fields.give_time(unix_nano);
                    }
                }
                Some(b"msg") => has_message = true,
                _ => {}
            }
            fields.add(dialect, &mut seen, frame, key, put(value));
        }
        if let (Some(unix_nano), false) = (header_time, has_time) {
            fields.give_time(unix_nano);
        }
        if !has_message && !name.is_empty() {
            fields.add_looked_up(&mut seen, frame, &self.name, put(name));
        }
        if !host.is_empty() {
            fields.add_looked_up(&mut seen, frame, &self.host, Put::Text(host));
        }
        let text = std::str::from_utf8(line.get(rest..end).unwrap_or_default()).unwrap_or_default().trim();
        if severity(text) != 0 {
            fields.give_severity(severity(text), text);
        }
        Ok(())
    }
}

/// The keys and values of an extension. A value goes on to the blank before the next key; keys are words before a `=`.
struct Extension<'a> {
    line: Text<'a>,
    from: usize,
    /// The key whose value is not read yet.
    key: Range<usize>,
    equals: Finder<'a>,
}

impl<'a> Extension<'a> {
    fn new(line: Text<'a>, from: usize) -> Self {
        let mut extension = Self { line, from, key: 0..0, equals: Finder::new(line, b'=') };
        extension.key = extension.key_behind(from, |_| None).unwrap_or(line.len()..line.len());
        extension
    }

    /// The next key and its value. `expected` may know how long the key is that ends at a place.
    #[inline(always)]
    fn next(&mut self, expected: impl FnMut(usize) -> Option<usize>) -> Option<(Range<usize>, Range<usize>)> {
        let key = self.key.clone();
        if key.is_empty() {
            return None;
        }
        let value = key.end + 1;
        let next = self.key_behind(value, expected);
        let end = next.as_ref().map_or(self.line.len(), |next| next.start);
        self.key = next.unwrap_or_default();
        let text = self.line.bytes().get(value..end).unwrap_or_default();
        // One blank stands before the next key, mostly.
        let text = text.strip_suffix(b" ").unwrap_or(text);
        let text = if text.last().is_some_and(|byte| *byte <= b' ') { text.trim_ascii_end() } else { text };
        Some((key, value..value + text.len()))
    }

    /// The first key from `at` on.
    #[inline(always)]
    fn key_behind(&mut self, mut at: usize, mut expected: impl FnMut(usize) -> Option<usize>) -> Option<Range<usize>> {
        let bytes = self.line.bytes();
        let is_start = |key: usize| key == self.from || bytes.get(key.wrapping_sub(1)) == Some(&b' ');
        loop {
            let equals = self.equals.find(at);
            if equals >= bytes.len() {
                return None;
            }
            if let Some(key) = expected(equals).and_then(|len| equals.checked_sub(len)).filter(|key| *key >= self.from && is_start(*key)) {
                return Some(key..equals);
            }
            let before = bytes.get(self.from..equals).unwrap_or_default();
            let key = equals - before.iter().rev().take_while(|byte| is_key(**byte)).count();
            if key < equals && is_start(key) {
                return Some(key..equals);
            }
            at = equals + 1;
        }
    }
}

/// What a key of an extension is made of.
fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']')
}
