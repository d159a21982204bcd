//! From the queue to the journal.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use logloom_intake::{Messages, Sender};
use logloom_record::Delivery;
use tokio::{sync::watch, time::Instant};

use super::queue::{DATAGRAM_COST_BYTES, Group, Queue};
use crate::{Commits, Guest, feed::Brake, runtime::waiting};

/// The least wait before what the journal did not take is pushed again.
const RETRY_MIN: Duration = Duration::from_millis(10);
/// After so many groups others get their turn.
const GROUPS_MAX: usize = 8;

/// Where datagrams go.
#[derive(Debug)]
pub struct Sink {
    /// The Intake.
    pub messages: Messages,
    /// Of its journal.
    pub commits: Arc<Commits>,
    /// While one of these holds, nothing is pushed.
    pub brakes: Vec<Arc<Brake>>,
}

/// A group to which nothing comes any more.
struct Ready {
    peer: Arc<str>,
    data: Bytes,
    ends: Vec<u32>,
    cost_bytes: usize,
    /// Dropped with the last datagram.
    guest: Arc<Guest>,
}

impl From<Group> for Ready {
    fn from(group: Group) -> Self {
        let Group { peer, data, ends, guest, cost_bytes } = group;
        Self { peer, data: data.freeze(), ends, cost_bytes, guest: Arc::new(guest) }
    }
}

impl Ready {
    fn push(&self, sink: &Sink) -> Delivery {
        if let Some((after, why)) = sink.brakes.iter().find_map(|brake| brake.held()) {
            return Delivery::later(after, why);
        }
        sink.messages.push_parts(self.data.clone(), &self.ends, Sender { peer: &self.peer, ..Sender::default() })
    }

    /// Each datagram for itself.
    fn split(self) -> VecDeque<Self> {
        let (mut start, mut left_bytes) = (0, self.cost_bytes);
        let mut parts = VecDeque::with_capacity(self.ends.len());
        for end in &self.ends {
            let data = self.data.slice(start as usize..*end as usize);
            let cost_bytes = if *end as usize == self.data.len() { left_bytes } else { data.len() + DATAGRAM_COST_BYTES };
            left_bytes = left_bytes.saturating_sub(cost_bytes);
            start = *end;
            parts.push_back(Self {
                peer: Arc::clone(&self.peer),
                ends: vec![data.len() as u32],
                data,
                cost_bytes,
                guest: Arc::clone(&self.guest),
            });
        }
        parts
    }
}

pub(super) async fn work(queue: Arc<Queue>, sink: Sink, mut stopping: watch::Receiver<bool>) {
    while let Some(groups) = queue.next(&mut stopping).await {
        let mut todo: VecDeque<Ready> = groups.into_iter().map(Ready::from).collect();
        let until = Instant::now() + queue.bounds.wait_max;
        loop {
            let retry = pushed(&mut todo, &queue, &sink).await;
            if todo.is_empty() {
                break;
            }
            if Instant::now() >= until || *stopping.borrow() {
                for group in todo.drain(..) {
                    queue.lose(group.ends.len(), group.cost_bytes);
                }
                break;
            }
            tokio::select! {
                biased;
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
                () = tokio::time::sleep(retry.max(RETRY_MIN).min(queue.bounds.wait_max)) => {}
            }
        }
    }
}

/// Pushes them until they are on disk; what was not taken is left, to be tried again after so long.
async fn pushed(todo: &mut VecDeque<Ready>, queue: &Queue, sink: &Sink) -> Duration {
    let (mut retry, mut appended) = (Duration::ZERO, Vec::new());
    while let Some(group) = todo.pop_front() {
        let waits = sink.messages.intake().waits();
        let delivery = if waits { waiting(|| group.push(sink)).await } else { group.push(sink) };
        match delivery {
            Delivery::Done(done) if done.entry > 0 => appended.push((done.entry, group)),
            Delivery::Retry(later) => {
                todo.push_front(group);
                retry = later.after;
                break;
            }
            // Together they are too much, or one of them is what is refused.
            Delivery::Refuse(_) if group.ends.len() > 1 => {
                let mut parts = group.split();
                parts.append(todo);
                *todo = parts;
            }
            // Nothing came of it; or it is refused, which is counted where it was.
            Delivery::Done(_) | Delivery::Refuse(_) => queue.done(group.ends.len(), group.cost_bytes),
        }
        if appended.len() % GROUPS_MAX == GROUPS_MAX - 1 {
            tokio::task::yield_now().await;
        }
    }
    // The last first: when it is decided, so are those before it.
    for (entry, group) in appended.into_iter().rev() {
        if sink.commits.durable(entry).await {
            queue.done(group.ends.len(), group.cost_bytes);
        } else {
            todo.push_front(group);
        }
    }
    retry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Room;

    #[test]
    fn what_is_split_costs_what_it_did() {
        let room = Room::new(1 << 20);
        let guest = room.guest(None);
        assert!(guest.take(1000));
        let data = bytes::BytesMut::from(&b"abcdef"[..]);
        let group = Ready::from(Group { peer: "p".into(), data, ends: vec![1, 3, 6], guest, cost_bytes: 530 });
        let parts = group.split();
        let made: Vec<_> = parts.iter().map(|part| (&part.data[..], part.ends.clone())).collect();
        assert_eq!(made, [(&b"a"[..], vec![1]), (b"bc", vec![2]), (b"def", vec![3])]);
        assert_eq!((parts.iter().map(|part| part.cost_bytes).sum::<usize>(), room.held_bytes()), (530, 1000));
        drop(parts);
        assert_eq!(room.held_bytes(), 0);
    }
}
