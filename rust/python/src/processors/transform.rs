//! `transform`.

use std::sync::Arc;

use logloom_processors::transform::{OnError, Transform, functions};
use pyo3::prelude::*;

use super::Processor;
use crate::errors::ConfigError;

/// The processor, of a program in VRL.
#[pyfunction]
#[pyo3(signature = (source, *, on_error = "pass"))]
pub fn transform_processor(source: &str, on_error: &str) -> PyResult<Processor> {
    let made = Transform::vrl(source, on_error_of(on_error)?).map_err(|error| ConfigError::new_err(error.to_string()))?;
    Ok(Processor(Arc::new(made)))
}

/// The functions that a program may call.
#[pyfunction]
pub fn transform_functions() -> Vec<&'static str> {
    functions().iter().map(|function| function.identifier()).collect()
}

fn on_error_of(name: &str) -> PyResult<OnError> {
    match name {
        "pass" => Ok(OnError::Pass),
        "drop" => Ok(OnError::Drop),
        "dead_letter" => Ok(OnError::DeadLetter),
        _ => Err(ConfigError::new_err(format!("no on_error '{name}': pass, drop or dead_letter"))),
    }
}
