//! Receivers that acknowledge whole messages.

use std::sync::Arc;

use bytes::Bytes;
use logloom_formats::Format;
use logloom_record::{Chunk, Delivery, Origin};

use crate::{Intake, intake::Decoding, now_unix_nano};

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

    /// One whole message.
    pub fn push(&self, data: Bytes, from: Sender<'_>) -> Delivery {
        let origin = Origin {
            receiver: self.receiver.clone(),
            format: self.format.spec().name.into(),
            peer: from.peer.into(),
            identity: from.identity.into(),
            tenant: from.tenant.into(),
            arrival_unix_nano: now_unix_nano(),
            resource: from.resource,
        };
        let mut decoder = Arc::clone(&self.format).open(self.intake.limits().frame_bytes_max);
        let decoding = Decoding {
            decoder: &mut *decoder,
            keep_original: self.keep_original,
            placed: None,
            flush: true,
            is_message: true,
            unreadable: self.unreadable,
            is_sent: true,
        };
        self.intake.push(&Chunk { given: from.given, ..Chunk::new(data, Arc::new(origin)) }, decoding, &mut 0)
    }
}
