//! Lines, also those cut in two by the end of a chunk.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, Text};
use memchr::{memchr, memrchr};

use super::{Decoder, Held, read_frame, too_long};
use crate::Format;

/// Cuts a source into lines. A line over the bound is kept in pieces, each a Reject.
#[derive(Debug)]
pub struct Lines<F: ?Sized> {
    /// Source offset of the first byte of `carry`, or of the next chunk.
    offset: u64,
    carry: Vec<u8>,
    /// Inside a line over the bound: how many pieces of it were written already.
    pieces: usize,
    frame_bytes_max: usize,
    format: Arc<F>,
}

impl<F: Format + ?Sized> Lines<F> {
    /// A source of lines of this format.
    pub fn new(format: Arc<F>, frame_bytes_max: usize) -> Self {
        Self { offset: 0, carry: Vec::new(), pieces: 0, frame_bytes_max: frame_bytes_max.max(1), format }
    }

    #[inline(always)]
    fn line(&self, buffer: &[u8], start: usize, end: usize, checked: bool, offset: u64, out: &mut BatchWriter) {
        let end = if end > start && buffer.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
        if start == end {
            return;
        }
        if end - start > self.frame_bytes_max {
            let line = buffer.get(start..end).unwrap_or_default();
            return out.reject(line, too_long(), offset, self.format.spec().name);
        }
        read_frame(&*self.format, Text::of(buffer, start..end), checked, offset, out);
    }

    /// Ends the carried line with `rest`, the part of it that this chunk has.
    fn end_carry(&mut self, rest: &[u8], newline_len: usize, out: &mut BatchWriter) {
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(rest);
        if self.pieces > 0 {
            let last = carry.strip_suffix(b"\r").unwrap_or(&carry);
            out.reject_from(last, too_long(), self.offset, self.format.spec().name, Some(self.pieces));
            self.pieces = 0;
        } else {
            self.line(&carry, 0, carry.len(), false, self.offset, out);
        }
        self.offset += (carry.len() + newline_len) as u64;
        carry.clear();
        self.carry = carry;
    }

    /// Takes bytes of a line that has not ended yet; what is over the bound goes out as pieces. One byte over it may yet be a CR.
    fn carry(&mut self, bytes: &[u8], out: &mut BatchWriter) {
        self.carry.extend_from_slice(bytes);
        let mut gone = 0;
        while self.carry.len() - gone > self.frame_bytes_max + 1 {
            let piece = self.carry.get(gone..gone + self.frame_bytes_max).unwrap_or_default();
            out.reject_from(piece, too_long(), self.offset, self.format.spec().name, Some(self.pieces));
            self.offset += piece.len() as u64;
            self.pieces += 1;
            gone += self.frame_bytes_max;
        }
        self.carry.drain(..gone);
    }
}

impl<F: Format + ?Sized> Decoder for Lines<F> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        out.set_chunk(chunk);
        let bytes: &[u8] = chunk;
        let Some(last) = memrchr(b'\n', bytes) else {
            self.carry(bytes, out);
            return Held { from: self.offset };
        };
        let mut start = 0;
        if (self.pieces > 0 || !self.carry.is_empty())
            && let Some(end) = memchr(b'\n', bytes)
        {
            self.end_carry(bytes.get(..end).unwrap_or_default(), 1, out);
            start = end + 1;
        }
        // One check for all whole lines: a character cut by the end of the chunk must not send them all the slow way.
        let whole = bytes.get(..=last).unwrap_or_default();
        let checked = simdutf8::basic::from_utf8(whole.get(start..).unwrap_or_default()).is_ok();
        let base = self.offset - start as u64;
        while let Some(len) = whole.get(start..).and_then(|rest| memchr(b'\n', rest)) {
            self.line(bytes, start, start + len, checked, base + start as u64, out);
            start += len + 1;
        }
        self.offset = base + start as u64;
        self.carry(bytes.get(start..).unwrap_or_default(), out);
        Held { from: self.offset }
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        if self.pieces > 0 || !self.carry.is_empty() {
            self.end_carry(&[], 0, out);
        }
    }

    fn resume(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn format(&self) -> &'static str {
        self.format.spec().name
    }
}
