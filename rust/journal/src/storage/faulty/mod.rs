//! A disk in memory that fails as real ones do: for tests.
//!
//! A [`Disk`] injects errors (`ENOSPC`, `EIO`, `EMFILE` …), short writes, failed syncs and slow calls, at chosen calls or at random; it is
//! full where its capacity says so; and [`Disk::power_cut`] leaves of what was not synced only what chance does: sectors old, new or torn,
//! in any order, and names as they were. Everything random follows from the seed.

mod image;
mod storage;

use std::{
    io,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use image::Image;
use storage::FaultyStorage;

use super::Storage;

/// What a caller asks of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A file made.
    Create,
    /// A file opened.
    Open,
    /// Bytes written.
    Write,
    /// Bytes read.
    Read,
    /// A file synced.
    Sync,
    /// A file cut.
    Truncate,
    /// A name removed.
    Remove,
    /// A file renamed.
    Rename,
    /// A file replaced.
    Replace,
    /// The folder synced.
    SyncFolder,
}

/// How it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails with this `errno`, having done nothing; a sync that fails so has lost some of what it should have kept.
    Error(i32),
    /// A write fails with this `errno` after a part of its bytes.
    Short(i32),
    /// The call works, but takes so long.
    Slow(Duration),
}

/// `No space left on device`.
pub const ENOSPC: i32 = 28;
/// `Input/output error`.
pub const EIO: i32 = 5;
/// `Too many open files`.
pub const EMFILE: i32 = 24;

/// When.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    /// So many more calls, after so many that pass.
    Calls { pass: u64, fail: u64 },
    /// So many of 1,000 calls.
    PerMille(u16),
}

#[derive(Debug)]
struct Rule {
    op: Op,
    fault: Fault,
    when: When,
}

#[derive(Debug)]
struct State {
    image: Image,
    random: Random,
    rules: Vec<Rule>,
    held: Vec<Op>,
    waiting: usize,
    /// Handles of a system that a power cut ended do nothing any more.
    boot: u64,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// A disk with one folder; clones are the same disk.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Shared>);

impl Disk {
    /// An empty disk. What is random on it follows from `seed`.
    pub fn new(seed: u64, capacity_bytes: u64) -> Self {
        let state =
            State { image: Image::new(capacity_bytes), random: Random(seed), rules: Vec::new(), held: Vec::new(), waiting: 0, boot: 0 };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    /// The disk as this boot sees it.
    pub fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(FaultyStorage { disk: self.clone(), boot: self.lock().boot })
    }

    /// After `pass` calls of `op` that work, the next `fail` go wrong.
    pub fn fail(&self, op: Op, fault: Fault, pass: u64, fail: u64) {
        self.lock().rules.push(Rule { op, fault, when: When::Calls { pass, fail } });
    }

    /// Of 1,000 calls of `op` so many go wrong.
    pub fn fail_at_random(&self, op: Op, fault: Fault, per_mille: u16) {
        self.lock().rules.push(Rule { op, fault, when: When::PerMille(per_mille) });
    }

    /// No call goes wrong any more.
    pub fn heal(&self) {
        let mut state = self.lock();
        state.rules.clear();
        state.held.clear();
        self.0.changed.notify_all();
    }

    /// Calls of `op` wait from now on, until [`release`](Self::release).
    pub fn hold(&self, op: Op) {
        self.lock().held.push(op);
    }

    /// Those that [`hold`](Self::hold) holds go on.
    pub fn release(&self, op: Op) {
        self.lock().held.retain(|held| *held != op);
        self.0.changed.notify_all();
    }

    /// Waits until so many calls are held; false when the time is up before.
    pub fn wait_held(&self, calls: usize, timeout: Duration) -> bool {
        let waited = self.0.changed.wait_timeout_while(self.lock(), timeout, |state| state.waiting < calls);
        waited.unwrap_or_else(PoisonError::into_inner).0.waiting >= calls
    }

    /// Sets how many bytes the disk has room for.
    pub fn set_capacity(&self, capacity_bytes: u64) {
        self.lock().image.capacity_bytes = capacity_bytes;
    }

    /// Bytes that are taken.
    pub fn used_bytes(&self) -> u64 {
        self.lock().image.used_bytes()
    }

    /// The power is cut and comes back: of what was not synced, chance decides; old handles fail from now on. The disk as it is found.
    pub fn power_cut(&self) -> Arc<dyn Storage> {
        let mut state = self.lock();
        let State { image, random, .. } = &mut *state;
        image.power_cut(random);
        self.reboot(state)
    }

    /// The process is killed: what it wrote stays, synced or not; old handles fail from now on.
    pub fn kill(&self) -> Arc<dyn Storage> {
        self.reboot(self.lock())
    }

    fn reboot(&self, mut state: MutexGuard<'_, State>) -> Arc<dyn Storage> {
        state.boot += 1;
        state.rules.clear();
        state.held.clear();
        drop(state);
        self.0.changed.notify_all();
        self.storage()
    }

    /// Changes stored bytes behind the back of all: what a bad medium does. The bytes of the file as it is now; `None` where it is absent.
    pub fn damage(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Option<usize> {
        self.lock().image.damage(name, change)
    }

    /// These bytes of a file cannot be read any more.
    pub fn bad_sectors(&self, name: &str, bytes: Range<usize>) {
        self.lock().image.bad_sectors(name, bytes);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins: it waits where it is held, and goes wrong where a rule says so. The lock, and how much of a write to do before failing.
    fn begin(&self, op: Op, boot: u64) -> io::Result<(MutexGuard<'_, State>, Option<i32>)> {
        let mut state = self.lock();
        while state.held.contains(&op) && state.boot == boot {
            state.waiting += 1;
            self.0.changed.notify_all();
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        let (mut short, mut slow) = (None, None);
        match state.fault(op) {
            Some(Fault::Error(errno)) => {
                if op == Op::Sync {
                    short = Some(errno); // the caller loses some of what it had
                } else {
                    return Err(io::Error::from_raw_os_error(errno));
                }
            }
            Some(Fault::Short(errno)) => short = Some(errno),
            Some(Fault::Slow(time)) => slow = Some(Instant::now() + time),
            None => {}
        }
        while let Some(left) = slow.map(|until| until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero()) {
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.boot != boot {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        Ok((state, short))
    }
}

impl State {
    fn fault(&mut self, op: Op) -> Option<Fault> {
        let Self { rules, random, .. } = self;
        let mut found = None;
        for rule in rules.iter_mut().filter(|rule| rule.op == op) {
            let hit = match &mut rule.when {
                When::Calls { pass: pass @ 1.., .. } => {
                    *pass -= 1;
                    false
                }
                When::Calls { fail: fail @ 1.., .. } => {
                    *fail -= 1;
                    true
                }
                When::Calls { .. } => false,
                When::PerMille(share) => random.below(1_000) < u64::from(*share),
            };
            if hit {
                found = found.or(Some(rule.fault));
            }
        }
        found
    }
}

/// `SplitMix64`: enough for tests, and the same everywhere.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number under `bound`; 0 where that is 0.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}
