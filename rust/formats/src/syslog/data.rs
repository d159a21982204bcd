//! RFC 5424's structured data: `[id name="value" …][…]`.
//!
//! Read as RFC 5424 has it, and also what senders make of it: values without quotes, brackets in quotes that are not escaped, elements
//! without an id, blanks before the end.

use logloom_record::Text;
use wide::u8x16;

use crate::scan::{find, find_either};

/// Names are cut to this; RFC 5424 allows 32.
const NAME_BYTES_MAX: usize = 128;

/// Where the structured data ends that `text` begins with; `None` where it is none.
#[inline]
pub(super) fn end(text: Text<'_>) -> Option<usize> {
    let mut reader = Reader::new(text);
    while reader.next().ok()?.is_some() {}
    Some(reader.at)
}

/// One parameter, or an element that has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    /// Ranges of the text; an empty id or name is an absent one.
    pub id: (usize, usize),
    pub name: (usize, usize),
    pub value: (usize, usize),
    /// Whether a backslash stands in the value.
    pub has_escapes: bool,
}

/// Walks well-formed or almost well-formed structured data.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    data: Text<'a>,
    /// Its own bytes.
    text: &'a [u8],
    at: usize,
    /// The element's id: it ends at 0 outside an element, and where it begins in one without.
    id: (usize, usize),
}

/// It is no structured data.
#[derive(Debug)]
pub(super) struct NoData;

impl<'a> Reader<'a> {
    pub(super) fn new(data: Text<'a>) -> Self {
        Self { data, text: data.bytes(), at: 0, id: (0, 0) }
    }

    /// The next parameter; `None` behind the last element.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Parameter>, NoData> {
        loop {
            if self.id.1 == 0 {
                // Outside an element.
                if self.text.get(self.at) != Some(&b'[') {
                    return Ok(None);
                }
                let start = self.at + 1;
                let end = self.word(start);
                match self.text.get(end) {
                    Some(b' ' | b']') if end > start => {
                        self.id = (start, end);
                        self.at = end;
                        if let Some(closed) = self.close() {
                            self.at = closed;
                            self.id = (0, 0);
                            return Ok(Some(Parameter { id: (start, end), name: (0, 0), value: (0, 0), has_escapes: false }));
                        }
                    }
                    // No id: the first word is a parameter.
                    Some(b'=') if end > start => {
                        self.id = (start, start);
                        self.at = start;
                    }
                    _ => return Err(NoData),
                }
                continue;
            }
            if let Some(closed) = self.close() {
                self.at = closed;
                self.id = (0, 0);
                continue;
            }
            return self.parameter().map(Some);
        }
    }

    /// Where the element ended, if it ends here, perhaps behind blanks.
    #[inline(always)]
    fn close(&self) -> Option<usize> {
        let at = self.behind_blanks();
        (self.text.get(at) == Some(&b']')).then_some(at + 1)
    }

    #[inline(always)]
    fn behind_blanks(&self) -> usize {
        let mut at = self.at;
        while self.text.get(at) == Some(&b' ') {
            at += 1;
        }
        at
    }

    #[inline(always)]
    fn parameter(&mut self) -> Result<Parameter, NoData> {
        let start = self.behind_blanks();
        if start == self.at && self.id.0 != self.id.1 {
            return Err(NoData);
        }
        let name_end = self.word(start);
        if name_end == start || self.text.get(name_end) != Some(&b'=') {
            return Err(NoData);
        }
        let (value, has_escapes, at) = if self.text.get(name_end + 1) == Some(&b'"') {
            let (end, has_escapes) = self.quote_end(name_end + 2)?;
            ((name_end + 2, end), has_escapes, end + 1)
        } else {
            let end = find_either(self.data.after(name_end + 1), b' ', b']').ok_or(NoData)? + name_end + 1;
            ((name_end + 1, end), find(self.data.slice(name_end + 1..end), b'\\').is_some(), end)
        };
        if !matches!(self.text.get(at), Some(b' ' | b']')) {
            return Err(NoData);
        }
        self.at = at;
        Ok(Parameter { id: self.id, name: (start, name_end), value, has_escapes })
    }

    /// The end of a name: it has no blank, `=`, bracket or quote.
    #[inline(always)]
    fn word(&self, start: usize) -> usize {
        let max = self.text.len().min(start + NAME_BYTES_MAX);
        let mut at = start;
        while at < max {
            let rest = self.data.tail().get(at..).unwrap_or_default();
            let block = rest.first_chunk().copied().unwrap_or_else(|| near_end(rest));
            let bytes = u8x16::new(block);
            let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            let found = (is(b' ') | is(b'=') | is(b']') | is(b'"') | is(b'[')).to_bitmask();
            if found != 0 {
                return (at + found.trailing_zeros() as usize).min(max);
            }
            at += 16;
        }
        max.max(start)
    }

    /// The quote that ends the value begun at `start`, one that is not escaped; and whether a backslash stands before it.
    #[inline(always)]
    fn quote_end(&self, start: usize) -> Result<(usize, bool), NoData> {
        let (mut at, mut has_escapes) = (start, false);
        loop {
            let found = find_either(self.data.after(at), b'"', b'\\').ok_or(NoData)? + at;
            if self.text.get(found) == Some(&b'"') {
                return Ok((found, has_escapes));
            }
            has_escapes = true;
            at = found + 2;
        }
    }
}

#[cold]
fn near_end(rest: &[u8]) -> [u8; 16] {
    let mut block = [0; 16];
    block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    block
}

/// Appends a value with its escapes resolved: `\"`, `\\` and `\]`; a backslash before anything else stands for itself.
pub(super) fn unescape(value: &[u8], into: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', value.get(at..).unwrap_or_default()) {
        into.extend_from_slice(value.get(at..at + found).unwrap_or_default());
        at += found + 1;
        if !matches!(value.get(at), Some(b'"' | b'\\' | b']')) {
            into.push(b'\\');
        } else if let Some(&escaped) = value.get(at) {
            into.push(escaped);
            at += 1;
        }
    }
    into.extend_from_slice(value.get(at..).unwrap_or_default());
}
