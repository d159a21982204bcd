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
    keep_unreadable: bool,
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
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Messages").field("receiver", &self.receiver).finish_non_exhaustive()
    }
}

impl Messages {
    /// For the receiver with this id.
    pub fn new(intake: Arc<Intake>, receiver: &str, format: Arc<dyn Format>, keep_original: bool) -> Self {
        Self { intake, format, receiver: receiver.into(), keep_original, keep_unreadable: false }
    }

    /// For a protocol whose clients would send what is refused for ever: what nobody can read is kept as Rejects.
    #[must_use]
    pub fn keeping_unreadable(mut self) -> Self {
        self.keep_unreadable = true;
        self
    }

    /// One whole message. When nothing of it could be read it is refused; a bad frame beside good ones becomes a record.
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
            flush: true,
            is_message: true,
            keep_unreadable: self.keep_unreadable,
        };
        self.intake.push(&Chunk::new(data, Arc::new(origin)), decoding, &mut 0)
    }
}
