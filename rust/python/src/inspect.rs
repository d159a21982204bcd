//! Journals that are looked at, not opened.

use std::{collections::VecDeque, io, path::PathBuf};

use logloom_journal::{
    CursorInfo, at_rest,
    keys::FileKey,
    log::inspect::{self, Flaw, Surveyed},
    storage::RealStorage,
};
use pyo3::{prelude::*, types::PyDict};

use crate::{
    errors::ConfigError,
    journal::{cursor_row, keys_of},
    record::hex,
};

/// The files and cursors of the journal in a folder.
#[pyfunction]
pub fn survey_journal(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyDict>> {
    let (files, rest, oldest) = py.detach(|| -> io::Result<_> {
        let storage = RealStorage::open_to_read(&path)?;
        let (files, rest) = (inspect::survey(&storage)?, at_rest(&storage)?);
        let oldest = |info: &CursorInfo| if info.row.pending == 0 { Ok(0) } else { inspect::oldest(&storage, info.done, &info.pipelines) };
        let oldest = rest.iter().flat_map(|rest| &rest.cursors).map(oldest).collect::<io::Result<Vec<_>>>()?;
        Ok((files, rest, oldest))
    })?;
    let file = |file: &Surveyed| {
        let row = PyDict::new(py);
        row.set_item("name", &file.name)?;
        row.set_item("first", file.first)?;
        row.set_item("last", file.last)?;
        row.set_item("entries", file.entries)?;
        row.set_item("bytes", file.bytes)?;
        row.set_item("created_unix_nano", file.created_unix_nano)?;
        row.set_item("provider", &file.provider)?;
        row.set_item("key_id", &file.key_id)?;
        row.set_item("policy", file.policy.map(|hash| hex(&hash)))?;
        row.set_item("is_finished", file.is_finished)?;
        row.set_item("damage", file.damage.as_deref())?;
        Ok(row)
    };
    let all = PyDict::new(py);
    all.set_item("id", rest.as_ref().map(|rest| hex(&rest.journal_id)))?;
    all.set_item("files", files.iter().map(file).collect::<PyResult<Vec<_>>>()?)?;
    let cursors = rest.iter().flat_map(|rest| &rest.cursors);
    let row = |(info, oldest): (&CursorInfo, u64)| {
        let row = cursor_row(py, info)?;
        row.set_item("oldest_unix_nano", oldest)?;
        Ok(row)
    };
    all.set_item("cursors", cursors.zip(oldest).map(row).collect::<PyResult<Vec<_>>>()?)?;
    Ok(all)
}

/// Reads all of the journal in a folder: what holds, and what does not.
#[pyfunction]
#[pyo3(signature = (path, *, key_file = None, passphrases = Vec::new()))]
pub fn verify_journal(py: Python<'_>, path: PathBuf, key_file: Option<PathBuf>, passphrases: Vec<String>) -> PyResult<Bound<'_, PyDict>> {
    let found = py.detach(|| {
        let storage = RealStorage::open_to_read(&path)?;
        let keys = keys_of(key_file, passphrases, false)?;
        PyResult::Ok(inspect::verify(&storage, &*keys)?)
    })?;
    let flaw = |flaw: &Flaw| {
        let row = PyDict::new(py);
        row.set_item("file", &flaw.file)?;
        row.set_item("offset", flaw.offset)?;
        row.set_item("bytes", flaw.bytes)?;
        row.set_item("why", &flaw.why)?;
        Ok(row)
    };
    let all = PyDict::new(py);
    all.set_item("files", found.files)?;
    all.set_item("entries", found.entries)?;
    all.set_item("records", found.records)?;
    all.set_item("bytes", found.bytes)?;
    all.set_item("missing", found.missing)?;
    all.set_item("damaged", found.damaged.iter().map(flaw).collect::<PyResult<Vec<_>>>()?)?;
    all.set_item("unreadable", found.unreadable.clone())?;
    Ok(all)
}

/// Makes a new key the current one in a key file; the one before stands beside it, for what it wrapped: the new key's id.
#[pyfunction]
pub fn rotate_key(py: Python<'_>, key_file: PathBuf) -> PyResult<String> {
    let rotated = py.detach(|| FileKey::open(key_file, false).and_then(|key| key.rotate()));
    rotated.map_err(|error| ConfigError::new_err(error.to_string()))
}

/// The latest facts in the journal of a folder, the oldest first: when (nanoseconds since the Unix epoch), the position, the name, and JSON.
#[pyfunction]
#[pyo3(signature = (path, *, latest, key_file = None, passphrases = Vec::new()))]
pub fn journal_facts(
    py: Python<'_>,
    path: PathBuf,
    latest: usize,
    key_file: Option<PathBuf>,
    passphrases: Vec<String>,
) -> PyResult<Vec<(u64, u64, String, String)>> {
    py.detach(|| {
        let storage = RealStorage::open_to_read(&path)?;
        let keys = keys_of(key_file, passphrases, false)?;
        let mut facts = VecDeque::new();
        inspect::facts(&storage, &*keys, 0, &mut |head, fact| {
            if facts.len() >= latest {
                facts.pop_front();
            }
            facts.push_back((head.time_unix_nano, head.position, fact.name, fact.json));
        })?;
        Ok(facts.into())
    })
}

/// The accounts of the journal in a folder up to its last entry, as one line of JSON; None where it has none.
#[pyfunction]
pub fn journal_accounts(py: Python<'_>, path: PathBuf) -> PyResult<Option<String>> {
    let rest = py.detach(|| at_rest(&RealStorage::open_to_read(&path)?))?;
    Ok(rest.map(|rest| rest.accounts.to_json()))
}
