//! Where a row ends: at a line end outside of quotes.

use memchr::{memchr, memchr2};

use crate::{decoder::Cut, scan};

/// How the values of a row are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) delimiter: u8,
    /// What may stand around a value; in it it is written twice.
    pub(crate) quote: Option<u8>,
    /// Several delimiters in a row are one.
    pub(crate) runs: bool,
}

/// Where the last bytes left a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the beginning of the row, of which nothing came.
    Row,
    /// At the beginning of a value, or behind a quote that may be the first of two.
    Value,
    /// In a value without quotes.
    Plain,
    /// In quotes.
    Quoted,
    /// In a row over the bound: it ends with its line.
    Overlong,
}

/// Cuts rows as [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180) has them: a quote counts at the beginning of a value only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    shape: Shape,
    place: Place,
}

impl Rows {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, place: Place::Row }
    }
}

impl Cut for Rows {
    const TRIMS: bool = true;

    fn reset(&mut self) {
        self.place = Place::Row;
    }

    #[inline(always)]
    fn cut(&mut self, bytes: &[u8]) -> Option<usize> {
        let Some(quote) = self.shape.quote else { return memchr(b'\n', bytes).map(|at| at + 1) };
        if self.place == Place::Row {
            let at = memchr2(b'\n', quote, bytes);
            match at.and_then(|at| bytes.get(at)) {
                Some(b'\n') => return at.map(|at| at + 1),
                _ => self.place = Place::Value,
            }
        }
        self.slowly(quote, bytes)
    }

    fn overlong(&mut self) {
        self.place = Place::Overlong;
    }

    fn give_up(frame: &[u8]) -> Option<usize> {
        memchr(b'\n', frame).map(|at| at + 1)
    }
}

impl Rows {
    /// Goes from one delimiter, quote or line end to the next, which are found for 64 bytes at once.
    fn slowly(&mut self, quote: u8, bytes: &[u8]) -> Option<usize> {
        if self.place == Place::Overlong {
            let end = memchr(b'\n', bytes)? + 1;
            self.place = Place::Row;
            return Some(end);
        }
        let delimiter = self.shape.delimiter;
        let mut quoted = self.place == Place::Quoted;
        // Where a quote begins a value, or is the second of two.
        let mut fresh = if self.place == Place::Plain { usize::MAX } else { 0 };
        let mut from = 0;
        while from < bytes.len() {
            let mut marks = scan::places_of(bytes.get(from..).unwrap_or_default(), [delimiter, quote, b'\n']);
            while marks != 0 {
                let at = from + marks.trailing_zeros() as usize;
                marks &= marks - 1;
                let byte = bytes.get(at).copied().unwrap_or_default();
                if quoted {
                    if byte == quote {
                        (quoted, fresh) = (false, at + 1);
                    }
                } else if byte == quote && at == fresh {
                    quoted = true;
                } else if byte == delimiter {
                    fresh = at + 1;
                } else if byte == b'\n' {
                    self.place = Place::Row;
                    return Some(at + 1);
                }
            }
            from += 64;
        }
        if !bytes.is_empty() {
            self.place = match fresh == bytes.len() {
                _ if quoted => Place::Quoted,
                true => Place::Value,
                false => Place::Plain,
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, byte by byte.
    fn end(text: &[u8]) -> Option<usize> {
        let (mut quoted, mut fresh) = (false, true);
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'"' if quoted => (quoted, fresh) = (false, true),
                b'"' if fresh => quoted = true,
                _ if quoted => {}
                b'\n' => return Some(at + 1),
                byte => fresh = *byte == b',',
            }
        }
        None
    }

    proptest! {
        #[test]
        fn rows_end_where_they_end_however_they_come(text in "[ab\"]{0,70}[ab\",]{0,60}[a\",\n]{0,40}", cut in 0usize..170) {
            let bytes = text.as_bytes();
            let shape = Shape { delimiter: b',', quote: Some(b'"'), runs: false };
            prop_assert_eq!(Rows::new(shape).cut(bytes), end(bytes));
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut rows = Rows::new(shape);
            let found = rows.cut(first).or_else(|| rows.cut(second).map(|end| first.len() + end));
            prop_assert_eq!(found, end(bytes));
        }
    }
}
