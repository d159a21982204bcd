//! Where messages go, and what is answered when they are safe.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use logloom_intake::{Messages, Sender};
use logloom_record::Delivery;

use crate::{Commits, runtime::waiting};

/// A message up to this size is read where its request is; for a larger one, the thread's other requests go to others, which costs more than most
/// messages do. What is adopted as it is takes a fraction of the time.
const INLINE_BYTES_MAX: usize = 256 << 10;
const INLINE_ADOPTED_BYTES_MAX: usize = 1 << 20;
/// The delay asked of a sender whose message the disk did not take.
const WITHDRAWN_RETRY: Duration = Duration::from_secs(1);

/// Who sent a message, as far as its channel tells: see [`Sender`].
#[derive(Clone, Debug, Default)]
pub struct From {
    /// The peer's address.
    pub peer: Arc<str>,
    /// Who the peer proved to be; empty where nobody asked.
    pub identity: String,
    /// Whose records these are; empty for the default one.
    pub tenant: String,
    /// Attributes of the resource, known from the request.
    pub resource: Vec<(String, String)>,
    /// What the sender said beside the message.
    pub given: Vec<(String, String)>,
}

/// The future of a [`Feed`]: what became of a message, done only when it is safe.
pub type Taking<'f> = Pin<Box<dyn Future<Output = Delivery> + Send + 'f>>;

/// Takes whole messages.
pub trait Feed: Send + Sync {
    /// One of them; what is done is safe.
    fn take(&self, data: Bytes, from: From) -> Taking<'_>;

    /// Whether it may wait for something slow, such as a function of the user's: who has other things to do must not take part.
    fn waits(&self) -> bool {
        false
    }
}

/// Says that no more is to be taken, of all that it was given to, until it says otherwise.
#[derive(Debug, Default)]
pub struct Brake {
    nanos: AtomicU64,
    why: Mutex<String>,
}

/// To the Intake.
#[derive(Debug)]
pub struct Core {
    messages: Messages,
    commits: Arc<Commits>,
    brakes: Vec<Arc<Brake>>,
    inline_bytes_max: usize,
}

impl From {
    /// The same, as the Intake is told it.
    fn sender(&mut self) -> Sender<'_> {
        let (resource, given) = (std::mem::take(&mut self.resource), std::mem::take(&mut self.given));
        Sender { peer: &self.peer, identity: &self.identity, tenant: &self.tenant, resource, given }
    }
}

impl Brake {
    /// Nothing is taken for now, because of this: senders may ask again after so long; after no time at all, things are taken again.
    pub fn set(&self, after: Duration, why: &str) {
        why.clone_into(&mut self.why.lock().unwrap_or_else(PoisonError::into_inner));
        self.nanos.store(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// When senders may ask again, and why nothing is taken; `None`: it is.
    pub fn held(&self) -> Option<(Duration, String)> {
        let nanos = self.nanos.load(Ordering::Acquire);
        (nanos > 0).then(|| (Duration::from_nanos(nanos), self.why.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}

impl Core {
    /// Messages go to `messages`, whose journal `commits` watches, while no brake holds them.
    pub fn new(messages: Messages, commits: Arc<Commits>, brakes: Vec<Arc<Brake>>) -> Self {
        let inline_bytes_max = if messages.are_adopted() { INLINE_ADOPTED_BYTES_MAX } else { INLINE_BYTES_MAX };
        Self { messages, commits, brakes, inline_bytes_max }
    }
}

impl Feed for Core {
    fn take(&self, data: Bytes, mut from: From) -> Taking<'_> {
        Box::pin(async move {
            if let Some((after, why)) = self.brakes.iter().find_map(|brake| brake.held()) {
                return Delivery::later(after, why);
            }
            let delivery = if self.messages.intake().waits() {
                waiting(|| self.messages.push(data, from.sender())).await
            } else if data.len() <= self.inline_bytes_max {
                self.messages.push(data, from.sender())
            } else {
                tokio::task::block_in_place(|| self.messages.push(data, from.sender()))
            };
            match delivery {
                Delivery::Done(done) => {
                    if self.commits.durable(done.entry).await {
                        return Delivery::Done(done);
                    }
                    Delivery::later(WITHDRAWN_RETRY, "the journal could not write it")
                }
                not_taken => not_taken,
            }
        })
    }

    fn waits(&self) -> bool {
        self.messages.intake().waits()
    }
}
