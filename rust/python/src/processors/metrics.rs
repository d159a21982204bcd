//! `metrics`.

use std::sync::Arc;

use logloom_processors::{
    Metrics,
    metrics::{Instrument, Series},
};
use logloom_record::Condition;
use pyo3::prelude::*;

use super::Processor;
use crate::errors::ConfigError;

/// An instrument as Python describes it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct InstrumentSpec {
    name: String,
    #[pyo3(default)]
    when: Option<String>,
    by: Vec<String>,
    values: Vec<(String, f64)>,
    #[pyo3(default)]
    bounds: Option<Vec<f64>>,
    #[pyo3(default)]
    is_http: bool,
}

impl InstrumentSpec {
    fn build(self) -> PyResult<Instrument> {
        let when = self.when.as_deref().map(Condition::parse).transpose();
        let when = when.map_err(|error| ConfigError::new_err(format!("{}: when: {error}", self.name)))?;
        Ok(Instrument { name: self.name, when, by: self.by, values: self.values, bounds: self.bounds, is_http: self.is_http })
    }
}

/// Counts and measures what passes; each instrument has at most `series_max` series.
#[pyfunction]
#[pyo3(signature = (instruments, *, series_max))]
pub fn metrics_processor(instruments: Vec<InstrumentSpec>, series_max: usize) -> PyResult<Processor> {
    let instruments = instruments.into_iter().map(InstrumentSpec::build).collect::<PyResult<_>>()?;
    Ok(Processor(Arc::new(Metrics::new(instruments, series_max))))
}

/// Its labels, whether it is the one for what is over the bound, its sum, its buckets.
type SeriesRow = (Vec<Option<String>>, bool, f64, Vec<u64>);
/// Its name, the names of its labels, the bounds of its buckets, its series.
pub(crate) type MeasuredRow = (String, Vec<String>, Option<Vec<f64>>, Vec<SeriesRow>);

/// What a processor measured, as Python is told.
pub(crate) fn measured(processor: &dyn logloom_processors::Processor) -> Vec<MeasuredRow> {
    let row = |series: Series| (series.labels, series.is_overflow, series.sum, series.buckets);
    let told = processor.measured().into_iter();
    told.map(|one| (one.name, one.by, one.bounds, one.series.into_iter().map(row).collect())).collect()
}
