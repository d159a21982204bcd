//! The items of Jaeger's arrays, each by itself, and where they stood before a frame was repaired.

use logloom_record::{BatchWriter, RejectReason, Text};

use super::SPEC;
use crate::json::{Scanner, Value as Json};

/// One item of an array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) text: Text<'a>,
    /// Where it begins in the frame.
    pub(super) start: usize,
}

/// Keeps an item that could not be read; `raw` is it before the frame was repaired, and where that begins in the frame.
pub(super) fn reject(raw: Option<(usize, &[u8])>, item: &Item<'_>, reason: RejectReason, out: &mut BatchWriter) {
    let (start, bytes) = raw.unwrap_or((item.start, item.text.bytes()));
    let offset = out.frame_offset() + start as u64;
    out.reject(bytes, reason, offset, SPEC.name);
}

/// The frame as it came, where it was not UTF-8 and so was repaired. Items are asked for in order.
pub(super) struct Source<'r> {
    pub(super) raw: Option<&'r [u8]>,
    chunks: std::str::Utf8Chunks<'r>,
    /// The valid part that was reached: where it begins in the repaired frame and in the raw one, and its length; and what the invalid bytes behind it
    /// take in the two.
    valid: [usize; 3],
    invalid: [usize; 2],
}

impl<'r> Source<'r> {
    pub(super) fn new(raw: Option<&'r [u8]>) -> Self {
        Self { raw, chunks: raw.unwrap_or_default().utf8_chunks(), valid: [0; 3], invalid: [0; 2] }
    }

    /// Where the raw frame has what stands at `position` of the repaired one, an ASCII character.
    fn position(&mut self, position: usize) -> usize {
        while position > self.valid[0] + self.valid[2]
            && let Some(chunk) = self.chunks.next()
        {
            let [repaired, raw, len] = self.valid;
            self.valid = [repaired + len + self.invalid[0], raw + len + self.invalid[1], chunk.valid().len()];
            let replaced = if chunk.invalid().is_empty() { 0 } else { char::REPLACEMENT_CHARACTER.len_utf8() };
            self.invalid = [replaced, chunk.invalid().len()];
        }
        self.valid[1] + position.saturating_sub(self.valid[0])
    }

    /// An item before the repair, and where it begins in the frame; `None` in a frame that was UTF-8.
    pub(super) fn of(&mut self, item: &Item<'_>) -> Option<(usize, &'r [u8])> {
        let raw = self.raw?;
        let start = self.position(item.start);
        // One past an ASCII character: that character's place, and one.
        let end = self.position((item.start + item.text.len()).saturating_sub(1)) + 1;
        Some((start, raw.get(start..end)?))
    }
}

/// Appends the items of the array whose bracket was read, without looking into them; the scanner comes back behind it. Its text begins `start` bytes
/// into the frame.
pub(super) fn collect<'a>(mut json: Scanner<'a>, start: usize, items: &mut Vec<Item<'a>>) -> Result<Scanner<'a>, RejectReason> {
    while json.item()? {
        let from = json.start();
        let value = json.value()?;
        json.pass(value)?;
        items.push(Item { text: json.frame().slice(from..json.position()), start: start + from });
    }
    Ok(json)
}

/// Reads the array that stands next, if it is one: `read` goes through each object of it, from behind its bracket to behind its end. Comes back
/// behind the array.
pub(super) fn objects<'a>(
    mut json: Scanner<'a>,
    mut read: impl FnMut(Scanner<'a>) -> Result<Scanner<'a>, RejectReason>,
) -> Result<Scanner<'a>, RejectReason> {
    let value = json.value()?;
    if !matches!(value, Json::Array) {
        json.skip(value)?;
        return Ok(json);
    }
    while json.item()? {
        match json.value()? {
            Json::Object => json = read(json)?,
            other => json.skip(other)?,
        }
    }
    Ok(json)
}
