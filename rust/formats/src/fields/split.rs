//! How the value of a named attribute is made of what was read.

use logloom_record::Text;

use super::{Field, Kind, rows::As};
use crate::{
    json::{Scanner, Value},
    scan::{find, find_either},
    swar,
};

impl As {
    /// The names of the other attributes that a value may become part of.
    pub(super) fn others(self, name: &str) -> [Option<String>; 3] {
        match self {
            Self::Address => [Some(name.strip_suffix(".address").unwrap_or(name).to_owned() + ".port"), None, None],
            Self::Path => [Some("url.query".into()), None, None],
            Self::Url => [Some("url.path".into()), Some("url.query".into()), Some("url.original".into())],
            Self::Request => [Some("url.path".into()), Some("url.query".into()), Some("network.protocol.version".into())],
            _ => [None, None, None],
        }
    }

    /// Whether the field's value, made one of this kind, is one attribute under its name.
    #[inline(always)]
    pub(super) fn is_whole(self, field: &Field, frame: Text<'_>) -> bool {
        match self {
            Self::Any | Self::List | Self::Lines => true,
            Self::Text | Self::Int | Self::Status | Self::Double | Self::Protocol | Self::Tls => {
                !matches!(field.kind, Kind::Nested | Kind::NestedTwice)
            }
            Self::Address => field.kind == Kind::Text && field.len <= 64 && find_either(field.span(frame), b':', b'[').is_none(),
            Self::Path => field.kind == Kind::Text && field.len <= 64 && find(field.span(frame), b'?').is_none(),
            Self::First | Self::Request | Self::Url => false,
        }
    }

    /// Whether [`convert`](Self::convert) may do something to a value of this kind that [is whole](Self::is_whole).
    #[inline(always)]
    pub(super) fn changes(self, kind: Kind) -> bool {
        match self {
            Self::Any | Self::Address | Self::Path => false,
            Self::Text => !matches!(kind, Kind::Text | Kind::Escaped),
            Self::Int | Self::Status => kind != Kind::Int,
            Self::Double => kind != Kind::Double,
            _ => true,
        }
    }

    /// Makes the field's value one of this kind; one that cannot be stays as it is. What becomes an attribute of its own: which of the
    /// [`others`](Self::others).
    pub(super) fn convert(self, field: &mut Field, frame: Text<'_>) -> Split {
        match (self, field.kind) {
            (Self::Text, Kind::Int | Kind::Double | Kind::Bool) => field.kind = Kind::Text,
            (Self::List, Kind::Int | Kind::Double | Kind::Bool) | (Self::List | Self::Lines, Kind::Text) => field.kind = Kind::List,
            (Self::List, Kind::Escaped) => field.kind = Kind::EscapedList,
            (Self::Lines, Kind::Nested) => field.kind = Kind::Lines,
            (Self::Int | Self::Status, Kind::Text) => {
                if let Some(value) = integer(field, frame) {
                    field.scalar_of(Kind::Int, value as u64);
                }
            }
            (Self::Int, Kind::Double) => {
                let value = f64::from_bits(field.number);
                if value.fract() == 0.0 && value.abs() < 9e15 {
                    field.scalar_of(Kind::Int, value as i64 as u64);
                }
            }
            (Self::Double, Kind::Int) => {
                let value = field.integer() as f64;
                field.scalar_of(Kind::Double, value.to_bits());
            }
            (Self::Double, Kind::Text) => {
                if let Some(value) = number::<f64>(field, frame).filter(|value| value.is_finite()) {
                    field.scalar_of(Kind::Double, value.to_bits());
                }
            }
            (Self::Protocol, Kind::Text) => field.skip_past(frame, &[b"HTTP/", b"http/"]),
            (Self::Tls, Kind::Text) => field.skip_past(frame, &[b"TLSv", b"TLS ", b"tls", b"TLS"]),
            (Self::Address, Kind::Text) => return address(field, frame),
            (Self::Path, Kind::Text | Kind::Escaped) => return path(field, frame, 0),
            (Self::Request, Kind::Text | Kind::Escaped) => return request(field, frame),
            (Self::Url, Kind::Text | Kind::Escaped) => match field.span(frame).bytes() {
                [b'/', ..] | [b'\\', b'/', ..] => return path(field, frame, 1),
                url if !has_scheme(url) => return Split::Other(2),
                _ => {}
            },
            (Self::First, Kind::Nested) => {
                let Some((first, more)) = first_text(field, frame) else { return Split::Unfit };
                if more {
                    return Split::Copy(first);
                }
                *field = first;
            }
            (Self::Any | Self::List | Self::Lines, _) => {}
            (_, Kind::Nested | Kind::NestedTwice) => {
                let Some((only, false)) = first_text(field, frame) else { return Split::Unfit };
                *field = only;
                return self.convert(field, frame);
            }
            _ => {}
        }
        Split::No
    }
}

/// What became of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Split {
    /// It is one attribute, under its name.
    No,
    /// It cannot be one of this name: it stays what it is.
    Unfit,
    /// It stays what it is, and this part of it goes under the name.
    Copy(Field),
    /// It goes under the name of one of the [others](As::others) instead.
    Other(usize),
    /// Parts of it go under the names of the others. What remains goes under its own name, or that of the first of the others.
    Parts { own: bool, parts: [Option<Field>; 3] },
}

/// Whether a URL is a whole one: `://` stands in it, also with JSON's escapes.
#[inline(never)]
fn has_scheme(url: &[u8]) -> bool {
    memchr::memchr_iter(b':', url).any(|at| {
        let rest = url.get(at..).unwrap_or_default();
        rest.starts_with(b"://") || rest.starts_with(br":\/\/")
    })
}

/// `host:port`, also `[v6]:port`; an IPv6 address alone has more colons.
fn address(field: &mut Field, frame: Text<'_>) -> Split {
    let text = field.span(frame);
    let bytes = text.bytes();
    // What nearly all are: one colon, and digits behind it.
    if let Some(at @ 1..) = find(text, b':')
        && let Some((port @ 1..=0xffff, digits)) = swar::leading_u64(bytes.get(at + 1..).unwrap_or_default())
        && at + 1 + digits == bytes.len()
        && bytes.first() != Some(&b'[')
    {
        let mut other = *field;
        other.scalar_of(Kind::Int, port);
        field.len = at as u32;
        return Split::Parts { own: true, parts: [Some(other), None, None] };
    }
    let port = bytes.iter().rposition(|byte| *byte == b':').filter(|at| bytes.get(at + 1..).is_some_and(|port| !port.is_empty()));
    let digits = port.and_then(|at| std::str::from_utf8(bytes.get(at + 1..)?).ok()?.parse::<u16>().ok().map(|port| (at, port)));
    let bracketed = bytes.first() == Some(&b'[');
    let (start, len) = (field.at, field.len);
    let host = match digits {
        Some((at, _)) if bracketed && bytes.get(at - 1) == Some(&b']') => Some((1, at - 1)),
        Some((at, _)) if !bracketed && at > 0 && !bytes.get(..at).unwrap_or_default().contains(&b':') => Some((0, at)),
        _ => None,
    };
    let Some(((from, to), (_, port))) = host.zip(digits) else {
        if bracketed && bytes.last() == Some(&b']') {
            field.place(start as usize + 1, (start + len) as usize - 1, Kind::Text);
        }
        return Split::No;
    };
    let mut other = *field;
    other.scalar_of(Kind::Int, u64::from(port));
    field.place(start as usize + from, start as usize + to, Kind::Text);
    if port == 0 { Split::No } else { Split::Parts { own: true, parts: [Some(other), None, None] } }
}

/// What stands before the first `?`, and what behind it, which goes under the name of the `other`.
fn path(field: &mut Field, frame: Text<'_>, other: usize) -> Split {
    let Some(at) = memchr::memchr(b'?', field.span(frame).bytes()) else {
        return if other == 0 { Split::No } else { Split::Other(0) };
    };
    let mut query = *field;
    query.place(field.at as usize + at + 1, (field.at + field.len) as usize, field.kind);
    field.len = at as u32;
    let mut parts = [None; 3];
    if let Some(part) = parts.get_mut(other) {
        *part = Some(query);
    }
    Split::Parts { own: other == 0, parts }
}

/// Method, path, query and version of a request line; one without a version or whose path has blanks is none.
fn request(field: &mut Field, frame: Text<'_>) -> Split {
    let bytes = field.span(frame).bytes();
    let (start, kind) = (field.at as usize, field.kind);
    let Some(method) = memchr::memchr(b' ', bytes).filter(|at| (1..=32).contains(at)) else { return Split::Unfit };
    let Some(last) = memchr::memrchr(b' ', bytes).filter(|last| *last > method + 1) else { return Split::Unfit };
    let version = bytes.get(last + 1..).unwrap_or_default();
    let is_method = bytes.get(..method).unwrap_or_default().iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'));
    if !is_method || !version.starts_with(b"HTTP/") {
        return Split::Unfit;
    }
    let part = |from: usize, to: usize| {
        let mut part = *field;
        part.place(start + from, start + to, kind);
        part
    };
    let query = memchr::memchr(b'?', bytes.get(method + 1..last).unwrap_or_default()).map(|at| method + 1 + at);
    let parts = [Some(part(method + 1, query.unwrap_or(last))), query.map(|at| part(at + 1, last)), Some(part(last + 6, bytes.len()))];
    field.place(start, start + method, kind);
    Split::Parts { own: true, parts }
}

/// The first item of a list, which is a text; and whether it has more.
fn first_text(field: &Field, frame: Text<'_>) -> Option<(Field, bool)> {
    if let Some(only) = field.only_text(frame) {
        let (mut first, start) = (*field, field.at as usize + 2);
        first.place(start, start + only.len(), Kind::Text);
        return Some((first, false));
    }
    let text = field.span(frame);
    let mut json = Scanner::new(text, 2);
    let (Value::Array, true, Value::Str(item)) = (json.value().ok()?, json.item().ok()?, json.value().ok()?) else { return None };
    let more = json.item().ok()?;
    let start = field.at as usize + text.tail().len() - item.text.tail().len();
    let mut only = *field;
    only.place(start, start + item.text.len(), if item.has_escapes() { Kind::Escaped } else { Kind::Text });
    Some((only, more))
}

/// A whole number of 64 bits.
fn integer(field: &Field, frame: Text<'_>) -> Option<i64> {
    // What nearly all are: up to seven digits.
    let text = field.span(frame);
    let (value, digits) = text.tail().first_chunk().map_or((0, 0), |chunk| swar::leading(swar::load(chunk)));
    if digits > 0 && digits < 8 && digits == text.len() { Some(i64::from(value)) } else { number(field, frame) }
}

fn number<T: std::str::FromStr>(field: &Field, frame: Text<'_>) -> Option<T> {
    std::str::from_utf8(field.span(frame).bytes()).ok()?.parse().ok()
}
