//! Records as Python sees them: only on demand.

use logloom_record::{AnyValue, Attributes, Record as View, lossy};
use pyo3::{
    IntoPyObjectExt,
    exceptions::{PyIndexError, PyOverflowError},
    prelude::*,
    types::{PyBytes, PyDict, PyList},
};

use crate::batch::Batch;

/// One OpenTelemetry `LogRecord`: a read-only view into its Batch.
#[pyclass(module = "logloom._native", frozen)]
pub struct Record {
    batch: Py<Batch>,
    position: usize,
}

impl Record {
    /// The record at `position`, which counts from the end where it is negative.
    pub fn at(batch: Bound<'_, Batch>, position: isize) -> PyResult<Self> {
        let len = batch.get().0.len();
        let from_start = if position < 0 { len.checked_add_signed(position) } else { usize::try_from(position).ok() };
        match from_start.filter(|at| *at < len) {
            Some(position) => Ok(Self { batch: batch.unbind(), position }),
            None => Err(PyIndexError::new_err(format!("record {position} of a Batch of {len}"))),
        }
    }

    fn view(&self) -> PyResult<View<'_>> {
        // A Record is only made for a position that its Batch has, and a Batch does not change.
        self.batch.get().0.record(self.position).ok_or_else(|| PyOverflowError::new_err("the record is gone"))
    }
}

#[pymethods]
impl Record {
    /// When it happened, in nanoseconds since 1970; 0 where nobody said.
    #[getter]
    fn time_unix_nano(&self) -> PyResult<u64> {
        Ok(self.view()?.time_unix_nano)
    }

    /// When it was read, in nanoseconds since 1970.
    #[getter]
    fn observed_time_unix_nano(&self) -> PyResult<u64> {
        Ok(self.view()?.observed_time_unix_nano)
    }

    /// OpenTelemetry's 1 (TRACE) to 24 (FATAL4); 0 where there is none.
    #[getter]
    fn severity_number(&self) -> PyResult<i32> {
        Ok(self.view()?.severity_number)
    }

    /// The severity as it was written; empty where there is none.
    #[getter]
    fn severity_text(&self) -> PyResult<String> {
        Ok(lossy(self.view()?.severity_text).into_owned())
    }

    /// The message: a text mostly, else what OpenTelemetry lets a value be; None where there is none.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.view()?.body().map_or_else(|| py.None().into_bound_py_any(py), |body| value(py, body))
    }

    /// Its attributes, by key.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        map(py, self.view()?.attributes())
    }

    /// How many attributes were left out, for want of room.
    #[getter]
    fn dropped_attributes_count(&self) -> PyResult<u32> {
        Ok(self.view()?.dropped_attributes_count)
    }

    /// The low 8 bits are the W3C trace flags.
    #[getter]
    fn flags(&self) -> PyResult<u32> {
        Ok(self.view()?.flags)
    }

    /// 32 hexadecimal digits; empty where there is none.
    #[getter]
    fn trace_id(&self) -> PyResult<String> {
        Ok(self.view()?.trace_id.map(|id| hex(&id)).unwrap_or_default())
    }

    /// 16 hexadecimal digits; empty where there is none.
    #[getter]
    fn span_id(&self) -> PyResult<String> {
        Ok(self.view()?.span_id.map(|id| hex(&id)).unwrap_or_default())
    }

    /// What kind of event it is; empty where nobody said.
    #[getter]
    fn event_name(&self) -> PyResult<String> {
        Ok(lossy(self.view()?.event_name).into_owned())
    }

    /// The attributes of where it comes from, by key.
    #[getter]
    fn resource<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        map(py, self.view()?.resource_attributes())
    }

    /// The instrumentation scope's name; empty where there is none.
    #[getter]
    fn scope_name(&self) -> PyResult<String> {
        Ok(lossy(self.view()?.scope_name()).into_owned())
    }

    /// The instrumentation scope's version; empty where there is none.
    #[getter]
    fn scope_version(&self) -> PyResult<String> {
        Ok(lossy(self.view()?.scope_version()).into_owned())
    }

    /// Whether its format could not read it: then the body is the raw text.
    #[getter]
    fn is_reject(&self) -> PyResult<bool> {
        Ok(self.view()?.is_reject())
    }

    /// All of it, under the names of its fields.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("time_unix_nano", self.time_unix_nano()?)?;
        dict.set_item("observed_time_unix_nano", self.observed_time_unix_nano()?)?;
        dict.set_item("severity_number", self.severity_number()?)?;
        dict.set_item("severity_text", self.severity_text()?)?;
        dict.set_item("body", self.body(py)?)?;
        dict.set_item("attributes", self.attributes(py)?)?;
        dict.set_item("dropped_attributes_count", self.dropped_attributes_count()?)?;
        dict.set_item("flags", self.flags()?)?;
        dict.set_item("trace_id", self.trace_id()?)?;
        dict.set_item("span_id", self.span_id()?)?;
        dict.set_item("event_name", self.event_name()?)?;
        dict.set_item("resource", self.resource(py)?)?;
        dict.set_item("scope_name", self.scope_name()?)?;
        dict.set_item("scope_version", self.scope_version()?)?;
        Ok(dict)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let view = self.view()?;
        let (time, severity) = (view.time_unix_nano, view.severity_number);
        let body: String = self.body(py)?.repr()?.to_string().chars().take(120).collect();
        Ok(format!("<logloom.Record: time_unix_nano={time} severity_number={severity} body={body}>"))
    }
}

/// The records of a Batch, one by one.
#[pyclass(module = "logloom._native")]
pub struct Records {
    batch: Py<Batch>,
    next: usize,
}

impl Records {
    /// From the first on.
    pub fn of(batch: Py<Batch>) -> Self {
        Self { batch, next: 0 }
    }
}

#[pymethods]
impl Records {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self, py: Python<'_>) -> Option<Record> {
        let position = self.next;
        if position >= self.batch.get().0.len() {
            return None;
        }
        self.next += 1;
        Some(Record { batch: self.batch.clone_ref(py), position })
    }

    fn __length_hint__(&self) -> usize {
        self.batch.get().0.len() - self.next
    }
}

/// A value as Python has it. Nesting is bounded by what was read in the first place.
fn value<'py>(py: Python<'py>, value: AnyValue<'_>) -> PyResult<Bound<'py, PyAny>> {
    match value {
        AnyValue::Null => py.None().into_bound_py_any(py),
        AnyValue::Str(text) => lossy(text).into_bound_py_any(py),
        AnyValue::Bool(value) => value.into_bound_py_any(py),
        AnyValue::Int(value) => value.into_bound_py_any(py),
        AnyValue::Double(value) => value.into_bound_py_any(py),
        AnyValue::Bytes(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
        AnyValue::Array(values) => {
            let list = PyList::empty(py);
            for item in values {
                list.append(self::value(py, item)?)?;
            }
            Ok(list.into_any())
        }
        AnyValue::Map(pairs) => Ok(map(py, pairs)?.into_any()),
    }
}

/// Attributes as a dict; of a key that stands twice the last counts.
fn map<'py>(py: Python<'py>, pairs: Attributes<'_>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in pairs {
        dict.set_item(lossy(key), self::value(py, value)?)?;
    }
    Ok(dict)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
