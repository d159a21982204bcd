//! `enrich`.

use std::{sync::Arc, time::Duration};

use logloom_processors::{
    Enrich,
    enrich::{self, Columns, Constant, Form, Lookup, Reload, Settings, Source},
};
use pyo3::{prelude::*, types::PyDict};

use super::Processor;
use crate::errors::ConfigError;

/// A constant as Python has it; a bool is one before it is a number.
#[derive(FromPyObject)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
}

impl From<Value> for Constant {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) => Self::Int(value),
            Value::Double(value) => Self::Double(value),
            Value::Text(value) => Self::Text(value),
        }
    }
}

/// A table as Python describes it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct TableSpec {
    name: String,
    path: String,
    is_json: bool,
    keys: Vec<(String, String)>,
    given: Vec<(String, String)>,
    to_resource: bool,
    file_bytes_max: u64,
}

impl TableSpec {
    fn lookup(self) -> Lookup {
        let (attributes, keys) = self.keys.into_iter().unzip();
        let source = Source {
            name: self.name,
            path: self.path.into(),
            form: if self.is_json { Form::Json } else { Form::Csv },
            columns: Columns { keys, given: self.given },
            file_bytes_max: self.file_bytes_max,
        };
        Lookup { source, attributes, to_resource: self.to_resource }
    }
}

/// Puts constants, rows of tables and what a path tells on records. `tell` is called with a table's name, its rows and, where it stays as it
/// was, the reason.
#[pyfunction]
#[pyo3(signature = (*, attributes, resource, paths, tables, overwrite, reload_interval_s, tell))]
pub fn enrich_processor(
    attributes: Vec<(String, Value)>,
    resource: Vec<(String, Value)>,
    paths: Vec<String>,
    tables: Vec<TableSpec>,
    overwrite: bool,
    reload_interval_s: f64,
    tell: Py<PyAny>,
) -> PyResult<Processor> {
    let constants = |given: Vec<(String, Value)>| given.into_iter().map(|(key, value)| (key, value.into())).collect();
    let settings = Settings {
        attributes: constants(attributes),
        resource: constants(resource),
        paths,
        tables: tables.into_iter().map(TableSpec::lookup).collect(),
        overwrite,
        reload_every: Duration::try_from_secs_f64(reload_interval_s).unwrap_or(Duration::MAX),
    };
    let told = move |table: &str, reload: &Reload| {
        let (rows, why) = match reload {
            Reload::Read(rows) => (*rows, None),
            Reload::Kept(why) => (0, Some(why.as_str())),
        };
        // The interpreter may be at its end: then nobody listens.
        let _ = Python::try_attach(|py| {
            if let Err(error) = tell.call1(py, (table, rows, why)) {
                error.write_unraisable(py, None);
            }
        });
    };
    let made = Enrich::new(settings, Box::new(told)).map_err(ConfigError::new_err)?;
    Ok(Processor(Arc::new(made)))
}

/// What the path of a container's log says of it, by the names of OpenTelemetry's conventions.
#[pyfunction]
pub fn container_of<'py>(py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    for (key, value) in enrich::container_of(path) {
        facts.set_item(key, value)?;
    }
    Ok(facts)
}
