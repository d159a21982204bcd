//! `python`.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use logloom_processors::{
    OnError, Python as PythonProcessor,
    python::{Answer, Function, Told},
};
use logloom_record::{lossy, overlay};
use pyo3::{prelude::*, types::PyBytes};

use super::{Processor, enrich::Value};
use crate::{batch::Batch, errors::ConfigError};

/// A callable of Python's: see `Call` in `python/logloom/processors/python.py`. It hands the Batch to a thread of Python's own, which may be in the
/// function still when the interpreter ends: a thread with frames of Rust would take the process with it.
struct Called(Py<PyAny>);

/// Where the answer goes.
#[pyclass(module = "logloom._native", frozen)]
struct Reply(Sender<Told>);

#[pymethods]
impl Reply {
    fn __call__(&self, kind: &str, answer: &Bound<'_, PyAny>, cpu_s: f64) {
        let read = answer_of(kind, answer).unwrap_or_else(|error| Err(error.to_string()));
        let _ = self.0.send((read, cpu_s)); // who waited may be gone
    }
}

fn answer_of(kind: &str, answer: &Bound<'_, PyAny>) -> PyResult<Result<Answer, String>> {
    Ok(match kind {
        "same" => Ok(Answer::Same),
        "batch" => Ok(Answer::Batch(answer.cast::<Batch>()?.get().0.clone())),
        "mask" => Ok(Answer::Mask(answer.extract()?)),
        "columns" => columns(answer).map(Answer::Columns).map_err(|error| error.to_string()),
        _ => Err(answer.extract()?),
    })
}

/// A name, and for each record the bytes of a value, or none.
type Column = (String, Vec<Option<Vec<u8>>>);

/// Attributes by name, each value as an `AnyValue` message.
fn columns(given: &Bound<'_, PyAny>) -> PyResult<Vec<Column>> {
    let mut made = Vec::new();
    for column in given.try_iter()? {
        let (name, values) = column?.extract::<(String, Bound<'_, PyAny>)>()?;
        let values = values.try_iter()?.map(|value| message(&value?)).collect::<PyResult<Vec<_>>>()?;
        made.push((name, values));
    }
    Ok(made)
}

/// `None` where the record gets none.
fn message(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    if value.is_none() {
        return Ok(None);
    }
    let mut out = Vec::new();
    if let Ok(bytes) = value.cast::<PyBytes>() {
        logloom_record::proto::push_field(&mut out, 0x3a, bytes.as_bytes());
        return Ok(Some(out));
    }
    match value.extract::<Value>()? {
        Value::Bool(value) => overlay::push_bool(&mut out, value),
        Value::Int(value) => overlay::push_int(&mut out, value),
        Value::Double(value) => overlay::push_double(&mut out, value),
        Value::Text(text) => overlay::push_text(&mut out, lossy(text.as_bytes()).as_bytes()),
    }
    Ok(Some(out))
}

impl Function for Called {
    fn start(&self, batch: logloom_record::Batch) -> Receiver<Told> {
        let (reply, answer) = channel();
        let failed = reply.clone();
        let given =
            Python::try_attach(|py| self.0.bind(py).call1((Batch(batch), Reply(reply))).map(drop).map_err(|error| error.to_string()));
        if let Err(why) = given.unwrap_or_else(|| Err("the interpreter is at its end".to_owned())) {
            let _ = failed.send((Err(why), 0.0)); // the other end is in hand here
        }
        answer
    }

    fn interrupt(&self) {
        let _ = Python::try_attach(|py| {
            if let Err(error) = self.0.bind(py).call_method0("interrupt") {
                error.write_unraisable(py, None);
            }
        });
    }
}

/// Calls a function over each Batch, in a thread of its own.
#[pyfunction]
#[pyo3(signature = (function, *, timeout_s, on_error))]
pub fn python_processor(function: Py<PyAny>, timeout_s: f64, on_error: &str) -> PyResult<Processor> {
    let on_error = match on_error {
        "pass" => OnError::Pass,
        "ignore" => OnError::Ignore,
        "drop" => OnError::Drop,
        "dead_letter" => OnError::DeadLetter,
        _ => return Err(ConfigError::new_err(format!("no on_error '{on_error}': pass, ignore, drop or dead_letter"))),
    };
    let timeout = Duration::try_from_secs_f64(timeout_s).map_err(|error| ConfigError::new_err(error.to_string()))?;
    Ok(Processor(Arc::new(PythonProcessor::new(Arc::new(Called(function)), timeout, on_error))))
}
