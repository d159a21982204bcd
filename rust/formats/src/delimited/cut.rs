//! Where a row ends: at a line end outside of quotes.

use memchr::{memchr, memchr2};

use crate::decoder::Cut;

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
    /// At the beginning of a value.
    Value,
    /// In a value without quotes.
    Plain,
    /// In quotes.
    Quoted,
    /// Behind a quote that may end the value, or be the first of two.
    Quote,
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
    fn slowly(&mut self, quote: u8, bytes: &[u8]) -> Option<usize> {
        let delimiter = self.shape.delimiter;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.place {
                Place::Row | Place::Value | Place::Quote => {
                    self.place = if byte == quote { Place::Quoted } else { Place::Plain };
                    at += usize::from(byte == quote);
                }
                Place::Overlong => {
                    at += memchr(b'\n', rest)? + 1;
                    self.place = Place::Row;
                    return Some(at);
                }
                Place::Quoted => {
                    at += memchr(quote, rest)? + 1;
                    self.place = Place::Quote;
                }
                Place::Plain => {
                    at += memchr2(delimiter, b'\n', rest)? + 1;
                    if bytes.get(at - 1) == Some(&b'\n') {
                        self.place = Place::Row;
                        return Some(at);
                    }
                    self.place = Place::Value;
                }
            }
        }
        None
    }
}
