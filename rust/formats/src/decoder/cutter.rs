//! A source cut into lines, each as UTF-8 without colours, whatever the source is written in.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use logloom_record::{BatchWriter, Text};
use memchr::{memchr, memchr_iter, memchr2, memrchr};

use super::{Reading, ansi, too_long};

/// Whole lines of a chunk as they came, where they lie in their source, and whether they are known to be UTF-8.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) bytes: &'a [u8],
    /// The source offset of the first byte.
    pub(crate) base: u64,
    pub(crate) checked: bool,
}

/// One line by itself.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) text: Text<'a>,
    /// What ended it in the source, as text; empty where the source ended.
    pub(crate) newline: &'a [u8],
    /// The line as it came, where it came otherwise.
    pub(crate) raw: Option<&'a [u8]>,
    /// Whether it is known to be UTF-8.
    pub(crate) checked: bool,
    /// Where it lies in the source.
    pub(crate) offset: u64,
}

/// Who takes the lines.
pub(crate) trait Sink {
    /// Takes lines as they came.
    fn part(&mut self, part: Part<'_>, out: &mut BatchWriter);
    /// Takes a line.
    fn line(&mut self, line: Line<'_>, out: &mut BatchWriter);
    /// A line follows that is too long to be given: what waits goes out before it.
    fn break_off(&mut self, out: &mut BatchWriter);
    /// The format that Rejects name.
    fn name(&self) -> &'static str;
}

/// Cuts a source into lines, also those cut in two by the end of a chunk. A line over the bound is kept in pieces, each a Reject.
#[derive(Debug)]
pub(crate) struct Cutter {
    /// Source offset of the first byte of `carry`, or of the next chunk.
    pub(crate) offset: u64,
    carry: Vec<u8>,
    /// Inside a line over the bound: how many pieces of it were written already.
    pieces: usize,
    frame_bytes_max: usize,
    /// What the source is written in; none: UTF-8.
    encoding: Option<&'static Encoding>,
    strip_ansi: bool,
    /// Whether the first bytes were seen, which tell the encoding.
    begun: bool,
}

/// So many bytes tell a byte order mark, or UTF-16 without one.
const HEAD_LEN: usize = 4;

impl Cutter {
    pub(crate) fn new(frame_bytes_max: usize) -> Self {
        Self { offset: 0, carry: Vec::new(), pieces: 0, frame_bytes_max, encoding: None, strip_ansi: true, begun: false }
    }

    pub(crate) fn configure(&mut self, reading: &Reading) {
        (self.encoding, self.strip_ansi) = (reading.encoding, reading.strip_ansi);
    }

    fn clean(&self) -> Clean {
        Clean { strip_ansi: self.strip_ansi, line_bytes_max: self.frame_bytes_max }
    }

    /// Cuts the next bytes.
    #[inline(always)]
    pub(crate) fn feed(&mut self, chunk: &[u8], sink: &mut impl Sink, out: &mut BatchWriter) {
        let mut chunk = chunk;
        if !self.begun || self.encoding.is_some() {
            match self.otherwise(chunk, false, sink, out) {
                Some(begun) => chunk = begun,
                None => return,
            }
        }
        let Some(last) = memrchr(b'\n', chunk) else { return self.carry(chunk, sink, out) };
        let mut start = 0;
        if (self.pieces > 0 || !self.carry.is_empty())
            && let Some(end) = memchr(b'\n', chunk)
        {
            self.end_carry(chunk.get(..end).unwrap_or_default(), b"\n", sink, out);
            start = end + 1;
        }
        // One look at all whole lines: a character cut by the end of the chunk must not send them all the slow way.
        let whole = chunk.get(start..=last).unwrap_or_default();
        let part = Part { bytes: whole, base: self.offset, checked: simdutf8::basic::from_utf8(whole).is_ok() };
        let odd = if self.strip_ansi { memchr2(0x1b, 0, whole) } else { memchr(0, whole) };
        if odd.is_some() {
            one_by_one(part, self.clean(), sink, out);
        } else {
            sink.part(part, out);
        }
        self.offset += whole.len() as u64;
        self.carry(chunk.get(last + 1..).unwrap_or_default(), sink, out);
    }

    /// Takes the line that has no end as it is.
    pub(crate) fn flush(&mut self, sink: &mut impl Sink, out: &mut BatchWriter) {
        let is_plain = (self.begun && self.encoding.is_none()) || self.otherwise(&[], true, sink, out).is_some();
        if is_plain && (self.pieces > 0 || !self.carry.is_empty()) {
            self.end_carry(&[], &[], sink, out);
        }
    }

    /// Ends the carried line with `rest`, the part of it that this chunk has, and its newline.
    fn end_carry(&mut self, rest: &[u8], newline: &[u8], sink: &mut impl Sink, out: &mut BatchWriter) {
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(rest);
        let len = carry.strip_suffix(b"\r").unwrap_or(&carry).len();
        carry.extend_from_slice(newline);
        let (line, newline) = carry.split_at(len);
        if self.pieces > 0 {
            out.reject_from(line, too_long(), self.offset, sink.name(), Some(self.pieces));
            self.pieces = 0;
        } else {
            let text = Text::of(&carry, 0..len);
            give(Line { text, newline, raw: None, checked: false, offset: self.offset }, self.clean(), sink, out);
        }
        self.offset += carry.len() as u64;
        carry.clear();
        self.carry = carry;
    }

    /// Takes bytes of a line that has not ended yet; what is over the bound goes out as pieces. One byte over it may yet be a CR.
    fn carry(&mut self, bytes: &[u8], sink: &mut impl Sink, out: &mut BatchWriter) {
        self.carry.extend_from_slice(bytes);
        let mut gone = 0;
        while self.carry.len() - gone > self.frame_bytes_max + 1 {
            sink.break_off(out);
            let piece = self.carry.get(gone..gone + self.frame_bytes_max).unwrap_or_default();
            out.reject_from(piece, too_long(), self.offset, sink.name(), Some(self.pieces));
            self.offset += piece.len() as u64;
            self.pieces += 1;
            gone += self.frame_bytes_max;
        }
        self.carry.drain(..gone);
    }

    /// The first bytes of a source, and sources that are not UTF-8. Answers with what is left to be read as UTF-8.
    #[cold]
    #[inline(never)]
    fn otherwise<'c>(&mut self, chunk: &'c [u8], ended: bool, sink: &mut impl Sink, out: &mut BatchWriter) -> Option<&'c [u8]> {
        if !self.begun {
            let head: Vec<u8> = self.carry.iter().chain(chunk).copied().take(HEAD_LEN).collect();
            let is_plain = matches!(head[..], [first, second, ..] if !matches!(first, 0 | 0xef | 0xfe | 0xff) && second != 0);
            if head.len() < HEAD_LEN && !is_plain && !ended {
                // Nothing is told from fewer, and lines that short may wait for more.
                self.carry.extend_from_slice(chunk);
                return None;
            }
            self.begun = true;
            let (encoding, mark_len) = encoding_of(&head, self.encoding);
            self.encoding = encoding;
            self.offset += mark_len as u64;
            let carried = mark_len.min(self.carry.len());
            self.carry.drain(..carried);
            let chunk = chunk.get(mark_len - carried..).unwrap_or_default();
            if self.encoding.is_some() {
                return self.otherwise(chunk, ended, sink, out);
            }
            // Of what was carried lines may have ended.
            if memchr(b'\n', &self.carry).is_some() {
                let carried = std::mem::take(&mut self.carry);
                self.feed_carried(&carried, sink, out);
            }
            return Some(chunk);
        }
        let Some(encoding) = self.encoding else { return Some(chunk) };
        let mut bytes = std::mem::take(&mut self.carry);
        bytes.extend_from_slice(chunk);
        let mut start = 0;
        while let Some((len, newline_len)) = line_end(bytes.get(start..).unwrap_or_default(), encoding, ended) {
            let line = bytes.get(start..start + len).unwrap_or_default();
            self.encoded(encoding, line, newline_len > 0, sink, out);
            start += len + newline_len;
            self.offset += (len + newline_len) as u64;
        }
        bytes.drain(..start);
        while bytes.len() > self.frame_bytes_max + HEAD_LEN {
            sink.break_off(out);
            let piece: Vec<u8> = bytes.drain(..self.frame_bytes_max & !1).collect();
            out.reject_from(&piece, too_long(), self.offset, sink.name(), Some(self.pieces));
            self.offset += piece.len() as u64;
            self.pieces += 1;
        }
        self.carry = bytes;
        None
    }

    /// Lines among the first bytes, which are few.
    fn feed_carried(&mut self, carried: &[u8], sink: &mut impl Sink, out: &mut BatchWriter) {
        let mut rest = carried;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            self.end_carry(line, b"\n", sink, out);
            rest = after.get(1..).unwrap_or_default();
        }
        self.carry(rest, sink, out);
    }

    /// One line in another encoding.
    fn encoded(&mut self, encoding: &'static Encoding, raw: &[u8], has_newline: bool, sink: &mut impl Sink, out: &mut BatchWriter) {
        if self.pieces > 0 || raw.len() > self.frame_bytes_max {
            if self.pieces == 0 {
                sink.break_off(out);
            }
            let part = (self.pieces > 0).then_some(self.pieces);
            out.cut(u64::from(part.is_none()));
            out.reject_from(raw, too_long(), self.offset, sink.name(), part);
            self.pieces = 0;
            return;
        }
        let (text, malformed): (Cow<'_, str>, bool) = encoding.decode_without_bom_handling(raw);
        let bare = text.strip_suffix('\r');
        let newline: &[u8] = match (has_newline, bare) {
            (true, Some(_)) => b"\r\n",
            (true, None) => b"\n",
            (false, _) => b"",
        };
        let text = bare.unwrap_or(&text);
        let line = Line { text: Text::from(text), newline, raw: malformed.then_some(raw), checked: true, offset: self.offset };
        give(line, self.clean(), sink, out);
    }
}

/// What is taken from lines before they are given.
#[derive(Clone, Copy)]
struct Clean {
    strip_ansi: bool,
    /// A longer one becomes Rejects as it came.
    line_bytes_max: usize,
}

/// Gives a line without its colours.
fn give(line: Line<'_>, clean: Clean, sink: &mut impl Sink, out: &mut BatchWriter) {
    if line.text.len() > clean.line_bytes_max {
        return sink.line(line, out);
    }
    // A file that was cut off while it was written to begins with a hole of NULs.
    let nuls = line.text.bytes().iter().take_while(|byte| **byte == 0).count();
    let line = Line { text: line.text.after(nuls), offset: line.offset + nuls as u64, ..line };
    let mut plain = Vec::new();
    if clean.strip_ansi && ansi::strip(line.text.bytes(), &mut plain) {
        return sink.line(Line { text: Text::from(plain.as_slice()), raw: line.raw.or(Some(line.text.bytes())), ..line }, out);
    }
    sink.line(line, out);
}

/// Lines some of which have colours or holes.
#[cold]
#[inline(never)]
fn one_by_one(part: Part<'_>, clean: Clean, sink: &mut impl Sink, out: &mut BatchWriter) {
    let mut start = 0;
    for end in memchr_iter(b'\n', part.bytes) {
        let line = part.bytes.get(start..end).unwrap_or_default();
        let len = line.strip_suffix(b"\r").unwrap_or(line).len();
        let newline = part.bytes.get(start + len..=end).unwrap_or_default();
        let text = Text::of(part.bytes, start..start + len);
        give(Line { text, newline, raw: None, checked: part.checked, offset: part.base + start as u64 }, clean, sink, out);
        start = end + 1;
    }
}

/// What a source that begins with `head` is written in, where `given` was said of it; and the length of its byte order mark.
fn encoding_of(head: &[u8], given: Option<&'static Encoding>) -> (Option<&'static Encoding>, usize) {
    let (found, mark_len) = match *head {
        [0xef, 0xbb, 0xbf, ..] => (None, 3),
        [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
        // Without a mark, as behind the beginning of a file: characters of ASCII.
        [1..=255, 0, 1..=255, 0] => (Some(UTF_16LE), 0),
        [0, 1..=255, 0, 1..=255] => (Some(UTF_16BE), 0),
        _ => (None, 0),
    };
    match given {
        None => (found, mark_len),
        // A mark belongs to its encoding alone; elsewhere its bytes are characters.
        Some(given) if found == Some(given) => (Some(given), mark_len),
        Some(given) if given == UTF_16LE && found == Some(UTF_16BE) => (Some(UTF_16BE), mark_len),
        Some(given) => (Some(given), 0),
    }
}

/// The length of the line at the start of `bytes`, and that of what ends it.
fn line_end(bytes: &[u8], encoding: &'static Encoding, ended: bool) -> Option<(usize, usize)> {
    if bytes.is_empty() {
        return None;
    }
    let last = ended.then_some((bytes.len(), 0));
    // All other encodings have a newline's byte nowhere else.
    let unit: [u8; 2] = match encoding {
        _ if encoding == UTF_16LE => [b'\n', 0],
        _ if encoding == UTF_16BE => [0, b'\n'],
        _ => return memchr(b'\n', bytes).map(|len| (len, 1)).or(last),
    };
    bytes.chunks_exact(2).position(|two| two == unit).map(|at| (at * 2, 2)).or(last)
}
