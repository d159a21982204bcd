//! What a receiver pushes to: the data path on one screen.

use std::sync::Arc;

use logloom_formats::Decoder;
use logloom_journal::Journal;
use logloom_record::{Batch, BatchWriter, BlockPool, Chunk, Delivery, Done, Limits, Origin};

use crate::{Counters, Pipelines};

/// Decodes once, routes to one or more pipelines, appends all their results as one Journal entry, answers.
#[derive(Debug)]
pub struct Intake {
    journal: Arc<Journal>,
    pipelines: Pipelines,
    limits: Limits,
    counters: Counters,
}

/// How a push is decoded.
pub(crate) struct Decoding<'d> {
    pub(crate) decoder: &'d mut dyn Decoder,
    pub(crate) keep_original: bool,
    /// Nothing more follows: what waits becomes records now.
    pub(crate) flush: bool,
    /// A push of which nothing could be read is refused instead of kept as Rejects.
    pub(crate) refuse_unreadable: bool,
}

/// Bytes of OTLP made ready for one byte read; what is over is given back when the Batch is done.
const OUT_PER_IN: usize = 4;

impl Intake {
    /// An Intake that appends to `journal`.
    pub fn new(journal: Arc<Journal>, pipelines: Pipelines, limits: Limits) -> Arc<Self> {
        let counters = Counters::new(pipelines.names());
        Arc::new(Self { journal, pipelines, limits, counters })
    }

    /// The data path: decode once, route, process, append as one entry, answer. On [`Delivery::Retry`] nothing was taken, not even by
    /// the decoder: the same chunk may be pushed again. `held_from` is set to the source offset from which bytes are still needed.
    pub(crate) fn push(&self, chunk: &Chunk, decoding: Decoding<'_>, held_from: &mut u64) -> Delivery {
        if let Err(full) = self.journal.admit() {
            return Delivery::Retry(full.retry_after);
        }
        let refuse_unreadable = decoding.refuse_unreadable;
        let batch = self.decode(chunk, decoding, held_from);
        if refuse_unreadable && !batch.is_empty() && batch.rejects().len() == batch.len() {
            self.counters.refused(&chunk.origin.receiver);
            return Delivery::Refuse(unreadable(&batch));
        }
        self.counters.decoded(&chunk.origin.receiver, &batch, chunk.bytes.len());
        let accepted = batch.len() as u64;
        let parts = self.pipelines.route(batch, &self.counters);
        let entry = if parts.is_empty() { 0 } else { self.journal.append(parts) };
        Delivery::Done(Done { accepted, entry, ..Done::default() })
    }

    fn decode(&self, chunk: &Chunk, decoding: Decoding<'_>, held_from: &mut u64) -> Batch {
        let Decoding { decoder, keep_original, flush, .. } = decoding;
        let estimate = chunk.bytes.len().saturating_mul(OUT_PER_IN).min(Limits::BLOCK_BYTES_MAX);
        let mut out = BatchWriter::new(BlockPool::global(), &self.limits, &chunk.origin, estimate);
        out.keep_original(keep_original);
        if !chunk.bytes.is_empty() {
            *held_from = decoder.feed(&chunk.bytes, &mut out).from;
        }
        if flush {
            decoder.flush(&mut out);
        }
        let batch = out.finish();
        if chunk.origin.format == decoder.format() {
            return batch;
        }
        // `auto` knows only now what it read; conditions ask for it.
        let origin = Origin { format: decoder.format().into(), ..Origin::clone(&chunk.origin) };
        batch.with_origin(Arc::new(origin))
    }

    /// The journal that is appended to.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What went through.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

/// Why a message was refused: its first reject speaks for it.
fn unreadable(batch: &Batch) -> String {
    let Some(first) = batch.rejects().first() else { return "nothing could be read".into() };
    let (what, at, format) = (first.reason.what, first.offset + u64::from(first.reason.at), first.format);
    format!("{what} at byte {at} (read as {format})")
}
