//! What became of the frames of a source, in numbers.

use crate::BatchWriter;

/// Frames, counted twice: where they are cut, and where it is decided what becomes of them. So one side can be held against the other:
/// `cut = parsed + rejected + joined + passed_over`, but for frames that wait for more in a decoder.
///
/// A frame is a line, an object, a datagram; in a body that holds many records (a list of spans, an OTLP request) each of them is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    /// That came.
    pub cut: u64,
    /// That their format read.
    pub parsed: u64,
    /// That it could not read: each became a record, or several where it is long, with the raw body.
    pub rejected: u64,
    /// That became a part of another one's record, such as the lines of a stack trace.
    pub joined: u64,
    /// That hold nothing to keep, such as the names of columns, or an empty list.
    pub passed_over: u64,
}

impl Frames {
    /// How many were decided on.
    pub fn decided(&self) -> u64 {
        self.parsed + self.rejected + self.joined + self.passed_over
    }
}

/// How far a writer was before a frame.
#[derive(Clone, Copy, Debug)]
pub struct FrameMark {
    pub(crate) records: usize,
    pub(crate) rejects: usize,
    pub(crate) rejected: u64,
}

impl BatchWriter {
    /// So many frames came. Who cuts a source into frames says so, of each once.
    #[inline(always)]
    pub fn cut(&mut self, frames: u64) {
        self.frames.cut += frames;
    }

    /// So many frames became a part of another one's record.
    pub fn joined(&mut self, frames: u64) {
        self.frames.joined += frames;
    }

    /// So many frames hold nothing to keep.
    pub fn passed_over(&mut self, frames: u64) {
        self.frames.passed_over += frames;
    }

    /// For [`read`](Self::read): before a frame is given to its format.
    #[inline(always)]
    pub fn mark(&self) -> FrameMark {
        FrameMark { records: self.len(), rejects: self.batch.rejects.len(), rejected: self.frames.rejected }
    }

    /// Its format read the frame: whatever it holds counts as a frame of its own.
    #[inline(always)]
    pub fn read(&mut self, before: FrameMark) {
        let rejects = self.batch.rejects.len() - before.rejects;
        let parsed = (self.len() - before.records).saturating_sub(rejects) as u64;
        let decided = parsed + self.frames.rejected - before.rejected;
        self.frames.parsed += parsed;
        match decided {
            0 => self.frames.passed_over += 1,
            more => self.frames.cut += more - 1,
        }
    }

    /// What became of the frames so far.
    pub fn frames(&self) -> Frames {
        self.frames
    }
}
