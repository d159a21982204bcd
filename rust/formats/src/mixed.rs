//! A source in which several formats stand: one program's access and error lines in one file, as containers and mounted logs have them.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    Decoder, Format, Framing, Likely, Spec,
    detect::{Candidates, surest},
    open_framed,
};

/// After so many lines one after the other that no format knew, only one of them each time so many is offered to all formats again.
const MISSES_MAX: u32 = 64;

/// A line that looks this much like another format begins a record: a statement of several lines may look a little like anything.
const BEGINS: Likely = Likely(90);

/// The format of a source, and the others for the lines that it cannot read. For one source.
pub(crate) struct Mixed {
    format: Arc<dyn Format>,
    candidates: Candidates,
    misses: AtomicU32,
}

impl Mixed {
    /// The decoder of a source of this format. Only a source of lines may be mixed, and only where the format leaves cutting these to us.
    pub(crate) fn open(format: &Arc<dyn Format>, candidates: &Candidates, frame_bytes_max: usize) -> Box<dyn Decoder> {
        if !format.framing().is_lines() || format.has_own_decoder() {
            return Arc::clone(format).open(frame_bytes_max);
        }
        open_framed(Arc::new(Self::of(format, candidates)), frame_bytes_max)
    }

    /// The format of lines that come in something else, for one source.
    pub(crate) fn inside(format: &Arc<dyn Format>, candidates: &Candidates) -> Arc<dyn Format> {
        Arc::new(Self::of(format, candidates))
    }

    fn of(format: &Arc<dyn Format>, candidates: &Candidates) -> Self {
        Self { format: Arc::clone(format), candidates: Arc::clone(candidates), misses: AtomicU32::new(0) }
    }

    /// Whether a line is beyond much doubt of another format.
    #[cold]
    #[inline(never)]
    fn is_of_another(&self, line: &[u8]) -> bool {
        surest(&self.candidates, line).is_some_and(|other| other.likely(line) >= BEGINS)
    }

    /// Reads a line that is not of the source's format by another one that is sure of it.
    #[cold]
    #[inline(never)]
    fn otherwise(&self, frame: Text<'_>, reason: RejectReason, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let misses = self.misses.fetch_add(1, Ordering::Relaxed);
        if misses > MISSES_MAX && !misses.is_multiple_of(MISSES_MAX) {
            return Err(reason);
        }
        let Some(other) = surest(&self.candidates, frame.bytes()).filter(|other| !std::ptr::eq(other.spec(), self.format.spec())) else {
            return Err(reason);
        };
        other.parse(frame, out).map_err(|_| reason)?;
        self.misses.store(0, Ordering::Relaxed);
        Ok(())
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
