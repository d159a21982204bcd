//! `dedup`.

use std::sync::Arc;

use logloom_processors::dedup::{Dedup, Path, Settings, timezone_of};
use pyo3::prelude::*;

use super::{Processor, condition};
use crate::errors::ConfigError;

/// Of records that are the same the first goes on, and one counts the others.
#[pyfunction]
#[pyo3(signature = (*, interval_s, count_attribute, timezone, exclude, include, conditions, conditions_ottl, max_keys))]
#[allow(clippy::too_many_arguments)] // they are keywords in Python
pub fn dedup_processor(
    interval_s: f64,
    count_attribute: String,
    timezone: &str,
    exclude: Vec<String>,
    include: Vec<String>,
    conditions: Vec<String>,
    conditions_ottl: Vec<String>,
    max_keys: usize,
) -> PyResult<Processor> {
    let paths = |texts: Vec<String>| {
        let path = |text: &String| {
            Path::parse(text).ok_or_else(|| ConfigError::new_err(format!("'{text}' is no field: body.KEY or attributes.KEY")))
        };
        texts.iter().map(path).collect::<PyResult<Vec<_>>>()
    };
    let compiled = |texts: Vec<String>, ottl: bool| texts.iter().map(|text| condition(text, ottl)).collect::<PyResult<Vec<_>>>();
    let mut all = compiled(conditions, false)?;
    all.extend(compiled(conditions_ottl, true)?);
    let unknown = || ConfigError::new_err(format!("no time zone '{timezone}': write one as in Europe/Berlin"));
    let timezone = timezone_of(timezone).ok_or_else(unknown)?;
    let interval_nanos = (interval_s * 1e9) as u64;
    let (exclude, include) = (paths(exclude)?, paths(include)?);
    let settings = Settings { interval_nanos, count_attribute, timezone, exclude, include, conditions: all, keys_max: max_keys };
    Ok(Processor(Arc::new(Dedup::new(settings))))
}
