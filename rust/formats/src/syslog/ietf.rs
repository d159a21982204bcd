//! The header of RFC 5424.

use logloom_record::Text;

use super::{data, header::Header};
use crate::{
    scan::find,
    swar,
    time::{self, Context},
};

/// Reads what follows the priority; `None` where it is not of RFC 5424. A line may end behind any field, and a sender may leave the
/// structured data out: what is none begins the message. Without a priority in front, only a time makes a line one of this kind.
#[inline(always)]
pub(super) fn read<'a>(rest: Text<'a>, has_priority: bool, context: &Context) -> Option<Header<'a>> {
    let (version, len) = version(rest.bytes())?;
    let mut fields = Fields { rest: rest.after(len) };
    let stamp = fields.next();
    let mut header = Header { version, ..Header::default() };
    let mut is_short = false;
    match stamp.bytes() {
        b"-" | b"" if has_priority => {}
        [_, _, _, _, b'-', ..] => {
            let (time, len) = time::prefix(stamp.bytes(), context.zone).ok()?;
            if len != stamp.len() {
                return None;
            }
            header.time_unix_nano = time;
        }
        text => {
            header.time_unix_nano = epoch(text)?;
            is_short = true;
        }
    }
    header.host = fields.value();
    header.program = fields.value();
    if is_short {
        header.message = fields.rest;
        return Some(header);
    }
    header.process = fields.value();
    header.message_id = fields.value();
    let rest = fields.rest;
    header.message = match rest.bytes() {
        [b'-'] => Text::EMPTY,
        [b'-', b' ', ..] => rest.after(2),
        [b'[', ..] => match data::end(rest) {
            Some(end) => {
                header.data = rest.slice(0..end);
                rest.after(end + usize::from(rest.bytes().get(end) == Some(&b' ')))
            }
            None => rest,
        },
        _ => rest,
    };
    // The mark that says the text is UTF-8 is no part of it.
    if header.message.bytes().starts_with(b"\xef\xbb\xbf") {
        header.message = header.message.after(3);
    }
    Some(header)
}

/// `1 `: 1 to 999, and the blank.
#[inline(always)]
fn version(rest: &[u8]) -> Option<(u16, usize)> {
    let (version, digits) = match *rest {
        [a @ b'1'..=b'9', b' ', ..] => (u16::from(a - b'0'), 1),
        [b'1'..=b'9', b'0'..=b'9', b' ', ..] => (0, 2),
        [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9', b' ', ..] => (0, 3),
        _ => return None,
    };
    let version = rest.iter().take(digits).fold(0, |value, digit| value * 10 + u16::from(digit - b'0')).max(version);
    Some((version, digits + 1))
}

/// Seconds since the epoch with a fraction: Cisco Meraki has them, a host and a type in front of its message.
#[cold]
fn epoch(text: &[u8]) -> Option<u64> {
    let (seconds, digits) = swar::leading_u64(text)?;
    let [b'.', fraction @ ..] = text.get(digits..)? else { return None };
    let is_fraction = !fraction.is_empty() && fraction.len() <= 9 && fraction.iter().all(u8::is_ascii_digit);
    if digits != 10 || !is_fraction {
        return None;
    }
    let nanos = fraction.iter().chain(std::iter::repeat(&b'0')).take(9).fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
    Some(seconds * 1_000_000_000 + nanos)
}

/// The fields, one blank between them.
struct Fields<'a> {
    rest: Text<'a>,
}

impl<'a> Fields<'a> {
    #[inline(always)]
    fn next(&mut self) -> Text<'a> {
        let end = find(self.rest, b' ').unwrap_or(self.rest.len());
        let field = self.rest.slice(0..end);
        self.rest = self.rest.after(end + 1);
        field
    }

    /// The next field; empty where it is `-`.
    #[inline(always)]
    fn value(&mut self) -> Text<'a> {
        let field = self.next();
        if field.bytes() == b"-" { Text::EMPTY } else { field }
    }
}
