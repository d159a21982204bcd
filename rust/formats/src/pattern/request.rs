//! The request line of HTTP: `GET /path?query HTTP/1.1`.

use logloom_record::{Key, RecordCursor, Text};

use super::write;
use crate::{envoy::Name, scan};

const METHOD: Key = Key::new("http.request.method");
const PATH: Key = Key::new("url.path");
const QUERY: Key = Key::new("url.query");
const FULL: Key = Key::new("url.full");
const VERSION: Key = Key::new("network.protocol.version");

/// Writes a request line as its method, path, query and version; what is none as an attribute of this name. A target that is a whole URL
/// is `url.full`, and its path and query stand beside it.
#[inline(always)]
pub(super) fn write<'w>(rec: RecordCursor<'w>, name: &Name, value: Text<'_>) -> RecordCursor<'w> {
    let Some(method) = scan::find(value, b' ').filter(|len| is_method(value.slice(0..*len))) else {
        return rec.apart(|rec| write::text(rec, name, value));
    };
    let rest = value.after(method + 1);
    let (target, version) = version(rest);
    let rec = rec.attr(&METHOD, value.slice(0..method));
    let rec = if target.bytes().first() == Some(&b'/') { path(rec, target) } else { rec.apart(|rec| other_target(rec, name, target)) };
    match version {
        Some(version) => rec.attr(&VERSION, version),
        None => rec,
    }
}

#[inline(always)]
pub(super) fn path<'w>(rec: RecordCursor<'w>, target: Text<'_>) -> RecordCursor<'w> {
    match scan::find(target, b'?') {
        Some(at) => rec.attr(&PATH, target.slice(0..at)).attr(&QUERY, target.after(at + 1)),
        None => rec.attr(&PATH, target),
    }
}

/// The target and the version that stands behind it, if one does.
#[inline(always)]
fn version(rest: Text<'_>) -> (Text<'_>, Option<Text<'_>>) {
    const HTTP_1: &[u8] = b" HTTP/1.";
    let bytes = rest.bytes();
    if let Some(at) = bytes.len().checked_sub(HTTP_1.len() + 1)
        && bytes.get(at..at + HTTP_1.len()) == Some(HTTP_1)
    {
        return (rest.slice(0..at), Some(rest.after(at + 6)));
    }
    other_version(rest)
}

#[inline(never)]
fn other_version(rest: Text<'_>) -> (Text<'_>, Option<Text<'_>>) {
    let Some(blank) = memchr::memrchr(b' ', rest.bytes()) else { return (rest, None) };
    match rest.bytes().get(blank + 1..) {
        Some([b'H', b'T', b'T', b'P', b'/', _, ..]) => (rest.slice(0..blank), Some(rest.after(blank + 6))),
        _ => (rest, None),
    }
}

/// Capitals, as all registered methods are, and dashes and underscores, at most 32 of them.
#[inline(always)]
fn is_method(text: Text<'_>) -> bool {
    !text.is_empty() && text.len() <= 32 && text.bytes().iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'))
}

#[inline(never)]
fn other_target<'w>(rec: RecordCursor<'w>, name: &Name, target: Text<'_>) -> RecordCursor<'w> {
    let bytes = target.bytes();
    let scheme = crate::scan::find_bytes(bytes, b"://").filter(|at| bytes.iter().take(*at).all(u8::is_ascii_alphanumeric));
    match scheme {
        Some(scheme) => {
            let rec = rec.attr(&FULL, target);
            let behind = target.after(scheme + 3);
            match scan::find(behind, b'/') {
                Some(slash) => path(rec, behind.after(slash)),
                None => rec,
            }
        }
        None if bytes == b"*" => rec.attr(&PATH, target),
        None if target.is_empty() => rec,
        None => write::text(rec, name, target),
    }
}
