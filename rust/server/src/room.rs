//! The bound on what is in hand: bytes that came, and are neither in the journal nor refused yet.
//!
//! Each server has a [`Room`], and all of them lie within the one of the process (`service.in_flight_mib`), whatever language they are in.
//! Who finds no room says "later" in its protocol's way. What takes up room and does not get on, because its sender is slow, or means harm,
//! gives way: those that have held most for longest are ended first, so that a client that sends what it has to say is served whatever others
//! do.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// It is looked who gives way this often, at most.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// So large a part of the room, one of these, is made free at a time.
const FREED_SHARE: u64 = 8;
/// What one that waits will read at once, when it is woken.
pub const READ_BYTES: u64 = 64 << 10;

/// Ends a guest while it is arriving. Called without any lock of this module, from whichever thread needs the room.
pub type GiveWay = Arc<dyn Fn() + Send + Sync>;
/// Wakes one that waits for room; likewise.
pub type Wake = Box<dyn FnOnce() + Send>;

/// How many bytes may be in hand at once.
#[derive(Debug)]
pub struct Room {
    tree: Arc<Tree>,
    id: u64,
    /// What it is a part of lasts as long as it.
    _above: Option<Arc<Room>>,
}

/// One request's or connection's share of a room; dropped, it holds nothing.
#[derive(Debug)]
pub struct Guest {
    tree: Arc<Tree>,
    id: u64,
    _room: Arc<Room>,
}

struct Tree {
    state: Mutex<State>,
    look_every: Duration,
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    next: u64,
    rooms: HashMap<u64, Level>,
    guests: HashMap<u64, Seat>,
}

#[derive(Default)]
struct Level {
    bytes_max: u64,
    held_bytes: u64,
    above: Option<u64>,
    arriving: HashSet<u64>,
    waiting: VecDeque<Wake>,
    looked: Option<Instant>,
    /// Somebody found no room, and has not said yet that it waits;
    is_wanted: bool,
    /// and meanwhile there was some.
    is_missed: bool,
}

struct Seat {
    room: u64,
    bytes: u64,
    since: Instant,
    is_arriving: bool,
    give_way: Option<GiveWay>,
}

/// What is to be called when the lock is given back.
#[derive(Default)]
struct Calls(Vec<Wake>);

impl Room {
    /// A room for so many bytes; one guest alone may have more: else what is larger would wait for ever.
    pub fn new(bytes_max: u64) -> Arc<Self> {
        Self::looking_every(bytes_max, LOOK_EVERY)
    }

    /// The same; how often it is looked who gives way, at most.
    pub fn looking_every(bytes_max: u64, look_every: Duration) -> Arc<Self> {
        let tree = Arc::new(Tree { state: Mutex::default(), look_every });
        let id = tree.lock().add(bytes_max, None);
        Arc::new(Self { tree, id, _above: None })
    }

    /// A part of this one, for so many bytes.
    pub fn part(self: &Arc<Self>, bytes_max: u64) -> Arc<Self> {
        let id = self.tree.lock().add(bytes_max, Some(self.id));
        Arc::new(Self { tree: Arc::clone(&self.tree), id, _above: Some(Arc::clone(self)) })
    }

    /// How many bytes may be held.
    pub fn bytes_max(&self) -> u64 {
        self.tree.lock().rooms.get(&self.id).map_or(0, |level| level.bytes_max)
    }

    /// How many bytes are.
    pub fn held_bytes(&self) -> u64 {
        self.tree.lock().rooms.get(&self.id).map_or(0, |level| level.held_bytes)
    }

    /// How many bytes there is room for, here and in the larger rooms; 0 also where more is held than may be.
    pub fn free_bytes(&self) -> u64 {
        let state = self.tree.lock();
        let free = |level: &Level| level.bytes_max.saturating_sub(level.held_bytes);
        state.path(self.id).iter().filter_map(|id| state.rooms.get(id)).map(free).min().unwrap_or(0)
    }

    /// Makes room for so many bytes more.
    pub fn grow(&self, more_bytes: u64) {
        if let Some(level) = self.tree.lock().rooms.get_mut(&self.id) {
            level.bytes_max = level.bytes_max.saturating_add(more_bytes);
        }
    }

    /// One request's or connection's share. `give_way` ends it while it is still arriving: see [`Guest::arrived`].
    pub fn guest(self: &Arc<Self>, give_way: Option<GiveWay>) -> Guest {
        let mut state = self.tree.lock();
        let id = state.number();
        state.guests.insert(id, Seat { room: self.id, bytes: 0, since: Instant::now(), is_arriving: false, give_way });
        Guest { tree: Arc::clone(&self.tree), id, _room: Arc::clone(self) }
    }

    /// Calls `wake` once there is room again. Who found none and waits then is woken at once where there was some meanwhile.
    pub fn wait(&self, wake: Wake) {
        let mut state = self.tree.lock();
        let path = state.path(self.id);
        let mut is_missed = false;
        for id in &path {
            if let Some(level) = state.rooms.get_mut(id) {
                is_missed |= std::mem::take(&mut level.is_missed);
                level.is_wanted = false;
            }
        }
        if is_missed {
            drop(state);
            return wake();
        }
        let is_short = |id: &&u64| state.rooms.get(id).is_some_and(|level| level.held_bytes >= level.bytes_max);
        let at = path.iter().find(is_short).copied().unwrap_or(self.id);
        if let Some(level) = state.rooms.get_mut(&at) {
            level.waiting.push_back(wake);
        }
    }

    /// Wakes the first that waits, here or in the larger rooms, and is to be called every now and then: where all that hold something wait for
    /// more, nobody would ask any more, and it is asking that finds out who gives way.
    pub fn look(&self) {
        let mut state = self.tree.lock();
        let path = state.path(self.id);
        let first = path.iter().find_map(|id| state.rooms.get_mut(id)?.waiting.pop_front());
        drop(state);
        if let Some(wake) = first {
            wake();
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let level = self.tree.lock().rooms.remove(&self.id);
        drop(level); // what waits is not dropped under the lock
    }
}

impl Guest {
    /// How many bytes it holds.
    pub fn bytes(&self) -> u64 {
        self.tree.lock().guests.get(&self.id).map_or(0, |seat| seat.bytes)
    }

    /// While it is arriving, `give_way` ends it; for one that holds nothing yet.
    pub fn ends_by(&self, give_way: GiveWay) {
        if let Some(seat) = self.tree.lock().guests.get_mut(&self.id) {
            seat.give_way = Some(give_way);
        }
    }

    /// Holds so many bytes more; false, and no more than before, where there is not the room.
    pub fn take(&self, more_bytes: i64) -> bool {
        let mut calls = Calls::default();
        let mut state = self.tree.lock();
        let has_room = state.has_all(self.id, more_bytes, self.tree.look_every, &mut calls);
        if has_room {
            let bytes = state.guests.get(&self.id).map_or(0, |seat| seat.bytes);
            state.count(self.id, bytes.saturating_add_signed(more_bytes), &mut calls);
        }
        drop(state);
        calls.make();
        has_room
    }

    /// Holds so many bytes in all, which are in memory already; whether there was room for them.
    pub fn count(&self, size_bytes: u64) -> bool {
        let mut calls = Calls::default();
        let mut state = self.tree.lock();
        let bytes = state.guests.get(&self.id).map_or(0, |seat| seat.bytes);
        let more = size_bytes.cast_signed().saturating_sub(bytes.cast_signed());
        let has_room = more <= 0 || state.has_all(self.id, more, self.tree.look_every, &mut calls);
        state.count(self.id, size_bytes, &mut calls);
        drop(state);
        calls.make();
        has_room
    }

    /// All of it came: it need not give way any more, until it holds nothing and begins anew.
    pub fn arrived(&self) {
        self.tree.lock().arrived(self.id);
    }

    /// Holds nothing.
    pub fn leave(&self) {
        self.count(0);
    }

    /// Ends it: others need the room.
    pub fn gives_way(&self) {
        let mut calls = Calls::default();
        self.tree.lock().give_way(self.id, &mut calls);
        calls.make();
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut calls = Calls::default();
        let mut state = self.tree.lock();
        state.count(self.id, 0, &mut calls);
        let seat = state.guests.remove(&self.id);
        drop(state);
        drop(seat); // what its callback holds is not dropped under the lock
        calls.make();
    }
}

impl Tree {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    fn make(self) {
        self.0.into_iter().for_each(|call| call());
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn add(&mut self, bytes_max: u64, above: Option<u64>) -> u64 {
        let id = self.number();
        self.rooms.insert(id, Level { bytes_max, above, ..Level::default() });
        id
    }

    /// A room, and those that it is a part of.
    fn path(&self, room: u64) -> Vec<u64> {
        let mut path = Vec::with_capacity(2);
        let mut at = Some(room);
        while let Some((id, level)) = at.and_then(|id| Some((id, self.rooms.get(&id)?))) {
            path.push(id);
            at = level.above;
        }
        path
    }

    fn path_of(&self, guest: u64) -> Vec<u64> {
        self.guests.get(&guest).map(|seat| self.path(seat.room)).unwrap_or_default()
    }

    /// Whether there is room for so many bytes more of `guest` at every level, if need be once others gave way.
    fn has_all(&mut self, guest: u64, more_bytes: i64, look_every: Duration, calls: &mut Calls) -> bool {
        for room in self.path_of(guest) {
            if !self.fits(room, more_bytes, guest) && !self.make_way(room, more_bytes, guest, look_every, calls) {
                if let Some(level) = self.rooms.get_mut(&room) {
                    level.is_wanted = true;
                }
                return false;
            }
        }
        true
    }

    fn fits(&self, room: u64, more_bytes: i64, guest: u64) -> bool {
        let (Some(level), Some(seat)) = (self.rooms.get(&room), self.guests.get(&guest)) else { return false };
        level.held_bytes.saturating_add_signed(more_bytes) <= level.bytes_max || level.held_bytes == seat.bytes
    }

    fn make_way(&mut self, room: u64, more_bytes: i64, asker: u64, look_every: Duration, calls: &mut Calls) -> bool {
        let now = Instant::now();
        let Some(level) = self.rooms.get_mut(&room) else { return false };
        if level.looked.is_some_and(|looked| now.duration_since(looked) < look_every) {
            return false;
        }
        level.looked = Some(now);
        let bytes_max = level.bytes_max;
        let mut arriving: Vec<(u128, u64, u64)> = Vec::with_capacity(level.arriving.len());
        let ids: Vec<u64> = level.arriving.iter().copied().collect();
        for id in ids {
            let Some(seat) = self.guests.get(&id) else { continue };
            arriving.push((u128::from(seat.bytes) * now.duration_since(seat.since).as_nanos(), id, seat.bytes));
        }
        if arriving.iter().map(|row| row.2).sum::<u64>().saturating_mul(2) < bytes_max {
            return false; // most of it waits for the journal: nobody is at fault
        }
        arriving.sort_unstable_by(|a, b| b.cmp(a));
        let wanted = more_bytes.saturating_add_unsigned(bytes_max / FREED_SHARE);
        for (_, id, _) in arriving {
            let held = self.rooms.get(&room).map_or(0, |level| level.held_bytes);
            if id == asker || held.saturating_add_signed(wanted) <= bytes_max {
                break;
            }
            self.give_way(id, calls);
        }
        self.fits(room, more_bytes, asker)
    }

    fn give_way(&mut self, guest: u64, calls: &mut Calls) {
        self.count(guest, 0, calls);
        if let Some(give_way) = self.guests.get(&guest).and_then(|seat| seat.give_way.clone()) {
            calls.0.push(Box::new(move || give_way()));
        }
    }

    fn count(&mut self, guest: u64, size_bytes: u64, calls: &mut Calls) {
        let path = self.path_of(guest);
        let Some(seat) = self.guests.get_mut(&guest) else { return };
        let before = seat.bytes;
        if before == size_bytes {
            return;
        }
        let begins = !seat.is_arriving && seat.give_way.is_some() && before == 0;
        if begins {
            (seat.is_arriving, seat.since) = (true, Instant::now());
        }
        seat.bytes = size_bytes;
        for id in &path {
            let Some(level) = self.rooms.get_mut(id) else { continue };
            if begins {
                level.arriving.insert(guest);
            }
            level.held_bytes = (level.held_bytes + size_bytes).saturating_sub(before);
            if size_bytes < before {
                level.freed(calls);
            }
        }
        if size_bytes == 0 {
            self.arrived(guest);
        }
    }

    fn arrived(&mut self, guest: u64) {
        let path = self.path_of(guest);
        let Some(seat) = self.guests.get_mut(&guest).filter(|seat| seat.is_arriving) else { return };
        seat.is_arriving = false;
        for id in path {
            if let Some(level) = self.rooms.get_mut(&id) {
                level.arriving.remove(&guest);
            }
        }
    }
}

impl Level {
    /// Wakes no more than find room.
    fn freed(&mut self, calls: &mut Calls) {
        let mut left = self.bytes_max.saturating_sub(self.held_bytes);
        self.is_missed |= std::mem::take(&mut self.is_wanted) && left > 0;
        while left > 0
            && let Some(wake) = self.waiting.pop_front()
        {
            left = left.saturating_sub(READ_BYTES);
            calls.0.push(wake);
        }
    }
}

#[cfg(test)]
mod tests;
