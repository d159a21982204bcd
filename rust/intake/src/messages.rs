//! Receivers that acknowledge whole messages.

use std::sync::Arc;

use bytes::Bytes;
use logloom_formats::{Decoder, Format, Held};
use logloom_record::{BatchWriter, Chunk, Delivery, Origin};

use crate::{
    Intake,
    intake::{Decoding, OUT_PER_IN},
    now_unix_nano,
};

/// Where request bodies of one receiver and format are pushed. Nothing is kept between messages, so threads share it.
#[derive(Clone)]
pub struct Messages {
    intake: Arc<Intake>,
    format: Arc<dyn Format>,
    receiver: String,
    keep_original: bool,
    unreadable: OnUnreadable,
}

/// What becomes of a message that cannot be read. Beside what can be read, a bad frame always becomes a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnreadable {
    /// It is refused where nothing of it can be read.
    #[default]
    Refuse,
    /// It is refused where it cannot be taken apart; parts that cannot be read are kept as Rejects, and told.
    RefuseWhole,
    /// It is kept as Rejects: its sender would send what is refused for ever.
    Keep,
}

/// Who sent a message, as far as its channel tells.
#[derive(Debug, Default)]
pub struct Sender<'s> {
    /// The peer's address.
    pub peer: &'s str,
    /// Who the peer proved to be; empty where nobody asked.
    pub identity: &'s str,
    /// Whose records these are, where the protocol says so; empty for the default one.
    pub tenant: &'s str,
    /// Attributes of the resource, known from the request.
    pub resource: Vec<(String, String)>,
    /// What the sender said beside the message: see [`Chunk::given`].
    pub given: Vec<(String, String)>,
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Messages").field("receiver", &self.receiver).finish_non_exhaustive()
    }
}

impl Messages {
    /// For the receiver with this id.
    pub fn new(intake: Arc<Intake>, receiver: &str, format: Arc<dyn Format>, keep_original: bool) -> Self {
        Self { intake, format, receiver: receiver.into(), keep_original, unreadable: OnUnreadable::default() }
    }

    /// The same; of messages that cannot be read becomes this.
    #[must_use]
    pub fn on_unreadable(mut self, unreadable: OnUnreadable) -> Self {
        self.unreadable = unreadable;
        self
    }

    /// What they are pushed to.
    pub fn intake(&self) -> &Arc<Intake> {
        &self.intake
    }

    /// Whether they are taken as they are, which costs little: they are OTLP, and only looked through.
    pub fn are_adopted(&self) -> bool {
        self.format.spec().name == "otlp"
    }

    /// One whole message.
    pub fn push(&self, data: Bytes, from: Sender<'_>) -> Delivery {
        let mut decoder = Arc::clone(&self.format).open(self.intake.limits().frame_bytes_max);
        self.take(data, from, &mut *decoder)
    }

    /// Several whole messages of one sender, one behind the other: where each ends. They are taken together, or none.
    pub fn push_parts(&self, data: Bytes, ends: &[u32], from: Sender<'_>) -> Delivery {
        let mut parts = Parts { format: &self.format, frame_bytes_max: self.intake.limits().frame_bytes_max, ends };
        self.take(data, from, &mut parts)
    }

    fn take(&self, data: Bytes, from: Sender<'_>, decoder: &mut dyn Decoder) -> Delivery {
        let origin = Origin {
            receiver: self.receiver.clone(),
            format: self.format.spec().name.into(),
            peer: from.peer.into(),
            identity: from.identity.into(),
            tenant: from.tenant.into(),
            arrival_unix_nano: now_unix_nano(),
            resource: from.resource,
        };
        let decoding = Decoding {
            decoder,
            keep_original: self.keep_original,
            out_per_in: if self.are_adopted() { 0 } else { OUT_PER_IN },
            placed: None,
            flush: true,
            is_message: true,
            unreadable: self.unreadable,
            is_sent: true,
        };
        self.intake.push(&Chunk { given: from.given, ..Chunk::new(data, Arc::new(origin)) }, decoding, &mut 0)
    }
}

/// Reads each part of a chunk as a source of its own.
struct Parts<'p> {
    format: &'p Arc<dyn Format>,
    frame_bytes_max: usize,
    ends: &'p [u32],
}

impl Decoder for Parts<'_> {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        let mut start = 0;
        for end in self.ends.iter().map(|end| (*end as usize).min(chunk.len())).filter(|end| *end > 0) {
            let part = chunk.slice(start.min(end)..end);
            let mut decoder = Arc::clone(self.format).open(self.frame_bytes_max);
            decoder.resume(start as u64);
            decoder.feed(&part, out);
            decoder.flush(out);
            start = end;
        }
        Held { from: start as u64 }
    }

    fn flush(&mut self, _: &mut BatchWriter) {}

    fn resume(&mut self, _: u64) {}

    fn format(&self) -> &'static str {
        self.format.spec().name
    }
}
