//! The Journal and its cursors.

use std::{sync::Arc, time::Duration};

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
        Self(logloom_journal::Journal::new(bytes_max))
    }

    fn cursor(&self, exporter: String, pipelines: Vec<String>) -> Cursor {
        let pipelines = pipelines.into_iter().map(Arc::from).collect();
        Cursor { inner: self.0.cursor(pipelines), exporter }
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
    exporter: String,
}

#[pymethods]
impl Cursor {
    fn next(&self, py: Python<'_>, records_max: usize, bytes_max: usize, timeout_s: f64) -> PyResult<Option<(Batch, u64)>> {
        let timeout = timeout(timeout_s)?;
        let next = py.detach(|| self.inner.next(records_max, bytes_max, timeout));
        Ok(next.map(|(batch, position)| (Batch(batch), position)))
    }

    fn done(&self, py: Python<'_>, position: u64) {
        py.detach(|| self.inner.done(position));
    }

    #[getter]
    fn pending_records(&self, py: Python<'_>) -> usize {
        py.detach(|| self.inner.pending().0)
    }

    #[getter]
    fn pending_bytes(&self, py: Python<'_>) -> usize {
        py.detach(|| self.inner.pending().1)
    }

    fn __repr__(&self) -> String {
        format!("<logloom.Cursor: {}>", self.exporter)
    }
}
