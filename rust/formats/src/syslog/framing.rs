//! Frames on a stream: [RFC 6587](https://www.rfc-editor.org/rfc/rfc6587), and files.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::{memchr, memchr2};

use super::header::priority;
use crate::{
    Decoder, Format, Held, Lines,
    decoder::{Reading, read_frame},
};

/// The digits of a frame's length.
const COUNT_DIGITS_MAX: usize = 9;

/// Cuts a source into messages: a frame that begins with its length in bytes, a blank and a priority is a counted one; any other is a
/// [line](Lines), which a NUL may end as well. Senders change between the two even on one connection, so that each frame tells for itself.
///
/// A frame that says it is longer than the bound is not believed: it is a line.
#[derive(Debug)]
pub(crate) struct Frames<F: ?Sized> {
    lines: Lines<F>,
    /// What `lines` still need.
    held: Held,
    /// Whether what `lines` got last has no end yet.
    in_line: bool,
    /// A counted frame, or what may become one, that has not ended; and its source offset, or that of the next chunk.
    carry: BytesMut,
    offset: u64,
    frame_bytes_max: usize,
    format: Arc<F>,
}

/// Whether a frame is a counted one.
enum Count {
    No,
    /// It is too short to tell.
    Unknown,
    /// The length of the count and its blank; that of the message.
    Yes {
        head: usize,
        len: usize,
    },
}

impl<F: Format + ?Sized> Frames<F> {
    pub(crate) fn new(format: Arc<F>, frame_bytes_max: usize) -> Self {
        let lines = Lines::new(Arc::clone(&format), frame_bytes_max);
        Self { lines, held: Held::default(), in_line: false, carry: BytesMut::new(), offset: 0, frame_bytes_max, format }
    }

    /// Whether `rest` begins with a count.
    #[inline(always)]
    fn count(&self, rest: &[u8]) -> Count {
        if matches!(rest, [b'1'..=b'9', ..]) { self.counted(rest) } else { Count::No }
    }

    #[inline(never)]
    fn counted(&self, rest: &[u8]) -> Count {
        let digits = rest.iter().take(COUNT_DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
        let head = digits + 1;
        let message = match rest.get(digits) {
            Some(b' ') => rest.get(head..).unwrap_or_default(),
            Some(_) => return Count::No,
            None => return Count::Unknown,
        };
        let len = rest.iter().take(digits).fold(0, |len, digit| len * 10 + usize::from(digit - b'0'));
        if len > self.frame_bytes_max || len < 3 {
            return Count::No;
        }
        if priority(message).is_some() {
            return Count::Yes { head, len };
        }
        match message {
            [] | [b'<'] => Count::Unknown,
            [b'<', digits @ ..] if digits.len() < 4 && digits.iter().all(u8::is_ascii_digit) => Count::Unknown,
            _ => Count::No,
        }
    }

    /// Reads the counted frames at the beginning of `bytes`; how long they are in all.
    fn counted_frames(&mut self, bytes: &[u8], out: &mut BatchWriter) -> usize {
        let mut at = 0;
        while let Count::Yes { head, len } = self.count(bytes.get(at..).unwrap_or_default()) {
            let (start, end) = (at + head, at + head + len);
            let Some(message) = bytes.get(start..end) else { break };
            if at == 0 {
                self.lines.flush(out);
            }
            // What ends lines may end a counted frame as well.
            let trimmed = message.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
            out.cut(1);
            read_frame(&*self.format, Text::of(bytes, start..end - trimmed), false, self.offset + start as u64, out);
            at = end;
        }
        if at > 0 {
            self.offset += at as u64;
            self.lines.resume(self.offset);
            self.held = Held { from: self.offset };
        }
        at
    }

    /// How long the lines are that `bytes` begin with, up to what is or may be a counted frame.
    #[inline(always)]
    fn lines_len(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(len) = bytes.get(at..).and_then(|rest| memchr2(b'\n', 0, rest)) {
            at += len + 1;
            if !matches!(self.count(bytes.get(at..).unwrap_or_default()), Count::No) {
                self.in_line = false;
                return at;
            }
        }
        self.in_line = at < bytes.len();
        bytes.len()
    }

    fn feed_lines(&mut self, part: &Bytes, out: &mut BatchWriter) {
        self.offset += part.len() as u64;
        self.held = if memchr(0, part).is_some() {
            let ended: Vec<u8> = part.iter().map(|byte| if *byte == 0 { b'\n' } else { *byte }).collect();
            self.lines.feed(&Bytes::from(ended), out)
        } else {
            self.lines.feed(part, out)
        };
    }
}

impl<F: Format + ?Sized> Decoder for Frames<F> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        let mut rest = if self.carry.is_empty() {
            chunk.clone()
        } else {
            self.carry.extend_from_slice(chunk);
            if matches!(self.count(&self.carry), Count::Yes { head, len } if head + len > self.carry.len()) {
                return self.held;
            }
            self.carry.split().freeze()
        };
        out.set_chunk(&rest);
        while !rest.is_empty() {
            if !self.in_line {
                let counted = self.counted_frames(&rest, out);
                rest = rest.slice(counted..);
                if !matches!(self.count(&rest), Count::No) {
                    self.carry.extend_from_slice(&rest);
                    break;
                }
            }
            let len = self.lines_len(&rest);
            self.feed_lines(&rest.slice(..len), out);
            rest = rest.slice(len..);
        }
        self.held
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        let carry = self.carry.split().freeze();
        if let Count::Yes { .. } = self.count(&carry) {
            self.lines.flush(out);
            let cut = RejectReason::syntax("the source ended inside a frame that says it is longer", carry.len());
            out.cut(1);
            out.reject(&carry, cut, self.offset, self.format.spec().name);
            self.offset += carry.len() as u64;
            self.lines.resume(self.offset);
        } else if !carry.is_empty() {
            self.feed_lines(&carry, out);
        }
        self.lines.flush(out);
        self.in_line = false;
        self.held = Held { from: self.offset };
    }

    fn resume(&mut self, offset: u64) {
        self.offset = offset;
        self.held = Held { from: offset };
        self.lines.resume(offset);
    }

    fn configure(&mut self, reading: &Reading) {
        self.lines.configure(reading);
    }

    fn waiting(&self) -> u64 {
        self.lines.waiting()
    }

    fn format(&self) -> &'static str {
        self.format.spec().name
    }
}
