//! One source: its lines, joined where the receiver's `multiline` says so, and what waits in the chain.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, Origin, Text, repair};

use super::{
    NAME,
    chain::Chain,
    entry::{Base, Entry},
    run::{Run, State, base_of},
    value::Value,
};
use crate::{
    Decoder, Held, Multiline, Reading,
    decoder::{Cutter, Line, Part, RECORD_LINES_MAX, Sink, too_long},
};

/// What waits is waited for over at most so many bytes of the source: so many are read twice after a restart, at most.
const WAIT_BYTES_MAX: u64 = 4 << 20;

/// Which blanks around a line stay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blanks {
    pub(super) leading: bool,
    pub(super) trailing: bool,
}

impl Blanks {
    /// The line without those that do not.
    fn off(self, line: Text<'_>) -> Text<'_> {
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let bytes = line.bytes();
        let start = if self.leading { 0 } else { bytes.iter().take_while(|byte| is_blank(byte)).count() };
        let end = if self.trailing { bytes.len() } else { bytes.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1) };
        line.slice(start..end)
    }
}

/// The state of one source.
pub(super) struct Source {
    cutter: Cutter,
    /// Colours are taken out where the user says so: the Collector leaves them.
    strips_ansi: bool,
    lines: Lines,
}

/// What its lines become.
struct Lines {
    chain: Arc<Chain>,
    base: Base,
    /// Whose facts `base` has.
    origin: Arc<Origin>,
    state: State,
    multiline: Multiline,
    blanks: Blanks,
    joined: Joined,
    frame_bytes_max: usize,
}

/// Lines that make one, by the receiver's patterns.
#[derive(Default)]
struct Joined {
    bytes: Vec<u8>,
    /// As they came, where that differs.
    raw: Option<Vec<u8>>,
    lines: u32,
    has_ended: bool,
    from: u64,
}

impl Source {
    pub(super) fn new(chain: Arc<Chain>, (blanks, strips_ansi): (Blanks, bool), frame_bytes_max: usize) -> Self {
        let frame_bytes_max = frame_bytes_max.max(1);
        let state = State::new(chain.slots);
        let lines = Lines {
            chain,
            base: Base::default(),
            origin: Arc::default(),
            state,
            multiline: Multiline::Off,
            blanks,
            joined: Joined::default(),
            frame_bytes_max,
        };
        let mut source = Self { cutter: Cutter::new(frame_bytes_max), strips_ansi, lines };
        source.configure(&Reading::default());
        source
    }

    /// A line that nothing follows.
    pub(super) fn alone(&mut self, line: Text<'_>, out: &mut BatchWriter) {
        self.lines.learn(out);
        // Who gave the line has counted it: what it becomes is counted by its records.
        self.lines.enter(line, None, true, (out.frame_offset(), 0), out);
        self.lines.run(out, |run| run.end(true));
    }
}

impl Lines {
    /// Takes note of what is known of the source.
    fn learn(&mut self, out: &BatchWriter) {
        let origin = out.origin();
        if self.origin.resource != origin.resource || self.origin.arrival_unix_nano == 0 {
            self.base = base_of(origin);
        }
        self.origin = Arc::clone(origin);
    }

    fn run(&mut self, out: &mut BatchWriter, act: impl FnOnce(&mut Run<'_, '_>)) {
        let Self { chain, base, origin, state, .. } = self;
        act(&mut Run { chain, base, state, origin, out });
    }

    /// One line, which was counted.
    #[inline(always)]
    fn take(&mut self, line: Line<'_>, out: &mut BatchWriter) {
        if let Multiline::Patterns(patterns) = &self.multiline {
            let patterns = Arc::clone(patterns);
            let bytes = line.text.bytes();
            let joined = &mut self.joined;
            let is_full = joined.lines >= RECORD_LINES_MAX || joined.bytes.len() + bytes.len() >= self.frame_bytes_max;
            if joined.lines > 0 && (is_full || !patterns.continues(bytes, joined.has_ended)) {
                self.end_joined(out);
            }
            let joined = &mut self.joined;
            if joined.lines == 0 {
                joined.from = line.offset;
            } else {
                joined.bytes.push(b'\n');
                if let Some(raw) = &mut joined.raw {
                    raw.push(b'\n');
                }
            }
            if line.raw.is_some() && joined.raw.is_none() {
                joined.raw = Some(joined.bytes.clone());
            }
            if let Some(raw) = &mut joined.raw {
                raw.extend_from_slice(line.raw.unwrap_or(bytes));
            }
            joined.bytes.extend_from_slice(bytes);
            joined.lines += 1;
            joined.has_ended = patterns.ends(bytes);
            return;
        }
        self.enter(line.text, line.raw, line.checked, (line.offset, 1), out);
    }

    fn end_joined(&mut self, out: &mut BatchWriter) {
        if self.joined.lines > 0 {
            let Joined { bytes, raw, lines, from, .. } = std::mem::take(&mut self.joined);
            self.enter(Text::from(&bytes[..]), raw.as_deref(), false, (from, lines.into()), out);
        }
    }

    /// A line on its way into the chain: where it lies in the source, and how many lines it is made of.
    #[inline(always)]
    fn enter(&mut self, line: Text<'_>, raw: Option<&[u8]>, checked: bool, (offset, lines): (u64, u64), out: &mut BatchWriter) {
        if line.len() > self.frame_bytes_max {
            out.joined(lines.saturating_sub(1));
            return out.reject(line.bytes(), too_long(), offset, NAME);
        }
        let line = self.blanks.off(line);
        if line.is_empty() {
            return out.passed_over(lines);
        }
        let raw = raw.map(<[u8]>::to_vec);
        if !checked && let Some(text) = repair(line.bytes()) {
            let raw = raw.or_else(|| Some(line.bytes().to_vec()));
            return self.go(Text::from(&text[..]), raw, offset, lines, out);
        }
        self.go(line, raw, offset, lines, out);
    }

    #[inline(always)]
    fn go(&mut self, line: Text<'_>, raw: Option<Vec<u8>>, offset: u64, lines: u64, out: &mut BatchWriter) {
        let Self { chain, base, origin, state, .. } = self;
        let entry = Entry { body: Value::from(line), attributes: base.attributes.lend(), raw, offset, lines, ..Entry::default() };
        Run { chain, base, state, origin, out }.run(0, entry);
    }

    fn held_from(&self, otherwise: u64) -> u64 {
        let waiting = self.state.waiting.iter().flatten().map(|one| one.offset);
        let joined = (self.joined.lines > 0).then_some(self.joined.from);
        waiting.chain(joined).min().unwrap_or(otherwise)
    }
}

impl Sink for Lines {
    fn part(&mut self, part: Part<'_>, out: &mut BatchWriter) {
        let Part { bytes, base, checked } = part;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            let len = if end > start && bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
            let newline = bytes.get(len..=end).unwrap_or_default();
            self.line(Line { text: Text::of(bytes, start..len), newline, raw: None, checked, offset: base + start as u64 }, out);
            start = end + 1;
        }
    }

    #[inline(always)]
    fn line(&mut self, line: Line<'_>, out: &mut BatchWriter) {
        // Empty lines are none, but inside others that they lie between.
        if line.text.is_empty() && self.joined.lines == 0 {
            return;
        }
        out.cut(1);
        self.take(line, out);
    }

    fn break_off(&mut self, out: &mut BatchWriter) {
        self.end_joined(out);
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

impl Decoder for Source {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        out.set_chunk(chunk);
        self.lines.learn(out);
        self.cutter.feed(chunk, &mut self.lines, out);
        let end = self.cutter.offset;
        let is_far = end.saturating_sub(self.lines.held_from(end)) > WAIT_BYTES_MAX;
        self.lines.run(out, |run| run.end(is_far));
        Held { from: self.lines.held_from(end) }
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        self.lines.learn(out);
        self.cutter.flush(&mut self.lines, out);
        self.lines.end_joined(out);
        self.lines.run(out, |run| run.end(true));
    }

    fn resume(&mut self, offset: u64) {
        self.cutter.offset = offset;
    }

    fn configure(&mut self, reading: &Reading) {
        self.cutter.configure(&Reading { strip_ansi: self.strips_ansi, ..reading.clone() });
        // Only what the user wrote joins lines: stack traces are joined by `recombine`.
        self.lines.multiline = match &reading.multiline {
            Multiline::Auto => Multiline::Off,
            other => other.clone(),
        };
    }

    fn waiting(&self) -> u64 {
        let waiting = self.lines.state.waiting.iter().flatten().map(|one| one.lines).sum::<u64>();
        waiting + u64::from(self.lines.joined.lines)
    }

    fn format(&self) -> &'static str {
        NAME
    }
}
