//! Values that hold several: each an attribute of its own.

use logloom_record::{RecordCursor, Scalar, Text};

use super::field::{Names, Renamed};
use crate::{
    envoy::{Trace, write},
    json::{self, Scanner, unescape},
    scan, swar,
};

/// How deep an object of JSON in a line may be.
const MEMBERS_DEPTH_MAX: u32 = 16;

/// `key=value key2="another value"`: each an attribute; whole numbers are integers. What is no pair is left out.
pub(super) fn pairs<'w>(mut rec: RecordCursor<'w>, names: &Names, value: Text<'_>) -> RecordCursor<'w> {
    let bytes = value.bytes();
    let mut name = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = value.after(at);
        let key_len = scan::word_len(rest, b'=');
        if rest.bytes().get(key_len) != Some(&b'=') || key_len == 0 {
            at += key_len + 1;
            continue;
        }
        let behind = rest.after(key_len + 1);
        let key = names.of(rest.slice(0..key_len), &mut name);
        if let Some(b'<' | b'\n') = behind.bytes().first()
            && let Some((value, len)) = block(behind.bytes())
        {
            rec = rec.attr_text(key.text(), Text::from(value.as_slice()));
            at += key_len + 1 + len;
            continue;
        }
        let len = match behind.bytes().first() {
            Some(b'"') => crate::template::quoted_end(behind, 0).unwrap_or(behind.len()),
            Some(b'{' | b'[') => enclosed(behind.bytes()).unwrap_or(behind.len()),
            _ => scan::word_len(behind, b','),
        };
        rec = pair(rec, key, behind.slice(0..len));
        at += key_len + 1 + len;
    }
    rec
}

/// The length of what `text` begins with up to its closing bracket, which may stand in quotes; `None` where it has none.
fn enclosed(text: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (i, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted && depth == 1 => return Some(i + 1),
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// A value of several lines, and how long it is with what stands around it: klog's between `<` and `>`, each behind a tab; hclog's behind bars.
fn block(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (first, mark): (&[u8], &[u8]) = if text.starts_with(b"<\n\t") { (b"<\n", b"\t") } else { (b"\n", b"  | ") };
    let mut rest = text.strip_prefix(first).filter(|rest| rest.starts_with(mark))?;
    let mut value = Vec::new();
    while let Some(line) = rest.strip_prefix(mark) {
        let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
        if !value.is_empty() {
            value.push(b'\n');
        }
        value.extend_from_slice(line.get(..end).unwrap_or_default());
        rest = line.get(end + 1..).unwrap_or_default();
    }
    let rest = if mark == b"\t" { rest.strip_prefix(b" >").unwrap_or(rest) } else { rest };
    Some((value, text.len() - rest.len()))
}

/// The members of an object of JSON, each an attribute; a text that is none is one attribute as it is.
pub(super) fn members<'w>(mut rec: RecordCursor<'w>, names: &Names, value: Text<'_>) -> RecordCursor<'w> {
    let object = [b"{", value.bytes(), b"}"].concat();
    let text = Text::from(object.as_slice());
    let mut check = Scanner::new(text, MEMBERS_DEPTH_MAX);
    let is_object = check.value().and_then(|value| check.skip(value)).and_then(|()| check.end()).is_ok();
    if !is_object {
        return rec;
    }
    let (mut json, mut name, mut key_text, mut scratch) = (Scanner::new(text, MEMBERS_DEPTH_MAX), Vec::new(), Vec::new(), Vec::new());
    if json.value().is_err() {
        return rec;
    }
    while let Ok(Some(key)) = json.key() {
        let Ok(value) = json.value() else { break };
        key_text.clear();
        key.unescape_into(&mut key_text);
        let name = names.of(Text::from(key_text.as_slice()), &mut name).text();
        if json::write_attribute(&mut rec, name, &mut json, value, &mut scratch).is_err() {
            break;
        }
    }
    rec
}

/// `key=value|key=another value`: each an attribute; whole numbers are integers.
pub(super) fn bars<'w>(mut rec: RecordCursor<'w>, names: &Names, value: Text<'_>) -> RecordCursor<'w> {
    let mut name = Vec::new();
    for part in value.bytes().split(|byte| *byte == b'|') {
        if let Some(equals) = memchr::memchr(b'=', part).filter(|at| *at > 0) {
            let (key, value) = part.split_at(equals);
            rec = pair(rec, names.of(Text::from(key), &mut name), Text::from(value.get(1..).unwrap_or_default()));
        }
    }
    rec
}

/// `key[value], key=[another]`: each an attribute; whole numbers are integers. A value may hold brackets itself: it ends at one that the
/// next key, or the end, stands behind.
pub(super) fn brackets<'w>(mut rec: RecordCursor<'w>, names: &Names, value: Text<'_>) -> RecordCursor<'w> {
    let bytes = value.bytes();
    let mut name = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'[', bytes.get(at..).unwrap_or_default()) {
        let key = value.slice(at..at + open).bytes().trim_ascii();
        let key = key.strip_suffix(b"=").unwrap_or(key);
        let start = at + open + 1;
        let rest = bytes.get(start..).unwrap_or_default();
        let is_end = |end: &usize| {
            let behind = rest.get(end + 1..).unwrap_or_default();
            let next = behind.strip_prefix(b",").unwrap_or_default().trim_ascii_start();
            let key_len = next.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')).count();
            behind.is_empty() || behind == b"," || (key_len > 0 && matches!(next.get(key_len..), Some([b'[', ..] | [b'=', b'[', ..])))
        };
        let end = memchr::memchr_iter(b']', rest).find(is_end).unwrap_or(rest.len());
        if !key.is_empty() {
            rec = pair(rec, names.of(Text::from(key), &mut name), value.slice(start..start + end));
        }
        at = start + end + 1;
        at += bytes.get(at..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b',' | b' ')).count();
    }
    rec
}

/// What a key is called.
#[derive(Clone, Copy)]
enum Called<'n> {
    /// As the table says.
    Renamed(&'n Renamed),
    Name(Text<'n>),
}

impl<'n> Called<'n> {
    fn text(self) -> Text<'n> {
        match self {
            Self::Name(name) => name,
            Self::Renamed(Renamed::Name(name) | Renamed::List(name)) => Text::from(name.as_str()),
            Self::Renamed(Renamed::Address(target)) => target.name.text(),
        }
    }
}

impl Names {
    /// The name of the attribute of a key, written into `room` where the table does not have it and all names begin with something.
    #[inline(always)]
    fn of<'n>(&'n self, key: Text<'n>, room: &'n mut Vec<u8>) -> Called<'n> {
        if let Some((_, name)) = self.renamed.iter().find(|(known, _)| known.as_bytes() == key.bytes()) {
            return Called::Renamed(name);
        }
        if self.prefix.is_empty() {
            return Called::Name(key);
        }
        room.clear();
        room.extend_from_slice(self.prefix.as_bytes());
        room.extend_from_slice(key.bytes());
        Called::Name(Text::from(room.as_slice()))
    }
}

#[inline(always)]
fn pair<'w>(rec: RecordCursor<'w>, name: Called<'_>, value: Text<'_>) -> RecordCursor<'w> {
    let name = match name {
        Called::Renamed(Renamed::Address(target)) => return write::text(rec, target, value, &mut Trace::default()),
        Called::Renamed(Renamed::List(name)) => return list(rec, Text::from(name.as_str()), value),
        Called::Renamed(Renamed::Name(name)) => Text::from(name.as_str()),
        Called::Name(name) => name,
    };
    let bytes = value.bytes();
    match bytes.first() {
        Some(b'-' | b'0'..=b'9') if let Some(number) = swar::canonical_i64(bytes) => rec.attr_int(name, number),
        Some(b'"') if bytes.len() > 1 => {
            let inner = value.slice(1..value.len() - 1);
            if scan::find(inner, b'\\').is_none() {
                return rec.attr_text(name, inner);
            }
            rec.apart(|rec| {
                let mut plain = Vec::with_capacity(value.len());
                unescape(inner, &mut plain);
                rec.attr_text(name, Text::from(plain.as_slice()))
            })
        }
        None => rec,
        _ => rec.attr_text(name, value),
    }
}

/// Items with commas between, as a list of texts.
fn list<'w>(mut rec: RecordCursor<'w>, name: Text<'_>, value: Text<'_>) -> RecordCursor<'w> {
    if value.is_empty() || !rec.admit() {
        return rec;
    }
    let attribute = rec.open(0x32);
    rec.name(name);
    let any = rec.open(0x12);
    let array = rec.open(0x2a);
    for item in value.bytes().split(|byte| *byte == b',') {
        let mark = rec.open(0x0a);
        rec.scalar(Scalar::Str(Text::from(item.trim_ascii())));
        rec.close(mark);
    }
    rec.close(array);
    rec.close(any);
    rec.close(attribute);
    rec
}
