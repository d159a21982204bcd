//! HTTP.

use std::{sync::Arc, time::Duration};

use logloom_server::{
    Bounds, Feed, Server,
    access::Access,
    bridge::Bridge,
    http::{Cors, Http, Serves, Site, Style, Take, Verb},
    rpc::Signal,
    tls::Pems,
};
use pyo3::{exceptions::PyValueError, prelude::*};

use super::{Brake, Held, callbacks, seconds, shared_runtime};
use crate::{errors::ConfigError, intake::Messages, room::Room};

/// A server of HTTP/1.1: see `python/logloom/receivers/_native_http.py`.
#[pyclass(module = "logloom._native", frozen)]
pub struct HttpServer(Held<Spoken>);

/// What it speaks.
struct Spoken {
    http: Arc<Http>,
    connections_max: usize,
}

/// What serves a path, as Python describes it.
#[derive(FromPyObject)]
enum Serving {
    /// `(style, takes)`: `otlp_logs`, `otlp_traces`, `spans` or `loki`; of each content type where it goes, and how it is coded itself.
    Push(String, Vec<(String, To, Option<String>)>),
    /// `(content type, body)`.
    Page(String, Vec<u8>),
    /// `(kind,)`: `ready`.
    Other((String,)),
}

/// Where bodies go.
#[derive(FromPyObject)]
enum To {
    Core(Py<Messages>),
    Python(Py<PyAny>),
}

#[pymethods]
impl HttpServer {
    #[new]
    #[pyo3(signature = (room, *, ready, tell, connections_max, idle_max_s))]
    fn new(room: &Room, ready: Py<PyAny>, tell: Py<PyAny>, connections_max: usize, idle_max_s: f64) -> PyResult<Self> {
        let http = Http::new(&room.0, seconds(idle_max_s)?, callbacks::ready(ready));
        Ok(Self(Held::new(Spoken { http, connections_max }, callbacks::tell(tell))))
    }

    /// Answers these too: by `POST /path` what serves it. `decide` says who may send, by the headers named in `reads`; `cors`: the sites of pages that
    /// may, headers, and seconds.
    #[pyo3(signature = (routes, *, body_bytes_max, read_max_s, later, brakes = Vec::new(), cors = None, decide = None, reads = Vec::new()))]
    #[allow(clippy::too_many_arguments)] // they are keywords in Python
    fn join(
        &self,
        routes: Vec<(String, Serving)>,
        body_bytes_max: usize,
        read_max_s: f64,
        later: u16,
        brakes: Vec<Py<Brake>>,
        cors: Option<(Vec<String>, Vec<String>, u64)>,
        decide: Option<Py<PyAny>>,
        reads: Vec<String>,
    ) -> PyResult<()> {
        let access = decide.map(|decide| Access::new(callbacks::decide(decide), &reads)).transpose().map_err(ConfigError::new_err)?;
        let cors = cors.map(|(origins, headers, age_max_s)| Cors { origins, headers, age_max_s });
        let read_max: Duration = seconds(read_max_s)?;
        let site = Site { body_bytes_max, read_max, later, cors, access };
        let mut made = Vec::with_capacity(routes.len());
        for (key, serving) in routes {
            let (verb, path) = parted(&key)?;
            made.push((verb, path, self.serves(serving, &brakes)?));
        }
        self.0.with(|inner| {
            inner.protocol.http.join(site, made);
            Ok(())
        })
    }

    /// These are answered no more.
    fn leave(&self, routes: Vec<String>) -> PyResult<()> {
        let routes = routes.iter().map(|key| parted(key)).collect::<PyResult<Vec<_>>>()?;
        self.0.with(|inner| {
            inner.protocol.http.leave(&routes);
            Ok(())
        })
    }

    /// TLS with these, in PEM; when it has been called before: from the next connection on.
    #[pyo3(signature = (cert, key, client_ca = None, *, only_1_3 = false))]
    fn tls(&self, cert: Vec<u8>, key: Vec<u8>, client_ca: Option<Vec<u8>>, only_1_3: bool) -> PyResult<()> {
        self.0.tls(&Pems { cert, key, client_ca, only_1_3 }, &[b"http/1.1"])
    }

    /// Binds; the port is the real one.
    fn bind(&self, py: Python<'_>, host: &str, port: u16) -> PyResult<u16> {
        self.0.bind(py, host, port)
    }

    /// Takes requests from now on.
    fn start(&self) -> PyResult<()> {
        self.0.with(|inner| {
            let Some(bound) = inner.bound.take() else { return Err(PyValueError::new_err("it is not bound")) };
            let bounds = Bounds { connections_max: inner.protocol.connections_max };
            let protocol = Arc::clone(&inner.protocol.http);
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

impl HttpServer {
    fn serves(&self, serving: Serving, brakes: &[Py<Brake>]) -> PyResult<Serves> {
        match serving {
            Serving::Page(content_type, body) => Ok(Serves::Page(content_type, body.into())),
            Serving::Other((kind,)) if kind == "ready" => Ok(Serves::Ready),
            Serving::Other(_) => Err(PyValueError::new_err("a page is 'ready', or has a content type and a body")),
            Serving::Push(style, takes) => {
                let style = match style.as_str() {
                    "otlp_logs" => Style::Otlp(Signal::Logs),
                    "otlp_traces" => Style::Otlp(Signal::Traces),
                    "spans" => Style::Spans,
                    "loki" => Style::Loki,
                    _ => return Err(PyValueError::new_err("a style is 'otlp_logs', 'otlp_traces', 'spans' or 'loki'")),
                };
                let take = |(content_type, to, packed): (String, To, Option<String>)| {
                    let feed: Arc<dyn Feed> = match to {
                        To::Core(messages) => self.0.feed(messages.get(), brakes)?,
                        To::Python(call) => Arc::new(Bridge::new(callbacks::ask(call))),
                    };
                    Ok(Take { content_type, feed, packed: packed.as_deref().and_then(logloom_wire::Encoding::from_name) })
                };
                let takes = takes.into_iter().map(take).collect::<PyResult<Vec<_>>>()?;
                Ok(Serves::Push(Arc::new(takes), style))
            }
        }
    }
}

/// `POST /path` as a method and a path.
fn parted(key: &str) -> PyResult<(Verb, String)> {
    let parted = key.split_once(' ').and_then(|(verb, path)| Some((verb.parse().ok()?, path.to_owned())));
    parted.ok_or_else(|| PyValueError::new_err("a route is a method and a path"))
}
