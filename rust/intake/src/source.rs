//! Streams of bytes: a file, a connection.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use logloom_formats::{Decoder, Format};
use logloom_record::{Chunk, Delivery, Origin};

use crate::{Intake, OnUnreadable, intake::Decoding, now_unix_nano};

/// One source of a resumable receiver, with what its decoder holds back.
pub struct Source {
    intake: Arc<Intake>,
    decoder: Box<dyn Decoder>,
    origin: Origin,
    keep_original: bool,
    /// The source offset of the next byte to be pushed.
    fed: u64,
    /// The source offset from which the decoder still needs bytes.
    held_from: u64,
    /// Entries that may still be lost, and the source offset that is safe once they cannot.
    open: VecDeque<(u64, u64)>,
    durable_to: u64,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("origin", &self.origin).field("durable_to", &self.durable_to).finish_non_exhaustive()
    }
}

impl Source {
    /// A source that goes on at `offset` bytes. `origin` says whose it is; its arrival time is set with each push.
    pub fn new(intake: Arc<Intake>, format: Arc<dyn Format>, origin: Origin, offset: u64, keep_original: bool) -> Self {
        let frame_bytes_max = intake.limits().frame_bytes_max;
        Self::bounded(intake, format, origin, offset, keep_original, frame_bytes_max)
    }

    /// The same, with a bound of its own on frames, which is never more than the Intake's.
    pub fn bounded(
        intake: Arc<Intake>,
        format: Arc<dyn Format>,
        origin: Origin,
        offset: u64,
        keep_original: bool,
        frame_bytes_max: usize,
    ) -> Self {
        let mut decoder = format.open(intake.limits().frame_bytes_max.min(frame_bytes_max));
        decoder.resume(offset);
        Self { intake, decoder, origin, keep_original, fed: offset, held_from: offset, open: VecDeque::new(), durable_to: offset }
    }

    /// The next bytes. On [`Delivery::Retry`] nothing was taken: push the same again.
    pub fn push(&mut self, data: Bytes) -> Delivery {
        let len = data.len() as u64;
        self.run(data, len, false)
    }

    /// The source ended, or paused for long enough: what waits in the decoder becomes records.
    pub fn flush(&mut self) -> Delivery {
        self.run(Bytes::new(), 0, true)
    }

    /// The source offset below which everything is durable (in a journal in memory: delivered): what may be saved.
    pub fn durable_to(&mut self) -> u64 {
        let safe = self.intake.journal().safe();
        while let Some(&(_, offset)) = self.open.front().filter(|(entry, _)| *entry <= safe) {
            self.durable_to = offset;
            self.open.pop_front();
        }
        self.durable_to
    }

    /// How many bytes the decoder holds back, for the rest of a line or a record.
    pub fn held_bytes(&self) -> u64 {
        self.fed - self.held_from
    }

    /// The format in use, once it is known.
    pub fn format(&self) -> &'static str {
        self.decoder.format()
    }

    fn run(&mut self, data: Bytes, len: u64, flush: bool) -> Delivery {
        self.origin.arrival_unix_nano = now_unix_nano();
        if self.origin.format != self.decoder.format() {
            self.origin.format = self.decoder.format().into();
        }
        let chunk = Chunk::new(data, Arc::new(self.origin.clone()));
        let unreadable = OnUnreadable::Keep;
        let decoding = Decoding { decoder: &mut *self.decoder, keep_original: self.keep_original, flush, is_message: false, unreadable };
        let mut delivery = self.intake.push(&chunk, decoding, &mut self.held_from);
        if let Delivery::Done(done) = &mut delivery {
            self.fed += len;
            let safe = if flush { self.fed } else { self.held_from };
            match self.open.back_mut() {
                // Nothing was appended: what was safe with the last open entry reaches as far as this.
                Some(last) if done.entry == 0 => last.1 = safe,
                _ => self.open.push_back((done.entry, safe)),
            }
            done.durable_to = self.durable_to();
        }
        delivery
    }
}
