//! Times of whichever of the usual shapes.

use std::sync::LazyLock;

use super::{Context, TimePattern, epoch, parse_in};

/// What logs write beside RFC 3339 and epochs, the more usual first.
const PATTERNS: &[&str] = &[
    "%d/%b/%Y:%H:%M:%S %z", // the common log format
    "%b %d %H:%M:%S",       // syslog
    "%b %d %H:%M:%E*S",
    "%b %d %Y %H:%M:%E*S", // Cisco
    "%b %d %H:%M:%E*S %Y",
    "%b %d %H:%M:%E*S %Z",
    "%b %d, %Y %I:%M:%S %p",     // java.util.logging
    "%a %b %d %H:%M:%E*S %Y",    // ctime, Apache's error log
    "%a %b %d %H:%M:%E*S %Z %Y", // date(1)
    "%a, %d %b %Y %H:%M:%S %Z",  // RFC 1123
    "%d %b %Y %H:%M:%E*S %z",    // RFC 5322, Redis
    "%d %b %Y %H:%M:%E*S",
    "%d %b %H:%M:%E*S",
    "%d-%b-%Y %H:%M:%E*S %Z", // PHP
    "%d-%b-%Y %H:%M:%E*S",    // BIND, Tomcat
    "%d/%b/%Y:%H:%M:%E*S",    // HAProxy
    "%d/%b/%Y %H:%M:%E*S",
    "%m/%d/%Y %I:%M:%S %p", // Windows
    "%m/%d/%Y %H:%M:%E*S",
    "%y%m%d %H:%M:%S",  // MySQL, long ago
    "%m%d %H:%M:%E*S",  // glog
    "%m-%d %H:%M:%E*S", // Android
    "%H:%M:%E*S",
];

/// The whole text as one time of a usual shape; `None` where it has none of them.
pub fn usual(text: &[u8], context: &Context) -> Option<u64> {
    static COMPILED: LazyLock<Vec<TimePattern>> =
        LazyLock::new(|| PATTERNS.iter().filter_map(|text| TimePattern::compile(text).ok()).collect());
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(text);
    let known = parse_in(text, context.zone).or_else(|_| epoch::parse(text)).ok();
    known.or_else(|| COMPILED.iter().find_map(|pattern| pattern.parse(text, context).ok().flatten()))
}
