//! What the native servers ask and tell Python.

use std::{sync::Arc, time::Duration};

use logloom_server::{
    Tell, Told,
    access::{Asked, Decide, Denied, Granted},
    bridge::{Ask, aside},
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};

use super::Reply;

const AGAIN: Duration = Duration::from_secs(1);

/// `tell(what, words)`, with `panicked` or `ended`, on any thread.
pub(super) fn tell(call: Py<PyAny>) -> Tell {
    let call = Arc::new(call);
    Arc::new(move |told| {
        let call = Arc::clone(&call);
        aside(move || {
            let (what, words) = match told {
                Told::Panicked(words) => ("panicked", words),
                Told::Ended(words) => ("ended", words),
            };
            made(|py| call.call1(py, (what, words)).map(drop));
        });
    })
}

/// `ready()`; what it raises is no.
pub(super) fn ready(call: Py<PyAny>) -> logloom_server::grpc::Ready {
    Arc::new(move || Python::attach(|py| call.call0(py).and_then(|ready| ready.is_truthy(py)).unwrap_or(false)))
}

/// `handler(data, peer, known, reply)`, which returns at once and answers later; `known` is what `Messages.push` takes beside them.
pub(super) fn ask(call: Py<PyAny>) -> Ask {
    Arc::new(move |data, from, answering| {
        made(|py| {
            let known = PyDict::new(py);
            for (name, value) in [("identity", &from.identity), ("tenant", &from.tenant)] {
                if !value.is_empty() {
                    known.set_item(name, value)?;
                }
            }
            for (name, pairs) in [("resource", &from.resource), ("given", &from.given)] {
                if !pairs.is_empty() {
                    let values = PyDict::new(py);
                    pairs.iter().try_for_each(|(key, value)| values.set_item(key, value))?;
                    known.set_item(name, values)?;
                }
            }
            let reply = Py::new(py, Reply(answering))?;
            call.call1(py, (PyBytes::new(py, &data), &*from.peer, known, reply)).map(drop)
        });
    })
}

/// `decide(headers, peer, cert_names)`: who it is, whose records these are, and for how many seconds that may be kept; or a
/// `logloom.access.Refused`. What it raises is "later", after the seconds that the error's `after_s` says.
pub(super) fn decide(call: Py<PyAny>) -> Decide {
    Box::new(move |asked| {
        Python::attach(|py| {
            let decided = asked_of(py, &call, asked);
            decided.unwrap_or_else(|error| {
                let after = error.value(py).getattr("after_s").and_then(|after| after.extract::<f64>());
                let after = after.ok().and_then(|after| Duration::try_from_secs_f64(after).ok());
                let why = if after.is_some() {
                    error.value(py).to_string()
                } else {
                    error.write_unraisable(py, None);
                    "who you are cannot be told now".into()
                };
                Err(Denied::Later(after.unwrap_or(AGAIN), why))
            })
        })
    })
}

fn asked_of(py: Python<'_>, call: &Py<PyAny>, asked: Asked) -> PyResult<Result<Granted, Denied>> {
    let headers = PyDict::new(py);
    asked.headers.iter().try_for_each(|(name, value)| headers.set_item(name, value))?;
    let said = call.call1(py, (headers, asked.peer, asked.names))?;
    if said.getattr(py, "kind").is_ok() {
        return refused(py, &said).map(Err);
    }
    let (identity, tenant, ttl_s): (String, String, f64) = said.extract(py)?;
    Ok(Ok(Granted { identity, tenant, ttl: super::seconds(ttl_s)? }))
}

/// A `logloom.access.Refused`.
fn refused(py: Python<'_>, said: &Py<PyAny>) -> PyResult<Denied> {
    let text = |name: &str| said.getattr(py, name)?.extract::<String>(py);
    Ok(match text("kind")?.as_str() {
        "unauthenticated" => Denied::Unknown(text("challenge")?),
        "later" => Denied::Later(super::seconds(said.getattr(py, "retry_after_s")?.extract(py)?)?, text("why")?),
        "invalid" => Denied::Invalid(text("why")?),
        _ => Denied::Forbidden(text("why")?),
    })
}

fn made(call: impl FnOnce(Python<'_>) -> PyResult<()>) {
    Python::attach(|py| {
        if let Err(error) = call(py) {
            error.write_unraisable(py, None); // an event loop that was closed meanwhile, for instance
        }
    });
}
