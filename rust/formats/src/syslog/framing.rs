//! Frames on a stream: [RFC 6587](https://www.rfc-editor.org/rfc/rfc6587), and files.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memchr2;

use crate::{
    Decoder, Format, Held,
    decoder::{read_frame, too_long},
};

use super::header::priority;

/// The digits of a frame's length.
const COUNT_DIGITS_MAX: usize = 9;
/// The longest beginning that does not tell yet whether a frame is counted: the digits, a blank, `<191>`.
const COUNT_BYTES_MAX: usize = COUNT_DIGITS_MAX + 6;

/// Cuts a source into messages: a frame that begins with its length in bytes, a blank and a priority is a counted one; any other ends
/// with a line feed (CR LF too) or a NUL. Senders change between the two even on one connection, so that each frame tells for itself.
///
/// A frame over the bound is kept in pieces, each a Reject. One that says it is longer than the bound is not believed.
#[derive(Debug)]
pub(crate) struct Frames<F: ?Sized> {
    /// Source offset of the first byte of `carry`, or of the next chunk.
    offset: u64,
    carry: Vec<u8>,
    /// Inside a frame over the bound: how many pieces of it were written already.
    pieces: usize,
    frame_bytes_max: usize,
    format: Arc<F>,
}

/// How a beginning goes on.
enum Next {
    /// A frame, from here to there, and where the next one begins.
    Frame { start: usize, end: usize, after: usize },
    /// So many bytes more at least, as a counted frame says.
    Counted(usize),
    /// The end is not there yet.
    More,
}

impl<F: Format + ?Sized> Frames<F> {
    pub(crate) fn new(format: Arc<F>, frame_bytes_max: usize) -> Self {
        Self { offset: 0, carry: Vec::new(), pieces: 0, frame_bytes_max: frame_bytes_max.max(1), format }
    }

    /// Looks at the frame that begins at `at`.
    #[inline(always)]
    fn next(&self, bytes: &[u8], at: usize) -> Next {
        let rest = bytes.get(at..).unwrap_or_default();
        if let [b'1'..=b'9', ..] = rest
            && self.pieces == 0
        {
            match self.count(rest) {
                Count::Is { head, len } if rest.len() >= head + len => {
                    let start = at + head;
                    return Next::Frame { start, end: start + len, after: start + len };
                }
                Count::Is { head, len } => return Next::Counted(head + len - rest.len()),
                Count::Unknown => return Next::More,
                Count::None => {}
            }
        }
        match memchr2(b'\n', 0, rest) {
            Some(len) => Next::Frame { start: at, end: at + len, after: at + len + 1 },
            None => Next::More,
        }
    }

    /// Whether `rest` begins with a count.
    #[inline(never)]
    fn count(&self, rest: &[u8]) -> Count {
        let digits = rest.iter().take(COUNT_DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
        let head = digits + 1;
        let message = match rest.get(digits) {
            Some(b' ') => rest.get(head..).unwrap_or_default(),
            Some(_) => return Count::None,
            None => return Count::Unknown,
        };
        let len = rest.iter().take(digits).fold(0, |len, digit| len * 10 + usize::from(digit - b'0'));
        if len > self.frame_bytes_max || len < 3 {
            return Count::None;
        }
        let ends = |byte: &u8| matches!(byte, b'\n' | 0);
        if priority(message).is_some() {
            return Count::Is { head, len };
        }
        let may_be = matches!(message, [] | [b'<'] | [b'<', b'0'..=b'9'] | [b'<', b'0'..=b'9', b'0'..=b'9'])
            || matches!(message, [b'<', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9']);
        if may_be && !message.iter().any(ends) { Count::Unknown } else { Count::None }
    }

    #[inline(always)]
    fn frame(&self, buffer: &[u8], start: usize, end: usize, checked: bool, offset: u64, out: &mut BatchWriter) {
        let mut end = end;
        // A counted frame may end with what ends lines as well.
        while end > start && matches!(buffer.get(end - 1), Some(b'\r' | b'\n' | 0)) {
            end -= 1;
        }
        if start == end {
            return;
        }
        if end - start > self.frame_bytes_max {
            let frame = buffer.get(start..end).unwrap_or_default();
            return out.reject(frame, too_long(), offset, self.format.spec().name);
        }
        read_frame(&*self.format, Text::of(buffer, start..end), checked, offset, out);
    }

    /// Takes bytes of a frame that has not ended yet; what is over the bound goes out as pieces. What ends a frame may yet follow, and
    /// what counts it stand in front.
    fn hold(&mut self, bytes: &[u8], out: &mut BatchWriter) {
        self.carry.extend_from_slice(bytes);
        let slack = if self.pieces == 0 { COUNT_BYTES_MAX } else { 1 };
        let mut gone = 0;
        while self.carry.len() - gone > self.frame_bytes_max + slack {
            let piece = self.carry.get(gone..gone + self.frame_bytes_max).unwrap_or_default();
            out.reject_from(piece, too_long(), self.offset, self.format.spec().name, Some(self.pieces));
            self.offset += piece.len() as u64;
            self.pieces += 1;
            gone += self.frame_bytes_max;
        }
        self.carry.drain(..gone);
    }

    /// Ends the frame in `carry`, which ends at `end`.
    fn end_carry(&mut self, start: usize, end: usize, out: &mut BatchWriter) {
        let carry = std::mem::take(&mut self.carry);
        if self.pieces > 0 {
            let last = carry.get(..end).unwrap_or_default();
            let last = last.strip_suffix(b"\r").unwrap_or(last);
            out.reject_from(last, too_long(), self.offset, self.format.spec().name, Some(self.pieces));
            self.pieces = 0;
        } else {
            self.frame(&carry, start, end, false, self.offset + start as u64, out);
        }
        self.offset += carry.len() as u64;
        self.carry = carry;
        self.carry.clear();
    }

    /// Completes the frame that waits with the first bytes of a chunk; where the next one begins in the chunk.
    fn complete(&mut self, bytes: &[u8], out: &mut BatchWriter) -> usize {
        let mut taken = 0;
        while !self.carry.is_empty() || self.pieces > 0 {
            let rest = bytes.get(taken..).unwrap_or_default();
            let take = match self.next(&self.carry, 0) {
                Next::Frame { start, end, .. } => {
                    self.end_carry(start, end, out);
                    continue;
                }
                _ if rest.is_empty() => break,
                Next::Counted(more) => more,
                // Byte by byte until it is known what it is.
                Next::More if self.carry.len() < COUNT_BYTES_MAX && self.pieces == 0 => 1,
                Next::More => memchr2(b'\n', 0, rest).map_or(rest.len(), |at| at + 1),
            };
            let part = rest.get(..take.min(rest.len())).unwrap_or_default();
            self.hold(part, out);
            taken += part.len();
        }
        taken
    }
}

enum Count {
    None,
    Unknown,
    Is { head: usize, len: usize },
}

impl<F: Format + ?Sized> Decoder for Frames<F> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        out.set_chunk(chunk);
        let bytes: &[u8] = chunk;
        let mut at = self.complete(bytes, out);
        if at == bytes.len() {
            return Held { from: self.offset };
        }
        let base = self.offset - at as u64;
        // One check for all: up to here it is UTF-8.
        let checked = match simdutf8::compat::from_utf8(bytes.get(at..).unwrap_or_default()) {
            Ok(_) => bytes.len(),
            Err(error) => at + error.valid_up_to(),
        };
        while at < bytes.len() {
            let Next::Frame { start, end, after } = self.next(bytes, at) else { break };
            self.frame(bytes, start, end, end <= checked, base + start as u64, out);
            at = after;
        }
        self.offset = base + at as u64;
        self.hold(bytes.get(at..).unwrap_or_default(), out);
        Held { from: self.offset }
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        if self.carry.is_empty() && self.pieces == 0 {
            return;
        }
        if let Next::Counted(_) = self.next(&self.carry, 0) {
            let cut = RejectReason::syntax("the source ended inside a frame that says it is longer", self.carry.len());
            let carry = std::mem::take(&mut self.carry);
            out.reject(&carry, cut, self.offset, self.format.spec().name);
            self.offset += carry.len() as u64;
        } else {
            self.end_carry(0, self.carry.len(), out);
        }
    }

    fn resume(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn format(&self) -> &'static str {
        self.format.spec().name
    }
}
