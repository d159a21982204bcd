//! The client of OTLP over gRPC, owned from Python.

use std::{
    io::{self, Read, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderMap, HeaderName, HeaderValue};
use logloom_server::{
    Runtime,
    client::{self, Answer, Client, ClientPems, Keepalive, Options, Packing, Proxy, Request, Trust},
    rpc::base64,
};
use logloom_wire::Encoding;
use pyo3::{exceptions::PyValueError, prelude::*, types::PyBytes};

use crate::{batch::Batch, errors::ConfigError, server::seconds};

/// Sends Batches over gRPC: see `python/logloom/exporters/_native_grpc.py`.
#[pyclass(module = "logloom._native", frozen)]
pub struct GrpcClient {
    client: Client,
    /// From the first request on.
    runtime: Mutex<Option<Runtime>>,
    told: Arc<Told>,
}

/// Answers that Python has not asked for yet. Nobody waits here for its lock: that there are some is told by a socket, which an event loop looks at.
struct Told {
    answers: Mutex<Vec<(u64, Answer)>>,
    bell: UnixStream,
    heard: UnixStream,
    last: AtomicU64,
}

impl Told {
    fn new() -> io::Result<Self> {
        let (bell, heard) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        heard.set_nonblocking(true)?;
        Ok(Self { answers: Mutex::default(), bell, heard, last: AtomicU64::new(0) })
    }

    fn tell(&self, number: u64, answer: Answer) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push((number, answer));
        let _ = (&self.bell).write(&[0]); // full: it rings already
    }

    fn take(&self) -> Vec<(u64, Answer)> {
        let mut rings = [0; 64];
        while (&self.heard).read(&mut rings).is_ok_and(|count| count == rings.len()) {}
        std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An answer, as `answers` gives it.
type Row<'py> = (u64, u32, String, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// A request on its way.
#[pyclass(module = "logloom._native", frozen)]
pub struct GrpcCall(client::Call);

#[pymethods]
impl GrpcCall {
    /// Gives it up: its answer is not told.
    fn cancel(&self) {
        self.0.cancel();
    }
}

#[pymethods]
impl GrpcClient {
    #[new]
    #[pyo3(signature = (host, port, method, *, authority, user_agent, answer_bytes_max, keepalive_every_s, keepalive_timeout_s, keepalive_when_idle, proxy = None))]
    #[allow(clippy::too_many_arguments)] // they are keywords in Python
    fn new(
        host: String,
        port: u16,
        method: String,
        authority: String,
        user_agent: String,
        answer_bytes_max: usize,
        keepalive_every_s: f64,
        keepalive_timeout_s: f64,
        keepalive_when_idle: bool,
        proxy: Option<(String, u16, Option<String>)>,
    ) -> PyResult<Self> {
        let keepalive =
            Keepalive { every: seconds(keepalive_every_s)?, timeout: seconds(keepalive_timeout_s)?, when_idle: keepalive_when_idle };
        let proxy = proxy.map(|(host, port, authorization)| Proxy { host, port, authorization });
        let client = Client::new(Options { host, port, authority, method, user_agent, keepalive, answer_bytes_max, proxy });
        Ok(Self { client, runtime: Mutex::default(), told: Arc::new(Told::new()?) })
    }

    /// TLS with these, in PEM; when it has been called before: from the next request on.
    #[pyo3(signature = (authorities, shown = None, *, name = "", anyone = false, only_1_3 = false, only_1_2 = false))]
    fn tls(
        &self,
        authorities: Vec<u8>,
        shown: Option<(Vec<u8>, Vec<u8>)>,
        name: &str,
        anyone: bool,
        only_1_3: bool,
        only_1_2: bool,
    ) -> PyResult<()> {
        let pems = ClientPems { authorities, shown, name: name.to_owned(), any: anyone, only_1_3, only_1_2 };
        self.client.trust(Trust::new(&pems).map_err(|why| ConfigError::new_err(format!("tls: {why}")))?);
        Ok(())
    }

    /// Sends it: its number, by which `answers` tells what became of it. `packing`: an encoding and its level.
    fn send(
        &self,
        py: Python<'_>,
        batch: &Batch,
        headers: Vec<(String, String)>,
        packing: Option<(String, i32)>,
        timeout_s: f64,
    ) -> PyResult<(u64, GrpcCall)> {
        let packing = packing.map(|(name, level)| match Encoding::from_name(&name) {
            Some(encoding) => Ok(Packing { encoding, level }),
            None => Err(PyValueError::new_err(format!("unknown encoding '{name}'"))),
        });
        let request =
            Request { batch: batch.0.clone(), packing: packing.transpose()?, headers: read(&headers)?, timeout: seconds(timeout_s)? };
        let number = self.told.last.fetch_add(1, Ordering::Relaxed) + 1;
        let told = Arc::clone(&self.told);
        let call = py.detach(|| self.client.send(&self.runtime()?, request, move |answer| told.tell(number, answer)))?;
        Ok((number, GrpcCall(call)))
    }

    /// Becomes readable when there are answers.
    fn fileno(&self) -> i32 {
        self.told.heard.as_raw_fd()
    }

    /// The answers since this was last asked: number, gRPC's code, message, the `google.rpc.Status` beside it, body.
    fn answers<'py>(&self, py: Python<'py>) -> Vec<Row<'py>> {
        let told = |(number, Answer { code, message, details, body })| {
            (number, code, message, PyBytes::new(py, &details), PyBytes::new(py, &body))
        };
        self.told.take().into_iter().map(told).collect()
    }

    /// Ends the connection; the next request makes a new one.
    fn close(&self) -> PyResult<()> {
        let runtime = self.lock().take();
        Ok(runtime.map_or(Ok(()), |runtime| self.client.close(&runtime))?)
    }
}

impl GrpcClient {
    fn lock(&self) -> MutexGuard<'_, Option<Runtime>> {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn runtime(&self) -> io::Result<Runtime> {
        let mut held = self.lock();
        match &*held {
            Some(runtime) => Ok(runtime.clone()),
            None => Ok(held.insert(Runtime::shared()?).clone()),
        }
    }
}

/// Headers as gRPC has them: in lower case; of those that end in `-bin` the value in base64.
fn read(headers: &[(String, String)]) -> PyResult<HeaderMap> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let wrong = || PyValueError::new_err(format!("the header '{name}' cannot be sent"));
        let coded = if name.ends_with("-bin") { base64(value.as_bytes()) } else { value.clone() };
        let name = HeaderName::from_bytes(name.to_lowercase().as_bytes()).map_err(|_| wrong())?;
        map.append(name, HeaderValue::from_str(&coded).map_err(|_| wrong())?);
    }
    Ok(map)
}
