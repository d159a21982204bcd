//! What shapes records before they are journalled.

use std::sync::Arc;

use logloom_processors::Filter;
use logloom_record::Condition;
use pyo3::prelude::*;

use crate::errors::ConfigError;

/// One processor of one pipeline.
#[pyclass(module = "logloom._native", frozen)]
pub struct Processor(pub(crate) Arc<dyn logloom_processors::Processor>);

#[pymethods]
impl Processor {
    #[staticmethod]
    #[pyo3(signature = (*, drop, keep))]
    fn filter(drop: Vec<String>, keep: Vec<String>) -> PyResult<Self> {
        let compile = |texts: Vec<String>| texts.iter().map(|text| condition(text)).collect::<PyResult<Vec<_>>>();
        Ok(Self(Arc::new(Filter::new(compile(drop)?, compile(keep)?))))
    }
}

fn condition(text: &str) -> PyResult<Condition> {
    Condition::parse(text).map_err(|error| ConfigError::new_err(format!("'{text}': {error}")))
}
