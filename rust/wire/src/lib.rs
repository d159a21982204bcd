//! Protocols without I/O: bytes in, messages and replies out. One file a protocol.
//!
//! A receiver owns the socket, TLS, identities and limits of time; it gives what arrives to a [`Wire`], pushes the messages that come out of it,
//! and writes what the Wire has to say. What a message's bytes mean is a Format's affair.
#![forbid(unsafe_code)]

mod content;
pub mod envoyals;
pub mod forward;
mod inbox;
pub mod lumberjack;
mod pack;
pub mod plain;

use bytes::Bytes;
use logloom_record::Delivery;

pub use content::{ContentError, Decompressor, Encoding, compress, decompress};
use inbox::Inbox;
pub use pack::compress_all;

/// A protocol on one connection.
pub trait Wire: Send {
    /// What is said to a client that has just connected.
    fn greet(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// The next bytes of the connection. What comes of them is asked for by [`step`](Self::step), until that [needs](Step::Need) more.
    fn feed(&mut self, bytes: &[u8]);

    /// What is to be done next.
    fn step(&mut self) -> Step;

    /// What the client is told of a message that was taken or will never be; for one that is to come again later, nothing: the receiver
    /// pushes it once more.
    fn answer(&mut self, token: Token, delivery: &Delivery) -> Vec<u8>;

    /// Whom [`Step::User`] named may not send, for this reason: the client is told with the next step.
    fn refuse(&mut self, _why: &str) {}

    /// What tells a client that waits for an answer that the connection lives.
    fn keep_alive(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Bytes that wait here, also inflated: for the rest of a message, or behind the one that is out.
    fn held(&self) -> usize;
}

/// Random bytes, as handshakes need them.
///
/// # Errors
/// The system has none.
pub fn random() -> Result<[u8; 32], &'static str> {
    let mut bytes = [0; 32];
    let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    filled.map(|()| bytes).map_err(|_| "the system gives no random numbers")
}

/// Which message an answer is to.
pub type Token = u64;

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing, until more bytes come.
    Need,
    /// Send this to the client.
    Reply(Vec<u8>),
    /// The client proved to be this user. Step again to let it in, [`refuse`](Wire::refuse) it before that to keep it out.
    User(String),
    /// The next message is compressed and may take so many bytes more: step again once there is room for them.
    Room(usize),
    /// Push this; then [`answer`](Wire::answer).
    Message {
        /// The message, for the protocol's format.
        chunk: Bytes,
        /// Which it is.
        token: Token,
    },
    /// Send this to the client and close the connection: why.
    Bad {
        /// The protocol's own words for it.
        reply: Vec<u8>,
        /// For the log.
        why: String,
    },
}

impl Step {
    pub(crate) fn bad(why: impl Into<String>) -> Self {
        Self::Bad { reply: Vec::new(), why: why.into() }
    }
}
