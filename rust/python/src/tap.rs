//! Looking on at what a component puts out.

use std::{sync::Arc, time::Duration};

use logloom_intake::TapOn;
use pyo3::prelude::*;

use crate::{batch::Batch, errors::ConfigError};

/// One who looks on; over when it is gone.
#[pyclass(module = "logloom._native", frozen)]
pub struct Tap(pub(crate) Arc<logloom_intake::Tap>);

/// The longest wait for a batch.
const WAIT_S_MAX: f64 = 60.0;

#[pymethods]
impl Tap {
    fn next(&self, py: Python<'_>, timeout_s: f64) -> (Option<Batch>, u64) {
        let timeout = Duration::from_secs_f64(if timeout_s > 0.0 { timeout_s.min(WAIT_S_MAX) } else { 0.0 });
        let (batch, missed) = py.detach(|| self.0.next(timeout));
        (batch.map(Batch), missed)
    }
}

/// What a name of a kind stands for.
pub(crate) fn on(kind: &str) -> PyResult<TapOn> {
    match kind {
        "receiver" => Ok(TapOn::Receiver),
        "processor" => Ok(TapOn::Processor),
        "pipeline" => Ok(TapOn::Pipeline),
        _ => Err(ConfigError::new_err(format!("nothing of the kind '{kind}' can be looked on at: receiver, processor or pipeline"))),
    }
}
