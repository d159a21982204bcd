//! `dedup`: of records that are the same the first goes on at once, and one at the end of the window says how many more there were.

mod key;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{Timestamp, tz::TimeZone};
use logloom_record::{Batch, Condition, Limits, Marks, Origin, Overlay, Record, overlay::push_int, proto::push_field};

pub use key::Path;
use key::{Hasher, of_message, of_record, without};

use crate::{Outcome, Processor, now_of};

/// What a [`Dedup`] is made of.
#[derive(Debug)]
pub struct Settings {
    /// How long a window is open, from its first record on, in nanoseconds.
    pub interval_nanos: u64,
    /// The attribute that says how many more there were.
    pub count_attribute: String,
    /// Where the clock of `first_observed_timestamp` and `last_observed_timestamp` stands.
    pub timezone: TimeZone,
    /// Fields that may differ; the record that counts has none of them.
    pub exclude: Vec<Path>,
    /// Fields that alone are compared, where a record has one of them.
    pub include: Vec<Path>,
    /// Where there are some: only records that one of them holds for are compared.
    pub conditions: Vec<Condition>,
    /// The most windows that are open at a time; records over that go on as they are.
    pub keys_max: usize,
}

/// The time zone of a name such as `Europe/Berlin`; `None` where there is none.
pub fn timezone_of(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// The most bytes of records that wait for the end of their windows.
const HELD_BYTES_MAX: usize = 64 << 20;
/// About so many bytes of counting records stand in one Batch.
const SAID_BYTES: usize = 2 << 20;

/// Counts what comes again.
#[derive(Debug)]
pub struct Dedup {
    settings: Settings,
    hasher: Hasher,
    state: Mutex<State>,
    rule: Arc<str>,
    over: Arc<str>,
}

#[derive(Debug, Default)]
struct State {
    windows: HashMap<u128, Window>,
    /// Those that closed before they were asked for.
    closed: Vec<Counted>,
    held_bytes: usize,
}

#[derive(Debug)]
struct Window {
    first_unix_nano: u64,
    /// Nothing until the second record comes.
    more: Option<Counted>,
}

/// What came again.
#[derive(Debug)]
struct Counted {
    count: i64,
    first_unix_nano: u64,
    last_unix_nano: u64,
    /// One of them, without what may differ.
    record: Box<[u8]>,
    shared: Arc<Shared>,
}

/// What records of one group share.
#[derive(Debug, PartialEq, Eq)]
struct Shared {
    origin: Arc<Origin>,
    resource: Vec<u8>,
    scope: Vec<u8>,
    resource_schema_url: Vec<u8>,
    scope_schema_url: Vec<u8>,
}

impl Shared {
    fn of(record: &Record<'_>, origin: &Arc<Origin>) -> Self {
        Self {
            origin: Arc::clone(origin),
            resource: record.resource().to_vec(),
            scope: record.scope().to_vec(),
            resource_schema_url: record.resource_schema_url().to_vec(),
            scope_schema_url: record.scope_schema_url().to_vec(),
        }
    }

    /// What tells it from others, but for the origin.
    fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.resource.len() + self.scope.len() + 16);
        for part in [self.origin.tenant.as_bytes(), &self.resource, &self.scope] {
            key.extend_from_slice(&(part.len() as u32).to_le_bytes());
            key.extend_from_slice(part);
        }
        key
    }
}

impl Dedup {
    /// Of these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings, hasher: Hasher::default(), state: Mutex::default(), rule: "duplicates".into(), over: "over_max_keys".into() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_due(&self, first_unix_nano: u64, now: u64) -> bool {
        // Also where the clock was set back: no window is open for ever.
        now.abs_diff(first_unix_nano) >= self.settings.interval_nanos
    }

    /// Closes what is due; `all`: whatever is open.
    fn close(&self, now: u64, all: bool) -> Vec<Counted> {
        let mut state = self.lock();
        let mut said = std::mem::take(&mut state.closed);
        state.windows.retain(|_, window| {
            let stays = !all && !self.is_due(window.first_unix_nano, now);
            if !stays {
                said.extend(window.more.take());
            }
            stays
        });
        state.held_bytes = state.windows.values().filter_map(|window| window.more.as_ref()).map(|more| more.record.len()).sum();
        drop(state);
        said
    }

    /// The records that say how many there were, those of one origin in one Batch or a few.
    fn say(&self, mut counted: Vec<Counted>, now: u64) -> Vec<Batch> {
        let place =
            |counted: &Counted| (counted.shared.origin.tenant.clone(), counted.shared.origin.receiver.clone(), counted.first_unix_nano);
        counted.sort_by_cached_key(place);
        let mut batches = Vec::new();
        let mut out = Vec::new();
        let mut overlay = Overlay::record();
        for (at, one) in counted.iter().enumerate() {
            let (mut record, mut scope_logs, mut logs) = (Vec::new(), Vec::new(), Vec::new());
            overlay.clear();
            overlay.set(self.settings.count_attribute.as_bytes(), |out| push_int(out, one.count));
            overlay.set_text(b"first_observed_timestamp", self.clock(one.first_unix_nano).as_bytes());
            overlay.set_text(b"last_observed_timestamp", self.clock(one.last_unix_nano).as_bytes());
            overlay.set_fixed64(1, now);
            overlay.set_fixed64(11, now);
            overlay.write(&one.record, &mut record);
            let Shared { resource, scope, resource_schema_url, scope_schema_url, .. } = &*one.shared;
            let part = |out: &mut Vec<u8>, tag: u8, bytes: &[u8]| {
                if !bytes.is_empty() {
                    push_field(out, tag, bytes);
                }
            };
            part(&mut scope_logs, 0x0a, scope);
            push_field(&mut scope_logs, 0x12, &record);
            part(&mut scope_logs, 0x1a, scope_schema_url);
            part(&mut logs, 0x0a, resource);
            push_field(&mut logs, 0x12, &scope_logs);
            part(&mut logs, 0x1a, resource_schema_url);
            push_field(&mut out, 0x0a, &logs);
            let is_last_of_origin = counted.get(at + 1).is_none_or(|next| next.shared.origin != one.shared.origin);
            if is_last_of_origin || out.len() >= SAID_BYTES {
                let bytes = std::mem::take(&mut out);
                if let Ok(batch) = Batch::from_otlp(bytes.into(), &Limits::DEFAULT) {
                    batches.push(batch.compact().with_origin(Arc::clone(&one.shared.origin)));
                }
            }
        }
        batches
    }

    fn clock(&self, unix_nano: u64) -> String {
        let time = Timestamp::from_nanosecond(i128::from(unix_nano)).unwrap_or_default();
        let zoned = time.to_zoned(self.settings.timezone.clone());
        if zoned.offset().is_zero() {
            zoned.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
        } else {
            zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        }
    }

    /// What becomes of a record.
    fn judge(&self, state: &mut State, key: u128, now: u64, record: &[u8], shared: &Arc<Shared>) -> Verdict {
        let State { windows, closed, held_bytes } = state;
        let is_full = windows.len() >= self.settings.keys_max;
        let Some(window) = windows.get_mut(&key) else {
            if is_full {
                return Verdict::Over;
            }
            windows.insert(key, Window { first_unix_nano: now, more: None });
            return Verdict::First;
        };
        if self.is_due(window.first_unix_nano, now) {
            closed.extend(window.more.take());
            window.first_unix_nano = now;
            return Verdict::First;
        }
        if let Some(more) = &mut window.more {
            more.count = more.count.saturating_add(1);
            more.last_unix_nano = now;
            return Verdict::Again;
        }
        let record = without(record, &self.settings.exclude).map_or_else(|| record.into(), Vec::into_boxed_slice);
        if *held_bytes + record.len() > HELD_BYTES_MAX {
            return Verdict::Over;
        }
        *held_bytes += record.len();
        let first_unix_nano = window.first_unix_nano;
        window.more = Some(Counted { count: 1, first_unix_nano, last_unix_nano: now, record, shared: Arc::clone(shared) });
        Verdict::Again
    }
}

enum Verdict {
    First,
    Again,
    /// There is no room to count it.
    Over,
}

impl Processor for Dedup {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        let now = now_of(&batch);
        let Origin { receiver, format, identity, tenant, .. } = Origin::clone(batch.origin());
        let origin = Arc::new(Origin { receiver, format, identity, tenant, ..Origin::default() });
        let mut groups: HashMap<u32, (u128, Arc<Shared>)> = HashMap::new();
        let mut scratch = Vec::new();
        let (mut again, mut over) = (0, 0);
        let mut stays = Marks::all(batch.len());
        let conditions = &self.settings.conditions;
        let meant = if conditions.is_empty() { stays.clone() } else { Condition::any_among(conditions, &batch, &stays) };
        for (at, record) in meant.runs().flatten().filter_map(|at| Some((at, batch.record(at)?))) {
            let (group, shared) = groups.entry(record.group()).or_insert_with(|| {
                let shared = Shared::of(&record, &origin);
                (self.hasher.of(&shared.key()), Arc::new(shared))
            });
            let bare = if self.settings.include.is_empty() { without(record.bytes(), &self.settings.exclude) } else { None };
            let key = match &bare {
                Some(bare) => of_message(&self.hasher, bare, &mut scratch),
                None => of_record(&self.hasher, &record, &self.settings.include, &mut scratch),
            };
            let key = key.wrapping_add(group.rotate_left(64));
            match self.judge(&mut self.lock(), key, now, record.bytes(), shared) {
                Verdict::First => {}
                Verdict::Again => {
                    again += 1;
                    stays.remove_one(at);
                }
                Verdict::Over => over += 1,
            }
        }
        outcome.dropped += again;
        outcome.count(&self.rule, again);
        outcome.count(&self.over, over);
        batch.marked(&stays)
    }

    fn tick(&self, now_unix_nano: u64) -> Vec<Batch> {
        self.say(self.close(now_unix_nano, false), now_unix_nano)
    }

    fn flush(&self, now_unix_nano: u64) -> Vec<Batch> {
        self.say(self.close(now_unix_nano, true), now_unix_nano)
    }
}
