//! An exporter's own place in the Journal.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use logloom_record::Batch;

use super::{
    CursorError, Journal, WAIT_MAX,
    core::Core,
    gathered::{Gathered, Most},
    place::{Outcome, own_amount, owns},
    sets::Amount,
    state::{After, State},
    wake,
};
use crate::{
    Entry,
    log::{Read, Reader},
};

/// Where a new cursor begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Behind what is there.
    #[default]
    Tail,
    /// At the oldest entry that is still there.
    Oldest,
}

/// Whose cursor it is.
#[derive(Clone, Debug, Default)]
pub struct CursorOptions {
    /// The exporter's id: the cursor of this name goes on where it was.
    pub name: Arc<str>,
    /// The pipelines that the exporter is in. One that it is in no more is still followed to where it was left; a new one from here on.
    pub pipelines: Vec<Arc<str>>,
    /// Where it begins when there was none of this name.
    pub start: Start,
}

/// Records to be delivered.
#[derive(Clone, Debug)]
pub struct Step {
    /// The records; each has its [key](Batch::key).
    pub batch: Batch,
    /// What [`done`](Cursor::done) is told once they are delivered.
    pub position: u64,
}

/// Follows the Journal for one exporter. One at a time reads. Dropping it leaves its place behind, which a journal on disk keeps.
#[derive(Debug)]
pub struct Cursor {
    core: Arc<Core>,
    /// The keeper runs as long as a cursor is in use.
    _journal: Arc<Journal>,
    holder: u64,
    name: Arc<str>,
    behind: Mutex<Behind>,
    is_interrupted: AtomicBool,
}

/// What reads from disk, for a cursor that the tail does not reach.
#[derive(Debug, Default)]
struct Behind {
    /// And the position that was handed out last.
    reader: Option<(Reader, u64)>,
    /// What was read and did not fit any more.
    over: Option<Arc<Entry>>,
    /// When something was handed out last.
    handed_at: Option<Instant>,
}

/// The exporter's state is larger than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateTooLarge;

/// The most bytes of an exporter's own that are saved with its cursor.
pub const STATE_BYTES_MAX: usize = 64 << 10;
/// Small entries are not handed out one by one as fast as they come: after one time, what came until so much later goes together, unless that is
/// more than so many bytes. Each time costs an exporter far more than a record.
const PACE: Duration = Duration::from_millis(5);
const PACE_BYTES: u64 = 256 << 10;
/// How long a cursor waits at most before it tries again to read what it could not.
const TROUBLE_WAIT: Duration = Duration::from_secs(1);

impl std::fmt::Display for StateTooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an exporter's state is at most {STATE_BYTES_MAX} bytes")
    }
}

impl std::error::Error for StateTooLarge {}

impl Behind {
    /// Until when what is there waits for more; `None`: it is handed out now, as it is to who does not wait so long.
    fn paced_until(&self, unread: Amount, most: Most, deadline: Instant) -> Option<Instant> {
        let is_little = (1..most.records as u64).contains(&unread.records) && unread.bytes < PACE_BYTES.min(most.bytes as u64);
        self.handed_at.filter(|_| is_little).map(|at| at + PACE).filter(|at| *at < deadline && Instant::now() < *at)
    }
}

impl Cursor {
    pub(super) fn new(journal: &Arc<Journal>, holder: u64, name: Arc<str>) -> Self {
        let core = Arc::clone(&journal.core);
        Self { core, _journal: Arc::clone(journal), holder, name, behind: Mutex::default(), is_interrupted: AtomicBool::new(false) }
    }

    /// Its exporter's id.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The next records, merged from whole entries as long as none of the bounds is exceeded (one entry alone may be larger). `None` when
    /// nothing came in time, or the journal is closed and read to its end.
    pub fn next(&self, records_max: usize, bytes_max: usize, timeout: Duration) -> Option<Step> {
        let most = Most { records: records_max, bytes: bytes_max };
        let gathered = self.take(most, Instant::now() + timeout.min(WAIT_MAX))?;
        Some(Step { batch: gathered.merged(self.core.id()), position: gathered.read })
    }

    /// The same, not merged yet, until `deadline`.
    pub(super) fn take(&self, most: Most, deadline: Instant) -> Option<Gathered> {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut after = After::default();
            let mut guard = self.core.lock();
            if self.is_interrupted.load(Ordering::Acquire) {
                return None;
            }
            let state = &mut *guard;
            let head = state.head;
            let tail_from = state.tail.left;
            let (place, sets) = state.place(self.holder)?;
            place.advance(sets, head);
            if let Some(at) = behind.paced_until(place.unread(sets), most, deadline)
                && !state.closed
            {
                self.pause(guard, at);
                continue;
            }
            let (place, sets) = state.place(self.holder)?;
            let (read, from) = (place.read, place.tail_from.max(tail_from));
            let gathered = if read < from && place.has_more(sets) {
                let members = Arc::clone(&place.members);
                drop(guard);
                let gathered = self.read_behind(&mut behind, &members, read, from, most);
                guard = self.core.lock();
                match gathered {
                    Ok(gathered) => gathered,
                    Err(why) => {
                        let (place, _) = guard.place(self.holder)?;
                        place.trouble = Some(why.into());
                        let is_closed = guard.closed;
                        if is_closed || !self.rest(guard, deadline.min(Instant::now() + TROUBLE_WAIT), deadline) {
                            return None;
                        }
                        continue;
                    }
                }
            } else {
                Self::read_tail(state, self.holder, read, most)
            };
            let state = &mut *guard;
            let (place, _) = state.place(self.holder)?;
            if place.read != read {
                continue; // a bound passed over it meanwhile
            }
            place.trouble = None;
            place.hand_out(gathered.first(), gathered.read, gathered.amount);
            if gathered.amount.records > 0 {
                state.trim_from(read, &mut after);
                drop(guard);
                drop(after);
                behind.handed_at = Some(Instant::now());
                return Some(gathered);
            }
            if gathered.read > read {
                state.trim_from(read, &mut after);
                self.core.settled_more(state);
                continue; // there may be more behind what was not its own
            }
            let is_closed = state.closed;
            if is_closed || !self.rest(guard, deadline, deadline) {
                return None;
            }
        }
    }

    /// Gives the lock back and waits for what is its own; false where the time was up before.
    fn rest(&self, mut guard: std::sync::MutexGuard<'_, State>, until: Instant, deadline: Instant) -> bool {
        if Instant::now() >= deadline || self.is_interrupted.load(Ordering::Acquire) {
            return false;
        }
        let state = &mut *guard;
        let Some(place) = state.places.iter_mut().find(|place| place.holder == self.holder) else { return false };
        for (at, set) in state.sets.all.iter_mut().enumerate().filter(|(at, _)| place.mine.get(*at).is_some_and(|mine| !mine.is_empty())) {
            if let Some(waits) = place.waits.get_mut(at).filter(|waits| **waits != set.round) {
                *waits = set.round;
                set.waiting.push(Arc::clone(&place.slot));
            }
        }
        let slot = Arc::clone(&place.slot);
        slot.prepare();
        drop(guard);
        slot.wait(until);
        true
    }

    /// Gives the lock back and waits until then, or until it is interrupted or the journal closed: not for what comes.
    fn pause(&self, mut guard: std::sync::MutexGuard<'_, State>, until: Instant) {
        let Some((place, _)) = guard.place(self.holder) else { return };
        let slot = Arc::clone(&place.slot);
        slot.prepare();
        drop(guard);
        slot.wait(until);
    }

    /// What the tail has of its own after `read`.
    fn read_tail(state: &State, holder: u64, read: u64, most: Most) -> Gathered {
        let mut gathered = Gathered { read, ..Gathered::default() };
        let Some(place) = state.held_by(holder) else { return gathered };
        for item in state.tail.after(read) {
            let position = item.entry.position;
            let own: Vec<bool> = item.sets.iter().map(|&set| place.owns(set, position)).collect();
            if !gathered.take(&item.entry, own, most) || gathered.is_full {
                break;
            }
        }
        gathered
    }

    /// What the disk has of its own after `read`, up to `to`, from where on the tail knows.
    fn read_behind(
        &self,
        behind: &mut Behind,
        members: &[super::place::Member],
        read: u64,
        to: u64,
        most: Most,
    ) -> Result<Gathered, String> {
        let mut gathered = Gathered { read, ..Gathered::default() };
        let Some(log) = self.core.log() else { return Ok(gathered) };
        let mut reader = match behind.reader.take() {
            Some((reader, at)) if at == read => reader,
            _ => {
                behind.over = None;
                log.reader(read)
            }
        };
        let mut is_damaged = false;
        let goes_on = loop {
            let entry = match behind.over.take() {
                Some(entry) => entry,
                // The first one that the tail has is wanted only to see the end.
                None => match reader.next_where(|head| head.position > to || own_amount(members, &head.parts, head.position).records > 0) {
                    Ok(Some(Read::Entry(entry))) => Arc::new(entry),
                    Ok(Some(Read::Damaged { to, .. })) => {
                        gathered.read = gathered.read.max(to);
                        is_damaged = true;
                        continue;
                    }
                    Ok(None) => {
                        gathered.read = gathered.read.max(to);
                        break true;
                    }
                    // What was read before is handed out first.
                    Err(_) if gathered.amount.records > 0 => break false,
                    Err(error) => return Err(error.to_string()),
                },
            };
            if entry.position > to {
                gathered.read = gathered.read.max(to);
                break false;
            }
            let own = entry.parts.iter().map(|part| owns(members, &part.pipelines, entry.position)).collect();
            if !gathered.take(&entry, own, most) {
                behind.over = Some(entry);
                break true;
            }
            if gathered.is_full {
                break true;
            }
        };
        if goes_on {
            behind.reader = Some((reader, gathered.read));
        }
        if is_damaged && let Some((place, _)) = self.core.lock().place(self.holder) {
            place.recheck = true;
        }
        Ok(gathered)
    }

    /// The exporter is done with everything that was handed out up to `position`. `state`: what of its own is saved with its place, wholly
    /// or not at all; without it, what was saved stays. Where it is too large nothing is done.
    pub fn done(&self, position: u64, outcome: Outcome, state: Option<&[u8]>) -> Result<(), StateTooLarge> {
        if state.is_some_and(|state| state.len() > STATE_BYTES_MAX) {
            return Err(StateTooLarge);
        }
        let mut after = After::default();
        let mut guard = self.core.lock();
        let Some((place, _)) = guard.place(self.holder) else { return Ok(()) };
        let was = place.done;
        place.settle(position, outcome);
        if let Some(state) = state {
            place.state = Some(state.into());
        }
        guard.version += 1;
        if guard.tail_bytes_max.is_none() {
            guard.trim_from(was, &mut after);
        }
        self.core.settled_more(&guard);
        self.core.tell(guard);
        drop(after);
        Ok(())
    }

    /// Hands out nothing more until it is [rewound](Self::rewind), and wakes who waits. What was handed out can still be done with.
    pub fn interrupt(&self) {
        self.is_interrupted.store(true, Ordering::Release);
        // Whoever looked before has the lock until it is to be woken.
        let slot = self.core.lock().held_by(self.holder).map(|place| Arc::clone(&place.slot));
        wake::wake(slot.into_iter().collect());
    }

    /// What was handed out and is not done comes again, to an exporter that begins anew. Waits for who reads.
    pub fn rewind(&self) {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        *behind = Behind::default();
        if let Some((place, _)) = self.core.lock().place(self.holder) {
            place.rewind();
        }
        self.is_interrupted.store(false, Ordering::Release);
    }

    /// The exporter is in these pipelines from now on, as [`Journal::cursor`] has it of one that comes again.
    pub fn follow(&self, pipelines: &[Arc<str>]) -> Result<(), CursorError> {
        let pipelines = super::with_own(pipelines.to_vec(), &self.name);
        let mut guard = self.core.lock();
        let head = guard.head;
        let Some((place, sets)) = guard.place(self.holder) else { return Ok(()) };
        if !place.follow(&pipelines, sets, head) {
            return Ok(());
        }
        guard.find_own();
        guard.version += 1;
        self.core.tell(guard);
        self.core.save().map_err(|error| CursorError(format!("the cursor '{}' cannot be saved: {error}", self.name)))
    }

    /// Gives the place up, as dropping does: nothing comes any more, and another one may have it.
    pub fn leave(&self) {
        self.interrupt();
        self.core.leave(self.holder);
    }

    /// Records that were handed out up to `position` and are not done.
    pub fn handed(&self, position: u64) -> u64 {
        let state = self.core.lock();
        let out = state.held_by(self.holder).into_iter().flat_map(|place| &place.out);
        out.filter(|out| out.end <= position).map(|out| out.amount.records).sum()
    }

    /// What the exporter is not done with: handed out, or not read yet.
    pub fn pending(&self) -> Amount {
        let state = self.core.lock();
        let of = |place: &super::place::Place| place.unread(&state.sets) + place.out_amount();
        state.held_by(self.holder).map(of).unwrap_or_default()
    }

    /// What the exporter had saved with its place.
    pub fn state(&self) -> Option<Arc<[u8]>> {
        self.core.lock().held_by(self.holder)?.state.clone()
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.core.leave(self.holder);
    }
}
