//! What receivers push to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use logloom_formats::{Format, Options};
use logloom_intake::{Begin, Connector, OnUnreadable, Pipeline, Pipelines, Route, Routing, Sender, SenderRule, Senders};
use logloom_record::{
    Origin, Placed,
    expr::{Condition, ConditionError},
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyMapping},
};

use crate::{
    delivery::Delivery,
    errors::{ConfigError, IntoPy},
    input::{self, Input},
    journal::Journal,
    processors::{self, Processor},
    tap::{self, Tap},
};

/// Decodes once, routes, processes, appends one entry, answers.
#[pyclass(module = "logloom._native", frozen)]
pub struct Intake(Arc<logloom_intake::Intake>, Mutex<Option<Compiled>>);

/// The format that a source was made of last: those of one receiver share it, however many they are.
struct Compiled {
    name: String,
    options: Options,
    format: Arc<dyn Format>,
}

impl Intake {
    fn compiled(&self, name: &str, options: Options) -> PyResult<Arc<dyn Format>> {
        let mut last = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref().filter(|last| last.name == name && last.options == options) {
            return Ok(Arc::clone(&last.format));
        }
        let format = logloom_formats::compile(name, &options).map_err(IntoPy::into_py)?;
        *last = Some(Compiled { name: name.to_owned(), options, format: Arc::clone(&format) });
        Ok(format)
    }
}

/// One pipeline as Python describes it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct PipelineSpec {
    name: String,
    receivers: Vec<String>,
    #[pyo3(default)]
    when: Option<String>,
    #[pyo3(default)]
    processors: Vec<(String, Py<Processor>)>,
    #[pyo3(default)]
    connectors: Vec<String>,
    #[pyo3(default)]
    is_passage: bool,
}

impl PipelineSpec {
    fn build(self) -> PyResult<Pipeline> {
        let when = self.when.as_deref().map(Condition::parse).transpose();
        let when = when.map_err(|error| ConfigError::new_err(format!("pipeline '{}': when: {error}", self.name)))?;
        let processors = self.processors.iter().map(|(id, processor)| (id.as_str().into(), Arc::clone(&processor.get().0))).collect();
        let (name, receivers, connectors) = (self.name.into(), self.receivers, self.connectors);
        Ok(Pipeline { name, receivers, when, processors, connectors, is_passage: self.is_passage })
    }
}

/// One connector as Python describes it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct ConnectorSpec {
    name: String,
    routes: Vec<RouteSpec>,
    default: Vec<String>,
    #[pyo3(default)]
    is_first: bool,
}

/// One row of its table; `when`: the condition, and how it is written.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct RouteSpec {
    name: String,
    when: (String, String),
    pipelines: Vec<String>,
}

impl ConnectorSpec {
    fn build(self) -> PyResult<Connector> {
        let route = |route: RouteSpec| {
            let when = condition_of_route(&route.when.0, &route.when.1);
            let when = when.map_err(|error| ConfigError::new_err(format!("connector '{}': {}: {error}", self.name, route.name)))?;
            Ok(Route { name: route.name.into(), when, pipelines: route.pipelines })
        };
        let routes = self.routes.into_iter().map(route).collect::<PyResult<_>>()?;
        Ok(Connector { name: self.name.into(), routes, default: self.default, is_first: self.is_first })
    }
}

/// `kind`: our own language (`own`), or that of the Collector, in this context.
fn condition_of_route(text: &str, kind: &str) -> Result<Option<Condition>, ConditionError> {
    if kind == "own" { Condition::parse(text).map(Some) } else { Condition::parse_route(text, kind == "resource") }
}

/// What one identity may do, as Python describes it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct SenderSpec {
    pattern: String,
    #[pyo3(default)]
    pipelines: Option<Vec<String>>,
    #[pyo3(default)]
    records_per_s: f64,
    #[pyo3(default)]
    bytes_per_s: f64,
    #[pyo3(default)]
    burst_s: f64,
}

impl From<SenderSpec> for SenderRule {
    fn from(spec: SenderSpec) -> Self {
        let SenderSpec { pattern, pipelines, records_per_s, bytes_per_s, burst_s } = spec;
        Self { pattern, pipelines, records_per_s, bytes_per_s, burst_s }
    }
}

fn said(ticked: &logloom_intake::Ticked) -> (u64, bool, Vec<String>) {
    (ticked.records, ticked.is_postponed, ticked.failed.iter().map(ToString::to_string).collect())
}

fn built(
    pipelines: Vec<PipelineSpec>,
    connectors: Vec<ConnectorSpec>,
    default: Option<String>,
    dead_letters: Option<&str>,
    is_first: bool,
) -> PyResult<Pipelines> {
    let pipelines = pipelines.into_iter().map(PipelineSpec::build).collect::<PyResult<_>>()?;
    let connectors = connectors.into_iter().map(ConnectorSpec::build).collect::<PyResult<_>>()?;
    Pipelines::with(pipelines, Routing { default, is_first, connectors })
        .and_then(|all| all.with_dead_letters(dead_letters))
        .map_err(|error| ConfigError::new_err(error.to_string()))
}

#[pymethods]
impl Intake {
    #[new]
    #[pyo3(signature = (journal, pipelines, *, connectors = Vec::new(), default_pipeline = None, dead_letter_pipeline = None,
        is_first = false, limits = None, senders = Vec::new()))]
    #[allow(clippy::too_many_arguments)] // they are keywords in Python
    fn new(
        journal: &Journal,
        pipelines: Vec<PipelineSpec>,
        connectors: Vec<ConnectorSpec>,
        default_pipeline: Option<String>,
        dead_letter_pipeline: Option<&str>,
        is_first: bool,
        limits: Option<&Bound<'_, PyMapping>>,
        senders: Vec<SenderSpec>,
    ) -> PyResult<Self> {
        let pipelines = built(pipelines, connectors, default_pipeline, dead_letter_pipeline, is_first)?;
        let senders = Senders::new(senders.into_iter().map(SenderRule::from).collect());
        let intake = logloom_intake::Intake::ruled(Arc::clone(&journal.0), pipelines, input::limits(limits)?, senders);
        Ok(Self(intake, Mutex::default()))
    }

    #[pyo3(signature = (receiver, format, *, keep_original = true, keep_unreadable = false, keep_parts = false, **options))]
    fn messages(
        &self,
        receiver: &str,
        format: &str,
        keep_original: bool,
        keep_unreadable: bool,
        keep_parts: bool,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Messages> {
        let format = logloom_formats::compile(format, &input::options(options)?).map_err(IntoPy::into_py)?;
        let messages = logloom_intake::Messages::new(Arc::clone(&self.0), receiver, format, keep_original);
        Ok(Messages(messages.on_unreadable(match (keep_unreadable, keep_parts) {
            (true, _) => OnUnreadable::Keep,
            (false, true) => OnUnreadable::RefuseWhole,
            (false, false) => OnUnreadable::Refuse,
        })))
    }

    #[pyo3(signature = (receiver, format, *, peer = "", identity = None, tenant = "", resource = None, attributes = None, offset = 0, records = 0,
        record_offset = false, record_number = false, keep_original = true, frame_bytes_max = None, **options))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)] // they are keywords in Python
    fn source(
        &self,
        receiver: &str,
        format: &str,
        peer: &str,
        identity: Option<&str>,
        tenant: &str,
        resource: Option<&Bound<'_, PyMapping>>,
        attributes: Option<&Bound<'_, PyMapping>>,
        offset: u64,
        records: u64,
        record_offset: bool,
        record_number: bool,
        keep_original: bool,
        frame_bytes_max: Option<usize>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Source> {
        let format = self.compiled(format, input::options(options)?)?;
        let resource = resource.map(input::pairs).transpose()?.unwrap_or_default();
        let attributes = attributes.map(input::pairs).transpose()?.unwrap_or_default();
        let is_sent = identity.is_some();
        let (identity, tenant) = (identity.unwrap_or_default().into(), tenant.into());
        let origin = Origin { receiver: receiver.into(), peer: peer.into(), identity, tenant, resource, ..Origin::default() };
        let placed = Placed::new(&attributes, record_offset, record_number);
        let frame_bytes_max = frame_bytes_max.unwrap_or(usize::MAX);
        let begin = Begin { offset, records, keep_original, frame_bytes_max, placed, is_sent };
        Ok(Source(Mutex::new(logloom_intake::Source::open(Arc::clone(&self.0), format, origin, begin))))
    }

    /// Whether a push may wait for a user's function.
    #[getter]
    fn waits(&self) -> bool {
        self.0.waits()
    }

    /// `None`: too many look on already.
    fn tap(&self, on: &str, name: &str) -> PyResult<Option<Tap>> {
        Ok(self.0.tap(tap::on(on)?, name).map(Tap))
    }

    /// How many records processors had to say, whether the journal had no room, and which of them failed.
    #[pyo3(signature = (*, is_last = false))]
    fn tick(&self, py: Python<'_>, is_last: bool) -> (u64, bool, Vec<String>) {
        said(&py.detach(|| self.0.tick(is_last)))
    }

    /// Other pipelines from now on: as `tick`, of the processors that are in none of these.
    #[pyo3(signature = (pipelines, *, connectors = Vec::new(), default_pipeline = None, dead_letter_pipeline = None, is_first = false))]
    fn take_pipelines(
        &self,
        py: Python<'_>,
        pipelines: Vec<PipelineSpec>,
        connectors: Vec<ConnectorSpec>,
        default_pipeline: Option<String>,
        dead_letter_pipeline: Option<&str>,
        is_first: bool,
    ) -> PyResult<(u64, bool, Vec<String>)> {
        let pipelines = built(pipelines, connectors, default_pipeline, dead_letter_pipeline, is_first)?;
        Ok(said(&py.detach(|| self.0.take_pipelines(pipelines))))
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counted = self.0.counters().read();
        let [receivers, pipelines, processors, rejects] = std::array::from_fn(|_| PyDict::new(py));
        for (id, counts) in counted.receivers {
            let row = PyDict::new(py);
            row.set_item("records", counts.records)?;
            row.set_item("rejects", counts.rejects)?;
            row.set_item("refused", counts.refused)?;
            row.set_item("later", counts.later)?;
            row.set_item("bytes", counts.bytes)?;
            row.set_item("throttled", counts.throttled)?;
            receivers.set_item(id, row)?;
        }
        for (name, (records, dropped)) in counted.pipelines {
            let row = PyDict::new(py);
            row.set_item("records", records)?;
            row.set_item("dropped", dropped)?;
            pipelines.set_item(&*name, row)?;
        }
        for (id, outcome) in counted.processors {
            let row = processors::told(py, &outcome)?;
            row.set_item("incoming", outcome.incoming)?;
            row.set_item("outgoing", outcome.outgoing)?;
            processors.set_item(&*id, row)?;
        }
        for ((format, kind), count) in counted.rejects {
            rejects.set_item(format!("{format}:{kind}"), count)?;
        }
        let routes = PyDict::new(py);
        for (connector, of) in counted.routes {
            routes.set_item(&*connector, of.iter().map(|(route, records)| (&**route, *records)).collect::<BTreeMap<_, _>>())?;
        }
        let all = PyDict::new(py);
        all.set_item("receivers", receivers)?;
        all.set_item("pipelines", pipelines)?;
        all.set_item("processors", processors)?;
        all.set_item("routes", routes)?;
        all.set_item("unrouted", counted.unrouted)?;
        all.set_item("rejects", rejects)?;
        Ok(all)
    }
}

/// Where request bodies of one receiver and format are pushed.
#[pyclass(module = "logloom._native", frozen)]
pub struct Messages(pub logloom_intake::Messages);

#[pymethods]
impl Messages {
    #[allow(clippy::too_many_arguments)] // they are keywords in Python
    #[pyo3(signature = (data, peer = "", *, identity = "", tenant = "", resource = None, given = None))]
    fn push(
        &self,
        py: Python<'_>,
        data: Input,
        peer: &str,
        identity: &str,
        tenant: &str,
        resource: Option<&Bound<'_, PyMapping>>,
        given: Option<&Bound<'_, PyMapping>>,
    ) -> PyResult<Delivery> {
        let resource = resource.map(input::pairs).transpose()?.unwrap_or_default();
        let given = given.map(input::pairs).transpose()?.unwrap_or_default();
        let sender = Sender { peer, identity, tenant, resource, given };
        Ok(Delivery(py.detach(|| self.0.push(data.0, sender))))
    }
}

/// One source of a resumable receiver.
#[pyclass(module = "logloom._native", frozen)]
pub struct Source(Mutex<logloom_intake::Source>);

#[pymethods]
impl Source {
    fn push(&self, py: Python<'_>, data: Input) -> Delivery {
        Delivery(py.detach(|| self.lock().push(data.0)))
    }

    fn flush(&self, py: Python<'_>) -> Delivery {
        Delivery(py.detach(|| self.lock().flush()))
    }

    #[getter]
    fn durable_to(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.lock().durable_to())
    }

    #[getter]
    fn held_bytes(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.lock().held_bytes())
    }

    /// Up to where, and how many records below it.
    #[getter]
    fn durable(&self, py: Python<'_>) -> (u64, u64) {
        py.detach(|| self.lock().durable())
    }

    #[getter]
    fn format(&self, py: Python<'_>) -> &'static str {
        py.detach(|| self.lock().format())
    }
}

impl Source {
    pub(crate) fn lock(&self) -> MutexGuard<'_, logloom_intake::Source> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says where a `when:` is wrong.
#[pyfunction]
#[pyo3(signature = (text, *, ottl = false))]
pub fn check_condition(text: &str, ottl: bool) -> PyResult<()> {
    let parsed = if ottl { Condition::parse_ottl(text) } else { Condition::parse(text) };
    parsed.map(|_| ()).map_err(|error| ConfigError::new_err(error.to_string()))
}

/// Says where the condition of a route is wrong; `kind`: `own`, or the Collector's language in the context `resource` or `log`.
#[pyfunction]
pub fn check_route(text: &str, kind: &str) -> PyResult<()> {
    condition_of_route(text, kind).map(|_| ()).map_err(|error| ConfigError::new_err(error.to_string()))
}
