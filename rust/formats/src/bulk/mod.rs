//! Bodies of Elasticsearch's [bulk API](https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk): lines that say what is to
//! be done, each with the line of its document behind it; and the answers to them.

mod answer;
mod filter;
mod metadata;

use std::ops::Range;

use logloom_record::Text;
use memchr::memchr;

pub use answer::{Answer, Request, answer, error};
pub(crate) use metadata::Metadata;
pub use metadata::{Action, Malformed};

/// The most items of a body: what is answered to a small one is many times as long.
pub const ITEMS_MAX: u64 = 100_000;
pub(super) const TOO_MANY: &str = "a body has at most 100000 items: send fewer at once";

/// One thing that is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Item<'b> {
    pub(crate) metadata: Metadata<'b>,
    /// The line that says so, where it stands in the body: the metadata of an equal line is the same.
    pub(crate) line: Range<usize>,
    /// Where the document stands; empty for a deletion.
    pub(crate) document: Range<usize>,
}

/// The items of a body, one after the other.
#[derive(Debug)]
pub(crate) struct Items<'b> {
    body: &'b [u8],
    at: usize,
    /// Lines that were read.
    lines: u64,
    needs_index: bool,
    /// How many more there may be.
    left: u64,
    before: Option<(&'b [u8], Metadata<'b>)>,
}

impl<'b> Items<'b> {
    /// Of this body; `needs_index`: each item says itself where it belongs.
    pub(crate) fn new(body: &'b [u8], needs_index: bool) -> Self {
        Self { body, at: 0, lines: 0, needs_index, left: u64::MAX, before: None }
    }

    /// The same, of a request that is answered: of at most [`ITEMS_MAX`].
    pub(crate) fn bounded(self) -> Self {
        Self { left: ITEMS_MAX + 1, ..self }
    }

    /// The next item.
    ///
    /// # Errors
    /// What says what is to be done cannot be read: nothing of the body may be taken then.
    pub(crate) fn next(&mut self) -> Result<Option<Item<'b>>, Malformed> {
        let line = loop {
            match self.line() {
                None => return Ok(None),
                Some(line) if self.text(&line).trim_ascii().is_empty() => {}
                Some(line) => break line,
            }
        };
        let text = self.text(&line);
        let metadata = match self.before {
            // Mostly all lines are the same.
            Some((before, metadata)) if before == text => metadata,
            _ => {
                let metadata = Metadata::read(text).map_err(|what| Malformed { line: self.lines, at: line.start, what })?;
                if self.needs_index && metadata.index.is_none() {
                    return Err(Malformed { line: self.lines, at: line.start, what: "index is missing".into() });
                }
                metadata
            }
        };
        self.before = Some((text, metadata));
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(Malformed { line: self.lines, at: line.start, what: TOO_MANY.into() });
        }
        let document = match (metadata.action, self.at < self.body.len()) {
            (Action::Delete, _) => self.at..self.at,
            (_, false) => {
                let what = "the document is missing behind it".into();
                return Err(Malformed { line: self.lines, at: line.start, what });
            }
            (_, true) => self.line().unwrap_or_default(),
        };
        Ok(Some(Item { metadata, line, document }))
    }

    /// The next line, without what ends it.
    #[inline]
    fn line(&mut self) -> Option<Range<usize>> {
        let rest = self.body.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let len = memchr(b'\n', rest).unwrap_or(rest.len());
        self.at = (start + len + 1).min(self.body.len());
        self.lines += 1;
        let len = if rest.get(..len).is_some_and(|line| line.ends_with(b"\r")) { len - 1 } else { len };
        Some(start..start + len)
    }

    fn text(&self, range: &Range<usize>) -> &'b [u8] {
        self.body.get(range.clone()).unwrap_or_default()
    }
}

/// The parts of a data stream's name, `type-dataset-namespace`, where it is one.
pub(crate) fn data_stream(index: &[u8]) -> Option<[&[u8]; 3]> {
    let mut parts = index.splitn(3, |byte| *byte == b'-');
    let (kind, dataset, namespace) = (parts.next()?, parts.next()?, parts.next()?);
    let is_kind = matches!(kind, b"logs" | b"metrics" | b"traces" | b"synthetics" | b"profiling");
    (is_kind && !dataset.is_empty() && !namespace.is_empty()).then_some([kind, dataset, namespace])
}

/// A text of JSON between its quotes, as it stands there; no escapes are looked for in what has none.
fn plain(text: &[u8]) -> Text<'_> {
    Text::from(text)
}
