//! The bound on what is in hand, for Python's servers: the same as the native ones'.

use std::{
    sync::Arc,
    thread::{self, ThreadId},
    time::Duration,
};

use logloom_server::bridge::aside;
use pyo3::{exceptions::PyValueError, prelude::*};

/// How many bytes may be in hand at once.
#[pyclass(module = "logloom._native", frozen)]
pub struct Room(pub Arc<logloom_server::Room>);

/// One request's or connection's share of a room.
#[pyclass(module = "logloom._native", frozen)]
pub struct Guest(logloom_server::Guest);

/// Something of Python's that any thread calls: where it was made on an event loop, it runs there.
pub(crate) struct Call {
    function: Py<PyAny>,
    event_loop: Option<Py<PyAny>>,
    thread: ThreadId,
}

impl Call {
    pub(crate) fn new(py: Python<'_>, function: Py<PyAny>) -> PyResult<Self> {
        let event_loop = py.import("asyncio.events")?.call_method0("_get_running_loop")?;
        let event_loop = (!event_loop.is_none()).then(|| event_loop.unbind());
        Ok(Self { function, event_loop, thread: thread::current().id() })
    }

    /// Now, on its own thread; else as soon as its loop gets to it.
    fn now(self: &Arc<Self>) {
        if thread::current().id() == self.thread {
            return told(|py| self.function.call0(py));
        }
        let this = Arc::clone(self);
        aside(move || {
            told(|py| match &this.event_loop {
                Some(event_loop) => event_loop.call_method1(py, "call_soon_threadsafe", (&this.function,)),
                None => this.function.call0(py),
            });
        });
    }

    /// As soon as its loop gets to it, also on its own thread; now where there is none.
    fn soon(self: &Arc<Self>) {
        match &self.event_loop {
            Some(event_loop) if thread::current().id() == self.thread => {
                told(|py| event_loop.call_method1(py, "call_soon", (&self.function,)));
            }
            _ => self.now(),
        }
    }
}

fn told(call: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>) {
    Python::attach(|py| {
        if let Err(error) = call(py) {
            error.write_unraisable(py, None); // a loop that was closed meanwhile, for instance
        }
    });
}

#[pymethods]
impl Room {
    #[new]
    #[pyo3(signature = (bytes_max, within = None, *, look_every_s = 0.05))]
    fn new(bytes_max: u64, within: Option<&Self>, look_every_s: f64) -> PyResult<Self> {
        let every =
            Duration::try_from_secs_f64(look_every_s).map_err(|_| PyValueError::new_err("look_every_s must be 0 or more and finite"))?;
        Ok(Self(match within {
            Some(within) => within.0.part(bytes_max),
            None => logloom_server::Room::looking_every(bytes_max, every),
        }))
    }

    #[getter]
    fn bytes_max(&self) -> u64 {
        self.0.bytes_max()
    }

    #[getter]
    fn held_bytes(&self) -> u64 {
        self.0.held_bytes()
    }

    #[getter]
    fn free_bytes(&self) -> u64 {
        self.0.free_bytes()
    }

    fn grow(&self, more_bytes: u64) {
        self.0.grow(more_bytes);
    }

    #[pyo3(signature = (give_way = None))]
    fn guest(&self, py: Python<'_>, give_way: Option<Py<PyAny>>) -> PyResult<Guest> {
        let give_way = give_way.map(|call| giving_way(py, call)).transpose()?;
        Ok(Guest(self.0.guest(give_way)))
    }

    fn wait(&self, py: Python<'_>, wake: Py<PyAny>) -> PyResult<()> {
        let call = Arc::new(Call::new(py, wake)?);
        self.0.wait(Box::new(move || call.soon()));
        Ok(())
    }

    fn look(&self) {
        self.0.look();
    }
}

fn giving_way(py: Python<'_>, call: Py<PyAny>) -> PyResult<logloom_server::room::GiveWay> {
    let call = Arc::new(Call::new(py, call)?);
    Ok(Arc::new(move || call.now()))
}

#[pymethods]
impl Guest {
    #[getter]
    fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    fn ends_by(&self, py: Python<'_>, give_way: Py<PyAny>) -> PyResult<()> {
        self.0.ends_by(giving_way(py, give_way)?);
        Ok(())
    }

    fn take(&self, more_bytes: i64) -> bool {
        self.0.take(more_bytes)
    }

    fn count(&self, size_bytes: u64) -> bool {
        self.0.count(size_bytes)
    }

    fn arrived(&self) {
        self.0.arrived();
    }

    fn leave(&self) {
        self.0.leave();
    }

    fn gives_way(&self) {
        self.0.gives_way();
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, _error: &Bound<'_, PyAny>) {
        self.0.leave();
    }
}
