//! `correlate`.

use std::sync::Arc;

use logloom_processors::{Correlate, correlate::Settings};
use pyo3::prelude::*;

use super::Processor;
use crate::errors::ConfigError;

/// Finds the trace, the span and the request that a record belongs to.
#[pyfunction]
#[pyo3(signature = (*, body, texts, request_id, request_id_keys))]
pub fn correlate_processor(body: bool, texts: Vec<String>, request_id: String, request_id_keys: Vec<String>) -> PyResult<Processor> {
    let made = Correlate::new(Settings { body, texts, request_id, request_id_keys });
    made.map(|made| Processor(Arc::new(made))).map_err(|error| ConfigError::new_err(error.to_string()))
}
