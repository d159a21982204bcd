//! What every push and every send returns, and so both acknowledgement and back-pressure.

use std::{borrow::Cow, time::Duration};

use crate::RejectReason;

/// The only thing that comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Taken; but for what `refused` lists.
    Done(Done),
    /// Not taken, nothing of it; the same may be sent again.
    Retry(Later),
    /// Not taken and never will be: why.
    Refuse(String),
}

/// When the same may be sent again, and why not now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// After this time.
    pub after: Duration,
    /// Why nothing is taken, in words for who sends.
    pub why: Cow<'static, str>,
}

/// What was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Records that were taken.
    pub accepted: u64,
    /// Records that were not, each with its reason. The sender must not send them again.
    pub refused: Vec<Refusal>,
    /// Of a message, the frames that could not be read and were kept as they came.
    pub unreadable: Vec<Unreadable>,
    /// The source offset in bytes below which everything is safe: a resumable receiver saves this and no more.
    pub durable_to: u64,
    /// The Journal's position of the entry; 0 where nothing was appended.
    pub entry: u64,
}

impl Delivery {
    /// Nothing is taken now, because of this; the same may be sent again after so long.
    pub fn later(after: Duration, why: impl Into<Cow<'static, str>>) -> Self {
        Self::Retry(Later { after, why: why.into() })
    }
}

/// One record that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its position in what was sent.
    pub record: u32,
    /// Why.
    pub reason: String,
}

/// A frame that was kept as it came, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it began in what was sent, in bytes.
    pub offset: u64,
    /// Why.
    pub reason: RejectReason,
}
