//! Where an event ends: pretty-printed over many lines, one a line, inside `<Events>` or a JSON string.

use memchr::{memchr, memchr3};

use crate::decoder::Cut;

const NAME: &[u8] = b"Event";
const END: &[u8] = b"</Event>";

/// Where the last bytes left a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing but blanks came.
    #[default]
    Before,
    /// In what begins with no `<`: it ends with its line.
    Line,
    /// In the name of the first tag: how many bytes of `Event` came.
    Name(usize),
    /// In another tag than `<Event`: `<Events>`, `<?xml …?>`.
    Tag,
    /// In an event: how many bytes of `</Event>` came.
    Event(usize),
}

impl Cut for Place {
    const TRIMS: bool = true;

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn cut(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            let rest = bytes.get(at..).unwrap_or_default();
            match *self {
                // Blank lines are frames of nothing.
                Self::Before if matches!(byte, b'\n' | b'\r') => return Some(at + 1),
                Self::Before => {
                    at += usize::from(byte.is_ascii_whitespace() || byte == b'<');
                    *self = match byte {
                        b'<' => Self::Name(0),
                        _ if byte.is_ascii_whitespace() => Self::Before,
                        _ => Self::Line,
                    };
                }
                Self::Line => {
                    at += memchr(b'\n', rest)? + 1;
                    *self = Self::Before;
                    return Some(at);
                }
                Self::Name(n) if NAME.get(n) == Some(&byte) => {
                    at += 1;
                    *self = Self::Name(n + 1);
                }
                Self::Name(n) if n == NAME.len() && (byte.is_ascii_whitespace() || byte == b'>') => *self = Self::Event(0),
                Self::Name(_) => *self = Self::Tag,
                Self::Tag => {
                    at += memchr(b'>', rest)? + 1;
                    *self = Self::Before;
                    return Some(at);
                }
                Self::Event(0) => {
                    at += memchr(b'<', rest)? + 1;
                    *self = Self::Event(1);
                }
                Self::Event(n) if END.get(n) == Some(&byte) => {
                    at += 1;
                    if n + 1 == END.len() {
                        *self = Self::Before;
                        return Some(at);
                    }
                    *self = Self::Event(n + 1);
                }
                Self::Event(_) => *self = Self::Event(0),
            }
        }
        None
    }
}

/// What may stand between events: the declaration, `<Events>` and its end, comments, the numbers that `evtx_dump` writes.
pub(super) fn is_between(text: &[u8]) -> bool {
    let name = text.get(..memchr3(b' ', b'>', b'\n', text).unwrap_or(text.len())).unwrap_or_default();
    matches!(name, b"<Events" | b"</Events" | b"<?xml")
        || text.starts_with(b"<!--")
        || text.strip_prefix(b"Record ").is_some_and(|number| number.iter().all(u8::is_ascii_digit))
}
