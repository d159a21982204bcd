//! The Journal and its cursors.

use std::{os::fd::AsRawFd, path::PathBuf, sync::Arc, time::Duration};

use logloom_journal::{
    CursorInfo, CursorOptions, Draft, Fact, Fate, JournalOptions, Opened, Outcome, Part, Start, Step, Tally,
    keys::{FileKey, KeyError, KeyProvider, PassphraseKey},
    log::{DamagedRange, Histogram, LogOptions, Torn},
    storage::{RealStorage, Storage},
};
use pyo3::{exceptions::PyValueError, prelude::*, types::PyDict};
use zeroize::Zeroizing;

use crate::{batch::Batch, errors::ConfigError};

/// Entries in order, followed by cursors.
#[pyclass(module = "logloom._native", frozen)]
pub struct Journal(pub Arc<logloom_journal::Journal>);

fn timeout(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|_| PyValueError::new_err("timeout_s must be 0 or more and finite"))
}

#[pymethods]
impl Journal {
    #[new]
    #[pyo3(signature = (*, bytes_max))]
    fn new(bytes_max: usize) -> Self {
        Self(logloom_journal::Journal::memory(bytes_max))
    }

    /// Opens the journal in a folder, or makes one: it, and what was found.
    #[staticmethod]
    #[pyo3(signature = (path, *, disk_bytes_max, file_bytes_max, free_bytes_min, fsync_delay_max_s, age_max_s = 0.0, lossy = Vec::new(), accounts = None, key_file = None, passphrases = Vec::new()))]
    #[allow(clippy::too_many_arguments)] // they are keywords in Python
    fn open(
        py: Python<'_>,
        path: PathBuf,
        disk_bytes_max: u64,
        file_bytes_max: u64,
        free_bytes_min: u64,
        fsync_delay_max_s: f64,
        age_max_s: f64,
        lossy: Vec<String>,
        accounts: Option<PathBuf>,
        key_file: Option<PathBuf>,
        passphrases: Vec<String>,
    ) -> PyResult<(Self, Bound<'_, PyDict>)> {
        let log = LogOptions {
            file_bytes_max,
            disk_bytes_max,
            free_bytes_min,
            fsync_delay_max: timeout(fsync_delay_max_s)?,
            ..LogOptions::default()
        };
        let age_max = timeout(age_max_s)?;
        let options = JournalOptions {
            log,
            age_max: (!age_max.is_zero()).then_some(age_max),
            lossy: lossy.into_iter().map(Arc::from).collect(),
            accounts_folder: accounts,
            ..JournalOptions::default()
        };
        let (journal, found) = py.detach(|| {
            let storage = RealStorage::open(&path)?;
            let is_new = !storage.list()?.iter().any(|(name, _)| name.ends_with(".journal"));
            let keys = keys_of(key_file, passphrases, is_new)?;
            logloom_journal::Journal::open(options, Arc::new(storage), keys).map_err(|error| ConfigError::new_err(error.to_string()))
        })?;
        Ok((Self(journal), found_dict(py, &found)?))
    }

    /// `start`: where a cursor of a name that there was none of begins, "tail" or "oldest".
    #[pyo3(signature = (exporter, pipelines, *, start = "tail"))]
    fn cursor(&self, exporter: &str, pipelines: Vec<String>, start: &str) -> PyResult<Cursor> {
        let start = match start {
            "tail" => Start::Tail,
            "oldest" => Start::Oldest,
            _ => return Err(PyValueError::new_err("start must be 'tail' or 'oldest'")),
        };
        let pipelines = pipelines.into_iter().map(Arc::from).collect();
        let inner = self.0.cursor(CursorOptions { name: exporter.into(), pipelines, start });
        Ok(Cursor { inner: inner.map_err(|error| ConfigError::new_err(error.to_string()))? })
    }

    /// Records that this process makes itself: its position; None where there is no room. `fact`: JSON that stands beside them.
    #[pyo3(signature = (batch, pipelines, *, name = "", fact = None))]
    fn append(&self, py: Python<'_>, batch: &Batch, pipelines: Vec<String>, name: &str, fact: Option<String>) -> Option<u64> {
        py.detach(|| {
            self.0.admit().ok()?;
            let pipelines: Vec<Arc<str>> = pipelines.into_iter().map(Arc::from).collect();
            let made = pipelines.iter().map(|name| (Arc::clone(name), batch.0.len() as u64)).collect();
            Some(self.0.append(Draft {
                tally: Tally { made, ..Tally::default() },
                origin: Arc::clone(batch.0.origin()),
                parts: vec![Part { pipelines, batch: batch.0.clone() }],
                fact: fact.map(|json| Fact { name: name.to_owned(), json }),
                revocable: true,
            }))
        })
    }

    /// Records for one exporter alone: their position; None where there is no room.
    fn append_to(&self, py: Python<'_>, exporter: &str, batch: &Batch) -> Option<u64> {
        py.detach(|| self.0.append_to(exporter, batch.0.clone()).ok())
    }

    /// Becomes readable when positions were decided of which `fate` said "waiting"; None in memory.
    fn notify_fd(&self) -> Option<i32> {
        self.0.notify().map(|fd| fd.as_raw_fd())
    }

    fn poll(&self) -> (u64, Vec<u64>) {
        self.0.poll()
    }

    fn fate(&self, position: u64) -> &'static str {
        match self.0.watch(position) {
            Fate::Durable => "durable",
            Fate::Withdrawn => "withdrawn",
            Fate::Waiting => "waiting",
        }
    }

    #[getter]
    fn durable(&self) -> u64 {
        self.0.durable()
    }

    /// Bytes that wait to be written or synced; 0 in memory.
    #[getter]
    fn queued_bytes(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.0.health().log.map_or(0, |log| log.queued_bytes))
    }

    #[getter]
    fn bytes(&self) -> usize {
        self.0.bytes()
    }

    #[getter]
    fn bytes_max(&self) -> usize {
        self.0.bytes_max()
    }

    fn settled(&self) -> u64 {
        self.0.settled()
    }

    fn wait_settled(&self, py: Python<'_>, position: u64, timeout_s: f64) -> PyResult<bool> {
        let timeout = timeout(timeout_s)?;
        Ok(py.detach(|| self.0.wait_settled(position, timeout)))
    }

    /// Sees every cursor's place and state onto the disk; in memory there is nothing to save.
    fn save(&self, py: Python<'_>) -> PyResult<()> {
        Ok(py.detach(|| self.0.save())?)
    }

    /// All exporters that there are have their cursors.
    fn all_attached(&self) {
        self.0.all_attached();
    }

    /// Files tell the SHA-256 of this policy from the next one on, which is begun where it is another; a journal in memory has none.
    fn set_policy(&self, sha256: Option<[u8; 32]>) {
        if let Some(log) = self.0.log() {
            log.set_policy(sha256);
        }
    }

    /// Forgets an exporter that is no more: the fact that says so, as JSON.
    fn retire(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        py.detach(|| self.0.retire(name)).map(|fact| fact.json).map_err(|error| ConfigError::new_err(error.to_string()))
    }

    /// What was given up since this was last asked: names, and JSON.
    fn facts(&self) -> Vec<(String, String)> {
        self.0.facts().into_iter().map(|fact| (fact.name, fact.json)).collect()
    }

    /// What does not work now, in words, by what it is; empty where all is well.
    fn troubles<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let health = py.detach(|| self.0.health());
        let troubles = PyDict::new(py);
        if let Some(log) = &health.log {
            for (what, failing) in [("writing", &log.failing), ("key", &log.key_failing)] {
                if let Some(failing) = failing {
                    troubles.set_item(what, &*failing.why)?;
                }
            }
            if log.below_floor {
                troubles.set_item("free", format!("{} bytes are free on its disk, less than must stay free", log.free_bytes))?;
            }
            if log.full {
                troubles.set_item("full", format!("its files hold {} bytes, as much as they may", log.disk_bytes))?;
            }
        }
        if let Some(failing) = &health.saving {
            troubles.set_item("saving", &*failing.why)?;
        }
        for (name, why) in &health.troubles {
            troubles.set_item(format!("exporter {name}"), &**why)?;
        }
        Ok(troubles)
    }

    /// How it is, in numbers.
    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let health = py.detach(|| self.0.health());
        let numbers = PyDict::new(py);
        numbers.set_item("memory_bytes", health.tail_bytes)?;
        let Some(log) = &health.log else { return Ok(numbers) };
        for (name, number) in [
            ("disk_bytes", log.disk_bytes),
            ("disk_bytes_max", log.disk_bytes_max),
            ("free_bytes", log.free_bytes),
            ("files", log.files),
            ("queued_bytes", log.queued_bytes),
            ("queued_bytes_max", log.queued_bytes_max),
            ("entries", log.entries),
            ("withdrawn", log.withdrawn),
            ("damaged", log.damaged),
            ("given_up", log.given_up),
        ] {
            numbers.set_item(name, number)?;
        }
        let bounds: Vec<f64> = (0..log.syncs.counts.len().saturating_sub(1)).map(|n| Histogram::bound(n).as_secs_f64()).collect();
        numbers.set_item("syncs", (bounds, log.syncs.counts.to_vec(), log.syncs.total.as_secs_f64()))?;
        Ok(numbers)
    }

    /// All counts as one line of JSON.
    fn accounts(&self, py: Python<'_>) -> String {
        py.detach(|| self.0.accounts().to_json())
    }

    /// Every cursor, those of exporters that are gone too.
    fn cursors<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        py.detach(|| self.0.cursors()).iter().map(|info| cursor_row(py, info)).collect()
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }

    fn end(&self, py: Python<'_>) {
        py.detach(|| self.0.end());
    }
}

/// The key provider: a file, which is made where the journal is new, or passphrases, the current one first.
pub(crate) fn keys_of(key_file: Option<PathBuf>, passphrases: Vec<String>, create: bool) -> PyResult<Arc<dyn KeyProvider>> {
    let wrong = |error: KeyError| ConfigError::new_err(error.to_string());
    let mut passphrases = passphrases.into_iter().map(Zeroizing::new);
    match (key_file, passphrases.next()) {
        (Some(path), None) => Ok(Arc::new(FileKey::open(path, create).map_err(wrong)?)),
        (None, Some(current)) => Ok(Arc::new(PassphraseKey::new(current, passphrases.collect()).map_err(wrong)?)),
        _ => Err(PyValueError::new_err("give a key_file or passphrases")),
    }
}

fn found_dict<'py>(py: Python<'py>, found: &Opened) -> PyResult<Bound<'py, PyDict>> {
    let Opened { recovery, state_lost, state_kept } = found;
    let torn = |torn: &Torn| {
        let row = PyDict::new(py);
        row.set_item("file", &torn.file)?;
        row.set_item("bytes", torn.bytes)?;
        row.set_item("after", torn.after)?;
        Ok(row)
    };
    let damaged = |range: &DamagedRange| {
        let row = PyDict::new(py);
        row.set_item("file", &range.file)?;
        row.set_item("offset", range.offset)?;
        row.set_item("bytes", range.bytes)?;
        row.set_item("why", &range.why)?;
        row.set_item("kept", range.kept.as_deref())?;
        Ok(row)
    };
    let all = PyDict::new(py);
    all.set_item("files", recovery.files)?;
    all.set_item("entries", recovery.entries)?;
    all.set_item("took_s", recovery.took.as_secs_f64())?;
    all.set_item("torn", recovery.torn.iter().map(torn).collect::<PyResult<Vec<_>>>()?)?;
    all.set_item("damaged", recovery.damaged.iter().map(damaged).collect::<PyResult<Vec<_>>>()?)?;
    all.set_item("unreadable", recovery.unreadable.clone())?;
    all.set_item("state_lost", state_lost.as_deref())?;
    all.set_item("state_kept", state_kept.as_deref())?;
    Ok(all)
}

pub(crate) fn cursor_row<'py>(py: Python<'py>, info: &CursorInfo) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("name", &*info.name)?;
    row.set_item("pipelines", info.pipelines.iter().map(|name| &**name).collect::<Vec<_>>())?;
    row.set_item("done", info.done)?;
    row.set_item("pending", info.row.pending)?;
    row.set_item("pending_bytes", info.row.pending_bytes)?;
    row.set_item("delivered", info.row.delivered)?;
    row.set_item("dead_lettered", info.row.dead_lettered)?;
    row.set_item("dropped", info.row.dropped)?;
    row.set_item("in_use", info.row.in_use)?;
    row.set_item("since_unix_nano", info.since_unix_nano)?;
    row.set_item("seen_unix_nano", info.seen_unix_nano)?;
    row.set_item("oldest_unix_nano", info.oldest_unix_nano.unwrap_or_default())?;
    row.set_item("trouble", info.trouble.as_deref())?;
    Ok(row)
}

/// An exporter's own place in the Journal.
#[pyclass(module = "logloom._native", frozen)]
pub struct Cursor {
    inner: logloom_journal::Cursor,
}

#[pymethods]
impl Cursor {
    fn next(&self, py: Python<'_>, records_max: usize, bytes_max: usize, timeout_s: f64) -> PyResult<Option<(Batch, u64)>> {
        let timeout = timeout(timeout_s)?;
        let next = py.detach(|| self.inner.next(records_max, bytes_max, timeout));
        Ok(next.map(|Step { batch, position }| (Batch(batch), position)))
    }

    /// Is done with all that comes, as delivered: how many records that was, told a tenth of a second after the first; 0 when nothing came in time.
    fn drain(&self, py: Python<'_>, timeout_s: f64) -> PyResult<u64> {
        let timeout = timeout(timeout_s)?;
        Ok(py.detach(|| self.inner.drain(timeout)))
    }

    /// `delivered`: all the rest of what was handed out up to `position` when it is not said.
    #[pyo3(signature = (position, *, delivered = None, dead_lettered = 0, dropped = 0, state = None))]
    fn done(
        &self,
        py: Python<'_>,
        position: u64,
        delivered: Option<u64>,
        dead_lettered: u64,
        dropped: u64,
        state: Option<&[u8]>,
    ) -> PyResult<()> {
        let done = py.detach(|| {
            let rest = || self.inner.handed(position).saturating_sub(dead_lettered + dropped);
            let outcome = Outcome { delivered: delivered.unwrap_or_else(rest), dead_lettered, dropped };
            self.inner.done(position, outcome, state)
        });
        done.map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn interrupt(&self, py: Python<'_>) {
        py.detach(|| self.inner.interrupt());
    }

    fn rewind(&self, py: Python<'_>) {
        py.detach(|| self.inner.rewind());
    }

    fn follow(&self, py: Python<'_>, pipelines: Vec<String>) -> PyResult<()> {
        let pipelines: Vec<Arc<str>> = pipelines.into_iter().map(Arc::from).collect();
        py.detach(|| self.inner.follow(&pipelines)).map_err(|error| ConfigError::new_err(error.to_string()))
    }

    fn leave(&self, py: Python<'_>) {
        py.detach(|| self.inner.leave());
    }

    #[getter]
    fn state(&self) -> Option<Vec<u8>> {
        self.inner.state().map(|state| state.to_vec())
    }

    #[getter]
    fn pending_records(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.inner.pending().records)
    }

    #[getter]
    fn pending_bytes(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.inner.pending().bytes)
    }

    fn __repr__(&self) -> String {
        format!("<logloom.Cursor: {}>", self.inner.name())
    }
}
