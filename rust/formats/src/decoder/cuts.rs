//! Frames that end where the format itself says, also those cut in two by the end of a chunk.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, Text};

use super::{Decoder, Held, read_frame, too_long};
use crate::Format;

/// Finds where frames end. It goes on where the last bytes left it.
pub(crate) trait Cut: Send {
    /// Whether the line end at a frame's end is no part of it.
    const TRIMS: bool;

    /// The bytes up to the end of the frame that begins, or goes on, at the start of `bytes`; `None` where it does not end in them.
    /// After an end it is as new.
    fn cut(&mut self, bytes: &[u8]) -> Option<usize>;

    /// Makes it as new.
    fn reset(&mut self);

    /// Where a frame that has no end, or is over the bound, is cut off instead, so that what follows is read once more: the end of its
    /// first line, say. `None` keeps it whole.
    fn give_up(_frame: &[u8]) -> Option<usize> {
        None
    }

    /// The frame is over the bound, and there is nowhere to give it up yet: it ends at the next such place.
    fn overlong(&mut self) {}
}

/// Reads the frames of one source.
pub(crate) trait Read: Send {
    /// The format's name.
    fn name(&self) -> &'static str;

    /// Reads one frame, which is known to be UTF-8 where it is `checked`.
    fn read(&mut self, frame: Text<'_>, checked: bool, offset: u64, out: &mut BatchWriter);
}

impl<F: Format + ?Sized> Read for Arc<F> {
    fn name(&self) -> &'static str {
        self.spec().name
    }

    #[inline(always)]
    fn read(&mut self, frame: Text<'_>, checked: bool, offset: u64, out: &mut BatchWriter) {
        // A format that is no text checks the strings that it reads.
        read_frame(&**self, frame, checked || !self.is_text(), offset, out);
    }
}

/// Cuts a source into frames by a [`Cut`]. A frame over the bound is kept in pieces, each a Reject.
#[derive(Debug)]
pub(crate) struct Cuts<R, C> {
    /// Source offset of the first byte of `carry`, or of the next chunk.
    offset: u64,
    /// The beginning of a frame that has not ended.
    carry: Vec<u8>,
    cutter: C,
    /// Inside a frame over the bound: how many pieces of it were written already.
    pieces: usize,
    frame_bytes_max: usize,
    reader: R,
}

impl<R: Read, C: Cut> Cuts<R, C> {
    /// A source of frames for this reader.
    pub(crate) fn new(reader: R, cutter: C, frame_bytes_max: usize) -> Self {
        Self { offset: 0, carry: Vec::new(), cutter, pieces: 0, frame_bytes_max: frame_bytes_max.max(1), reader }
    }

    /// The bound on a frame with its line end.
    fn untrimmed_max(&self) -> usize {
        self.frame_bytes_max + if C::TRIMS { 2 } else { 0 }
    }

    /// One whole frame at `offset`.
    #[inline(always)]
    fn frame(&mut self, frame: Text<'_>, checked: bool, offset: u64, out: &mut BatchWriter) {
        let frame = if C::TRIMS { trimmed(frame) } else { frame };
        if frame.is_empty() {
            return;
        }
        out.cut(1);
        if frame.len() > self.frame_bytes_max {
            return out.reject(frame.bytes(), too_long(), offset, self.reader.name());
        }
        self.reader.read(frame, checked, offset, out);
    }

    /// Takes bytes of a frame that has not ended yet, or has just now; what is over the bound goes out. True where what is carried now
    /// was looked at once more: then it has not ended.
    fn carry(&mut self, bytes: &[u8], out: &mut BatchWriter) -> bool {
        self.carry.extend_from_slice(bytes);
        let mut again = false;
        while self.carry.len() > self.untrimmed_max() {
            if self.pieces == 0
                && let Some(end) = C::give_up(&self.carry)
            {
                self.again(end, out);
                again = true;
                continue;
            }
            if self.pieces == 0 {
                self.cutter.overlong();
            }
            let rest = self.carry.split_off(self.frame_bytes_max);
            let piece = std::mem::replace(&mut self.carry, rest);
            out.reject_from(&piece, too_long(), self.offset, self.reader.name(), Some(self.pieces));
            self.offset += piece.len() as u64;
            self.pieces += 1;
        }
        again
    }

    /// The carried bytes up to `end` are a frame after all; the others are looked at once more.
    fn again(&mut self, end: usize, out: &mut BatchWriter) {
        let carry = std::mem::take(&mut self.carry);
        self.frame(Text::of(&carry, 0..end), false, self.offset, out);
        self.offset += end as u64;
        self.cutter.reset();
        let rest = carry.get(end..).unwrap_or_default();
        let used = self.run(rest, false, out);
        self.carry.extend_from_slice(rest.get(used..).unwrap_or_default());
    }

    /// Ends the carried frame.
    fn end_carry(&mut self, out: &mut BatchWriter) {
        let mut carry = std::mem::take(&mut self.carry);
        if self.pieces > 0 {
            let last = Text::from(carry.as_slice());
            let last = if C::TRIMS { trimmed(last) } else { last };
            out.reject_from(last.bytes(), too_long(), self.offset, self.reader.name(), Some(self.pieces));
        } else {
            self.frame(Text::from(carry.as_slice()), false, self.offset, out);
        }
        self.offset += carry.len() as u64;
        self.pieces = 0;
        carry.clear();
        self.carry = carry;
    }

    /// Reads the frames that end in `bytes`, the first of which begins there; how many bytes they have.
    #[inline(always)]
    fn run(&mut self, bytes: &[u8], checked: bool, out: &mut BatchWriter) -> usize {
        let mut at = 0;
        while let Some(mut len) = bytes.get(at..).filter(|rest| !rest.is_empty()).and_then(|rest| self.cutter.cut(rest)) {
            if len > self.untrimmed_max() {
                len = bytes.get(at..at + len).and_then(C::give_up).unwrap_or(len);
            }
            self.frame(Text::of(bytes, at..at + len), checked, self.offset, out);
            self.offset += len as u64;
            at += len;
        }
        at
    }
}

/// The frame without the line end behind it.
#[inline(always)]
fn trimmed(frame: Text<'_>) -> Text<'_> {
    let bytes = frame.bytes();
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    frame.slice(0..bytes.strip_suffix(b"\r").unwrap_or(bytes).len())
}

impl<R: Read, C: Cut> Decoder for Cuts<R, C> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        out.set_chunk(chunk);
        let mut bytes: &[u8] = chunk;
        while self.pieces > 0 || !self.carry.is_empty() {
            let end = self.cutter.cut(bytes);
            let again = self.carry(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default(), out);
            let Some(end) = end else { return Held { from: self.offset } };
            if !again {
                self.end_carry(out);
            }
            bytes = bytes.get(end..).unwrap_or_default();
        }
        let checked = simdutf8::basic::from_utf8(bytes).is_ok();
        let used = self.run(bytes, checked, out);
        self.carry(bytes.get(used..).unwrap_or_default(), out);
        Held { from: self.offset }
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        // What follows a frame that has no end may hold good ones.
        while self.pieces == 0
            && let Some(end) = C::give_up(&self.carry)
        {
            self.again(end, out);
        }
        if self.pieces > 0 || !self.carry.is_empty() {
            self.end_carry(out);
        }
        self.cutter.reset();
    }

    fn resume(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn format(&self) -> &'static str {
        self.reader.name()
    }
}
