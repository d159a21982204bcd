//! Batches and what stands in them.

use std::{
    collections::{HashMap, HashSet},
    ffi::{c_int, c_void},
    sync::Arc,
};

use bytes::Bytes;
use logloom_formats::formats::otlp_json;
use logloom_record::{Limits, Origin, arrow};
use pyo3::{
    exceptions::{PyBufferError, PyOverflowError},
    ffi,
    prelude::*,
    types::{PyBytes, PyCapsule, PyMemoryView},
};

use crate::{
    errors::{DataError, IntoPy},
    input::Input,
    parser::now_unix_nano,
    record::{Record, Records},
};

/// OTLP bytes plus an index of their records.
#[pyclass(module = "logloom._native", frozen)]
pub struct Batch(pub logloom_record::Batch);

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __iter__(slf: Bound<'_, Self>) -> Records {
        Records::of(slf.unbind())
    }

    fn __getitem__(slf: Bound<'_, Self>, index: &Bound<'_, PyAny>) -> PyResult<Record> {
        // What no machine word holds is out of range, as in a list.
        let index = index
            .extract()
            .or_else(|error: PyErr| if error.is_instance_of::<PyOverflowError>(index.py()) { Ok(isize::MAX) } else { Err(error) })?;
        Record::at(slf, index)
    }

    /// Adopts an OTLP `ExportLogsServiceRequest`: the very bytes, which one scan validates.
    #[staticmethod]
    fn from_otlp(py: Python<'_>, data: Input) -> PyResult<Self> {
        py.detach(|| logloom_record::Batch::from_otlp(data.0, &Limits::DEFAULT)).map(Self).map_err(IntoPy::into_py)
    }

    /// Reads OTLP JSON, one request or one after the other. What could not be read is among the records as Rejects; an error where that is all.
    #[staticmethod]
    fn from_otlp_json(py: Python<'_>, data: Input) -> PyResult<Self> {
        let origin = Arc::new(Origin { format: otlp_json::SPEC.name.into(), arrival_unix_nano: now_unix_nano(), ..Origin::default() });
        py.detach(|| otlp_json::read(&data.0, &Limits::DEFAULT, &origin)).map(Self).map_err(IntoPy::into_py)
    }

    /// Reads an official `ExportLogsServiceRequest` or `LogsData`.
    #[staticmethod]
    fn from_proto(message: &Bound<'_, PyAny>) -> PyResult<Self> {
        let bytes: Input = message.call_method0("SerializeToString")?.extract()?;
        Self::from_otlp(message.py(), bytes)
    }

    /// The official `ExportLogsServiceRequest` of the `opentelemetry-proto` package, which is imported only here.
    fn to_proto<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let service = py.import("opentelemetry.proto.collector.logs.v1.logs_service_pb2")?;
        service.getattr("ExportLogsServiceRequest")?.call_method1("FromString", (self.__bytes__(py),))
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_otlp())
    }

    fn __repr__(&self) -> String {
        let (records, rejects, bytes) = (self.0.len(), self.0.rejects().len(), self.0.otlp_len());
        format!("<logloom.Batch: {records} records, {rejects} rejects, {bytes} bytes of OTLP>")
    }

    /// The frames that their format could not read; each is a record, too, with its raw bytes as the body.
    #[getter]
    fn rejects(&self) -> Vec<Reject> {
        self.0.rejects().iter().map(|reject| Reject(*reject)).collect()
    }

    /// Of how many blocks of memory it is.
    #[getter]
    fn block_count(&self) -> usize {
        self.0.blocks().len()
    }

    /// How many bytes `to_otlp` has.
    #[getter]
    fn otlp_len(&self) -> usize {
        self.0.otlp_len()
    }

    /// OpenTelemetry's `ExportLogsServiceRequest`, as bytes; without a copy where it is one block.
    fn to_otlp<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        let bytes = if self.0.blocks().len() > 1 { py.detach(|| self.0.to_otlp()) } else { self.0.to_otlp() };
        PyMemoryView::from(Bound::new(py, OtlpView(bytes))?.as_any())
    }

    /// One line of OTLP JSON, without a line end.
    fn to_otlp_json<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.to_otlp_json()))
    }

    /// One JSON object a line, for people and their tools.
    fn to_ndjson<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.to_ndjson()))
    }

    /// The records in order, in pieces of at most `otlp_bytes_max` bytes; one record that is over it alone is a piece of its own.
    fn split(&self, py: Python<'_>, otlp_bytes_max: usize) -> Vec<Self> {
        py.detach(|| self.0.split(otlp_bytes_max).into_iter().map(Self).collect())
    }

    /// These records, in order.
    fn select(&self, py: Python<'_>, records: Vec<usize>) -> Self {
        let records: HashSet<usize> = records.into_iter().collect();
        Self(py.detach(|| self.0.select(|record| records.contains(&record))))
    }

    /// What tells a record from every other one, however often it is sent: `<journal id>/<position>.<ordinal>`; None where it is in no journal.
    fn key(&self, record: usize) -> Option<String> {
        self.0.key(record).map(|key| key.to_string())
    }

    /// The keys of all records.
    fn keys(&self, py: Python<'_>) -> Vec<Option<String>> {
        py.detach(|| (0..self.0.len()).map(|record| self.key(record)).collect())
    }

    /// The same records, each that has no `log.record.uid` with its key as one.
    fn with_uids(&self, py: Python<'_>) -> Self {
        Self(py.detach(|| self.0.with_uids()))
    }

    /// The same records, each with these attributes, all texts, at the end of its own.
    fn stamped(&self, py: Python<'_>, attributes: HashMap<String, String>) -> Self {
        let mut attributes: Vec<_> = attributes.into_iter().collect();
        attributes.sort_unstable();
        Self(py.detach(|| self.0.stamp(|_, _| attributes.clone())))
    }

    /// The records from `start` up to before `stop`; what lies past the end is left out.
    fn slice(&self, py: Python<'_>, start: usize, stop: usize) -> Self {
        Self(py.detach(|| self.0.select(|record| (start..stop).contains(&record))))
    }

    /// The schema, one for every Batch (docs/arrow.md), as an Arrow PyCapsule.
    #[allow(clippy::unused_self)] // the protocol asks an instance
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = arrow::c_schema().map_err(|error| DataError::new_err(error.to_string()))?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    /// All records as an Arrow PyCapsule stream, of which pyarrow, polars, DuckDB and pandas make tables. A schema other than ours may be asked
    /// for, but is not given: the protocol leaves the cast to who asks.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        PyCapsule::new_with_value(py, arrow::Reader::new(self.0.clone()).into_c_stream(), c"arrow_array_stream")
    }

    /// A batch of the records of both, these first; both stay as they are.
    fn append(&self, py: Python<'_>, other: &Self) -> Self {
        Self(py.detach(|| logloom_record::Batch::joined(vec![self.0.clone(), other.0.clone()])))
    }
}

/// Shared bytes as a read-only buffer, which keeps its block from the pool as long as Python looks at it.
#[pyclass(module = "logloom._native", frozen)]
struct OtlpView(Bytes);

#[pymethods]
#[allow(unsafe_code)] // the buffer protocol hands out a raw pointer; there is no safe form of it
impl OtlpView {
    // SAFETY: the bytes are immutable and live as long as this object, which `PyBuffer_FillInfo` makes the view hold.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("the view is null"));
        }
        let bytes = &slf.get().0;
        let (data, len) = (bytes.as_ptr().cast::<c_void>().cast_mut(), bytes.len() as ffi::Py_ssize_t);
        // SAFETY: see above; `view` is the caller's to fill.
        let filled = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), data, len, 1, flags) };
        if filled == 0 { Ok(()) } else { Err(PyErr::fetch(slf.py())) }
    }
}

/// A frame that its format could not read; it still is a record with the raw body.
#[pyclass(module = "logloom._native", frozen)]
pub struct Reject(logloom_record::Reject);

#[pymethods]
impl Reject {
    /// Which record of the Batch it became, from 0.
    #[getter]
    fn record(&self) -> u32 {
        self.0.record
    }

    /// Where its frame begins in what was read, in bytes.
    #[getter]
    fn offset(&self) -> u64 {
        self.0.offset
    }

    /// How many bytes its frame has.
    #[getter]
    fn length(&self) -> u32 {
        self.0.len
    }

    /// The format that could not read it.
    #[getter]
    fn format(&self) -> &'static str {
        self.0.format
    }

    /// Of what kind the reason is: `syntax`, `truncated`, …
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.reason.kind.name()
    }

    /// What was expected, or is wrong.
    #[getter]
    fn reason(&self) -> &'static str {
        self.0.reason.what
    }

    /// Where in the frame, in bytes.
    #[getter]
    fn at(&self) -> u32 {
        self.0.reason.at
    }

    fn __repr__(&self) -> String {
        let r = &self.0;
        format!("<logloom.Reject: {} at byte {} (format {}, source offset {})>", r.reason.what, r.reason.at, r.format, r.offset)
    }
}
