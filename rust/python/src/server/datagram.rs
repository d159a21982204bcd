//! Datagrams.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use logloom_server::{
    Commits, Tell,
    datagram::{Bounds, Datagrams, Sink, bind},
};
use pyo3::{exceptions::PyValueError, prelude::*};

use super::{Brake, callbacks, seconds, shared_runtime};
use crate::{intake::Messages, room::Room};

/// A socket for datagrams: see `python/logloom/receivers/_native_datagram.py`. `stop` lets go of all that it was given.
#[pyclass(module = "logloom._native", frozen)]
pub struct DatagramServer(Mutex<State>);

enum State {
    Given(Sink, Arc<logloom_server::Room>, Bounds, Tell),
    Open(Datagrams),
    /// What was dropped.
    Over(u64),
}

#[pymethods]
impl DatagramServer {
    #[new]
    #[pyo3(signature = (to, room, *, tell, brakes, queue_bytes_max, wait_max_s))]
    fn new(to: &Messages, room: &Room, tell: Py<PyAny>, brakes: Vec<Py<Brake>>, queue_bytes_max: usize, wait_max_s: f64) -> PyResult<Self> {
        let messages = to.0.clone();
        let commits = Commits::new(Arc::clone(messages.intake().journal()))?;
        let brakes = brakes.iter().map(|brake| Arc::clone(&brake.get().0)).collect();
        let bounds = Bounds { queue_bytes_max, wait_max: seconds(wait_max_s)? };
        let sink = Sink { messages, commits, brakes };
        Ok(Self(Mutex::new(State::Given(sink, Arc::clone(&room.0), bounds, callbacks::tell(tell)))))
    }

    /// Binds, with a buffer of so many bytes in the kernel, and takes what comes from now on; the port is the real one.
    fn start(&self, py: Python<'_>, host: &str, port: u16, buffer_bytes: usize) -> PyResult<u16> {
        py.detach(|| {
            let mut state = self.lock();
            if !matches!(*state, State::Given(..)) {
                return Err(PyValueError::new_err("the server was started already, or stopped"));
            }
            let socket = bind(host, port, buffer_bytes)?;
            let State::Given(sink, room, bounds, tell) = std::mem::replace(&mut *state, State::Over(0)) else { return Ok(0) };
            let open = Datagrams::start(shared_runtime()?, socket, sink, room, bounds, tell)?;
            let port = open.port();
            *state = State::Open(open);
            Ok(port)
        })
    }

    /// The socket's descriptor, while it is open: for asking the kernel what it dropped.
    fn fileno(&self) -> Option<i32> {
        match &*self.lock() {
            State::Open(open) => Some(open.descriptor()),
            _ => None,
        }
    }

    /// How many datagrams were dropped: they found no room here, or for too long none in the journal.
    #[getter]
    fn dropped(&self) -> u64 {
        match &*self.lock() {
            State::Given(..) => 0,
            State::Open(open) => open.dropped(),
            State::Over(dropped) => *dropped,
        }
    }

    /// Takes no more; what waits is pushed, as far as the journal takes it within `grace_s` seconds.
    fn stop(&self, py: Python<'_>, grace_s: f64) -> PyResult<()> {
        let grace = seconds(grace_s)?;
        py.detach(|| {
            let mut state = self.lock();
            let stopped = match &*state {
                State::Open(open) => open.stop(grace).map(|()| open.dropped()),
                State::Given(..) => Ok(0),
                State::Over(dropped) => Ok(*dropped),
            };
            let before = std::mem::replace(&mut *state, State::Over(*stopped.as_ref().unwrap_or(&0)));
            drop(state);
            drop(before);
            stopped?;
            Ok(())
        })
    }
}

impl DatagramServer {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
