//! Which lines make one record.

use logloom_record::{BatchWriter, Text};

use super::{Multiline, read_frame, read_joined};
use crate::{
    Format, Framing,
    trace::{Trace, breaks_away},
};

/// The most lines that one record may have; those after it are taken as if nothing came before them.
pub(crate) const RECORD_LINES_MAX: u32 = 8192;

/// The record that lines are joined to, and what decides. The bytes of its lines lie in the driver's chunk, or wait here for the next one.
#[derive(Debug)]
pub(crate) struct Join {
    how: Multiline,
    /// Whether a line that does not begin a record belongs to the one before.
    framing: Framing,
    frame_bytes_max: usize,
    /// How many lines the open record has; 0: none is open.
    lines: u32,
    /// Whether its first line begins one of the format's records.
    is_record: bool,
    /// Whether its last line is the last by the user's pattern.
    has_ended: bool,
    /// Whether blank lines came since its last line.
    has_blank: bool,
    /// The stack trace that it is, where its first line begins no record of the format.
    trace: Trace,
    /// The source offset of its first byte.
    from: u64,
    /// Its lines as they came, each with what ended it, and blank ones that may come to lie inside it.
    waiting: Vec<u8>,
    /// Where its last line ends in `waiting`.
    end: usize,
}

/// What a line is to the open record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A line of it.
    Joins,
    /// The first line of another one: one of the format's, or a stray.
    Begins {
        /// Whether it begins a record of the format.
        is_record: bool,
    },
}

impl Join {
    pub(crate) fn new(framing: Framing, frame_bytes_max: usize) -> Self {
        Self {
            how: Multiline::Auto,
            framing,
            frame_bytes_max,
            lines: 0,
            is_record: false,
            has_ended: false,
            has_blank: false,
            trace: Trace::default(),
            from: 0,
            waiting: Vec::new(),
            end: 0,
        }
    }

    pub(crate) fn configure(&mut self, how: &Multiline) {
        self.how = how.clone();
    }

    /// Whether a line that begins a record is one by itself, whatever follows.
    pub(crate) fn is_line_by_line(&self) -> bool {
        match self.how {
            Multiline::Auto => self.framing != Framing::Records,
            Multiline::Off => true,
            Multiline::Patterns(_) => false,
        }
    }

    /// Whether lines are never joined.
    pub(crate) fn is_off(&self) -> bool {
        matches!(self.how, Multiline::Off)
    }

    /// Whether a record is open whose lines wait here.
    #[inline(always)]
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether what waits is a record of the format, by its first line.
    pub(crate) fn is_record(&self) -> bool {
        self.is_waiting() && self.is_record
    }

    /// The source offset of the record that waits; `otherwise` where none does.
    pub(crate) fn held_from(&self, otherwise: u64) -> u64 {
        if self.is_waiting() { self.from } else { otherwise }
    }

    /// What `line`, which is not empty, is to the open record, whose bytes are `open` and which would have `len` bytes with it.
    #[inline(always)]
    pub(crate) fn next<F: Format + ?Sized>(&mut self, format: &F, open: &[u8], line: &[u8], len: usize) -> Next {
        let is_record = !matches!(self.how, Multiline::Auto) || format.begins(line);
        let joins = self.lines > 0
            && match &self.how {
                Multiline::Auto if is_record => false,
                Multiline::Auto if self.is_record => !breaks_away(line),
                Multiline::Auto => self.trace.continues(open, line, self.has_blank),
                Multiline::Off => false,
                Multiline::Patterns(patterns) => patterns.continues(line, self.has_ended),
            };
        if joins && self.lines < RECORD_LINES_MAX && len <= self.frame_bytes_max { Next::Joins } else { Next::Begins { is_record } }
    }

    /// Takes note of a blank line.
    #[inline(always)]
    pub(crate) fn blank(&mut self) {
        self.has_blank = true;
    }

    /// Takes note that `line`, at `offset`, is in the open record now, or opens one.
    #[inline(always)]
    pub(crate) fn take(&mut self, next: Next, line: &[u8], offset: u64) {
        if let Next::Begins { is_record } = next {
            (self.lines, self.is_record, self.from) = (0, is_record, offset);
            self.trace = Trace::default();
        }
        self.lines += 1;
        self.has_blank = false;
        if let Multiline::Patterns(patterns) = &self.how {
            self.has_ended = patterns.ends(line);
        }
    }

    /// Keeps the open record's bytes, all its lines end at `end` of them, for the next chunk.
    pub(crate) fn wait(&mut self, bytes: &[u8], end: usize) {
        self.waiting.extend_from_slice(bytes);
        self.end = end;
    }

    /// Adds the next line to the record that waits, if it is one of it, and else reads that record; answers whether the line was taken. `raw` is
    /// the line with what ended it; `len` bytes are the line itself. A blank line is one of the record as soon as another one follows that is.
    pub(crate) fn extend<F: Format + ?Sized>(&mut self, format: &F, raw: &[u8], len: usize, out: &mut BatchWriter) -> bool {
        let line = raw.get(..len).unwrap_or_default();
        let waiting = std::mem::take(&mut self.waiting);
        let joins = line.is_empty() && waiting.len() <= self.frame_bytes_max
            || self.next(format, waiting.get(..self.end).unwrap_or_default(), line, waiting.len() + len) == Next::Joins;
        self.waiting = waiting;
        if !joins {
            self.flush(format, out);
            return line.is_empty();
        }
        if line.is_empty() {
            self.has_blank = true;
        } else {
            self.end = self.waiting.len() + len;
            self.take(Next::Joins, line, 0);
        }
        self.waiting.extend_from_slice(raw);
        true
    }

    /// The next line of a source all of whose records wait here, at `offset`; see [`extend`](Self::extend).
    pub(crate) fn push<F: Format + ?Sized>(&mut self, format: &F, raw: &[u8], len: usize, offset: u64, out: &mut BatchWriter) {
        let line = raw.get(..len).unwrap_or_default();
        if (self.is_waiting() && self.extend(format, raw, len, out)) || line.is_empty() {
            return;
        }
        let next = self.next(format, &[], line, len);
        self.take(next, line, offset);
        self.wait(raw, len);
    }

    /// Reads the record that waits.
    pub(crate) fn flush<F: Format + ?Sized>(&mut self, format: &F, out: &mut BatchWriter) {
        if self.is_waiting() {
            let waiting = std::mem::take(&mut self.waiting);
            self.read(format, Text::of(&waiting, 0..self.end), false, out);
            self.waiting = waiting;
            self.waiting.clear();
            self.lines = 0;
        }
    }

    /// Reads the open record. `checked`: it is known to be UTF-8.
    #[inline(always)]
    pub(crate) fn read<F: Format + ?Sized>(&self, format: &F, frame: Text<'_>, checked: bool, out: &mut BatchWriter) {
        if frame.len() > self.frame_bytes_max {
            return out.reject(frame.bytes(), super::too_long(), self.from, format.spec().name);
        }
        if self.lines > 1 {
            return read_joined(format, frame, checked, self.from, out);
        }
        read_frame(format, frame, checked, self.from, out);
    }
}
