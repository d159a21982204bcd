//! The Journal and its cursors.

use std::{sync::Arc, time::Duration};

use logloom_journal::{CursorOptions, Outcome, Start, Step};
use pyo3::{exceptions::PyValueError, prelude::*};

use crate::batch::Batch;

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
        Ok(Cursor { inner: inner.map_err(|error| PyValueError::new_err(error.to_string()))? })
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

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
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
