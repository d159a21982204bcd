//! The data path. Read [`Intake::push`](intake::Intake::push) first.
#![forbid(unsafe_code)]

mod counters;
mod intake;
mod messages;
mod pipeline;
mod senders;
mod source;
mod taps;
mod tick;

pub use counters::{Counted, Counters, ReceiverCounts};
pub use intake::Intake;
pub use messages::{Messages, OnUnreadable, Sender};
pub use pipeline::{Connector, Pipeline, PipelineError, Pipelines, Route, Routing};
pub use senders::{SenderRule, Senders};
pub use source::{Begin, Source};
pub use taps::{Tap, TapOn};
pub use tick::Ticked;

use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of the observed time, in nanoseconds since the Unix epoch.
pub fn now_unix_nano() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
