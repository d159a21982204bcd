//! Text that does not stand in the frame, made of parts.

use std::ops::Range;

use logloom_record::Text;

/// So many bytes are there behind the text at least: a short part is copied as a whole step, and looked up as one.
const ROOM: usize = 64;
/// A part of at most so many bytes is copied in one step.
const STEP: usize = 32;

/// Texts one behind the other; the memory stays when they are gone.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// The texts, and behind `len` what was there before.
    bytes: Vec<u8>,
    len: usize,
}

impl Made {
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How much memory there is.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    #[inline(always)]
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// A part of what was made.
    #[inline(always)]
    pub(super) fn text(&self, range: Range<usize>) -> Text<'_> {
        Text::of(&self.bytes, range)
    }

    /// Appends a text; in one step where it is short and stands in a buffer that goes on.
    #[inline(always)]
    pub(super) fn put(&mut self, text: Text<'_>) {
        self.reserve(text.len());
        if text.len() <= STEP
            && let Some(from) = text.tail().first_chunk::<STEP>()
            && let Some(to) = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut)
        {
            *to = *from;
        } else if let Some(to) = self.bytes.get_mut(self.len..self.len + text.len()) {
            to.copy_from_slice(text.bytes());
        }
        self.len += text.len();
    }

    /// Appends bytes.
    #[inline]
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.put(Text::from(bytes));
    }

    /// Appends once more what stands at `at`.
    #[inline(always)]
    pub(super) fn again(&mut self, at: usize, len: usize) {
        self.reserve(len);
        let step = self.bytes.get(at..).and_then(<[u8]>::first_chunk::<STEP>).copied();
        if len <= STEP
            && let Some(from) = step
            && let Some(to) = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut)
        {
            *to = from;
        } else {
            self.bytes.copy_within(at..at + len, self.len);
        }
        self.len += len;
    }

    /// Appends what `write` appends to an empty text.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.truncate(self.len);
        write(&mut self.bytes);
        self.len = self.bytes.len();
        self.reserve(0);
    }

    /// Makes room for so many bytes more.
    #[inline(always)]
    fn reserve(&mut self, more: usize) {
        if self.bytes.len() < self.len + more + ROOM {
            self.grow(more);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        self.bytes.resize(((self.len + more) * 2).max(1024) + ROOM, 0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_stands_there(parts in proptest::collection::vec(".{0,80}", 0..20), cut in 0..40usize, from in 0..40usize) {
            let (mut made, mut expected) = (Made::default(), Vec::new());
            for (n, part) in parts.iter().enumerate() {
                match n % 4 {
                    0 => made.extend(part.as_bytes()),
                    1 => made.put(Text::of(format!("{part}{}", "-".repeat(40)).as_bytes(), 0..part.len())),
                    2 => made.write(|out| out.extend_from_slice(part.as_bytes())),
                    _ => {
                        made.truncate(cut);
                        expected.truncate(cut);
                        let at = from.min(expected.len());
                        let again = expected[at..].to_vec();
                        made.again(at, again.len());
                        expected.extend(again);
                        continue;
                    }
                }
                expected.extend_from_slice(part.as_bytes());
            }
            prop_assert_eq!(made.len(), expected.len());
            prop_assert_eq!(made.text(0..expected.len()).bytes(), expected.as_slice());
        }
    }
}
