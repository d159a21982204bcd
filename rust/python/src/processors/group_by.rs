//! `group_by`.

use std::sync::Arc;

use logloom_processors::GroupBy;
use pyo3::prelude::*;

use super::Processor;

/// Attributes with these keys become their resource's; records of one resource stand together.
#[pyfunction]
pub fn group_by_processor(keys: Vec<String>) -> Processor {
    Processor(Arc::new(GroupBy::new(keys)))
}
