//! gRPC.

use std::{collections::HashMap, sync::Arc};

use logloom_server::{
    Bounds, Server,
    access::Access,
    bridge::Bridge,
    grpc::{self, Answer, Grpc, Method, Ready},
    tls::Pems,
};
use pyo3::{exceptions::PyValueError, prelude::*};

use super::{Brake, Held, callbacks, perhaps, seconds, shared_runtime};
use crate::{errors::ConfigError, intake::Messages, room::Room};

/// A server of gRPC: see `python/logloom/receivers/_native_grpc.py`.
#[pyclass(module = "logloom._native", frozen)]
pub struct GrpcServer(Held<Spoken>);

/// What it speaks.
struct Spoken {
    methods: HashMap<String, Method>,
    bounds: grpc::Bounds,
    connections_max: usize,
    room: Arc<logloom_server::Room>,
    ready: Ready,
}

#[pymethods]
impl GrpcServer {
    #[new]
    #[pyo3(signature = (room, *, ready, tell, message_bytes_max, streams_max, connections_max, keepalive_every_s, keepalive_timeout_s, idle_max_s = 0.0, age_max_s = 0.0, age_grace_s = 0.0))]
    #[allow(clippy::too_many_arguments)] // they are keywords in Python
    fn new(
        room: &Room,
        ready: Py<PyAny>,
        tell: Py<PyAny>,
        message_bytes_max: usize,
        streams_max: u32,
        connections_max: usize,
        keepalive_every_s: f64,
        keepalive_timeout_s: f64,
        idle_max_s: f64,
        age_max_s: f64,
        age_grace_s: f64,
    ) -> PyResult<Self> {
        let bounds = grpc::Bounds {
            message_bytes_max,
            streams_max,
            keepalive_every: seconds(keepalive_every_s)?,
            keepalive_timeout: seconds(keepalive_timeout_s)?,
            idle_max: perhaps(idle_max_s)?,
            age_max: perhaps(age_max_s)?,
            age_grace: seconds(age_grace_s)?,
        };
        let ready = callbacks::ready(ready);
        let spoken = Spoken { methods: HashMap::new(), bounds, connections_max, room: Arc::clone(&room.0), ready };
        Ok(Self(Held::new(spoken, callbacks::tell(tell))))
    }

    /// The messages of this method go to the journal. `otlp`: the answer is OTLP's, else one without fields.
    fn push(&self, method: String, to: &Messages, otlp: bool, brakes: Vec<Py<Brake>>) -> PyResult<()> {
        let feed = self.0.feed(to, &brakes)?;
        let answer = if otlp { Answer::Otlp } else { Answer::Empty };
        self.0.with(|inner| {
            inner.protocol.methods.insert(method, Method::Push(feed, answer));
            Ok(())
        })
    }

    /// This method is answered by `handler(data, peer, known, reply)`.
    fn call(&self, method: String, handler: Py<PyAny>) -> PyResult<()> {
        let bridge = Bridge::new(callbacks::ask(handler));
        self.0.with(|inner| {
            inner.protocol.methods.insert(method, Method::Call(Arc::new(bridge)));
            Ok(())
        })
    }

    /// `decide(headers, peer, cert_names)` says who may send, by the headers named in `reads`.
    fn access(&self, decide: Py<PyAny>, reads: Vec<String>) -> PyResult<()> {
        let access = Access::new(callbacks::decide(decide), &reads).map_err(ConfigError::new_err)?;
        self.0.with(|inner| {
            inner.access = Some(access);
            Ok(())
        })
    }

    /// What was decided is decided anew.
    fn forget(&self) {
        self.0.forget();
    }

    /// TLS with these, in PEM; when it has been called before: from the next connection on.
    #[pyo3(signature = (cert, key, client_ca = None, *, only_1_3 = false))]
    fn tls(&self, cert: Vec<u8>, key: Vec<u8>, client_ca: Option<Vec<u8>>, only_1_3: bool) -> PyResult<()> {
        self.0.tls(&Pems { cert, key, client_ca, only_1_3 }, &[b"h2"])
    }

    /// Binds; the port is the real one.
    fn bind(&self, py: Python<'_>, host: &str, port: u16) -> PyResult<u16> {
        self.0.bind(py, host, port)
    }

    /// Takes requests from now on.
    fn start(&self) -> PyResult<()> {
        self.0.with(|inner| {
            let Some(bound) = inner.bound.take() else { return Err(PyValueError::new_err("it is not bound")) };
            let spoken = &mut inner.protocol;
            let methods = std::mem::take(&mut spoken.methods);
            let protocol = Grpc::new(methods, spoken.bounds, Arc::clone(&spoken.room), Arc::clone(&spoken.ready), inner.access.clone());
            let bounds = Bounds { connections_max: spoken.connections_max };
            let server = Server::start(shared_runtime()?, bound, inner.tls.clone(), protocol, bounds, Arc::clone(&inner.tell))?;
            inner.server = Some(server);
            Ok(())
        })
    }

    /// Takes no more requests, finishes those in hand within `grace_s` seconds, and lets go of all that it was given.
    fn stop(&self, py: Python<'_>, grace_s: f64) -> PyResult<()> {
        self.0.stop(py, grace_s)
    }
}
