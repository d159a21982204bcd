//! What a field's value says in its role.

use logloom_record::Text;

use super::{Dialect, Field, Kind, WEAK};
use crate::{
    ids,
    severity::{self, Scale},
    time::{self, Context},
};

/// The text of a field that has no escapes.
pub(super) fn text_of<'a>(field: &Field, frame: Text<'a>) -> Option<Text<'a>> {
    (field.kind == Kind::Text).then(|| field.span(frame))
}

/// A whole number, also one in quotes.
pub(super) fn integer_of(field: &Field, frame: Text<'_>) -> Option<i64> {
    match field.kind {
        Kind::Int => Some(field.number as i64),
        Kind::Text => std::str::from_utf8(field.span(frame).bytes()).ok()?.parse().ok(),
        _ => None,
    }
}

/// Keys of this rank or above mean the time.
const STRONG: u8 = 60;
/// Numbers under this many seconds since 1970 (in 1973) are durations and the like, not times.
const EPOCH_SECONDS_MIN: u64 = 100_000_000;

pub(super) fn time_of(field: &Field, frame: Text<'_>, rank: u8, dialect: &Dialect) -> Option<u64> {
    let number = |text: Text<'_>| {
        let nanos = time::epoch::parse(text.bytes()).ok()?;
        (rank >= WEAK && nanos >= EPOCH_SECONDS_MIN * 1_000_000_000).then_some(nanos)
    };
    match field.kind {
        Kind::Int | Kind::Double | Kind::Text if dialect.user_time.is_some() => dialect.time(field.span(frame)),
        Kind::Int | Kind::Double => number(field.span(frame)),
        Kind::Text => {
            let text = field.span(frame);
            time::parse_in(text.bytes(), dialect.zone).ok().or_else(|| number(text)).or_else(|| dialect.time(text)).or_else(|| {
                // A key that means the time beyond doubt may have it in another usual shape.
                let context = Context { zone: dialect.zone, ..Context::default() };
                if rank >= STRONG {
                    time::usual(text.bytes(), &context).filter(|nanos| *nanos >= EPOCH_SECONDS_MIN * 1_000_000_000)
                } else {
                    None
                }
            })
        }
        _ => None,
    }
    .filter(|time| *time != 0)
}

/// How sure a field is of being the severity: a known word, another word, a known number; 0 for none.
pub(super) fn severity_class(field: &Field, frame: Text<'_>, rank: u8, scale: Scale) -> u16 {
    match field.kind {
        Kind::Text if severity::of_text(field.span(frame)) != 0 => 3 << 8,
        Kind::Text | Kind::Int if rank >= WEAK && integer_of(field, frame).is_some_and(|value| severity::of_number(value, scale) != 0) => {
            1 << 8
        }
        Kind::Text if rank >= WEAK && !field.span(frame).is_empty() => 2 << 8,
        _ => 0,
    }
}

pub(super) fn severity_of(field: &Field, frame: Text<'_>, scale: Scale) -> u8 {
    let word = if field.kind == Kind::Text { severity::of_text(field.span(frame)) } else { 0 };
    if word != 0 {
        return word;
    }
    integer_of(field, frame).map_or(0, |value| severity::of_number(value, scale))
}

/// Hexadecimal digits as such, behind Google Cloud's path, in a UUID or X-Ray's parts; a decimal number where Datadog writes one.
pub(super) fn trace_id_of(field: &Field, frame: Text<'_>, decimal: bool) -> Option<[u8; 16]> {
    if decimal && let Some(id) = decimal_of(field, frame) {
        return Some(u128::from(id).to_be_bytes());
    }
    let text = text_of(field, frame)?.bytes();
    if let Some(id) = ids::trace_id(text) {
        return Some(id);
    }
    let last = text.rsplit(|&byte| byte == b'/').next()?;
    let xray = last.strip_prefix(b"1-").filter(|rest| rest.len() == 33);
    let mut digits = [0; 32];
    let plain = xray.unwrap_or(last).iter().filter(|&&byte| byte != b'-');
    if !matches!((last.len(), xray), (32, _) | (36, None) | (_, Some(_))) || plain.clone().count() != 32 {
        return None;
    }
    for (to, from) in digits.iter_mut().zip(plain) {
        *to = *from;
    }
    ids::trace_id(&digits)
}

pub(super) fn span_id_of(field: &Field, frame: Text<'_>, decimal: bool) -> Option<[u8; 8]> {
    if decimal && let Some(id) = decimal_of(field, frame) {
        return Some(id.to_be_bytes());
    }
    ids::span_id(text_of(field, frame)?.bytes())
}

/// A decimal id of 64 bits. 16 digits of which all are decimal could be hexadecimal: Datadog's hexadecimal ids have 32.
pub(super) fn decimal_of(field: &Field, frame: Text<'_>) -> Option<u64> {
    let text = if field.kind == Kind::Int { field.span(frame) } else { text_of(field, frame)? };
    let digits = std::str::from_utf8(text.bytes()).ok().filter(|digits| digits.len() <= 20)?;
    digits.parse().ok().filter(|id| *id != 0)
}

pub(super) fn flags_of(field: &Field, frame: Text<'_>) -> Option<u8> {
    match field.kind {
        Kind::Bool => Some(u8::from(field.number != 0)),
        Kind::Int => u8::try_from(field.number).ok(),
        Kind::Text => ids::hex2(field.span(frame).bytes()),
        _ => None,
    }
}

/// Whether a text has several lines, as a stack trace has.
pub(super) fn has_lines(field: &Field, frame: Text<'_>) -> bool {
    field.kind == Kind::Escaped && field.span(frame).bytes().windows(2).any(|pair| pair == b"\\n")
}

/// The parts of `file:line`.
pub(super) fn caller<'a>(field: &Field, frame: Text<'a>) -> Option<(Text<'a>, i64)> {
    let text = text_of(field, frame)?;
    let colon = text.bytes().iter().rposition(|&byte| byte == b':')?;
    let line = text.bytes().get(colon + 1..).filter(|digits| (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit))?;
    let line = line.iter().fold(0, |line, digit| line * 10 + i64::from(digit - b'0'));
    let file = text.slice(0..colon);
    // A file has a suffix, and no digits behind a colon of its own: that would be a line and a column.
    let plausible = memchr::memchr(b'.', file.bytes()).is_some() && memchr::memchr2(b':', b' ', file.bytes().get(2..)?).is_none();
    plausible.then_some((file, line))
}
