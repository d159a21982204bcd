//! Streams of bytes: a file, a connection.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use logloom_formats::{Decoder, Format};
use logloom_record::{Chunk, Delivery, Origin, Placed};

use crate::{
    Intake, OnUnreadable,
    intake::{Decoding, OUT_PER_IN},
    now_unix_nano,
};

/// One source of a resumable receiver, with what its decoder holds back.
pub struct Source {
    intake: Arc<Intake>,
    decoder: Box<dyn Decoder>,
    origin: Origin,
    keep_original: bool,
    placed: Placed,
    is_sent: bool,
    /// The source offset of the next byte to be pushed.
    fed: u64,
    /// The source offset from which the decoder still needs bytes.
    held_from: u64,
    /// How many records were made of what is below `held_from`.
    records: u64,
    /// Entries that may still be lost; the source offset that is safe once they cannot, and how many records there are below it.
    open: VecDeque<(u64, (u64, u64))>,
    durable: (u64, u64),
}

/// How a [`Source`] begins.
#[derive(Debug)]
pub struct Begin {
    /// The source offset to go on from, in bytes.
    pub offset: u64,
    /// How many records there are before it.
    pub records: u64,
    /// Whether each record keeps its original line.
    pub keep_original: bool,
    /// The longest frame; never more than the Intake's bound.
    pub frame_bytes_max: usize,
    /// What each record says of the source.
    pub placed: Placed,
    /// Whether somebody sends it, known or not: a connection, and no file.
    pub is_sent: bool,
}

impl Default for Begin {
    fn default() -> Self {
        Self { offset: 0, records: 0, keep_original: true, frame_bytes_max: usize::MAX, placed: Placed::default(), is_sent: false }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("origin", &self.origin).field("durable", &self.durable).finish_non_exhaustive()
    }
}

impl Source {
    /// A source that goes on at `offset` bytes. `origin` says whose it is; its arrival time is set with each push.
    pub fn new(intake: Arc<Intake>, format: Arc<dyn Format>, origin: Origin, offset: u64, keep_original: bool) -> Self {
        Self::open(intake, format, origin, Begin { offset, keep_original, ..Begin::default() })
    }

    /// The same, otherwise than by default.
    pub fn open(intake: Arc<Intake>, format: Arc<dyn Format>, origin: Origin, begin: Begin) -> Self {
        let Begin { offset, records, keep_original, frame_bytes_max, placed, is_sent } = begin;
        let mut decoder = format.open(intake.limits().frame_bytes_max.min(frame_bytes_max));
        decoder.resume(offset);
        Self {
            intake,
            decoder,
            origin,
            keep_original,
            placed,
            is_sent,
            fed: offset,
            held_from: offset,
            records,
            open: VecDeque::new(),
            durable: (offset, records),
        }
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
        self.durable().0
    }

    /// The same, and how many records there are below it.
    pub fn durable(&mut self) -> (u64, u64) {
        let safe = self.intake.journal().safe();
        while let Some(&(_, reached)) = self.open.front().filter(|(entry, _)| *entry <= safe) {
            self.durable = reached;
            self.open.pop_front();
        }
        self.durable
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
        let decoding = Decoding {
            decoder: &mut *self.decoder,
            keep_original: self.keep_original,
            out_per_in: OUT_PER_IN,
            placed: Some((&self.placed, self.records)),
            flush,
            is_message: false,
            unreadable: OnUnreadable::Keep,
            is_sent: self.is_sent,
        };
        let mut delivery = self.intake.push(&chunk, decoding, &mut self.held_from);
        if let Delivery::Done(done) = &mut delivery {
            self.fed += len;
            self.records += done.accepted;
            let safe = (if flush { self.fed } else { self.held_from }, self.records);
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
