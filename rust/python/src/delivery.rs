//! What every push and every send returns.

use std::time::Duration;

use logloom_record::{Delivery as Inner, Done, Refusal};
use pyo3::{exceptions::PyValueError, prelude::*};

/// Done, retry or refuse.
#[pyclass(module = "logloom._native", frozen)]
pub struct Delivery(pub Inner);

#[pymethods]
impl Delivery {
    #[staticmethod]
    #[pyo3(signature = (accepted, refused = Vec::new()))]
    fn done(accepted: u64, refused: Vec<(u32, String)>) -> Self {
        let refused = refused.into_iter().map(|(record, reason)| Refusal { record, reason }).collect();
        Self(Inner::Done(Done { accepted, refused, ..Done::default() }))
    }

    #[staticmethod]
    #[pyo3(signature = (after_s, why = ""))]
    fn retry(after_s: f64, why: &str) -> PyResult<Self> {
        let after = Duration::try_from_secs_f64(after_s).map_err(|_| PyValueError::new_err("after_s must be 0 or more and finite"))?;
        Ok(Self(Inner::later(after, why.to_owned())))
    }

    #[staticmethod]
    fn refuse(why: String) -> Self {
        Self(Inner::Refuse(why))
    }

    #[getter]
    fn kind(&self) -> &'static str {
        match self.0 {
            Inner::Done(_) => "done",
            Inner::Retry(_) => "retry",
            Inner::Refuse(_) => "refuse",
        }
    }

    #[getter]
    fn accepted(&self) -> u64 {
        self.taken().map_or(0, |done| done.accepted)
    }

    #[getter]
    fn refused(&self) -> Vec<(u32, String)> {
        self.taken().map(|done| done.refused.iter().map(|r| (r.record, r.reason.clone())).collect()).unwrap_or_default()
    }

    #[getter]
    fn unreadable(&self) -> Vec<(u64, &'static str)> {
        self.taken().map(|done| done.unreadable.iter().map(|frame| (frame.offset, frame.reason.what)).collect()).unwrap_or_default()
    }

    #[getter]
    fn durable_to(&self) -> u64 {
        self.taken().map_or(0, |done| done.durable_to)
    }

    #[getter]
    fn entry(&self) -> u64 {
        self.taken().map_or(0, |done| done.entry)
    }

    #[getter]
    fn retry_after_s(&self) -> f64 {
        if let Inner::Retry(later) = &self.0 { later.after.as_secs_f64() } else { 0.0 }
    }

    #[getter]
    fn why(&self) -> &str {
        match &self.0 {
            Inner::Refuse(why) => why,
            Inner::Retry(later) => &later.why,
            Inner::Done(_) => "",
        }
    }

    fn __repr__(&self) -> String {
        match &self.0 {
            Inner::Done(done) => format!("<logloom.Delivery: done, {} accepted, {} refused>", done.accepted, done.refused.len()),
            Inner::Retry(later) => format!("<logloom.Delivery: retry after {} s>", later.after.as_secs_f64()),
            Inner::Refuse(why) => format!("<logloom.Delivery: refuse, {why}>"),
        }
    }
}

impl Delivery {
    fn taken(&self) -> Option<&Done> {
        if let Inner::Done(done) = &self.0 { Some(done) } else { None }
    }
}
