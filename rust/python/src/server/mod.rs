//! The native servers, owned from Python.

mod callbacks;
mod datagram;
mod grpc;
mod http;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use logloom_server::{
    Commits, Feed, Runtime, Server,
    access::Access,
    bridge::{Answered, Answering},
    feed::Core,
    listen::Bound,
    rpc::Status,
    tls::{Pems, Tls},
};
use pyo3::{exceptions::PyValueError, prelude::*};

pub use self::{datagram::DatagramServer, grpc::GrpcServer, http::HttpServer};
use crate::{delivery::Delivery, errors::ConfigError, intake::Messages};

pub(crate) fn seconds(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|_| PyValueError::new_err("a time must be 0 or more seconds and finite"))
}

/// 0 is never.
fn perhaps(time: f64) -> PyResult<Option<Duration>> {
    Ok(Some(seconds(time)?).filter(|time| !time.is_zero()))
}

/// Says that no more is to be taken.
#[pyclass(module = "logloom._native", frozen)]
pub struct Brake(Arc<logloom_server::feed::Brake>);

#[pymethods]
impl Brake {
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    /// Senders may ask again after so long; after 0 seconds, things are taken again.
    fn set(&self, after_s: f64, why: &str) -> PyResult<()> {
        self.0.set(seconds(after_s)?, why);
        Ok(())
    }
}

/// Where the answer to one message goes.
#[pyclass(module = "logloom._native", frozen)]
pub struct Reply(Answering);

#[pymethods]
impl Reply {
    fn answer(&self, data: Vec<u8>) {
        self.0.answer(Answered::Data(Bytes::from(data)));
    }

    #[pyo3(signature = (code, message, retry_after_s = None))]
    fn refuse(&self, code: u32, message: String, retry_after_s: Option<f64>) -> PyResult<()> {
        let retry_after = retry_after_s.map(seconds).transpose()?;
        self.0.answer(Answered::Refused(Status { code, message, retry_after }));
        Ok(())
    }

    fn deliver(&self, delivery: &Delivery) {
        self.0.answer(Answered::Taken(delivery.0.clone()));
    }
}

/// What is the same for all servers before they speak. It holds the journal, and Python's callbacks: `stop` takes it out, so that nothing of it
/// outlives that, whoever still holds the server.
struct Listening<P> {
    protocol: P,
    bound: Option<Bound>,
    tls: Option<Arc<Tls>>,
    access: Option<Arc<Access>>,
    commits: Vec<Arc<Commits>>,
    server: Option<Server>,
    tell: logloom_server::Tell,
}

/// One that was not stopped yet.
struct Held<P>(Mutex<Option<Listening<P>>>);

impl<P: Send> Held<P> {
    fn new(protocol: P, tell: logloom_server::Tell) -> Self {
        let inner = Listening { protocol, bound: None, tls: None, access: None, commits: Vec::new(), server: None, tell };
        Self(Mutex::new(Some(inner)))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Listening<P>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Listening<P>) -> PyResult<T>) -> PyResult<T> {
        match self.lock().as_mut() {
            Some(inner) => work(inner),
            None => Err(PyValueError::new_err("the server was stopped")),
        }
    }

    /// What goes to these messages' journal; one thread waits for each journal.
    fn feed(&self, to: &Messages, brakes: &[Py<Brake>]) -> PyResult<Arc<dyn Feed>> {
        let brakes = brakes.iter().map(|brake| Arc::clone(&brake.get().0)).collect();
        self.with(|inner| {
            let journal = to.0.intake().journal();
            let known = inner.commits.iter().find(|commits| Arc::ptr_eq(commits.journal(), journal)).cloned();
            let commits = if let Some(commits) = known {
                commits
            } else {
                let commits = Commits::new(Arc::clone(journal))?;
                inner.commits.push(Arc::clone(&commits));
                commits
            };
            Ok(Arc::new(Core::new(to.0.clone(), commits, brakes)) as Arc<dyn Feed>)
        })
    }

    fn tls(&self, pems: &Pems, alpn: &[&[u8]]) -> PyResult<()> {
        let wrong = |why: String| ConfigError::new_err(format!("tls: {why}"));
        self.with(|inner| {
            match &inner.tls {
                Some(tls) => tls.replace(pems).map_err(wrong)?,
                None => inner.tls = Some(Tls::new(pems, alpn).map_err(wrong)?),
            }
            Ok(())
        })
    }

    fn bind(&self, py: Python<'_>, host: &str, port: u16) -> PyResult<u16> {
        let bound = py.detach(|| Bound::tcp(host, port))?;
        self.with(|inner| {
            let port = bound.port();
            inner.bound = Some(bound);
            Ok(port)
        })
    }

    fn forget(&self) {
        if let Some(access) = self.lock().as_ref().and_then(|inner| inner.access.as_ref()) {
            access.forget();
        }
    }

    fn stop(&self, py: Python<'_>, grace_s: f64) -> PyResult<()> {
        let grace = seconds(grace_s)?;
        py.detach(|| {
            let Some(inner) = self.lock().take() else { return Ok(()) };
            let stopped = inner.server.as_ref().map_or(Ok(()), |server| server.stop(grace));
            drop(inner);
            Ok(stopped?)
        })
    }
}

fn shared_runtime() -> io::Result<Runtime> {
    Runtime::shared()
}
