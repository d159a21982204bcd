//! `rate_limit`.

use std::sync::Arc;

use logloom_processors::rate_limit::{RateLimit, Settings};
use logloom_record::Lookup;
use pyo3::prelude::*;

use super::Processor;
use crate::errors::ConfigError;

fn lookup(text: &str) -> PyResult<Lookup> {
    Lookup::parse(text).map_err(|error| ConfigError::new_err(format!("'{text}': {error}")))
}

/// So many records and bytes a second, by key.
#[pyfunction]
#[pyo3(signature = (key, *, records_limit, bytes_limit, shed_by_severity, max_keys))]
pub fn rate_limit_processor(
    key: Vec<String>,
    records_limit: Option<(f64, f64)>,
    bytes_limit: Option<(f64, f64)>,
    shed_by_severity: bool,
    max_keys: usize,
) -> PyResult<Processor> {
    let key = key.iter().map(|text| lookup(text)).collect::<PyResult<_>>()?;
    let settings = Settings { key, records: records_limit, bytes: bytes_limit, by_severity: shed_by_severity, keys_max: max_keys };
    Ok(Processor(Arc::new(RateLimit::new(settings))))
}

/// Says where the name of a field is wrong.
#[pyfunction]
pub fn check_lookup(text: &str) -> PyResult<()> {
    lookup(text).map(|_| ())
}
