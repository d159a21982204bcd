//! Objects: one after the other, or the items of an array; also those cut in two by the end of a chunk.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memchr2;
use wide::u8x32;

use super::{Decoder, Held, read_frame, too_long};
use crate::Format;

/// Cuts a source into JSON objects without reading them: each is a frame as soon as it is closed, whether it is good or not. Brackets and commas
/// between them are passed over, so that a list, a list of lists and one object a line all do; anything else there is a Reject, with the brackets
/// before it that turn out to open no list. An object over the bound is kept in pieces, each a Reject.
#[derive(Debug)]
pub struct Elements<F: ?Sized> {
    /// Source offset of the first byte of `carry`, or of the next chunk.
    offset: u64,
    /// The beginning of what has not ended.
    carry: Vec<u8>,
    open: Open,
    cutter: Cutter,
    /// How many arrays are open around the elements.
    lists: u32,
    /// How many objects that hold such an array under the format's key are open around it.
    wraps: u32,
    /// The brackets since the last element are more than may wait: they open lists, whatever follows.
    is_list: bool,
    /// Inside what is over the bound: how many pieces of it were written already.
    pieces: usize,
    frame_bytes_max: usize,
    format: Arc<F>,
}

/// What the last bytes left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Element,
    /// What stands between elements and should not.
    Junk,
    /// Brackets, behind which an element may come, or junk that they are a part of.
    Brackets,
}

/// The most bytes of brackets, and of blanks between them, that wait for what follows.
const BRACKETS_BYTES_MAX: usize = 256;

impl<F: Format + ?Sized> Elements<F> {
    /// A source of objects of this format.
    pub fn new(format: Arc<F>, frame_bytes_max: usize) -> Self {
        let (carry, cutter) = (Vec::new(), Cutter::default());
        Self {
            offset: 0,
            carry,
            open: Open::Nothing,
            cutter,
            lists: 0,
            wraps: 0,
            is_list: false,
            pieces: 0,
            frame_bytes_max: frame_bytes_max.max(1),
            format,
        }
    }

    /// One element or run of junk that has ended.
    #[inline(always)]
    fn frame(&self, frame: Text<'_>, checked: bool, offset: u64, out: &mut BatchWriter) {
        out.cut(1);
        if self.open == Open::Element && frame.len() <= self.frame_bytes_max {
            return read_frame(&*self.format, frame, checked, offset, out);
        }
        if self.open == Open::Junk && self.format.passes_over(frame.bytes()) {
            return out.passed_over(1);
        }
        out.reject(frame.bytes(), self.reason(), offset, self.format.spec().name);
    }

    /// What is wrong with what is open, if it is no frame.
    fn reason(&self) -> RejectReason {
        if self.open == Open::Junk { RejectReason::syntax("expected an object, or an array of objects", 0) } else { too_long() }
    }

    /// Takes `bytes` of what is open; what is over the bound goes out as pieces.
    fn carry(&mut self, bytes: &[u8], out: &mut BatchWriter) {
        self.carry.extend_from_slice(bytes);
        let mut gone = 0;
        while self.carry.len() - gone > self.frame_bytes_max {
            let piece = self.carry.get(gone..gone + self.frame_bytes_max).unwrap_or_default();
            out.reject_from(piece, self.reason(), self.offset, self.format.spec().name, Some(self.pieces));
            self.offset += piece.len() as u64;
            self.pieces += 1;
            gone += self.frame_bytes_max;
        }
        self.carry.drain(..gone);
    }

    /// Ends what is carried, if it is whole (or never will be).
    fn end_carry(&mut self, truncated: bool, out: &mut BatchWriter) {
        let carry = std::mem::take(&mut self.carry);
        if self.pieces > 0 {
            out.reject_from(&carry, self.reason(), self.offset, self.format.spec().name, Some(self.pieces));
        } else if truncated && self.open == Open::Element {
            let reason = RejectReason::truncated("the object has no end", carry.len());
            out.cut(1);
            out.reject(&carry, reason, self.offset, self.format.spec().name);
        } else {
            self.frame(Text::from(carry.as_slice()), false, self.offset, out);
        }
        self.offset += carry.len() as u64;
        (self.carry, self.open, self.pieces) = (carry, Open::Nothing, 0);
        self.carry.clear();
    }

    /// Where what is open ends in `bytes`, its beginning or its continuation.
    #[inline(always)]
    fn end_of_open(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.open == Open::Element { self.cutter.cut(bytes) } else { memchr2(b'{', b'\n', bytes) }
    }

    /// Passes what may stand between elements, from `at` on, and opens what comes then.
    #[inline(always)]
    fn between(&mut self, bytes: &[u8], at: &mut usize) {
        // Where the brackets since the last element begin, and how many lists were open before.
        let mut brackets = None;
        while let Some(&byte) = bytes.get(*at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => {}
                b'[' => {
                    brackets = brackets.or(Some((*at, self.lists)));
                    self.lists = self.lists.saturating_add(1);
                }
                b']' if self.lists > 0 => self.lists -= 1,
                b'}' if self.wraps > self.lists => self.wraps -= 1,
                b'{' if let Some(len) = list_begins(bytes.get(*at..).unwrap_or_default(), self.format.list_key()) => {
                    self.lists = self.lists.saturating_add(1);
                    self.wraps = self.lists;
                    *at += len;
                    continue;
                }
                b'{' => {
                    self.is_list = false;
                    return self.open = Open::Element;
                }
                _ => return self.junk(brackets, at),
            }
            *at += 1;
        }
        if brackets.is_some() {
            self.brackets(brackets, at);
        }
    }

    /// What stands at `at` is no element: the brackets before it open no list.
    #[cold]
    fn junk(&mut self, brackets: Option<(usize, u32)>, at: &mut usize) {
        if let Some((start, lists)) = brackets.filter(|(start, _)| self.may_wait(*at - start)) {
            (*at, self.lists) = (start, lists);
        }
        (self.open, self.is_list) = (Open::Junk, false);
    }

    /// The chunk ended before it was clear what the brackets are: they wait.
    #[cold]
    fn brackets(&mut self, brackets: Option<(usize, u32)>, at: &mut usize) {
        let Some((start, lists)) = brackets else { return };
        self.is_list |= !self.may_wait(*at - start);
        if !self.is_list {
            (*at, self.lists, self.open) = (start, lists, Open::Brackets);
        }
    }

    fn may_wait(&self, bytes: usize) -> bool {
        !self.is_list && bytes <= BRACKETS_BYTES_MAX.min(self.frame_bytes_max)
    }
}

impl<F: Format + ?Sized> Decoder for Elements<F> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        if self.open == Open::Brackets {
            let mut joined = std::mem::take(&mut self.carry);
            joined.extend_from_slice(chunk);
            self.open = Open::Nothing;
            return self.feed(&Bytes::from(joined), out);
        }
        out.set_chunk(chunk);
        let bytes: &[u8] = chunk;
        let mut at = 0;
        if self.open != Open::Nothing {
            let end = self.end_of_open(bytes);
            self.carry(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default(), out);
            let Some(end) = end else { return Held { from: self.offset } };
            self.end_carry(false, out);
            at = end;
        }
        let checked = simdutf8::basic::from_utf8(bytes.get(at..).unwrap_or_default()).is_ok();
        // Wraps where the carry began before this chunk; added to, it is right again.
        let base = self.offset.wrapping_sub(at as u64);
        loop {
            self.between(bytes, &mut at);
            if matches!(self.open, Open::Nothing | Open::Brackets) {
                break;
            }
            let Some(len) = self.end_of_open(bytes.get(at..).unwrap_or_default()) else { break };
            self.frame(Text::of(bytes, at..at + len), checked, base.wrapping_add(at as u64), out);
            self.open = Open::Nothing;
            at += len;
        }
        self.offset = base.wrapping_add(at as u64);
        self.carry(bytes.get(at..).unwrap_or_default(), out);
        Held { from: self.offset }
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        match self.open {
            Open::Nothing => {}
            // An empty list, or one that was cut before its first element.
            Open::Brackets => {
                self.offset += self.carry.len() as u64;
                self.carry.clear();
                self.open = Open::Nothing;
            }
            Open::Element | Open::Junk => self.end_carry(true, out),
        }
        (self.cutter, self.lists, self.is_list) = (Cutter::default(), 0, false);
    }

    fn resume(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn format(&self) -> &'static str {
        self.format.spec().name
    }
}

/// The bytes of `{"key":[`, with blanks where they may stand; `None` where something else does.
fn list_begins(bytes: &[u8], key: &str) -> Option<usize> {
    if key.is_empty() {
        return None;
    }
    let rest = bytes.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?.strip_prefix(key.as_bytes())?.strip_prefix(b"\"")?;
    let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"[")?;
    Some(bytes.len() - rest.len())
}

/// Finds where an object ends: the bracket that closes its first one, strings passed over. It goes on where the last bytes left it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cutter {
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Cutter {
    /// Whether the bytes so far end inside a string.
    pub(super) fn is_in_string(self) -> bool {
        self.in_string
    }

    /// The bytes up to the end of the object that begins, or goes on, at the start of `bytes`; `None` where it does not end in them.
    pub(crate) fn cut(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<64>()) {
            // An escape is seldom: the block that has one goes byte by byte.
            let end = if self.escaped { self.bytes(block) } else { self.block(block) };
            if let Some(end) = end {
                return Some(at + end);
            }
            at += 64;
        }
        self.bytes(bytes.get(at..).unwrap_or_default()).map(|end| at + end)
    }

    #[inline(always)]
    fn block(&mut self, block: &[u8; 64]) -> Option<usize> {
        let (low, high) = block.split_at(32);
        let (Some(low), Some(high)) = (low.first_chunk::<32>(), high.first_chunk::<32>()) else { return None };
        let (low, high) = (u8x32::from(*low), u8x32::from(*high));
        let mask = |byte: u8, bit: u8| {
            let (byte, bit) = (u8x32::splat(byte), u8x32::splat(bit));
            u64::from((low | bit).simd_eq(byte).to_bitmask()) | u64::from((high | bit).simd_eq(byte).to_bitmask()) << 32
        };
        if mask(b'\\', 0) != 0 {
            return self.bytes(block);
        }
        // Bit n: byte n stands inside a string, or is its opening quote.
        let mut strings = mask(b'"', 0);
        for shift in [1, 2, 4, 8, 16, 32] {
            strings ^= strings << shift;
        }
        if self.in_string {
            strings = !strings;
        }
        self.in_string = strings >> 63 == 1;
        // The two kinds of brackets differ in one bit.
        let opens = mask(b'{', 0x20) & !strings;
        let mut closes = mask(b'}', 0x20) & !strings;
        if closes.count_ones() < self.depth {
            self.depth = self.depth.saturating_add(opens.count_ones()) - closes.count_ones();
            return None;
        }
        let before = self.depth;
        let mut closed = 0;
        while closes != 0 {
            let at = closes.trailing_zeros();
            closes &= closes - 1;
            closed += 1;
            let opened = (opens & ((1u64 << at) - 1)).count_ones();
            if before.saturating_add(opened) <= closed {
                *self = Self::default();
                return Some(at as usize + 1);
            }
        }
        self.depth = before.saturating_add(opens.count_ones()).saturating_sub(closed);
        None
    }

    fn bytes(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                self.escaped = byte == b'\\';
                self.in_string = byte != b'"';
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                if self.depth == 0 {
                    *self = Self::default();
                    return Some(at + 1);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blocks_cut_as_bytes_do(text in r#"\{([a{}\[\]"\\ ]{0,20}|[a-z]{20,80}){0,8}"#, cuts in prop::collection::vec(1..100usize, 0..6)) {
            let bytes = text.as_bytes();
            let expected = Cutter::default().bytes(bytes);
            prop_assert_eq!(Cutter::default().cut(bytes), expected, "{}", text);
            let (mut cutter, mut start, mut found) = (Cutter::default(), 0usize, None);
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let end = start.saturating_add(cut).min(bytes.len());
                if start == end {
                    break;
                }
                found = cutter.cut(&bytes[start..end]).map(|at| start + at);
                if found.is_some() {
                    break;
                }
                start = end;
            }
            prop_assert_eq!(found, expected, "{}", text);
        }
    }
}
