//! Lines, and the records that several of them make.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, Text};
use memchr::memchr;

use super::{
    Decoder, Held, Reading,
    cutter::{Cutter, Line, Part, Sink},
    join::{Join, Next, Outer, Pushed, read_outer},
    objects::{self, Open, Step},
    read_frame, too_long,
};
use crate::Format;

/// Cuts a source into lines, and joins those that make one record. A line over the bound is kept in pieces, each a Reject.
#[derive(Debug)]
pub struct Lines<F: ?Sized> {
    cutter: Cutter,
    records: Records<F>,
}

/// What lines become.
#[derive(Debug)]
struct Records<F: ?Sized> {
    join: Join,
    /// An object that goes on over lines.
    open: Option<Box<Open>>,
    frame_bytes_max: usize,
    format: Arc<F>,
}

impl<F: Format + ?Sized> Lines<F> {
    /// A source of lines of this format.
    pub fn new(format: Arc<F>, frame_bytes_max: usize) -> Self {
        let frame_bytes_max = frame_bytes_max.max(1);
        let join = Join::new(format.framing(), frame_bytes_max);
        Self { cutter: Cutter::new(frame_bytes_max), records: Records { join, open: None, frame_bytes_max, format } }
    }
}

impl<F: Format + ?Sized> Records<F> {
    /// Whether a line is a record by itself.
    #[inline(always)]
    fn is_alone(&self, line: &[u8]) -> bool {
        !self.join.is_waiting() && self.open.is_none() && (self.format.begins(line) || self.join.is_off())
    }

    /// Lines each of which is a record.
    #[inline(always)]
    fn line_by_line(&mut self, part: Part<'_>, out: &mut BatchWriter) {
        let Part { bytes, base, checked } = part;
        let mut start = 0;
        while let Some(len) = bytes.get(start..).and_then(|rest| memchr(b'\n', rest)) {
            let end = start + without_return(bytes, start, len);
            let text = Text::of(bytes, start..end);
            let offset = base + start as u64;
            out.cut(u64::from(!text.is_empty()));
            if !self.is_alone(text.bytes()) {
                let newline = bytes.get(end..=start + len).unwrap_or_default();
                self.stray(Line { text, newline, raw: None, checked, offset }, out);
            } else if text.len() > self.frame_bytes_max {
                out.reject(text.bytes(), too_long(), offset, self.format.spec().name);
            } else if !text.is_empty() {
                read_frame(&*self.format, text, checked, offset, out);
            }
            start += len + 1;
        }
    }

    /// A line among those that are no records of the format, or the record after them.
    #[cold]
    #[inline(never)]
    fn stray(&mut self, line: Line<'_>, out: &mut BatchWriter) {
        if self.open.is_some() {
            return self.part(line, out);
        }
        if self.format.goes_on_over_lines() && objects::is_part(line.text.bytes()) {
            if !(self.join.is_waiting() && self.join.extend(&*self.format, pushed(line), out)) {
                self.part(line, out);
            }
            return;
        }
        self.join.push(&*self.format, pushed(line), out);
        if self.join.is_record() {
            self.join.flush(&*self.format, out);
        }
    }

    /// A line of an object that goes on over lines, or may.
    #[inline(never)]
    fn part(&mut self, line: Line<'_>, out: &mut BatchWriter) {
        let is_first = self.open.is_none();
        let skipped = if is_first { objects::before(line.text.bytes()) } else { 0 };
        let rest = line.text.after(skipped);
        if is_first && objects::is_between(rest.bytes()) {
            return out.passed_over(u64::from(!line.text.is_empty()));
        }
        // What came otherwise is kept from its beginning.
        let from = if line.raw.is_some() { line.offset } else { line.offset + skipped as u64 };
        let mut open = self.open.take().unwrap_or_else(|| Box::new(Open::new(from)));
        match open.take(rest.bytes(), line.newline, line.raw, self.frame_bytes_max) {
            Step::GoesOn => {
                open.waiting += u64::from(!line.text.is_empty());
                self.open = Some(open);
            }
            Step::Ends(end) if objects::is_between(rest.after(end).bytes()) => {
                let before = (open.lines.len(), open.raws.len());
                open.raws.extend(line.raw.map(|raw| (before.0, raw.to_vec())));
                open.lines.extend_from_slice(rest.bytes().get(..end).unwrap_or_default());
                if is_first || objects::is_good(&open.lines) {
                    out.joined(open.waiting);
                    let (text, came) = (Text::from(open.lines.as_slice()), open.came());
                    return self.alone(Line { text, newline: b"", raw: came.as_deref(), checked: false, offset: open.from }, out);
                }
                open.lines.truncate(before.0);
                open.raws.truncate(before.1);
                self.abandon(&open, out);
                self.whole(line, out);
            }
            _ => {
                self.abandon(&open, out);
                if is_first {
                    self.alone(Line { checked: false, ..line }, out);
                } else {
                    self.whole(line, out);
                }
            }
        }
    }

    /// Reads the lines of what was no object after all.
    fn abandon(&mut self, open: &Open, out: &mut BatchWriter) {
        let (mut at, mut offset) = (0, open.from);
        let mut raws = open.raws.iter().peekable();
        for kept in open.lines.split_inclusive(|byte| *byte == b'\n') {
            let line = kept.strip_suffix(b"\n").unwrap_or(kept);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let newline = kept.get(line.len()..).unwrap_or_default();
            let raw = raws.next_if(|(from, _)| *from == at).map(|(_, raw)| raw.as_slice());
            self.alone(Line { text: Text::from(line), newline, raw, checked: false, offset }, out);
            at += kept.len();
            offset += (raw.unwrap_or(line).len() + newline.len()) as u64;
        }
    }

    /// A line that is a record by itself.
    #[inline(always)]
    fn alone(&self, line: Line<'_>, out: &mut BatchWriter) {
        if line.text.len() > self.frame_bytes_max {
            out.reject(line.text.bytes(), too_long(), line.offset, self.format.spec().name);
        } else if let Some(raw) = line.raw {
            out.cut(u64::from(line.text.is_empty()));
            read_outer(&*self.format, line.text, false, outer(raw), line.offset, out);
        } else if !line.text.is_empty() {
            read_frame(&*self.format, line.text, line.checked, line.offset, out);
        }
    }

    /// One line, given by itself.
    fn whole(&mut self, line: Line<'_>, out: &mut BatchWriter) {
        if !self.join.is_line_by_line() {
            self.join.push(&*self.format, pushed(line), out);
        } else if !self.is_alone(line.text.bytes()) {
            self.stray(line, out);
        } else {
            self.alone(line, out);
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
            out.cut(u64::from(!line.is_empty()));
            if self.join.is_waiting() {
                let newline = bytes.get(end..=start + len).unwrap_or_default();
                if self.join.extend(&*self.format, Pushed { line, newline, outer: None, offset }, out) {
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

fn pushed(line: Line<'_>) -> Pushed<'_> {
    Pushed { line: line.text.bytes(), newline: line.newline, outer: line.raw.map(outer), offset: line.offset }
}

fn outer(raw: &[u8]) -> Outer<'_> {
    Outer { raw, time_unix_nano: 0, attributes: &[] }
}

impl<F: Format + ?Sized> Sink for Records<F> {
    #[inline(always)]
    fn part(&mut self, part: Part<'_>, out: &mut BatchWriter) {
        if self.join.is_line_by_line() {
            self.line_by_line(part, out);
        } else {
            self.joined(part, out);
        }
    }

    fn line(&mut self, line: Line<'_>, out: &mut BatchWriter) {
        out.cut(u64::from(!line.text.is_empty()));
        self.whole(line, out);
    }
    fn break_off(&mut self, out: &mut BatchWriter) {
        if let Some(open) = self.open.take() {
            self.abandon(&open, out);
        }
        self.join.flush(&*self.format, out);
    }

    fn name(&self) -> &'static str {
        self.format.spec().name
    }
}

impl<F: Format + ?Sized> Decoder for Lines<F> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        out.set_chunk(chunk);
        self.cutter.feed(chunk, &mut self.records, out);
        let from = self.records.join.held_from(self.cutter.offset);
        Held { from: self.records.open.as_ref().map_or(from, |open| open.from.min(from)) }
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        self.cutter.flush(&mut self.records, out);
        self.records.break_off(out);
    }

    fn resume(&mut self, offset: u64) {
        self.cutter.offset = offset;
    }

    fn configure(&mut self, reading: &Reading) {
        self.cutter.configure(reading);
        self.records.join.configure(&reading.multiline);
    }

    fn waiting(&self) -> u64 {
        self.records.join.waiting() + self.records.open.as_ref().map_or(0, |open| open.waiting)
    }

    fn format(&self) -> &'static str {
        self.records.format.spec().name
    }
}
