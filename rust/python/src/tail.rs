//! Files, and word of what happens to them.

use std::{
    ffi::OsString,
    io,
    os::fd::{AsFd, AsRawFd},
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use logloom_tail::{Next, Packing};
use pyo3::{exceptions::PyOSError, prelude::*};

use crate::{delivery::Delivery, intake::Source};

/// An open file and the place that it was read to.
#[pyclass(module = "logloom._native", frozen)]
pub struct LogFile(Mutex<logloom_tail::LogFile>);

#[pymethods]
impl LogFile {
    #[new]
    #[pyo3(signature = (path, compression = "auto"))]
    fn new(py: Python<'_>, path: PathBuf, compression: &str) -> PyResult<Self> {
        let packing = match compression {
            "" => Packing::Plain,
            "gzip" => Packing::Gzip,
            _ => Packing::Auto,
        };
        let file = py.detach(|| logloom_tail::LogFile::open(&path, packing)).map_err(os_error)?;
        Ok(Self(Mutex::new(file)))
    }

    /// Device, inode, size, time of the last change, number of names.
    fn facts(&self) -> PyResult<(u64, u64, u64, i64, u64)> {
        let facts = self.lock().facts().map_err(os_error)?;
        Ok((facts.device, facts.inode, facts.size_bytes, facts.changed_unix_nano, facts.links))
    }

    #[getter]
    fn is_packed(&self) -> bool {
        self.lock().is_packed()
    }

    #[getter]
    fn is_complete(&self) -> bool {
        self.lock().is_complete()
    }

    #[getter]
    fn offset(&self) -> u64 {
        self.lock().offset()
    }

    #[getter]
    fn mark(&self) -> Vec<u8> {
        self.lock().mark().to_vec()
    }

    fn head(&self, py: Python<'_>, size_bytes: usize) -> PyResult<Vec<u8>> {
        py.detach(|| self.lock().head(size_bytes)).map_err(os_error)
    }

    fn span(&self, offset: u64, size_bytes: usize) -> PyResult<Vec<u8>> {
        self.lock().span(offset, size_bytes).map_err(os_error)
    }

    fn go_to(&self, offset: u64) -> PyResult<()> {
        self.lock().go_to(offset).map_err(os_error)
    }

    fn settle(&self, py: Python<'_>, size_bytes_max: usize) -> PyResult<bool> {
        py.detach(|| self.lock().settle(size_bytes_max)).map_err(os_error)
    }

    /// Reads what comes next and pushes it: what became of it, how many bytes, whether another file stands there.
    fn push_to(&self, py: Python<'_>, source: &Source, size_bytes_max: usize) -> PyResult<(Option<Delivery>, usize, bool)> {
        let pushed = py.detach(|| {
            let mut file = self.lock();
            let data = match file.next(size_bytes_max)? {
                Next::Data(data) => data,
                Next::End => return Ok((None, 0, false)),
                Next::Replaced => return Ok((None, 0, true)),
            };
            let delivery = source.lock().push(data.clone());
            if !matches!(delivery, logloom_record::Delivery::Retry(_)) {
                file.taken(&data);
            }
            Ok((Some(Delivery(delivery)), data.len(), false))
        });
        pushed.map_err(os_error)
    }
}

impl LogFile {
    fn lock(&self) -> MutexGuard<'_, logloom_tail::LogFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Word of what happens in folders.
#[pyclass(module = "logloom._native", frozen)]
pub struct Notices(Mutex<logloom_tail::Notices>);

#[pymethods]
impl Notices {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self(Mutex::new(logloom_tail::Notices::new().map_err(os_error)?)))
    }

    fn fileno(&self) -> i32 {
        self.lock().as_fd().as_raw_fd()
    }

    fn watch(&self, folder: PathBuf) -> PyResult<bool> {
        self.lock().watch(&folder).map_err(os_error)
    }

    fn watched(&self) -> Vec<OsString> {
        self.lock().watched().map(|folder| folder.clone().into_os_string()).collect()
    }

    fn forget(&self, folder: PathBuf) {
        self.lock().forget(&folder);
    }

    /// The files, whether folders changed, whether some of it was lost.
    fn take(&self, py: Python<'_>) -> PyResult<(Vec<OsString>, bool, bool)> {
        let told = py.detach(|| self.lock().take()).map_err(os_error)?;
        let paths = told.paths.into_iter().map(PathBuf::into_os_string).collect();
        Ok((paths, told.folders_changed, told.overflowed))
    }
}

impl Notices {
    fn lock(&self) -> MutexGuard<'_, logloom_tail::Notices> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As Python's own functions raise it: with its number, from which its class follows.
fn os_error(error: io::Error) -> PyErr {
    let Some(number) = error.raw_os_error() else { return PyOSError::new_err((5, error.to_string())) };
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default().to_owned();
    PyOSError::new_err((number, text))
}
