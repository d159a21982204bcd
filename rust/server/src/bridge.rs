//! Handlers and feeds that are somewhere else, such as in Python: they are asked, and answer when they can.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use logloom_record::Delivery;
use tokio::sync::oneshot;

use crate::{
    Feed,
    feed::{From, Taking},
    grpc::{Calling, Handler},
    rpc::{Code, Status},
};

/// The delay asked of a sender whose message nobody answered.
const AGAIN: Duration = Duration::from_secs(1);
const UNANSWERED: &str = "it was not answered: see the log";

/// Where the answer to one message goes. Dropped without one, the sender is told that it failed.
#[derive(Debug)]
pub struct Answering(Mutex<Option<oneshot::Sender<Answered>>>);

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A message.
    Data(Bytes),
    /// That it is refused.
    Refused(Status),
    /// What became of what was pushed.
    Taken(Delivery),
}

/// What is asked; called on a thread that may block.
pub type Ask = Arc<dyn Fn(Bytes, From, Answering) + Send + Sync>;

/// Asks, and waits for the answer.
#[derive(Clone)]
pub struct Bridge(Ask);

impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bridge").finish_non_exhaustive()
    }
}

impl Answering {
    /// The answer; a second one is not heard.
    pub fn answer(&self, answered: Answered) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            let _ = sender.send(answered); // the client is gone
        }
    }
}

impl Bridge {
    /// To what is asked.
    pub fn new(ask: Ask) -> Self {
        Self(ask)
    }

    async fn ask(&self, data: Bytes, from: From) -> Option<Answered> {
        let (sender, receiver) = oneshot::channel();
        let ask = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || ask(data, from, Answering(Mutex::new(Some(sender)))));
        receiver.await.ok()
    }
}

impl Handler for Bridge {
    fn call(&self, data: Bytes, from: From) -> Calling<'_> {
        Box::pin(async move {
            match self.ask(data, from).await {
                Some(Answered::Data(data)) => Ok(data),
                Some(Answered::Refused(status)) => Err(status),
                Some(Answered::Taken(_)) | None => Err(Status::new(Code::Internal, UNANSWERED)),
            }
        })
    }
}

impl Feed for Bridge {
    fn take(&self, data: Bytes, from: From) -> Taking<'_> {
        Box::pin(async move {
            match self.ask(data, from).await {
                Some(Answered::Taken(taken)) => taken,
                _ => Delivery::later(AGAIN, UNANSWERED),
            }
        })
    }
}

/// Runs `work`, which may block: elsewhere, where this thread is one that must not.
pub fn aside(work: impl FnOnce() + Send + 'static) {
    match tokio::runtime::Handle::try_current() {
        Ok(handle) => drop(handle.spawn_blocking(work)),
        Err(_) => work(),
    }
}
