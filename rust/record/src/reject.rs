//! Frames that a Format could not read.

use crate::{BatchWriter, Scalar, Text, cursor::Tail};

/// Why in general; what a metric is labelled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RejectKind {
    /// The frame does not have the format's shape.
    Syntax,
    /// A value is not of the type or range that its place asks for.
    Value,
    /// A bound of [`Limits`](crate::Limits) was exceeded.
    Limit,
    /// The source ended inside the frame.
    Truncated,
}

impl RejectKind {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Value => "value",
            Self::Limit => "limit",
            Self::Truncated => "truncated",
        }
    }
}

/// What a Format says of a frame that it cannot read. Small and free to make: bad lines may come at line rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectReason {
    /// Why in general.
    pub kind: RejectKind,
    /// What was expected or wrong, for people: "expected '[' before the start time".
    pub what: &'static str,
    /// Where in the frame, in bytes.
    pub at: u32,
}

impl RejectReason {
    /// The frame does not have the format's shape at byte `at`.
    #[cold]
    pub fn syntax(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Syntax, what, at: u32::try_from(at).unwrap_or(u32::MAX) }
    }

    /// A value at byte `at` is of the wrong type or range.
    #[cold]
    pub fn value(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Value, ..Self::syntax(what, at) }
    }

    /// A bound was exceeded at byte `at`.
    #[cold]
    pub fn limit(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Limit, ..Self::syntax(what, at) }
    }

    /// The source ended at byte `at`, inside the frame.
    #[cold]
    pub fn truncated(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Truncated, ..Self::syntax(what, at) }
    }
}

/// A frame that its Format could not read. It still is a record, with the raw bytes as its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The record that keeps it: its position in the Batch.
    pub record: u32,
    /// Where the frame began in its source, in bytes.
    pub offset: u64,
    /// The frame's length in bytes.
    pub len: u32,
    /// Which Format refused it.
    pub format: &'static str,
    /// Why, and where in the frame.
    pub reason: RejectReason,
}

impl BatchWriter {
    /// Keeps a frame that its format could not read as a record with the raw body; `offset` is where the frame began in its source.
    /// A frame over `frame_bytes_max` is kept in pieces, each a record.
    pub fn reject(&mut self, frame: &[u8], reason: RejectReason, offset: u64, format: &'static str) {
        self.reject_from(frame, reason, offset, format, None);
    }

    /// Like [`reject`](Self::reject) for a frame that comes piece by piece: `part` is how many pieces of it were kept before. The first piece
    /// counts as the frame's [cut](Self::cut).
    pub fn reject_from(&mut self, frame: &[u8], reason: RejectReason, offset: u64, format: &'static str, part: Option<usize>) {
        match part {
            None => self.frames.rejected += 1,
            Some(0) => {
                self.frames.cut += 1;
                self.frames.rejected += 1;
            }
            Some(_) => {}
        }
        if self.is_full() {
            return;
        }
        // What could not be read says nothing of whose it is: not what the frame before it said.
        self.use_channel();
        let max = self.limits().frame_bytes_max.clamp(1, 1 << 20);
        let pieces = frame.len().div_ceil(max).max(1);
        let first = part.or((pieces > 1).then_some(0));
        // A part of a frame that holds many is rejected, too: the others count from where the frame began.
        let frame_offset = self.frame_offset();
        for part in 0..pieces {
            let from = part * max;
            let piece = frame.get(from..frame.len().min(from + max)).unwrap_or_default();
            let record = self.len() as u32;
            self.set_frame_offset(offset + from as u64);
            let written = self.attempt(|out| {
                out.write_reject(piece, reason, format, first.map(|first| first + part));
                Ok(())
            });
            if written.is_ok() {
                let len = u32::try_from(piece.len()).unwrap_or(u32::MAX);
                self.batch.rejects.push(Reject { record, offset: offset + from as u64, len, format, reason });
            }
        }
        self.set_frame_offset(frame_offset);
        self.end_frame();
    }

    /// Marks the record that was just written as one that something could not be done with: it counts as rejected. `place` is where its frame
    /// began in its source, and its length, in bytes.
    pub fn refused(&mut self, reason: RejectReason, place: (u64, usize), format: &'static str) {
        self.frames.rejected += 1;
        if let Some(entry) = self.sink.index.last_mut() {
            entry.flags.0 |= crate::batch::EntryFlags::REJECT;
        }
        let record = (self.len() as u32).saturating_sub(1);
        let len = u32::try_from(place.1).unwrap_or(u32::MAX);
        self.batch.rejects.push(Reject { record, offset: place.0, len, format, reason });
    }

    fn write_reject(&mut self, piece: &[u8], reason: RejectReason, format: &'static str, part: Option<usize>) {
        let repaired = crate::text::repair(piece);
        let keeps_raw = repaired.is_some() && !self.sink.envelope.has_original;
        if keeps_raw {
            self.sink.raw = Some(piece.to_vec());
        }
        let body = repaired.as_deref().unwrap_or(piece);
        let mut rec = self
            .begin(0, 0, Text::EMPTY)
            .rejected()
            .body(Text::from(body))
            .attr_scalar(Text::from("logloom.reject.format"), Scalar::Str(Text::from(format)))
            .attr_scalar(Text::from("logloom.reject.kind"), Scalar::Str(Text::from(reason.kind.name())))
            .attr_scalar(Text::from("logloom.reject.reason"), Scalar::Str(Text::from(reason.what)))
            .attr_scalar(Text::from("logloom.reject.at"), Scalar::Int(i64::from(reason.at)));
        if let Some(part) = part {
            rec = rec.attr_scalar(Text::from("logloom.reject.part"), Scalar::Int(part as i64));
        }
        rec.finish(&Tail::default());
        if keeps_raw {
            self.sink.raw = None;
        }
    }
}
