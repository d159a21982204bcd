//! What a receiver pushes to: the data path on one screen.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

use logloom_formats::Decoder;
use logloom_journal::{Draft, Journal, Tally};
use logloom_record::{Batch, BatchWriter, BlockPool, Chunk, Delivery, Done, Limits, Origin, Placed, Reject, Unreadable};

use crate::{Counters, OnUnreadable, Pipelines, SenderRule, Senders, Tap, TapOn, Ticked};

/// Decodes once, routes to one or more pipelines, appends all their results as one Journal entry, answers.
#[derive(Debug)]
pub struct Intake {
    journal: Arc<Journal>,
    pipelines: RwLock<Arc<Pipelines>>,
    limits: Limits,
    senders: Senders,
    pub(crate) counters: Counters,
    /// Held while processors speak by themselves: whoever flushes waits for what a tick has in hand.
    pub(crate) ticking: Mutex<()>,
}

/// How a push is decoded.
#[allow(clippy::struct_excessive_bools)] // each is a fact by itself
pub(crate) struct Decoding<'d> {
    pub(crate) decoder: &'d mut dyn Decoder,
    pub(crate) keep_original: bool,
    /// Bytes of OTLP that are made ready for each byte.
    pub(crate) out_per_in: usize,
    /// What each record says of its source, and how many records of it there were before.
    pub(crate) placed: Option<(&'d Placed, u64)>,
    /// Nothing more follows: what waits becomes records now.
    pub(crate) flush: bool,
    /// A whole message, which its sender keeps until it is acknowledged: it may be withdrawn from the journal while it is not durable.
    pub(crate) is_message: bool,
    pub(crate) unreadable: OnUnreadable,
    /// Somebody sent it, known or not: the rules for senders hold. Nobody sends what is in a file.
    pub(crate) is_sent: bool,
}

/// Bytes of OTLP made ready for one byte read, but for what is adopted; what is over is given back when the Batch is done.
pub(crate) const OUT_PER_IN: usize = 4;

/// How many bytes of OTLP the records of a message may become: a record is a hundred bytes at least, and a message of nothing but the
/// smallest of them would fill the memory. Logs become three to six times as much.
fn message_otlp_bytes_max(message_bytes: usize) -> u64 {
    (message_bytes as u64).saturating_mul(8).max(64 << 20)
}

/// Other pipelines wait for pushes that are still in those of before at most so long.
const PUSH_MAX: Duration = Duration::from_secs(5);

impl Intake {
    /// An Intake that appends to `journal`.
    pub fn new(journal: Arc<Journal>, pipelines: Pipelines, limits: Limits) -> Arc<Self> {
        Self::ruled(journal, pipelines, limits, Senders::default())
    }

    /// The same, with rules for those who send.
    pub fn ruled(journal: Arc<Journal>, pipelines: Pipelines, limits: Limits, senders: Senders) -> Arc<Self> {
        let counters = Counters::new(&pipelines);
        Arc::new(Self { journal, pipelines: RwLock::new(Arc::new(pipelines)), limits, senders, counters, ticking: Mutex::default() })
    }

    /// From now on these take what comes. A push goes through the pipelines that there are when it was decoded, all of them. Processors
    /// that are in none of the new ones say what they hold.
    pub fn take_pipelines(&self, mut pipelines: Pipelines) -> Ticked {
        let _one = self.ticking.lock().unwrap_or_else(PoisonError::into_inner);
        self.counters.know(&pipelines);
        pipelines.taps = Arc::clone(&self.pipelines().taps); // who looks on goes on looking
        let now = Arc::new(pipelines);
        let before = std::mem::replace(&mut *self.pipelines.write().unwrap_or_else(PoisonError::into_inner), Arc::clone(&now));
        let until = Instant::now() + PUSH_MAX;
        while Arc::strong_count(&before) > 1 && Instant::now() < until {
            thread::park_timeout(Duration::from_millis(1)); // for pushes that are still in them
        }
        self.ask(&before, true, |processor| !now.has(processor))
    }

    /// Whether a push may wait for a user's function, for instance: it is to be made where waiting holds up nobody else.
    pub fn waits(&self) -> bool {
        self.pipelines().waits()
    }

    /// The pipelines that there are now.
    pub(crate) fn pipelines(&self) -> Arc<Pipelines> {
        Arc::clone(&self.pipelines.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The data path: decode once, route, process, append as one entry, answer. On [`Delivery::Retry`] nothing was taken, not even by
    /// the decoder: the same chunk may be pushed again. `held_from` is set to the source offset from which bytes are still needed.
    pub(crate) fn push(&self, chunk: &Chunk, decoding: Decoding<'_>, held_from: &mut u64) -> Delivery {
        let receiver = &chunk.origin.receiver;
        if let Err(full) = self.journal.admit() {
            self.journal.refused(receiver, &full.why);
            self.counters.later(receiver);
            return Delivery::later(full.retry_after, format!("the journal takes no more: {}", full.why));
        }
        let rule = if decoding.is_sent { self.senders.rule(&chunk.origin.identity) } else { None };
        if let Some(wait) = rule.filter(|_| !chunk.bytes.is_empty()).and_then(|rule| self.over_limit(rule, chunk)) {
            return Delivery::later(wait, "you sent more than you may: service.identities has the limit");
        }
        let (is_message, on_unreadable) = (decoding.is_message, decoding.unreadable);
        let Some((batch, mut tally)) = self.decode(chunk, decoding, held_from) else {
            self.journal.refused(receiver, "too large");
            self.counters.refused(receiver);
            let (bytes, max) = (chunk.bytes.len(), message_otlp_bytes_max(chunk.bytes.len()));
            return Delivery::Refuse(format!("{bytes} bytes become over {max} bytes of records: send less at once"));
        };
        let is_unreadable = match on_unreadable {
            OnUnreadable::Keep => false,
            OnUnreadable::Refuse => true,
            OnUnreadable::RefuseWhole => batch.rejects().first().is_some_and(|reject| is_all(reject, &batch, chunk)),
        };
        if is_unreadable && !batch.is_empty() && batch.rejects().len() == batch.len() {
            self.journal.refused(receiver, "unreadable");
            self.counters.refused(receiver);
            return Delivery::Refuse(unreadable(&batch));
        }
        let (accepted, origin) = (batch.len() as u64, Arc::clone(batch.origin()));
        let unreadable = |reject: &Reject| Unreadable { offset: reject.offset, reason: reject.reason };
        let unreadable = if is_message { batch.rejects().iter().map(unreadable).collect() } else { Vec::new() };
        self.counters.decoded(&batch, chunk.bytes.len());
        let routed = self.pipelines().route(&batch, &mut tally, rule);
        self.counters.routed(&tally, &routed);
        let draft = Draft { tally, origin, parts: routed.parts, fact: None, revocable: is_message };
        // A source is read in small chunks; only a message can be so large.
        if is_message && let Err(error) = draft.fits() {
            self.journal.refused(receiver, "too large");
            self.counters.refused(receiver);
            return Delivery::Refuse(error.to_string());
        }
        let entry = if draft.parts.is_empty() {
            self.journal.count(&draft.tally);
            0
        } else {
            self.journal.append(draft)
        };
        if let Some(rule) = rule {
            self.senders.spend(rule, &chunk.origin.identity, accepted, chunk.bytes.len() as u64, Instant::now());
        }
        Delivery::Done(Done { accepted, entry, unreadable, ..Done::default() })
    }

    /// How long the sender of the chunk must wait, where it is over its limit; that is counted.
    fn over_limit(&self, rule: &SenderRule, chunk: &Chunk) -> Option<Duration> {
        let wait = self.senders.wait(rule, &chunk.origin.identity, Instant::now())?;
        self.journal.refused(&chunk.origin.receiver, "over the sender's limit");
        self.counters.throttled(&chunk.origin.receiver);
        Some(wait)
    }

    /// The records of the chunk, and what it was in numbers; `None` for a message that becomes more than may be in memory.
    fn decode(&self, chunk: &Chunk, decoding: Decoding<'_>, held_from: &mut u64) -> Option<(Batch, Tally)> {
        let Decoding { decoder, keep_original, out_per_in, placed, flush, is_message, .. } = decoding;
        let mut limits = self.limits.clone();
        if is_message {
            limits.batch_bytes_max = limits.batch_bytes_max.min(message_otlp_bytes_max(chunk.bytes.len()));
        }
        let estimate = chunk.bytes.len().saturating_mul(out_per_in).min(Limits::BLOCK_BYTES_MAX);
        let mut out = BatchWriter::new(BlockPool::global(), &limits, &chunk.origin, estimate);
        out.keep_original(keep_original);
        out.give(chunk.given.clone());
        if let Some((placed, before)) = placed {
            out.place(placed, before);
        }
        let waited = decoder.waiting();
        if !chunk.bytes.is_empty() {
            *held_from = decoder.feed(&chunk.bytes, &mut out).from;
        }
        if flush {
            decoder.flush(&mut out);
        }
        if is_message && out.is_full() {
            return None;
        }
        let frames = out.frames();
        let tally = Tally {
            receiver: chunk.origin.receiver.as_str().into(),
            // Those that it decides on: after a crash what waited is read again, and counted then.
            frames: (frames.cut + waited).saturating_sub(decoder.waiting()),
            parsed: frames.parsed,
            rejects: frames.rejected,
            joined: frames.joined,
            passed_over: frames.passed_over,
            bytes: chunk.bytes.len() as u64,
            ..Tally::default()
        };
        let batch = out.finish();
        if chunk.origin.format == decoder.format() {
            return Some((batch, tally));
        }
        // `auto` knows only now what it read; conditions ask for it.
        let origin = Origin { format: decoder.format().into(), ..Origin::clone(&chunk.origin) };
        Some((batch.with_origin(Arc::new(origin)), tally))
    }

    /// Someone looks on at what the receiver, processor or pipeline `id` puts out; `None` where too many do already.
    pub fn tap(&self, on: TapOn, id: &str) -> Option<Arc<Tap>> {
        self.pipelines().taps.open(on, id)
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

/// Whether the reject is all of the message, however many pieces it is kept in.
fn is_all(reject: &Reject, batch: &Batch, chunk: &Chunk) -> bool {
    let kept: u64 = batch.rejects().iter().map(|reject| u64::from(reject.len)).sum();
    reject.offset == 0 && kept == chunk.bytes.len() as u64
}

/// Why a message was refused: its first reject speaks for it.
fn unreadable(batch: &Batch) -> String {
    let Some(first) = batch.rejects().first() else { return "nothing could be read".into() };
    let (what, at, format) = (first.reason.what, first.offset + u64::from(first.reason.at), first.format);
    format!("{what} at byte {at} (read as {format})")
}
