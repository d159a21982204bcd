//! Values on their way into a Batch.

use std::ops::Range;

/// A slice that knows what follows it in its buffer.
///
/// The writer copies short values by a fixed 32-byte copy, which may read past the value's end; a plain
/// slice could not allow that in safe code. A `Text` is UTF-8 when its source was checked: formats only
/// write such, see [`BatchWriter`](crate::BatchWriter).
#[derive(Clone, Copy, Debug, Default)]
pub struct Text<'a> {
    tail: &'a [u8],
    len: usize,
}

impl<'a> Text<'a> {
    /// The empty text.
    pub const EMPTY: Text<'static> = Text { tail: &[], len: 0 };

    /// The part `range` of `buffer`; what lies outside the buffer is cut off.
    #[inline(always)]
    pub fn of(buffer: &'a [u8], range: Range<usize>) -> Self {
        let start = range.start.min(buffer.len());
        let tail = buffer.get(start..).unwrap_or_default();
        Self { tail, len: range.end.saturating_sub(start).min(tail.len()) }
    }

    /// The part `range` of this text; what lies outside it is cut off.
    #[inline(always)]
    #[must_use]
    pub fn slice(self, range: Range<usize>) -> Self {
        let start = range.start.min(self.len);
        let end = range.end.min(self.len);
        Self { tail: self.tail.get(start..).unwrap_or_default(), len: end.saturating_sub(start) }
    }

    /// From `start` on.
    #[inline(always)]
    #[must_use]
    pub fn after(self, start: usize) -> Self {
        self.slice(start..self.len)
    }

    /// Its length in bytes.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The bytes of the text itself.
    #[inline(always)]
    pub fn bytes(self) -> &'a [u8] {
        self.tail.get(..self.len).unwrap_or_default()
    }

    /// The text and all that follows it in its buffer.
    #[inline(always)]
    pub fn tail(self) -> &'a [u8] {
        self.tail
    }

    /// Copies a text of at most 64 bytes into a room of at least 64, by whole 32-byte steps where its buffer goes on far enough.
    #[inline(always)]
    pub(crate) fn copy_short(self, out: &mut [u8]) {
        let n = self.len;
        if n <= 32
            && let (Some(from), Some(to)) = (self.tail.first_chunk::<32>(), out.first_chunk_mut::<32>())
        {
            *to = *from;
        } else if let (Some(from), Some(to)) = (self.tail.first_chunk::<64>(), out.first_chunk_mut::<64>()) {
            *to = *from;
        } else if let (Some(from), Some(to)) = (self.tail.get(..n), out.get_mut(..n)) {
            to.copy_from_slice(from);
        }
    }
}

impl<'a> From<&'a [u8]> for Text<'a> {
    #[inline(always)]
    fn from(bytes: &'a [u8]) -> Self {
        Self { tail: bytes, len: bytes.len() }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    #[inline(always)]
    fn from(text: &'a str) -> Self {
        Self::from(text.as_bytes())
    }
}

/// One value that is not a map or an array, as OTLP's `AnyValue` has them.
///
/// Integers over `i64` have no place in OTLP: write their digits as [`Scalar::Str`], so that they stay exact.
#[derive(Clone, Copy, Debug)]
pub enum Scalar<'a> {
    /// `AnyValue` without a value: null.
    Null,
    /// `string_value`.
    Str(Text<'a>),
    /// `bool_value`.
    Bool(bool),
    /// `int_value`.
    Int(i64),
    /// `double_value`.
    Double(f64),
    /// `bytes_value`.
    Bytes(&'a [u8]),
}

/// The text with each ill-formed part of its UTF-8 replaced by U+FFFD; `None` where it was UTF-8 already.
pub fn repair(bytes: &[u8]) -> Option<Vec<u8>> {
    match String::from_utf8_lossy(bytes) {
        std::borrow::Cow::Borrowed(_) => None,
        std::borrow::Cow::Owned(text) => Some(text.into_bytes()),
    }
}
