//! Parsing in a Python process.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use logloom_formats::{COMMON, Decoder, FORMATS, Format};
use logloom_record::{BatchWriter, BlockPool, Limits, Origin};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyMapping},
};

use crate::{
    batch::Batch,
    errors::{IntoPy, LimitError},
    input::{self, Input},
};

/// Lines are fed in steps, so that what is scanned stays in the cache and the bound on a Batch is looked at in between.
const STEP_BYTES: usize = 256 << 10;
/// Bytes of OTLP made ready for one byte read; what is over is given back when the Batch is done.
const OUT_PER_IN: usize = 4;

/// A compiled format, with the state of one source for `feed` and `flush`.
#[pyclass(module = "logloom._native", frozen)]
pub struct Parser {
    format: Arc<dyn Format>,
    limits: Limits,
    origin: Origin,
    observed: Option<u64>,
    keep_original: bool,
    source: Mutex<State>,
}

struct State {
    decoder: Box<dyn Decoder>,
    held_from: u64,
    fed: u64,
}

#[pymethods]
impl Parser {
    #[new]
    #[pyo3(signature = (format = "auto", *, keep_original = true, limits = None, resource = None, observed_time_unix_nano = None, **options))]
    fn new(
        format: &str,
        keep_original: bool,
        limits: Option<&Bound<'_, PyMapping>>,
        resource: Option<&Bound<'_, PyMapping>>,
        observed_time_unix_nano: Option<u64>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let limits = input::limits(limits)?;
        let format = logloom_formats::compile(format, &input::options(options)?).map_err(IntoPy::into_py)?;
        let decoder = Arc::clone(&format).open(limits.frame_bytes_max);
        let resource = resource.map(input::pairs).transpose()?.unwrap_or_default();
        let origin = Origin { format: format.spec().name.into(), resource, ..Origin::default() };
        let source = Mutex::new(State { decoder, held_from: 0, fed: 0 });
        Ok(Self { format, limits, origin, observed: observed_time_unix_nano, keep_original, source })
    }

    /// The format's name; for `auto`, what `feed` found, once it is known.
    #[getter]
    fn format(&self) -> &'static str {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).decoder.format()
    }

    /// From which source offset on bytes are still needed, after `feed`.
    #[getter]
    fn held_from(&self) -> u64 {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).held_from
    }

    /// Read bytes that are whole; what `feed` was given meanwhile stays as it is.
    fn parse(&self, py: Python<'_>, data: Input) -> PyResult<Batch> {
        py.detach(|| {
            let mut out = self.writer(data.0.len());
            let mut decoder = Arc::clone(&self.format).open(self.limits.frame_bytes_max);
            self.run(&mut *decoder, &data.0, &mut out)?;
            decoder.flush(&mut out);
            Ok(Batch(out.finish()))
        })
    }

    /// Read the next bytes of a stream: the records that are whole by now.
    fn feed(&self, py: Python<'_>, data: Input) -> PyResult<Batch> {
        py.detach(|| {
            let mut out = self.writer(data.0.len());
            let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
            source.held_from = self.run(&mut *source.decoder, &data.0, &mut out)?;
            source.fed += data.0.len() as u64;
            Ok(Batch(out.finish()))
        })
    }

    /// Read what is left of the stream: its last line need not end.
    fn flush(&self, py: Python<'_>) -> Batch {
        py.detach(|| {
            let mut out = self.writer(0);
            let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
            source.decoder.flush(&mut out);
            source.held_from = source.fed;
            Batch(out.finish())
        })
    }

    fn __repr__(&self) -> String {
        format!("<logloom.Parser: {}>", self.format.spec().name)
    }
}

impl Parser {
    fn writer(&self, len: usize) -> BatchWriter {
        let arrival = self.observed.unwrap_or_else(now_unix_nano);
        let origin = Arc::new(Origin { arrival_unix_nano: arrival, ..self.origin.clone() });
        let estimate = len.saturating_mul(OUT_PER_IN).min(Limits::BLOCK_BYTES_MAX);
        let mut out = BatchWriter::new(BlockPool::global(), &self.limits, &origin, estimate);
        out.keep_original(self.keep_original);
        out
    }

    fn run(&self, decoder: &mut dyn Decoder, data: &Bytes, out: &mut BatchWriter) -> PyResult<u64> {
        let step = if self.format.framing().is_lines() { STEP_BYTES } else { data.len().max(1) };
        let (mut at, mut held_from) = (0, 0);
        while at < data.len() {
            let end = (at + step).min(data.len());
            held_from = decoder.feed(&data.slice(at..end), out).from;
            at = end;
            if at < data.len() {
                out.foresee(at, data.len());
            }
            if out.is_full() {
                let max = self.limits.batch_bytes_max;
                let text = format!("limits.batch_bytes_max ({max} bytes of OTLP) reached at byte {at} of the data: feed it in pieces");
                return Err(LimitError::new_err(text));
            }
        }
        Ok(held_from)
    }
}

/// The clock of the observed time.
pub fn now_unix_nano() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// Every format: its name, one line on it, the vendor's page, an example and its options.
#[pyfunction]
pub fn formats(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for spec in FORMATS {
        let row = PyDict::new(py);
        row.set_item("name", spec.name)?;
        row.set_item("about", spec.about.line)?;
        row.set_item("page", spec.about.page)?;
        row.set_item("example", spec.about.example)?;
        let options = PyDict::new(py);
        for option in spec.options {
            options.set_item(option.name, option.doc)?;
        }
        row.set_item("options", options)?;
        list.append(row)?;
    }
    Ok(list)
}

/// The options that every format takes beside its own, by name.
#[pyfunction]
pub fn common_options(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let options = PyDict::new(py);
    for option in COMMON {
        options.set_item(option.name, option.doc)?;
    }
    Ok(options)
}

/// The name of the format that the first bytes of a source look like; `text` rather than a guess.
#[pyfunction]
pub fn detect(py: Python<'_>, data: Input) -> &'static str {
    py.detach(|| logloom_formats::detect(&data.0).name)
}
