//! `sample`.

use std::sync::Arc;

use logloom_processors::sample::{Mode, Sample, Settings};
use pyo3::prelude::*;

use super::{Processor, condition};
use crate::errors::ConfigError;

/// A share of the records, the same one wherever a trace comes by.
#[pyfunction]
#[pyo3(signature = (percentage, *, mode, rates, hash_seed, precision, by_trace_id, from_attribute, priority, fail_closed, keep, count_attribute))]
#[allow(clippy::too_many_arguments)] // they are keywords in Python
pub fn sample_processor(
    percentage: f32,
    mode: &str,
    rates: Vec<(String, f32)>,
    hash_seed: u32,
    precision: i32,
    by_trace_id: bool,
    from_attribute: Option<String>,
    priority: Option<String>,
    fail_closed: Option<bool>,
    keep: Option<String>,
    count_attribute: Option<String>,
) -> PyResult<Processor> {
    let mode = match mode {
        "hash_seed" => Mode::HashSeed,
        "equalizing" => Mode::Equalizing,
        "proportional" => Mode::Proportional,
        _ => return Err(ConfigError::new_err(format!("no mode '{mode}': hash_seed, equalizing or proportional"))),
    };
    let rates = rates.into_iter().map(|(when, percentage)| Ok((condition(&when, false)?, percentage))).collect::<PyResult<_>>()?;
    let keep = keep.map(|keep| condition(&keep, false)).transpose()?;
    let settings = Settings {
        mode,
        percentage,
        rates,
        hash_seed,
        precision,
        by_trace_id,
        from_attribute,
        priority,
        fail_closed,
        keep,
        count_attribute,
    };
    Ok(Processor(Arc::new(Sample::new(settings))))
}
