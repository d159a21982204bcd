//! Which lines make one record.

use logloom_record::{BatchWriter, Text};

use super::{Multiline, read_begun, read_frame, read_joined};
use crate::{
    Began, Format, Framing,
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
    /// What that line said by its beginning, and what the line said that was looked at last.
    began: Began,
    last_began: Began,
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
    outer: Kept,
}

/// What a line came in, where that is not the line alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outer<'o> {
    /// The line as it came.
    pub(crate) raw: &'o [u8],
    /// The time of a record that has none of its own; 0 for none.
    pub(crate) time_unix_nano: u64,
    /// Attributes, encoded as a record's.
    pub(crate) attributes: &'o [u8],
}

/// What the lines of the record that waits came in: all as they came, the rest from the first.
#[derive(Debug, Default)]
struct Kept {
    is_set: bool,
    raw: Vec<u8>,
    /// Where the last line ends in `raw` that is not blank.
    end: usize,
    time_unix_nano: u64,
    attributes: Vec<u8>,
}

/// A line that is pushed: itself, what ended it, what it came in, and where that is in the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pushed<'l> {
    pub(crate) line: &'l [u8],
    pub(crate) newline: &'l [u8],
    pub(crate) outer: Option<Outer<'l>>,
    pub(crate) offset: u64,
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
            began: Began::default(),
            last_began: Began::default(),
            has_ended: false,
            has_blank: false,
            trace: Trace::default(),
            from: 0,
            waiting: Vec::new(),
            end: 0,
            outer: Kept::default(),
        }
    }

    pub(crate) fn configure(&mut self, how: &Multiline) {
        self.how = how.clone();
    }

    /// From here on records are those of a format of this framing; none waits.
    pub(crate) fn reframe(&mut self, framing: Framing) {
        self.framing = framing;
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

    /// How many lines wait.
    pub(crate) fn waiting(&self) -> u64 {
        if self.is_waiting() { u64::from(self.lines) } else { 0 }
    }

    /// The source offset of the record that waits; `otherwise` where none does.
    pub(crate) fn held_from(&self, otherwise: u64) -> u64 {
        if self.is_waiting() { self.from } else { otherwise }
    }

    /// What `line`, which is not empty, is to the open record, whose bytes are `open` and which would have `len` bytes with it.
    #[inline(always)]
    pub(crate) fn next<F: Format + ?Sized>(&mut self, format: &F, open: &[u8], line: &[u8], len: usize) -> Next {
        // What a runtime prints of its own accord is no record, whatever records may begin with.
        let began = match self.how {
            Multiline::Auto => format.began(line).filter(|_| !breaks_away(line)),
            _ => Some(Began::default()),
        };
        let is_record = began.is_some();
        self.last_began = began.unwrap_or_default();
        let joins = self.lines > 0
            && match &self.how {
                Multiline::Auto if is_record => self.is_record && format.goes_on(open, line),
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
            self.began = self.last_began;
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

    /// Adds the next line to the record that waits, if it is one of it, and else reads that record; answers whether the line was taken. A
    /// blank line is one of the record as soon as another one follows that is.
    pub(crate) fn extend<F: Format + ?Sized>(&mut self, format: &F, next: Pushed<'_>, out: &mut BatchWriter) -> bool {
        let Pushed { line, newline, outer, .. } = next;
        let waiting = std::mem::take(&mut self.waiting);
        let len = waiting.len() + line.len();
        let joins = if line.is_empty() {
            len <= self.frame_bytes_max
        } else {
            self.next(format, waiting.get(..self.end).unwrap_or_default(), line, len) == Next::Joins
        };
        self.waiting = waiting;
        if !joins {
            self.flush(format, out);
            return line.is_empty();
        }
        self.wrap(line, outer);
        if line.is_empty() {
            self.has_blank = true;
        } else {
            self.end = len;
            self.take(Next::Joins, line, 0);
        }
        self.waiting.extend_from_slice(line);
        self.waiting.extend_from_slice(newline);
        true
    }

    /// The next line of a source all of whose records wait here; see [`extend`](Self::extend).
    pub(crate) fn push<F: Format + ?Sized>(&mut self, format: &F, next: Pushed<'_>, out: &mut BatchWriter) {
        let Pushed { line, newline, outer, offset } = next;
        if (self.is_waiting() && self.extend(format, next, out)) || line.is_empty() {
            return;
        }
        let begins = self.next(format, &[], line, line.len());
        self.take(begins, line, offset);
        self.wait(line, line.len());
        self.waiting.extend_from_slice(newline);
        if let Some(Outer { raw, time_unix_nano, attributes }) = outer {
            self.outer.is_set = true;
            self.outer.time_unix_nano = time_unix_nano;
            self.outer.raw.extend_from_slice(raw);
            self.outer.end = raw.len();
            self.outer.attributes.extend_from_slice(attributes);
        }
    }

    /// Keeps what a line came in that joins the record that waits.
    fn wrap(&mut self, line: &[u8], outer: Option<Outer<'_>>) {
        if outer.is_some() && !self.outer.is_set {
            // What came before came as it is.
            self.outer.is_set = true;
            let came = self.waiting.strip_suffix(b"\n").unwrap_or(&self.waiting);
            self.outer.raw.extend_from_slice(came.strip_suffix(b"\r").unwrap_or(came));
            self.outer.end = self.end;
        }
        if self.outer.is_set {
            let newline: &[u8] = if self.waiting.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
            self.outer.raw.extend_from_slice(newline);
            self.outer.raw.extend_from_slice(outer.map_or(line, |outer| outer.raw));
            if !line.is_empty() {
                self.outer.end = self.outer.raw.len();
            }
        }
    }

    /// Reads the record that waits.
    pub(crate) fn flush<F: Format + ?Sized>(&mut self, format: &F, out: &mut BatchWriter) {
        if !self.is_waiting() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        if self.outer.is_set {
            let Kept { raw, end, time_unix_nano, attributes, .. } = &self.outer;
            out.observed_at(*time_unix_nano);
            out.envelope().time(*time_unix_nano).encoded(attributes).original(raw.get(..*end).unwrap_or_default(), false);
        }
        self.read(format, Text::of(&waiting, 0..self.end), false, out);
        out.end_envelope();
        self.outer.is_set = false;
        self.outer.raw.clear();
        self.outer.attributes.clear();
        self.waiting = waiting;
        self.waiting.clear();
        self.lines = 0;
    }

    /// Reads the open record. `checked`: it is known to be UTF-8.
    #[inline(always)]
    pub(crate) fn read<F: Format + ?Sized>(&self, format: &F, frame: Text<'_>, checked: bool, out: &mut BatchWriter) {
        if self.lines > 1 {
            out.joined(u64::from(self.lines) - 1);
        }
        if frame.len() > self.frame_bytes_max {
            return out.reject(frame.bytes(), super::too_long(), self.from, format.spec().name);
        }
        if self.lines > 1 {
            read_joined(format, frame, &self.began, checked, self.from, out);
            return out.end_envelope();
        }
        read_begun(format, frame, &self.began, checked, self.from, out);
    }
}

/// Reads a line by itself with what it came in.
#[inline(always)]
pub(crate) fn read_outer<F: Format + ?Sized>(
    format: &F,
    line: Text<'_>,
    checked: bool,
    outer: Outer<'_>,
    offset: u64,
    out: &mut BatchWriter,
) {
    read_in(outer, checked, out, |out| read_frame(format, line, checked, offset, out));
}

/// Runs `read` on what came in `outer`. `checked`: that is known to be UTF-8.
#[inline(always)]
pub(crate) fn read_in<T>(outer: Outer<'_>, checked: bool, out: &mut BatchWriter, read: impl FnOnce(&mut BatchWriter) -> T) -> T {
    out.observed_at(outer.time_unix_nano);
    out.envelope().time(outer.time_unix_nano).encoded(outer.attributes).original(outer.raw, checked);
    let result = read(out);
    out.end_envelope();
    result
}
