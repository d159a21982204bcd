//! Protocols on connections.

use std::{
    cell::Cell,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use logloom_wire::{
    Step,
    envoyals::EnvoyAls,
    forward::{Forward, Settings},
    lumberjack::Lumberjack,
    plain::Plain,
};
use pyo3::{
    buffer::PyBuffer,
    exceptions::{PyOSError, PyTypeError},
    prelude::*,
    types::PyBytes,
};

use crate::{delivery::Delivery, errors::DataError};

/// What a thread keeps for the bytes of buffers, which may be written to while they are read: memory anew for each costs more than the copy.
const COPY_BYTES_MAX: usize = 1 << 20;

thread_local! {
    static COPY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// One connection of some protocol.
#[pyclass(module = "logloom._native", frozen)]
pub struct Wire(Mutex<Box<dyn logloom_wire::Wire>>);

/// A message of a connection.
#[pyclass(module = "logloom._native", frozen)]
pub struct WireMessage {
    pub chunk: Bytes,
    token: logloom_wire::Token,
}

#[pymethods]
impl WireMessage {
    fn __len__(&self) -> usize {
        self.chunk.len()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.chunk)
    }
}

#[pymethods]
impl Wire {
    #[staticmethod]
    #[pyo3(signature = (*, message_bytes_max, shared_key = String::new(), users = Vec::new(), hostname = String::new()))]
    fn fluentforward(message_bytes_max: usize, shared_key: String, users: Vec<(String, String)>, hostname: String) -> PyResult<Self> {
        let nonce = logloom_wire::random().map_err(|why| PyOSError::new_err(why.to_string()))?;
        let settings = Arc::new(Settings { message_bytes_max, shared_key, users, hostname });
        Ok(Self(Mutex::new(Box::new(Forward::new(settings, nonce)))))
    }

    #[staticmethod]
    #[pyo3(signature = (*, message_bytes_max))]
    fn lumberjack(message_bytes_max: usize) -> Self {
        Self(Mutex::new(Box::new(Lumberjack::new(message_bytes_max))))
    }

    #[staticmethod]
    fn envoyals() -> Self {
        Self(Mutex::new(Box::new(EnvoyAls::default())))
    }

    #[staticmethod]
    fn plain() -> Self {
        Self(Mutex::new(Box::new(Plain::default())))
    }

    fn greet<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.lock().greet())
    }

    fn feed(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Ok(bytes) = data.cast::<PyBytes>() {
            self.lock().feed(bytes.as_bytes());
        } else if let Ok(buffer) = PyBuffer::<u8>::get(data) {
            let mut copy = COPY.take();
            if copy.len() < buffer.item_count() {
                copy.resize(buffer.item_count(), 0);
            }
            let bytes = copy.get_mut(..buffer.item_count()).unwrap_or_default();
            buffer.copy_to_slice(data.py(), bytes)?;
            self.lock().feed(bytes);
            if copy.len() <= COPY_BYTES_MAX {
                COPY.set(copy);
            }
        } else {
            return Err(PyTypeError::new_err(format!("expected bytes, not {}", data.get_type().name()?)));
        }
        Ok(())
    }

    fn step(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match py.detach(|| self.lock().step()) {
            Step::Need => Ok(None),
            Step::User(user) => Ok(Some(user.into_pyobject(py)?.into_any().unbind())),
            Step::Room(size_bytes) => Ok(Some(size_bytes.into_pyobject(py)?.into_any().unbind())),
            Step::Reply(reply) => Ok(Some(PyBytes::new(py, &reply).into_any().unbind())),
            Step::Message { chunk, token } => Ok(Some(Bound::new(py, WireMessage { chunk, token })?.into_any().unbind())),
            Step::Bad { reply, why } => Err(DataError::new_err((why, PyBytes::new(py, &reply).unbind()))),
        }
    }

    fn answer<'py>(&self, py: Python<'py>, message: &WireMessage, delivery: &Delivery) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.lock().answer(message.token, &delivery.0))
    }

    fn refuse(&self, why: &str) {
        self.lock().refuse(why);
    }

    fn keep_alive<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.lock().keep_alive())
    }

    #[getter]
    fn held_bytes(&self) -> usize {
        self.lock().held()
    }
}

impl Wire {
    fn lock(&self) -> MutexGuard<'_, Box<dyn logloom_wire::Wire>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
