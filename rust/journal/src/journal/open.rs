//! Opening a journal on disk.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, atomic::AtomicBool},
    thread,
    time::Duration,
};

use super::{
    Journal,
    core::{Core, Disk, Kind, Shared},
    keeper,
    saved::{self, Unread},
    state::State,
};
use crate::{
    keys::KeyProvider,
    log::{Log, LogError, LogOptions, Recovery},
    storage::Storage,
};

/// The bounds of a journal on disk.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// Those of its files.
    pub log: LogOptions,
    /// What the newest entries may take in memory, from where cursors at the tail read them.
    pub tail_bytes_max: u64,
    /// Entries that are older are passed over by all cursors; `None`: no entry is too old. A file goes as a whole, so they get up to a sixteenth
    /// older.
    pub age_max: Option<Duration>,
    /// The pipelines whose oldest entries are dropped where the journal is full.
    pub lossy: Vec<Arc<str>>,
    /// Where each minute's accounts are written, a line each, one file a day.
    pub accounts_folder: Option<PathBuf>,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { log: LogOptions::default(), tail_bytes_max: 64 << 20, age_max: None, lossy: Vec::new(), accounts_folder: None }
    }
}

/// What opening a journal found.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// In the files of entries.
    pub recovery: Recovery,
    /// Why the cursors and accounts were lost, where they were. All cursors begin at the oldest entry then: nothing is missed, much comes again.
    pub state_lost: Option<String>,
    /// Where the damaged state is kept.
    pub state_kept: Option<String>,
}

impl Journal {
    /// Opens the journal in this folder, or makes one. It is in use until this is dropped.
    pub fn open(options: JournalOptions, storage: Arc<dyn Storage>, keys: Arc<dyn KeyProvider>) -> Result<(Arc<Self>, Opened), LogError> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error| LogError::Io { what, error }
        };
        let mut opened = Opened::default();
        let (mut state, id) = match saved::read(&*storage) {
            Ok(Some((state, id))) => (state, Some(id)),
            Ok(None) => (State::default(), None),
            Err(Unread::Newer(version)) => return Err(failed(saved::FILE)(io::Error::other(saved::newer(version)))),
            Err(Unread::Io(error)) => return Err(failed(saved::FILE)(error)),
            Err(Unread::Damaged { why, bytes }) => {
                let kept = format!("quarantine/{}-{}.damaged", saved::FILE, super::now_unix_nano());
                opened.state_kept = storage.replace(&kept, &bytes).is_ok().then_some(kept);
                opened.state_lost = Some(why);
                (State::default(), None)
            }
        };
        let known = state.places.iter().map(|place| place.done).max().unwrap_or(0).max(state.head);
        let JournalOptions { mut log, tail_bytes_max, age_max, lossy, accounts_folder } = options;
        log.position_min = log.position_min.max(known + 1);
        let shared = Arc::new(Shared::default());
        let arrive = {
            let shared = Arc::clone(&shared);
            Box::new(move |entries| shared.arrive(entries))
        };
        let (log, recovery) = Log::open(Arc::clone(&storage), keys, id, log, arrive)?;
        if id.is_none() && recovery.entries > 0 && opened.state_lost.is_none() {
            opened.state_lost = Some("it is not there".to_owned());
        }
        complete(&log, &mut state, &recovery)?;
        state.tail_bytes_max = Some(tail_bytes_max);
        state.passed = Arc::clone(log.passed());
        *shared.lock() = state;
        let core = Arc::new(Core {
            shared,
            kind: Kind::Disk(Box::new(Disk {
                log,
                storage,
                bounds: super::bounds::Bounds::new(age_max, lossy),
                accounts_folder,
                is_state_lost: opened.state_lost.is_some(),
                saved: Mutex::default(),
                saving_failing: Mutex::default(),
            })),
            is_closing: AtomicBool::new(false),
        });
        opened.recovery = recovery;
        // A journal that cannot save its state does not begin: its id would be another one each time.
        core.save().map_err(failed(saved::FILE))?;
        let thread = {
            let core = Arc::clone(&core);
            thread::Builder::new().name("journal-keeper".to_owned()).spawn(move || keeper::run(&core)).map_err(failed("a thread"))?
        };
        Ok((Arc::new(Self { core, keeper: Mutex::new(Some(thread)) }), opened))
    }
}

/// Adds to the saved state what came after it was saved.
fn complete(log: &Log, state: &mut State, recovery: &Recovery) -> Result<(), LogError> {
    let mut reader = log.reader(state.head);
    let mut is_damaged = !recovery.damaged.is_empty() || !recovery.unreadable.is_empty() || recovery.last < state.head;
    while reader
        .next_where(|head| {
            state.arrived(head);
            false
        })
        .map_err(|error| LogError::Io { what: "the heads of the newest entries".to_owned(), error: io::Error::other(error) })?
        .is_some()
    {
        is_damaged = true;
    }
    state.head = state.head.max(recovery.last);
    let first = log.files().iter().find(|file| file.last > 0).map_or(u64::MAX, |file| file.first);
    for place in &mut state.places {
        (place.tail_from, place.recheck) = (state.head, place.recheck || is_damaged || place.done.saturating_add(1) < first);
    }
    state.tail.left = state.head;
    state.version += 1;
    Ok(())
}
