//! Lines, also those cut in two by the end of a chunk.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, Text};
use memchr::{memchr, memrchr};

use super::{
    Decoder, Held, Reading,
    join::{Join, Next},
    objects::{self, Open, Step},
    read_frame, too_long,
};
use crate::Format;

/// Cuts a source into lines, and joins those that make one record. A line over the bound is kept in pieces, each a Reject.
#[derive(Debug)]
pub struct Lines<F: ?Sized> {
    /// Source offset of the first byte of `carry`, or of the next chunk.
    offset: u64,
    carry: Vec<u8>,
    /// Inside a line over the bound: how many pieces of it were written already.
    pieces: usize,
    frame_bytes_max: usize,
    join: Join,
    /// An object that goes on over lines.
    open: Option<Box<Open>>,
    format: Arc<F>,
}

/// A part of the chunk that is cut, where it lies in its source, and whether it is known to be UTF-8.
#[derive(Clone, Copy)]
struct Part<'a> {
    bytes: &'a [u8],
    /// The source offset of the first byte; it wraps where the part is not reached from the start.
    base: u64,
    checked: bool,
}

impl<F: Format + ?Sized> Lines<F> {
    /// A source of lines of this format.
    pub fn new(format: Arc<F>, frame_bytes_max: usize) -> Self {
        let frame_bytes_max = frame_bytes_max.max(1);
        let join = Join::new(format.framing(), frame_bytes_max);
        Self { offset: 0, carry: Vec::new(), pieces: 0, frame_bytes_max, join, open: None, format }
    }

    /// Ends the carried line with `rest`, the part of it that this chunk has, and its newline.
    fn end_carry(&mut self, rest: &[u8], newline: &[u8], out: &mut BatchWriter) {
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(rest);
        let len = carry.strip_suffix(b"\r").unwrap_or(&carry).len();
        carry.extend_from_slice(newline);
        let line = carry.get(..len).unwrap_or_default();
        if self.pieces > 0 {
            out.reject_from(line, too_long(), self.offset, self.format.spec().name, Some(self.pieces));
            self.pieces = 0;
        } else if self.join.is_line_by_line() {
            self.line(Text::of(&carry, 0..len), carry.len(), false, self.offset, out);
        } else {
            self.join.push(&*self.format, &carry, len, self.offset, out);
        }
        self.offset += carry.len() as u64;
        carry.clear();
        self.carry = carry;
    }

    /// Takes bytes of a line that has not ended yet; what is over the bound goes out as pieces. One byte over it may yet be a CR.
    fn carry(&mut self, bytes: &[u8], out: &mut BatchWriter) {
        self.carry.extend_from_slice(bytes);
        let mut gone = 0;
        while self.carry.len() - gone > self.frame_bytes_max + 1 {
            self.join.flush(&*self.format, out);
            let piece = self.carry.get(gone..gone + self.frame_bytes_max).unwrap_or_default();
            out.reject_from(piece, too_long(), self.offset, self.format.spec().name, Some(self.pieces));
            self.offset += piece.len() as u64;
            self.pieces += 1;
            gone += self.frame_bytes_max;
        }
        self.carry.drain(..gone);
    }

    /// A line of a format whose records are lines, with `raw_len` bytes in all.
    #[inline(always)]
    fn line(&mut self, line: Text<'_>, raw_len: usize, checked: bool, offset: u64, out: &mut BatchWriter) {
        let waits = self.join.is_waiting() || self.open.is_some();
        if line.is_empty() && !waits {
            return;
        }
        if waits || !(self.format.begins(line.bytes()) || self.join.is_off()) {
            return self.stray(line, raw_len, offset, out);
        }
        if line.len() > self.frame_bytes_max {
            return out.reject(line.bytes(), too_long(), offset, self.format.spec().name);
        }
        read_frame(&*self.format, line, checked, offset, out);
    }

    /// A line among those that are no records of the format, or the record after them.
    #[cold]
    #[inline(never)]
    fn stray(&mut self, line: Text<'_>, raw_len: usize, offset: u64, out: &mut BatchWriter) {
        let raw = line.tail().get(..raw_len).unwrap_or_default();
        if self.open.is_some() {
            return self.part(line, raw, offset, out);
        }
        if self.format.goes_on_over_lines() && objects::is_part(line.bytes()) {
            if !(self.join.is_waiting() && self.join.extend(&*self.format, raw, line.len(), out)) {
                self.part(line, raw, offset, out);
            }
            return;
        }
        self.join.push(&*self.format, raw, line.len(), offset, out);
        if self.join.is_record() {
            self.join.flush(&*self.format, out);
        }
    }

    /// A line of an object that goes on over lines, or may.
    #[inline(never)]
    fn part(&mut self, line: Text<'_>, raw: &[u8], offset: u64, out: &mut BatchWriter) {
        let is_first = self.open.is_none();
        let skipped = if is_first { objects::before(line.bytes()) } else { 0 };
        let (rest, raw_rest) = (line.after(skipped), raw.get(skipped..).unwrap_or_default());
        if is_first && objects::is_between(rest.bytes()) {
            return;
        }
        let mut open = self.open.take().unwrap_or_else(|| Box::new(Open::new(offset + skipped as u64)));
        match open.take(rest.bytes(), raw_rest, self.frame_bytes_max) {
            Step::GoesOn => self.open = Some(open),
            Step::Ends(end) if objects::is_between(rest.after(end).bytes()) => {
                let before = open.lines.len();
                open.lines.extend_from_slice(rest.bytes().get(..end).unwrap_or_default());
                if is_first || objects::is_good(&open.lines) {
                    let from = open.from;
                    return read_frame(&*self.format, Text::from(open.lines.as_slice()), false, from, out);
                }
                open.lines.truncate(before);
                self.abandon(&open, out);
                self.line(line, raw.len(), false, offset, out);
            }
            _ => {
                self.abandon(&open, out);
                if is_first {
                    read_frame(&*self.format, line, false, offset, out);
                } else {
                    self.line(line, raw.len(), false, offset, out);
                }
            }
        }
    }

    /// Reads the lines of what was no object after all.
    fn abandon(&mut self, open: &Open, out: &mut BatchWriter) {
        let mut offset = open.from;
        for raw in open.lines.split_inclusive(|byte| *byte == b'\n') {
            let line = raw.strip_suffix(b"\n").unwrap_or(raw);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                read_frame(&*self.format, Text::from(line), false, offset, out);
            }
            offset += raw.len() as u64;
        }
    }

    /// From where on bytes are needed that wait.
    fn held(&self) -> Held {
        let from = self.join.held_from(self.offset);
        Held { from: self.open.as_ref().map_or(from, |open| open.from.min(from)) }
    }

    /// Lines each of which is a record.
    #[inline(always)]
    fn line_by_line(&mut self, part: Part<'_>, out: &mut BatchWriter) {
        let mut start = 0;
        while let Some(len) = part.bytes.get(start..).and_then(|rest| memchr(b'\n', rest)) {
            let end = start + without_return(part.bytes, start, len);
            self.line(Text::of(part.bytes, start..end), len + 1, part.checked, part.base + start as u64, out);
            start += len + 1;
        }
    }

    /// Lines that may be joined: a record that lies in the part is read where it stands.
    #[inline(always)]
    fn joined(&mut self, part: Part<'_>, out: &mut BatchWriter) {
        let Part { bytes, base, checked } = part;
        let mut start = 0;
        // Where the open record begins and ends in the part; before the first line that begins one here, it waits in `join`.
        let mut open = 0..0;
        while let Some(len) = bytes.get(start..).and_then(|rest| memchr(b'\n', rest)) {
            let end = start + without_return(bytes, start, len);
            let line = bytes.get(start..end).unwrap_or_default();
            let offset = base + start as u64;
            if self.join.is_waiting() {
                let raw = bytes.get(start..=start + len).unwrap_or_default();
                if self.join.extend(&*self.format, raw, line.len(), out) {
                    start += len + 1;
                    continue;
                }
            }
            if line.is_empty() {
                self.join.blank();
            } else {
                let so_far = bytes.get(open.clone()).unwrap_or_default();
                let next = self.join.next(&*self.format, so_far, line, end - open.start);
                if next != Next::Joins {
                    if !open.is_empty() {
                        self.join.read(&*self.format, Text::of(bytes, open.clone()), checked, out);
                    }
                    open.start = start;
                }
                open.end = end;
                self.join.take(next, line, offset);
            }
            start += len + 1;
        }
        if !open.is_empty() {
            self.join.wait(bytes.get(open.start..).unwrap_or_default(), open.end - open.start);
        }
    }
}

/// The length of the line of `len` bytes at `start`, without the CR that ends it.
#[inline(always)]
fn without_return(bytes: &[u8], start: usize, len: usize) -> usize {
    if len > 0 && bytes.get(start + len - 1) == Some(&b'\r') { len - 1 } else { len }
}

impl<F: Format + ?Sized> Decoder for Lines<F> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        out.set_chunk(chunk);
        let bytes: &[u8] = chunk;
        let Some(last) = memrchr(b'\n', bytes) else {
            self.carry(bytes, out);
            return self.held();
        };
        let mut start = 0;
        if (self.pieces > 0 || !self.carry.is_empty())
            && let Some(end) = memchr(b'\n', bytes)
        {
            self.end_carry(bytes.get(..end).unwrap_or_default(), b"\n", out);
            start = end + 1;
        }
        // One check for all whole lines: a character cut by the end of the chunk must not send them all the slow way.
        let whole = bytes.get(start..=last).unwrap_or_default();
        let part = Part { bytes: whole, base: self.offset, checked: simdutf8::basic::from_utf8(whole).is_ok() };
        if self.join.is_line_by_line() {
            self.line_by_line(part, out);
        } else {
            self.joined(part, out);
        }
        self.offset += whole.len() as u64;
        self.carry(bytes.get(last + 1..).unwrap_or_default(), out);
        self.held()
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        if self.pieces > 0 || !self.carry.is_empty() {
            self.end_carry(&[], &[], out);
        }
        if let Some(open) = self.open.take() {
            self.abandon(&open, out);
        }
        self.join.flush(&*self.format, out);
    }

    fn resume(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn configure(&mut self, reading: &Reading) {
        self.join.configure(&reading.multiline);
    }

    fn format(&self) -> &'static str {
        self.format.spec().name
    }
}
