//! A source in which several formats stand: one program's access and error lines in one file, as containers and mounted logs have them.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    Decoder, Format, Framing, Likely, Spec,
    detect::{Candidates, surest},
    formats::text,
    open_framed,
    plain::begins_with_time,
    time::Zone,
};

/// After so many lines one after the other that no format knew, only one of them each time so many is offered to all formats again.
const MISSES_MAX: u32 = 64;

/// A line that looks this much like another format begins a record: a statement of several lines may look a little like anything.
const BEGINS: Likely = Likely(90);

/// The format of a source, and the others for the lines that it cannot read. For one source.
pub(crate) struct Mixed {
    format: Arc<dyn Format>,
    candidates: Candidates,
    /// Of times that name none.
    zone: Zone,
    misses: AtomicU32,
}

impl Mixed {
    /// The decoder of a source of this format. Only a source of lines may be mixed, and only where the format leaves cutting these to us.
    pub(crate) fn open(format: &Arc<dyn Format>, candidates: &Candidates, zone: Zone, frame_bytes_max: usize) -> Box<dyn Decoder> {
        if !format.framing().is_lines() || format.has_own_decoder() {
            return Arc::clone(format).open(frame_bytes_max);
        }
        open_framed(Arc::new(Self::of(format, candidates, zone)), frame_bytes_max)
    }

    /// The format of lines that come in something else, for one source.
    pub(crate) fn inside(format: &Arc<dyn Format>, candidates: &Candidates, zone: Zone) -> Arc<dyn Format> {
        Arc::new(Self::of(format, candidates, zone))
    }

    fn of(format: &Arc<dyn Format>, candidates: &Candidates, zone: Zone) -> Self {
        Self { format: Arc::clone(format), candidates: Arc::clone(candidates), zone, misses: AtomicU32::new(0) }
    }

    /// Whether a line is beyond much doubt of another format, or has a time of its own.
    #[cold]
    #[inline(never)]
    fn is_of_another(&self, line: &[u8]) -> bool {
        begins_with_time(line) || surest(&self.candidates, line).is_some_and(|other| other.likely(line) >= BEGINS)
    }

    /// Reads a line that is not of the source's format by another one that is sure of it; as text, if at least it begins with a time.
    #[cold]
    #[inline(never)]
    fn otherwise(&self, frame: Text<'_>, reason: RejectReason, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let misses = self.misses.fetch_add(1, Ordering::Relaxed);
        let is_tried = misses <= MISSES_MAX || misses.is_multiple_of(MISSES_MAX);
        let other = is_tried.then(|| surest(&self.candidates, frame.bytes())).flatten();
        if let Some(other) = other.filter(|other| !std::ptr::eq(other.spec(), self.format.spec()))
            && other.parse(frame, out).is_ok()
        {
            self.misses.store(0, Ordering::Relaxed);
            return Ok(());
        }
        if begins_with_time(frame.bytes()) { text::parse(self.zone, frame, out) } else { Err(reason) }
    }
}

impl Format for Mixed {
    fn spec(&self) -> &'static Spec {
        self.format.spec()
    }

    fn framing(&self) -> Framing {
        self.format.framing()
    }

    fn begins(&self, line: &[u8]) -> bool {
        // A line of another program ends the record before it. What is indented, or may be a part of an object, goes on with that, whatever
        // it looks like.
        self.format.begins(line)
            || (!self.format.goes_on_over_lines() && !line.first().is_none_or(u8::is_ascii_whitespace) && self.is_of_another(line))
    }

    fn goes_on(&self, open: &[u8], line: &[u8]) -> bool {
        self.format.goes_on(open, line)
    }

    fn goes_on_over_lines(&self) -> bool {
        self.format.goes_on_over_lines()
    }

    fn is_text(&self) -> bool {
        self.format.is_text()
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        self.format.likely(frame)
    }

    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        match self.format.parse(frame, out) {
            Ok(()) => Ok(()),
            Err(reason) => self.otherwise(frame, reason, out),
        }
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
