//! The bytes of a request as they arrive: counted, and given up where their sender does not get on.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use logloom_record::Gather;
use logloom_wire::{ContentError, Encoding, decompress};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use crate::{Guest, Room};

/// What is inflated without telling the runtime that this thread is busy.
const INLINE_BYTES_MAX: usize = 64 << 10;
/// The most memory that is made ready for bytes that are only announced.
const AHEAD_BYTES_MAX: usize = 1 << 20;
/// How long the rest of a refused body is still read.
const LINGER_MAX: Duration = Duration::from_secs(2);

/// Why a message did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is over the bound, in bytes, as sent or inflated.
    TooLarge(usize),
    /// There is no room for it now.
    NoRoom,
    /// It took too long.
    Slow,
    /// It is not what it must be, in words.
    Damaged(String),
    /// The client is gone.
    Gone,
}

/// A request's body, and its share of the room.
#[derive(Debug)]
pub struct Inflow {
    body: Incoming,
    guest: Guest,
    gave_way: Arc<Notify>,
    /// What came and was not asked for yet.
    held: Gather,
    /// The first piece, which is the whole message most of the time: not copied.
    first: Bytes,
    /// So many bytes that come are none of the message, and are not counted.
    around_bytes: usize,
}

impl Inflow {
    /// Of this body, which is a guest of `room`; of its bytes, so many stand around the message.
    pub fn new(body: Incoming, room: &Arc<Room>, around_bytes: usize) -> Self {
        let gave_way = Arc::new(Notify::new());
        let notify = Arc::clone(&gave_way);
        let guest = room.guest(Some(Arc::new(move || notify.notify_one())));
        Self { body, guest, gave_way, held: Gather::default(), first: Bytes::new(), around_bytes }
    }

    /// Its share of the room.
    pub fn guest(&self) -> &Guest {
        &self.guest
    }

    /// Whether nothing more can come.
    pub fn is_at_end(&self) -> bool {
        self.held_bytes() == 0 && self.body.is_end_stream()
    }

    /// Bytes that came and were not asked for yet.
    pub fn held_bytes(&self) -> usize {
        self.first.len() + self.held.len()
    }

    /// Waits until so many bytes are there; false: the body ended before. A pause longer than `pause_max`, or the `deadline`, ends it.
    pub async fn need(&mut self, size_bytes: usize, pause_max: Duration, deadline: Option<Instant>) -> Result<bool, Trouble> {
        while self.held_bytes() < size_bytes {
            let Some(piece) = self.piece(pause_max, deadline).await? else { return Ok(false) };
            self.keep(piece, size_bytes);
        }
        Ok(true)
    }

    /// Reads to the end of the body, at most so many bytes.
    pub async fn all(&mut self, size_bytes_max: usize, deadline: Instant) -> Result<Bytes, Trouble> {
        let announced = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        while let Some(piece) = self.piece(Duration::from_secs(86_400), Some(deadline)).await? {
            if self.held_bytes() + piece.len() > size_bytes_max {
                return Err(Trouble::TooLarge(size_bytes_max));
            }
            self.keep(piece, announced);
        }
        Ok(self.give(self.held_bytes()))
    }

    /// The next so many bytes, which are there.
    pub fn give(&mut self, size_bytes: usize) -> Bytes {
        if self.held.is_empty() {
            return self.first.split_to(size_bytes.min(self.first.len()));
        }
        let mut whole = self.held.take();
        // What is behind the message is little, and should not keep it in memory.
        self.first = Bytes::copy_from_slice(whole.get(size_bytes..).unwrap_or_default());
        whole.truncate(size_bytes);
        whole
    }

    /// Reads what still comes, for a while, and keeps nothing of it: a client that sends on gets to see the answer.
    pub async fn lingers(mut self) {
        self.guest.leave();
        self.first = Bytes::new();
        self.held = Gather::default();
        let rest = async { while self.body.frame().await.is_some_and(|frame| frame.is_ok()) {} };
        let _ = tokio::time::timeout(LINGER_MAX, rest).await; // enough
    }

    fn keep(&mut self, piece: Bytes, size_bytes: usize) {
        if self.held_bytes() == 0 {
            self.first = piece;
            return;
        }
        if self.held.is_empty() {
            self.held.reserve(size_bytes.min(AHEAD_BYTES_MAX).max(self.first.len() + piece.len()));
            self.held.push(&std::mem::take(&mut self.first));
        }
        self.held.push(&piece);
    }

    /// The next piece; `None` at the end.
    async fn piece(&mut self, pause_max: Duration, deadline: Option<Instant>) -> Result<Option<Bytes>, Trouble> {
        let now = Instant::now();
        let pause = now.checked_add(pause_max).unwrap_or(now);
        let until = deadline.map_or(pause, |deadline| deadline.min(pause));
        loop {
            let frame = tokio::select! {
                biased;
                () = self.gave_way.notified() => return Err(Trouble::NoRoom),
                frame = timeout_at(until, self.body.frame()) => frame.map_err(|_| Trouble::Slow)?,
            };
            let piece = match frame {
                None => return Ok(None),
                Some(Err(error)) if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => return Err(Trouble::Gone),
                Some(Err(error)) => return Err(Trouble::Damaged(error.to_string())),
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(), // trailers say nothing here
            };
            if piece.is_empty() {
                continue;
            }
            let around = self.around_bytes.min(piece.len());
            self.around_bytes -= around;
            if !self.guest.take((piece.len() - around) as i64) {
                return Err(Trouble::NoRoom);
            }
            return Ok(Some(piece));
        }
    }
}

/// `data` as it was before it was encoded, at most so many bytes; `guest` holds both.
pub fn inflated(data: &Bytes, encoding: Encoding, size_bytes_max: usize, guest: &Guest) -> Result<Bytes, Trouble> {
    let made = if data.len() <= INLINE_BYTES_MAX {
        decompress(data, encoding, size_bytes_max)
    } else {
        tokio::task::block_in_place(|| decompress(data, encoding, size_bytes_max))
    };
    let made = made.map_err(|error| match error {
        ContentError::TooLarge(max) => Trouble::TooLarge(max),
        ContentError::Damaged(why) => Trouble::Damaged(why),
    })?;
    if guest.take(made.len() as i64) { Ok(made.into()) } else { Err(Trouble::NoRoom) }
}
