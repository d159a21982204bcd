//! The state of one container's log.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memchr_iter;

use super::{
    Container,
    entry::{Entry, Stream, cri, docker, is_docker},
    stream::{Kind, Message, Span, State, WAIT_BYTES_MAX},
};
use crate::{
    Decoder, Held, Reading, SAMPLE_BYTES_MAX,
    decoder::{Cutter, Line, Outer, Part, Sink, strip_ansi, too_long},
};

/// A stream whose record waits is not waited for longer than this, by the times of the lines.
const WAIT_NANOS_MAX: u64 = 5_000_000_000;

/// So much of a chunk is looked at to find what is inside.
const LOOK_BYTES_MAX: usize = 4 * SAMPLE_BYTES_MAX;

/// Joins what the runtime has cut, and what makes one record of the program, in each of the two streams by itself.
pub(super) struct Containers {
    cutter: Cutter,
    lines: Lines,
}

/// What the lines become.
struct Lines {
    container: Arc<Container>,
    frame_bytes_max: usize,
    strip_ansi: bool,
    streams: [State; 2],
    /// A line of Docker's that has no end: the message has a newline that was not escaped.
    torn: Vec<u8>,
    torn_from: u64,
    /// Whether a CR stands before the newline of the last of its lines.
    torn_returned: bool,
    message: Vec<u8>,
    plain: Vec<u8>,
    attributes: Vec<u8>,
}

/// How a line came.
#[derive(Clone, Copy)]
struct Came<'r> {
    raw: &'r [u8],
    /// Whether it is known to be UTF-8.
    checked: bool,
    /// Whether a CR stands before its newline.
    returned: bool,
    offset: u64,
}

impl Containers {
    pub(super) fn new(container: Arc<Container>, frame_bytes_max: usize) -> Self {
        let frame_bytes_max = frame_bytes_max.max(1);
        let streams = [Stream::Out, Stream::Err].map(|stream| State::new(stream, &container, frame_bytes_max));
        let lines = Lines {
            container,
            frame_bytes_max,
            strip_ansi: true,
            streams,
            torn: Vec::new(),
            torn_from: 0,
            torn_returned: false,
            message: Vec::new(),
            plain: Vec::new(),
            attributes: Vec::new(),
        };
        Self { cutter: Cutter::new(frame_bytes_max), lines }
    }
}

impl Lines {
    fn name(&self) -> &'static str {
        self.container.spec.name
    }

    /// One line, at `offset`; `raw` is it as it came.
    #[inline(always)]
    fn one(&mut self, line: Text<'_>, came: Came<'_>, out: &mut BatchWriter) {
        if line.is_empty() {
            return self.blank(came.returned);
        }
        out.cut(1);
        self.next(line, came, out);
    }

    /// A line with nothing in it is one of a message that lines were made of.
    #[inline(always)]
    fn blank(&mut self, returned: bool) {
        if !self.torn.is_empty() && self.torn.len() < self.frame_bytes_max {
            self.torn.extend_from_slice(newline(self.torn_returned));
            self.torn_returned = returned;
        }
    }

    /// Keeps what began as an object and has no end, without the blank lines behind it.
    #[cold]
    fn give_up(&mut self, torn: &[u8], from: u64, out: &mut BatchWriter) {
        let len = torn.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
        out.joined(lines_in(torn) - 1);
        self.reject(torn.get(..len).unwrap_or_default(), RejectReason::truncated("the object has no end", len), from, out);
    }

    /// What a line is.
    #[inline(always)]
    fn next(&mut self, line: Text<'_>, came: Came<'_>, out: &mut BatchWriter) {
        if !self.torn.is_empty() {
            return self.mend(line, came, out);
        }
        if line.len() > self.frame_bytes_max {
            self.flush(out);
            return out.reject(came.raw, too_long(), came.offset, self.name());
        }
        if is_docker(line.bytes()) {
            return self.docker(line, came, out);
        }
        match cri(line) {
            Ok(entry) => self.entry(entry, Kind::Cri, None, came, out),
            Err(reason) => self.reject(came.raw, reason, came.offset, out),
        }
    }

    #[inline(never)]
    fn docker(&mut self, line: Text<'_>, came: Came<'_>, out: &mut BatchWriter) {
        let (mut message, mut attributes) = (std::mem::take(&mut self.message), std::mem::take(&mut self.attributes));
        attributes.clear();
        match docker(line, &mut message, &mut attributes) {
            Ok(mut entry) => {
                let mut plain = std::mem::take(&mut self.plain);
                plain.clear();
                if self.strip_ansi && strip_ansi(entry.message.bytes(), &mut plain) {
                    entry.message = Text::from(plain.as_slice());
                }
                let attrs = (!attributes.is_empty()).then_some(&mut attributes);
                self.entry(entry, Kind::Docker, attrs, came, out);
                self.plain = plain;
            }
            Err(_) if line.bytes().last() != Some(&b'}') => {
                self.torn.extend_from_slice(came.raw);
                (self.torn_from, self.torn_returned) = (came.offset, came.returned);
            }
            Err(reason) => self.reject(came.raw, reason, came.offset, out),
        }
        (self.message, self.attributes) = (message, attributes);
    }

    /// What follows a line that has no end: the rest of it, or another one.
    #[cold]
    fn mend(&mut self, line: Text<'_>, came: Came<'_>, out: &mut BatchWriter) {
        let (mut torn, from) = (std::mem::take(&mut self.torn), self.torn_from);
        if is_docker(line.bytes()) || cri(line).is_ok() || torn.len() + came.raw.len() > self.frame_bytes_max {
            self.give_up(&torn, from, out);
            return self.next(line, came, out);
        }
        torn.extend_from_slice(newline(self.torn_returned));
        torn.extend_from_slice(came.raw);
        let mut whole = Vec::with_capacity(torn.len() + 16);
        for (at, byte) in torn.iter().enumerate() {
            whole.extend_from_slice(match byte {
                b'\n' => b"\\n",
                b'\r' if torn.get(at + 1) == Some(&b'\n') => b"\\r",
                _ => std::slice::from_ref(byte),
            });
        }
        self.docker(Text::from(whole.as_slice()), Came { raw: &torn, checked: false, offset: from, ..came }, out);
        if self.torn.is_empty() {
            out.joined(lines_in(&torn) - 1);
        }
    }

    /// A line that is none of a container: what came before it is not waited for any more.
    #[cold]
    fn reject(&mut self, raw: &[u8], reason: RejectReason, offset: u64, out: &mut BatchWriter) {
        self.flush_streams(out);
        out.reject(raw, reason, offset, self.name());
    }

    /// One line, taken apart; `attrs` are attributes besides the stream's.
    #[inline(always)]
    fn entry(&mut self, entry: Entry<'_>, of: Kind, attrs: Option<&mut Vec<u8>>, came: Came<'_>, out: &mut BatchWriter) {
        let Came { raw, checked, offset, .. } = came;
        let Entry { time_unix_nano, stream, is_partial, message: text } = entry;
        let [first, second] = &mut self.streams;
        let (state, other) = if stream == Stream::Out { (first, second) } else { (second, first) };
        if other.is_open() {
            let late = time_unix_nano > other.time_unix_nano.saturating_add(WAIT_NANOS_MAX);
            if late || offset.saturating_sub(other.held_from(offset)) > WAIT_BYTES_MAX {
                other.flush(out);
            }
        }
        state.time_unix_nano = time_unix_nano;
        let (before, part) = (state.join.held_from(u64::MAX), state.partials[of as usize].span());
        let iostream = std::mem::take(&mut state.iostream);
        let attributes: &[u8] = match attrs {
            Some(attrs) => {
                attrs.extend_from_slice(&iostream);
                attrs
            }
            None => &iostream,
        };
        let message = Message { text, outer: Outer { raw, time_unix_nano, attributes }, checked, offset };
        if is_partial || part.is_some() {
            state.part(message, of, is_partial, (self.frame_bytes_max, self.container.spec.name), out);
        } else {
            state.message(message, out);
        }
        state.iostream = iostream;
        // What the other stream has open and began inside this one's message or record must not be begun at: the rest of that would come alone.
        if let Some(part) = part {
            other.is_inside(part);
        }
        let after = state.join.held_from(u64::MAX);
        if after != before {
            state.floor = part.map_or(after, |part| part.floor.min(after));
        } else if !is_partial {
            other.is_inside(Span { from: after, floor: state.floor });
        }
    }

    /// Looks at what programs write whose format is not known.
    #[cold]
    #[inline(never)]
    fn look(&mut self, lines: &[u8], out: &mut BatchWriter) {
        let mut samples = [Vec::new(), Vec::new()];
        let mut message = Vec::new();
        let mut from = 0;
        let lines = lines.get(..LOOK_BYTES_MAX).unwrap_or(lines);
        for end in memchr_iter(b'\n', lines).chain([lines.len()]) {
            let line = lines.get(from..end).unwrap_or_default();
            let line = Text::from(line.strip_suffix(b"\r").unwrap_or(line));
            from = end + 1;
            let entry = if is_docker(line.bytes()) { docker(line, &mut message, &mut Vec::new()) } else { cri(line) };
            let Ok(entry) = entry else { continue };
            let sample: &mut Vec<u8> = &mut samples[entry.stream as usize];
            if sample.len() < SAMPLE_BYTES_MAX {
                sample.extend_from_slice(entry.message.bytes());
                if !entry.is_partial {
                    sample.push(b'\n');
                }
            }
        }
        for (state, sample) in self.streams.iter_mut().zip(&samples) {
            if state.is_decided || sample.is_empty() {
                continue;
            }
            state.seen_bytes += sample.len();
            if let Some(format) = self.container.inside.find(sample) {
                state.join.flush(&*state.format, out);
                state.join.reframe(format.framing());
                state.format = format;
                state.is_decided = true;
            }
            state.is_decided |= state.seen_bytes >= SAMPLE_BYTES_MAX;
        }
    }

    fn is_decided(&self) -> bool {
        self.streams.iter().all(|state| state.is_decided)
    }

    fn flush_streams(&mut self, out: &mut BatchWriter) {
        for state in &mut self.streams {
            state.flush(out);
        }
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        if !self.torn.is_empty() {
            let torn = std::mem::take(&mut self.torn);
            self.give_up(&torn, self.torn_from, out);
        }
        self.flush_streams(out);
    }

    fn held_from(&self, otherwise: u64) -> u64 {
        let held = self.streams.iter().flat_map(State::spans).map(|span| span.again_from(otherwise)).min().unwrap_or(otherwise);
        if self.torn.is_empty() { held } else { held.min(self.torn_from) }
    }
}

/// How many lines a line is made of that came in pieces.
fn lines_in(torn: &[u8]) -> u64 {
    torn.split(|byte| *byte == b'\n').filter(|line| !matches!(*line, [] | [b'\r'])).count() as u64
}

/// What ended a line.
fn newline(returned: bool) -> &'static [u8] {
    if returned { b"\r\n" } else { b"\n" }
}

impl Sink for Lines {
    #[inline(always)]
    fn part(&mut self, part: Part<'_>, out: &mut BatchWriter) {
        let Part { bytes, base, checked } = part;
        if !self.is_decided() {
            self.look(bytes, out);
        }
        let mut start = 0;
        for end in memchr_iter(b'\n', bytes) {
            let len = if end > start && bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
            let line = Text::of(bytes, start..len);
            self.one(line, Came { raw: line.bytes(), checked, returned: len < end, offset: base + start as u64 }, out);
            start = end + 1;
        }
    }

    fn line(&mut self, line: Line<'_>, out: &mut BatchWriter) {
        if !self.is_decided() {
            self.look(line.text.bytes(), out);
        }
        let raw = line.raw.unwrap_or(line.text.bytes());
        let (checked, returned) = (line.checked && line.raw.is_none(), line.newline.first() == Some(&b'\r'));
        self.one(line.text, Came { raw, checked, returned, offset: line.offset }, out);
    }

    fn break_off(&mut self, out: &mut BatchWriter) {
        self.flush(out);
    }

    fn name(&self) -> &'static str {
        self.container.spec.name
    }
}

impl Decoder for Containers {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        out.set_chunk(chunk);
        self.cutter.feed(chunk, &mut self.lines, out);
        Held { from: self.lines.held_from(self.cutter.offset) }
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        self.cutter.flush(&mut self.lines, out);
        self.lines.flush(out);
    }

    fn resume(&mut self, offset: u64) {
        self.cutter.offset = offset;
    }

    fn configure(&mut self, reading: &Reading) {
        self.cutter.configure(reading);
        self.lines.strip_ansi = reading.strip_ansi;
        for state in &mut self.lines.streams {
            state.join.configure(&reading.multiline);
        }
    }

    fn waiting(&self) -> u64 {
        let torn = if self.lines.torn.is_empty() { 0 } else { lines_in(&self.lines.torn) };
        torn + self.lines.streams.iter().map(State::waiting).sum::<u64>()
    }

    fn format(&self) -> &'static str {
        self.lines.container.spec.name
    }
}
