//! `transform`.

use std::sync::Arc;

use logloom_processors::transform::{Asked, Group, OnError, Transform, functions};
use logloom_record::expr::Context;
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

/// The processor, of the Collector's statements in groups: context, conditions, statements, whether one that fails ends the record's run.
#[pyfunction]
#[pyo3(signature = (groups, *, on_error = "pass"))]
pub fn transform_statements(groups: Vec<(String, Vec<String>, Vec<String>, bool)>, on_error: &str) -> PyResult<Processor> {
    let group = |(context, conditions, statements, propagates): (String, _, _, _)| {
        Ok(Group { context: context_of(&context)?, conditions, statements, propagates })
    };
    let groups = groups.into_iter().map(group).collect::<PyResult<Vec<_>>>()?;
    let made = Transform::ottl(&groups, on_error_of(on_error)?).map_err(|error| ConfigError::new_err(error.to_string()))?;
    Ok(Processor(Arc::new(made)))
}

/// A condition of the Collector's, for `filter`.
pub(super) fn asked(context: &str, text: &str) -> PyResult<Asked> {
    Asked::compile(text, context_of(context)?).map_err(|error| ConfigError::new_err(error.to_string()))
}

fn context_of(name: &str) -> PyResult<Context> {
    match name {
        "log" | "" => Ok(Context::Log),
        "resource" => Ok(Context::Resource),
        "scope" => Ok(Context::Scope),
        _ => Err(ConfigError::new_err(format!("no context '{name}': log, resource or scope"))),
    }
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
