//! What was read and waits for the journal.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::BytesMut;
use tokio::sync::{Notify, watch};

use super::DATAGRAM_BYTES_MAX;
use crate::{Guest, Room, listen::named};

/// A datagram waits so long for others that are pushed with it.
const GATHER_MAX: Duration = Duration::from_millis(20);
/// What is pushed at once, in datagrams and in bytes.
const GROUP_DATAGRAMS_MAX: usize = 4096;
const GROUP_BYTES_MAX: usize = 256 << 10;
/// For how many bytes a peer counts of which something waits, and a datagram beside its own.
const GROUP_COST_BYTES: usize = 512;
pub(super) const DATAGRAM_COST_BYTES: usize = 4;
/// In such steps a group takes room.
const STEP_BYTES: usize = 4 << 10;

/// The bounds of one socket.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// What waits for the journal; what comes beyond that is dropped, and counted.
    pub queue_bytes_max: usize,
    /// How long it waits for a full journal; then it is dropped, and counted.
    pub wait_max: Duration,
}

/// What was read and is not in the journal yet.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) bounds: Bounds,
    room: Arc<Room>,
    state: Mutex<State>,
    came: Notify,
    /// There is as much as is pushed at once.
    is_much: Notify,
    dropped: AtomicU64,
    /// Datagrams that are neither in the journal nor dropped.
    waiting: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    groups: VecDeque<Group>,
    /// Which group further datagrams of a peer join.
    open: HashMap<SocketAddr, usize>,
    /// What waits, also what is being pushed.
    cost_bytes: usize,
    is_closed: bool,
}

/// Datagrams of one peer, one behind the other.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) peer: Arc<str>,
    pub(super) data: BytesMut,
    /// Where each ends.
    pub(super) ends: Vec<u32>,
    pub(super) guest: Guest,
    pub(super) cost_bytes: usize,
}

impl Queue {
    pub(super) fn new(bounds: Bounds, room: Arc<Room>) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            room,
            state: Mutex::default(),
            came: Notify::new(),
            is_much: Notify::new(),
            dropped: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        })
    }

    /// How many datagrams were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Nothing more comes.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.came.notify_one();
    }

    /// What waits still is lost; call it when nobody works any more.
    pub(super) fn forget(&self) {
        self.dropped.fetch_add(self.waiting.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These came.
    pub(super) fn take<'d>(&self, datagrams: impl Iterator<Item = (&'d [u8], SocketAddr)>) {
        let (mut taken, mut dropped, mut is_much) = (0, 0, false);
        let mut state = self.lock();
        for (data, from) in datagrams.filter(|(data, _)| !data.is_empty()) {
            match self.put(&mut state, data, from) {
                Some(is_full) => (taken, is_much) = (taken + 1, is_much | is_full),
                None => dropped += 1,
            }
        }
        // Counted before whoever pushes can see them.
        self.waiting.fetch_add(taken, Ordering::Relaxed);
        drop(state);
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
        if taken > 0 {
            self.came.notify_one();
        }
        if is_much {
            self.is_much.notify_one();
        }
    }

    /// Whether its group has as many as are pushed at once; `None`: there is no room.
    fn put(&self, state: &mut State, data: &[u8], from: SocketAddr) -> Option<bool> {
        let State { groups, open, cost_bytes, .. } = state;
        let has_place = |group: &Group| group.ends.len() < GROUP_DATAGRAMS_MAX && group.data.len() + data.len() <= GROUP_BYTES_MAX;
        let known = open.get(&from).copied().filter(|at| groups.get(*at).is_some_and(has_place));
        let more = data.len() + DATAGRAM_COST_BYTES + if known.is_none() { GROUP_COST_BYTES } else { 0 };
        if *cost_bytes + more > self.bounds.queue_bytes_max {
            return None;
        }
        let at = if let Some(at) = known {
            at
        } else {
            let guest = self.room.guest(None);
            groups.push_back(Group { peer: named(from).into(), data: BytesMut::new(), ends: Vec::new(), guest, cost_bytes: 0 });
            open.insert(from, groups.len() - 1);
            groups.len() - 1
        };
        let group = groups.get_mut(at)?;
        if !group.holds(more) {
            if group.ends.is_empty() {
                groups.pop_back();
                open.remove(&from);
            }
            return None;
        }
        *cost_bytes += more;
        group.data.extend_from_slice(data);
        group.ends.push(group.data.len() as u32);
        Some(group.ends.len() >= GROUP_DATAGRAMS_MAX || group.data.len() + DATAGRAM_BYTES_MAX > GROUP_BYTES_MAX)
    }

    /// So many, which took up so much, are in the journal, or never will be.
    pub(super) fn done(&self, datagrams: usize, cost_bytes: usize) {
        self.waiting.fetch_sub(datagrams as u64, Ordering::Relaxed);
        let mut state = self.lock();
        state.cost_bytes = state.cost_bytes.saturating_sub(cost_bytes);
    }

    /// The same, for they were not taken.
    pub(super) fn lose(&self, datagrams: usize, cost_bytes: usize) {
        self.dropped.fetch_add(datagrams as u64, Ordering::Relaxed);
        self.done(datagrams, cost_bytes);
    }

    /// All that waits; `None` when nothing does, and nothing will come.
    pub(super) async fn next(&self, stopping: &mut watch::Receiver<bool>) -> Option<VecDeque<Group>> {
        loop {
            let mut came = pin!(self.came.notified());
            came.as_mut().enable();
            let (is_closed, is_empty) = {
                let state = self.lock();
                (state.is_closed, state.groups.is_empty())
            };
            if !is_empty {
                break;
            }
            if is_closed {
                return None;
            }
            came.await;
        }
        tokio::select! {
            biased;
            _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
            () = self.is_much.notified() => {}
            () = tokio::time::sleep(GATHER_MAX) => {}
        }
        let mut state = self.lock();
        state.open.clear();
        Some(std::mem::take(&mut state.groups))
    }
}

impl Group {
    /// Holds so many bytes more, where there is room.
    fn holds(&mut self, more_bytes: usize) -> bool {
        let (now, held) = (self.cost_bytes + more_bytes, self.guest.bytes() as usize);
        if now > held
            && !self.guest.take(now.div_ceil(STEP_BYTES) as i64 * STEP_BYTES as i64 - held as i64)
            && !self.guest.take((now - held) as i64)
        {
            return false;
        }
        self.cost_bytes = now;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(queue_bytes_max: usize, room: &Arc<Room>) -> Arc<Queue> {
        Queue::new(Bounds { queue_bytes_max, wait_max: Duration::ZERO }, Arc::clone(room))
    }

    fn from(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn datagrams_of_a_peer_stand_together_in_their_order() {
        let queue = queue(1 << 20, &Room::new(1 << 20));
        queue.take([(&b"a"[..], from(1)), (b"b\n", from(2)), (b"", from(3)), (b"cd", from(1))].into_iter());
        let groups = std::mem::take(&mut queue.lock().groups);
        let made: Vec<_> = groups.iter().map(|group| (&*group.peer, &group.data[..], &group.ends[..])).collect();
        assert_eq!(made, [("127.0.0.1:1", &b"acd"[..], &[1, 3][..]), ("127.0.0.1:2", b"b\n", &[2])]);
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 3);
        for group in groups {
            queue.done(group.ends.len(), group.cost_bytes);
        }
        assert_eq!((queue.waiting.load(Ordering::Relaxed), queue.lock().cost_bytes, queue.room.held_bytes()), (0, 0, 0));
    }

    #[test]
    fn what_finds_no_room_here_or_in_the_process_is_counted() {
        let here = queue(GROUP_COST_BYTES + 2 * (100 + DATAGRAM_COST_BYTES), &Room::new(1 << 20));
        for _ in 0..3 {
            here.take([(&[b'a'; 100][..], from(1))].into_iter());
        }
        here.take([(&[b'a'; 1][..], from(2))].into_iter());
        assert_eq!((here.dropped(), here.lock().groups.len()), (2, 1));
        let room = Room::new(100);
        let other = room.guest(None);
        assert!(other.take(100));
        let there = queue(1 << 20, &room);
        there.take([(&[b'a'; 1][..], from(1))].into_iter());
        let state = there.lock();
        assert_eq!((there.dropped(), state.groups.len(), state.open.len(), state.cost_bytes), (1, 0, 0, 0));
    }

    #[test]
    fn no_group_is_larger_than_what_is_pushed_at_once() {
        let queue = queue(1 << 30, &Room::new(1 << 30));
        let large = vec![b'a'; 60_000];
        queue.take((0..10).map(|_| (&large[..], from(1))));
        queue.take((0..=GROUP_DATAGRAMS_MAX).map(|_| (&b"a"[..], from(2))));
        let sizes: Vec<_> = queue.lock().groups.iter().map(|group| group.ends.len()).collect();
        assert_eq!(sizes, [4, 4, 2, GROUP_DATAGRAMS_MAX, 1]);
    }
}
