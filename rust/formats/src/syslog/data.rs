//! RFC 5424's structured data: `[id name="value" …][…]`.
//!
//! Read as RFC 5424 has it, and also what senders make of it: values without quotes, brackets in quotes that are not escaped, elements
//! without an id, blanks before the end.

use logloom_record::Text;

/// Names are cut to this; RFC 5424 allows 32.
const NAME_BYTES_MAX: usize = 128;

/// Where the structured data ends that `text` begins with; `None` where it is none.
#[inline]
pub(super) fn end(text: &[u8]) -> Option<usize> {
    let mut reader = Reader { text, at: 0, id: (0, 0) };
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
}

/// Walks well-formed or almost well-formed structured data.
#[derive(Debug)]
pub(super) struct Reader<'a> {
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
        Self { text: data.bytes(), at: 0, id: (0, 0) }
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
                            return Ok(Some(Parameter { id: (start, end), name: (0, 0), value: (0, 0) }));
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
        let blanks = self.text.iter().skip(self.at).take_while(|byte| **byte == b' ').count();
        let at = self.at + blanks;
        (self.text.get(at) == Some(&b']')).then_some(at + 1)
    }

    #[inline(always)]
    fn parameter(&mut self) -> Result<Parameter, NoData> {
        let blanks = self.text.iter().skip(self.at).take_while(|byte| **byte == b' ').count();
        let start = self.at + blanks;
        if blanks == 0 && self.id.0 != self.id.1 {
            return Err(NoData);
        }
        let name_end = self.word(start);
        if name_end == start || self.text.get(name_end) != Some(&b'=') {
            return Err(NoData);
        }
        let (value, at) = if self.text.get(name_end + 1) == Some(&b'"') {
            let end = self.quote_end(name_end + 2)?;
            ((name_end + 2, end), end + 1)
        } else {
            let end = self.text.iter().skip(name_end + 1).position(|byte| matches!(byte, b' ' | b']')).ok_or(NoData)? + name_end + 1;
            ((name_end + 1, end), end)
        };
        if !matches!(self.text.get(at), Some(b' ' | b']')) {
            return Err(NoData);
        }
        self.at = at;
        Ok(Parameter { id: self.id, name: (start, name_end), value })
    }

    /// The end of a name: it has no blank, `=`, `]` or quote.
    #[inline(always)]
    fn word(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let bytes = rest.iter().take(NAME_BYTES_MAX).take_while(|byte| !matches!(byte, b' ' | b'=' | b']' | b'"' | b'['));
        start + bytes.count()
    }

    /// The quote that ends the value begun at `start`: one that is not escaped, and behind which the element goes on or ends.
    #[inline(always)]
    fn quote_end(&self, start: usize) -> Result<usize, NoData> {
        let mut at = start;
        loop {
            let found = memchr::memchr2(b'"', b'\\', self.text.get(at..).unwrap_or_default()).ok_or(NoData)? + at;
            if self.text.get(found) == Some(&b'"') {
                return Ok(found);
            }
            at = found + 2;
        }
    }
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
