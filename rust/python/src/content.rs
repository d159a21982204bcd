//! Content encodings.

use std::borrow::Cow;

use logloom_wire::Encoding;
use pyo3::{exceptions::PyValueError, prelude::*, types::PyBytes};

use crate::{errors::IntoPy, input::Input};

fn encoding(name: &str) -> PyResult<Encoding> {
    Encoding::from_name(name)
        .ok_or_else(|| PyValueError::new_err(format!("unknown encoding '{name}', encodings are gzip, deflate, zstd, snappy")))
}

/// All of `data` decoded, at most `size_bytes_max` bytes of it.
#[pyfunction]
pub fn decompress<'py>(py: Python<'py>, data: Input, encoding: &str, size_bytes_max: usize) -> PyResult<Bound<'py, PyBytes>> {
    let encoding = self::encoding(encoding)?;
    let out = py.detach(|| logloom_wire::decompress(&data.0, encoding, size_bytes_max)).map_err(IntoPy::into_py)?;
    Ok(PyBytes::new(py, &out))
}

/// `data` encoded.
#[pyfunction]
pub fn compress<'py>(py: Python<'py>, data: Input, encoding: &str) -> PyResult<Bound<'py, PyBytes>> {
    let encoding = self::encoding(encoding)?;
    let out = py.detach(|| logloom_wire::compress(&data.0, encoding)).map_err(IntoPy::into_py)?;
    Ok(PyBytes::new(py, &out))
}

/// Decodes a gzip or zstd file piece by piece.
#[pyclass(module = "logloom._native", frozen)]
pub struct Decompressor(std::sync::Mutex<logloom_wire::Decompressor>);

#[pymethods]
impl Decompressor {
    #[new]
    fn new(encoding: &str) -> PyResult<Self> {
        let inner = logloom_wire::Decompressor::new(self::encoding(encoding)?).map_err(IntoPy::into_py)?;
        Ok(Self(std::sync::Mutex::new(inner)))
    }

    fn feed(&self, py: Python<'_>, data: Input, size_bytes_max: usize) -> PyResult<(Cow<'static, [u8]>, usize)> {
        let fed = py.detach(|| self.lock().feed(&data.0, size_bytes_max));
        let (out, used) = fed.map_err(IntoPy::into_py)?;
        Ok((Cow::Owned(out), used))
    }

    fn finish(&self) -> PyResult<()> {
        self.lock().finish().map_err(IntoPy::into_py)
    }
}

impl Decompressor {
    fn lock(&self) -> std::sync::MutexGuard<'_, logloom_wire::Decompressor> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
