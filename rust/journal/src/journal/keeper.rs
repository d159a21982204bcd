//! The keeper: one thread that saves places and accounts, lets files go, and keeps the bounds.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use logloom_record::time::push_rfc3339;

use super::{
    core::{Core, Disk},
    now_unix_nano, saved,
    state::After,
};
use crate::log::Failing;

/// Places are saved at most this often.
const SAVE_EVERY: Duration = Duration::from_millis(200);
/// On a disk that is slow or busy, so seldom that saving takes no more than this part of the time, but at least so often.
const SAVE_SHARE: u32 = 10;
const SAVE_EVERY_MAX: Duration = Duration::from_secs(1);
/// After a failure, this often.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// Where saving does not work, files that are read by all go without it after this time: they may be what fills the disk.
const SAVE_PATIENCE: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);

/// What the keeper is told.
#[derive(Debug, Default)]
pub(super) struct Signal {
    inner: Mutex<Told>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    has_changes: bool,
    is_full: bool,
    ends: bool,
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something to save.
    pub(super) fn changed(&self) {
        self.lock().has_changes = true;
        self.changed.notify_one();
    }

    /// An append found the journal full.
    pub(super) fn full(&self) {
        if !std::mem::replace(&mut self.lock().is_full, true) {
            self.changed.notify_one();
        }
    }

    pub(super) fn end(&self) {
        self.lock().ends = true;
        self.changed.notify_one();
    }

    /// Waits until there is something to do, or the time is up: for a change only from `not_before` on.
    fn wait(&self, not_before: Instant, until: Instant) -> Told {
        let mut told = self.lock();
        loop {
            let now = Instant::now();
            if told.ends || told.is_full || now >= until || (told.has_changes && now >= not_before) {
                let was = *told;
                *told = Told { ends: was.ends, ..Told::default() };
                return was;
            }
            let next = if told.has_changes { not_before.min(until) } else { until };
            told = self.changed.wait_timeout(told, next.saturating_duration_since(now)).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// How saving goes.
#[derive(Debug, Default)]
pub(super) struct Saved {
    version: u64,
    /// What all cursors were done with when it was saved last.
    pub(super) floor: u64,
    /// Since when it fails.
    failing_since: Option<Instant>,
    /// The journal is ended: its folder may be another's.
    is_over: bool,
}

impl Core {
    /// Saves all places and the accounts, and lets the files go that every cursor is done with.
    pub(super) fn save(&self) -> io::Result<()> {
        let Some(Disk { log, storage, saved, saving_failing, .. }) = self.disk() else { return Ok(()) };
        let mut saved = saved.lock().unwrap_or_else(PoisonError::into_inner);
        if saved.is_over {
            return Ok(());
        }
        let mut after = After::default();
        let mut state = self.lock();
        state.trim(&mut after);
        let (floor, version) = (state.floor(), state.version);
        self.settled_more(&state);
        let bytes = (version != saved.version || saved.version == 0).then(|| saved::encode(&state, log.id()));
        state.told = false;
        drop(state);
        drop(after);
        let done = bytes.map_or(Ok(()), |bytes| storage.replace(saved::FILE, &bytes));
        let tell = |failing| *saving_failing.lock().unwrap_or_else(PoisonError::into_inner) = failing;
        match &done {
            Ok(()) => {
                (saved.version, saved.floor, saved.failing_since) = (version, floor, None);
                tell(None);
            }
            Err(error) => {
                let since = *saved.failing_since.get_or_insert_with(Instant::now);
                let since_unix_nano = self.disk().and_then(Disk::saving).map_or_else(now_unix_nano, |was| was.since_unix_nano);
                tell(Some(Failing { why: format!("saving the cursors and accounts: {error}").into(), since_unix_nano }));
                if since.elapsed() >= SAVE_PATIENCE {
                    saved.floor = floor;
                }
            }
        }
        log.remove_to(saved.floor);
        done
    }

    /// Nothing is written any more, and the folder is given up.
    pub(super) fn release(&self) {
        let Some(Disk { storage, saved, .. }) = self.disk() else { return };
        let mut saved = saved.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut saved.is_over, true) {
            storage.release();
        }
    }

    /// Writes the accounts of now behind those of before.
    fn write_minute(&self) -> io::Result<()> {
        let Some(Disk { accounts_folder: Some(folder), .. }) = self.disk() else { return Ok(()) };
        let accounts = self.lock().accounts(now_unix_nano());
        append_line(folder, accounts.time_unix_nano, &accounts.to_json())
    }
}

fn append_line(folder: &Path, time_unix_nano: u64, line: &str) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut day = Vec::new();
    push_rfc3339(&mut day, time_unix_nano);
    day.truncate("2026-01-01".len());
    let name = format!("{}.jsonl", String::from_utf8_lossy(&day));
    let mut file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(folder.join(name))?;
    file.write_all(format!("{line}\n").as_bytes())
}

/// Runs until it is told to end.
pub(super) fn run(core: &Arc<Core>) {
    let Some(Disk { bounds, .. }) = core.disk() else { return };
    let signal = &core.shared.keeper;
    let (mut not_before, mut minute, mut accounted) = (Instant::now(), Instant::now() + MINUTE, 0);
    loop {
        let until = bounds.next_look().map_or(minute, |look| look.min(minute));
        let told = signal.wait(not_before, until);
        core.keep_bounds(told.is_full);
        let began = Instant::now();
        let is_saved = core.save().is_ok();
        let every = (began.elapsed() * SAVE_SHARE).clamp(SAVE_EVERY, SAVE_EVERY_MAX);
        if !is_saved && !told.ends {
            signal.changed();
        }
        not_before = Instant::now() + if is_saved { every } else { RETRY_EVERY };
        if Instant::now() >= minute || told.ends {
            minute = Instant::now() + MINUTE;
            let version = core.lock().version;
            // A minute in which nothing happened needs no line; one that could not be written stands in the next.
            if version != accounted && core.write_minute().is_ok() {
                accounted = version;
            }
        }
        if told.ends {
            return;
        }
    }
}
