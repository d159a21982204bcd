//! Answers that name each record of a request.

use logloom_formats::bulk::{Action, Request, answer, error};
use pyo3::{prelude::*, types::PyBytes};

use crate::{delivery::Delivery, input::Input};

/// The answer to a body of Elasticsearch's bulk API, or to one document where an `action` is given: the status and the JSON.
#[pyfunction]
#[pyo3(signature = (body, delivery, *, index = "", action = "", document_id = "", filter_path = "", took_ms = 0))]
#[allow(clippy::too_many_arguments)] // they are keywords in Python
pub fn elasticsearch_answer<'py>(
    py: Python<'py>,
    body: Input,
    delivery: &Delivery,
    index: &str,
    action: &str,
    document_id: &str,
    filter_path: &str,
    took_ms: u64,
) -> (u16, Bound<'py, PyBytes>) {
    let request = Request { index, action: Action::from_name(action), id: document_id, filter_path, took_ms };
    let answer = py.detach(|| answer(&body.0, &delivery.0, &request));
    (answer.status, PyBytes::new(py, &answer.body))
}

/// An error as Elasticsearch tells it.
#[pyfunction]
pub fn elasticsearch_error<'py>(py: Python<'py>, status: u16, kind: &str, reason: &str) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &error(status, kind, reason).body)
}
