//! The operators of a source as one compiled thing: which there are, and which follows which.

use logloom_record::{Program, nearest};

use super::{
    config::{Place, Result},
    container::Container,
    entry::Root,
    facts::{ScopeRule, SeverityRule, TraceRule},
    parsers::Parser,
    recombine::Recombine,
    times::TimeRule,
    transforms::Transform,
    value::Value,
};
use crate::OptionError;

/// The most operators of a source.
const OPERATORS_MAX: usize = 256;
/// The most records that outputs may make of one.
const COPIES_MAX: usize = 64;

/// All operators of a source.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) operators: Vec<Operator>,
    /// How many of them keep records.
    pub(super) slots: usize,
}

#[derive(Debug)]
pub(super) struct Operator {
    pub(super) kind: Kind,
    pub(super) when: Option<Program>,
    pub(super) on_error: OnError,
    /// Where records go on: places in the chain, past its end for out.
    pub(super) outputs: Vec<usize>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // few there are, and they stay where they are
pub(super) enum Kind {
    Parser(Parser),
    Time(TimeRule),
    Severity(SeverityRule),
    Trace(TraceRule),
    Scope(ScopeRule),
    Container(Container, Recombine),
    Transform(Transform),
    Recombine(Recombine),
    Filter(Program, u64),
    Router(Vec<Route>),
    Drop,
}

#[derive(Debug)]
pub(super) struct Route {
    /// None: all.
    pub(super) test: Option<Program>,
    pub(super) attributes: Vec<Transform>,
    pub(super) outputs: Vec<usize>,
}

/// What becomes of a record with which an operator fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct OnError {
    pub(super) is_sent: bool,
    pub(super) is_told: bool,
}

/// The other types of the Collector, and what to do without them.
const ELSEWHERE: [(&str, &str); 7] = [
    ("file_output", "exporters write"),
    ("host_metadata", "name the machine under 'resource', or in the processor 'enrich'"),
    ("k8s_metadata_decorator", "the processor 'enrich' looks up what is known of pods"),
    ("metadata", "'add' sets attributes and the resource"),
    ("rate_limit", "the processor 'rate_limit' does it"),
    ("restructure", "add, move, remove, retain and flatten do it"),
    ("stdout", "the exporter 'debug' shows records"),
];

const TYPES: [&str; 27] = [
    "add",
    "assign_keys",
    "container",
    "copy",
    "csv_parser",
    "drop_output",
    "filter",
    "flatten",
    "json_array_parser",
    "json_parser",
    "key_value_parser",
    "move",
    "noop",
    "recombine",
    "regex_parser",
    "regex_replace",
    "remove",
    "retain",
    "router",
    "sanitize_utf8",
    "scope_name_parser",
    "severity_parser",
    "syslog_parser",
    "time_parser",
    "trace_parser",
    "unquote",
    "uri_parser",
];

impl Chain {
    /// Of what the config says: `operators`, a list, and attributes and resource of the receiver, before them.
    pub(super) fn compile(config: &Place<'_>) -> Result<Self> {
        let mut operators = Vec::new();
        for (key, root) in [("attributes", Root::Attributes), ("resource", Root::Resource)] {
            let Some(map) = config.inner(key)? else { continue };
            for (name, value) in map.pairs() {
                let Value::Str(text) = value else { return Err(OptionError::new(&format!("{key}.{name}"), "expected a text")) };
                let set = Transform::set((root, name), text.str(), config)
                    .map_err(|message| OptionError::new(&format!("{key}.{name}"), message))?;
                let outputs = vec![operators.len() + 1];
                operators.push(Operator {
                    kind: Kind::Transform(set),
                    when: None,
                    on_error: OnError { is_sent: true, is_told: true },
                    outputs,
                });
            }
        }
        let first = operators.len();
        let items = config.items("operators")?.unwrap_or_default();
        if items.len() > OPERATORS_MAX {
            return Err(OptionError::new("operators", format!("there are more than {OPERATORS_MAX}")));
        }
        // Paths are told as they stand in the receiver.
        let places =
            items.iter().enumerate().map(|(at, (_, item))| config.at(format!("operators[{at}]"), item)).collect::<Result<Vec<_>>>()?;
        let ids = ids(&places)?;
        let outputs = Outputs { ids: &ids, first };
        let mut slots = 0;
        for (at, place) in places.iter().enumerate() {
            operators.push(Operator::compile(place, &outputs, at, &mut slots)?);
            place.finish()?;
        }
        let chain = Self { operators, slots };
        let mut copies = vec![None; chain.operators.len()];
        if let Err(at) = chain.copies(0, 0, &mut copies) {
            let at = at.saturating_sub(first);
            return Err(OptionError::new(&format!("operators[{at}].output"), "leads back to itself, or makes too many records of one"));
        }
        Ok(chain)
    }

    /// How many records may come out of one that enters at `at`; where there is a circle, or they are too many.
    fn copies(&self, at: usize, depth: usize, known: &mut Vec<Option<usize>>) -> std::result::Result<usize, usize> {
        let Some(operator) = self.operators.get(at) else { return Ok(1) };
        if depth > self.operators.len() {
            return Err(at);
        }
        if let Some(copies) = known.get(at).copied().flatten() {
            return Ok(copies);
        }
        let mut sum = 0;
        let mut most = 0;
        let routes: Vec<&[usize]> = match &operator.kind {
            Kind::Router(routes) => routes.iter().map(|route| &route.outputs[..]).collect(),
            _ => vec![&operator.outputs],
        };
        for outputs in routes {
            for output in outputs {
                sum += self.copies(*output, depth + 1, known)?;
            }
            most = sum.max(most);
            sum = 0;
        }
        if most > COPIES_MAX {
            return Err(at);
        }
        if let Some(place) = known.get_mut(at) {
            *place = Some(most);
        }
        Ok(most)
    }
}

/// The ids of the operators: those of a type that have none are numbered.
fn ids(places: &[Place<'_>]) -> Result<Vec<String>> {
    let mut ids: Vec<String> = Vec::new();
    for place in places {
        let kind = place.needed("type")?;
        ids.push(place.text("id")?.filter(|id| !id.is_empty()).unwrap_or(kind).to_owned());
    }
    for at in 0..ids.len() {
        let id = ids.get(at).cloned().unwrap_or_default();
        if !ids.iter().take(at).any(|before| *before == id) {
            continue;
        }
        let Some(place) = places.get(at) else { continue };
        if place.text("id")?.is_some_and(|given| given == id) && place.text("type")?.is_none_or(|kind| kind != id) {
            return Err(place.error("id", format!("'{id}' is another operator's: name this one otherwise")));
        }
        let free = (1..=ids.len()).map(|number| format!("{id}{number}")).find(|name| !ids.contains(name));
        if let (Some(name), Some(slot)) = (free, ids.get_mut(at)) {
            *slot = name;
        }
    }
    Ok(ids)
}

/// Finds where `output` leads.
struct Outputs<'i> {
    ids: &'i [String],
    /// The place of the first operator that the user wrote.
    first: usize,
}

impl Outputs<'_> {
    fn find(&self, place: &Place<'_>, key: &'static str) -> Result<Vec<usize>> {
        let find = |id: String| {
            if let Some(at) = self.ids.iter().position(|known| *known == id) {
                Ok(self.first + at)
            } else {
                let known: Vec<_> = self.ids.iter().map(String::as_str).collect();
                let hint = nearest(&id, &known)
                    .map_or_else(|| format!("there are {}", known.join(", ")), |near| format!("did you mean '{near}'?"));
                Err(place.error(key, format!("no operator has the id '{id}', {hint}")))
            }
        };
        place.texts(key)?.into_iter().map(find).collect()
    }
}

impl Operator {
    fn compile(place: &Place<'_>, outputs: &Outputs<'_>, at: usize, slots: &mut usize) -> Result<Self> {
        let mut slot = || {
            *slots += 1;
            *slots - 1
        };
        let name = place.needed("type")?;
        let kind = match name {
            "time_parser" => Kind::Time(TimeRule::compile(place)?),
            "severity_parser" => Kind::Severity(SeverityRule::compile(place)?),
            "trace_parser" => Kind::Trace(TraceRule::compile(place)?),
            "scope_name_parser" => Kind::Scope(ScopeRule::compile(place)?),
            "container" => Kind::Container(Container::compile(place)?, Recombine::of_container(place, slot())?),
            "recombine" => Kind::Recombine(Recombine::compile(place, slot())?),
            "drop_output" => Kind::Drop,
            "filter" => {
                let test = place.condition("expr")?.ok_or_else(|| place.error("", "'expr' is missing"))?;
                let ratio = match place.get("drop_ratio") {
                    None => 1.0,
                    Some(Value::Int(ratio)) => *ratio as f64,
                    Some(Value::Double(ratio)) => *ratio,
                    Some(_) => -1.0,
                };
                if !(0.0..=1.0).contains(&ratio) {
                    return Err(place.error("drop_ratio", "expected a number from 0 to 1"));
                }
                Kind::Filter(test, (ratio * 1000.0) as u64)
            }
            "router" => Kind::Router(routes(place, outputs)?),
            _ => match Parser::compile(name, place)?.map(Kind::Parser) {
                Some(kind) => kind,
                None => Kind::Transform(Transform::compile(name, place)?.ok_or_else(|| unknown(place, name))?),
            },
        };
        place.text("id")?;
        let on_error = match place.text("on_error")?.unwrap_or("send") {
            "send" | "" => OnError { is_sent: true, is_told: true },
            "send_quiet" => OnError { is_sent: true, is_told: false },
            "drop" => OnError { is_sent: false, is_told: true },
            "drop_quiet" => OnError { is_sent: false, is_told: false },
            _ => return Err(place.error("on_error", "there are send, send_quiet, drop and drop_quiet")),
        };
        let mut leads = outputs.find(place, "output")?;
        if leads.is_empty() {
            leads.push(outputs.first + at + 1);
        }
        Ok(Self { kind, when: place.condition("if")?, on_error, outputs: leads })
    }
}

fn unknown(place: &Place<'_>, name: &str) -> OptionError {
    let hint = match (ELSEWHERE.iter().find(|row| row.0 == name), nearest(name, &TYPES)) {
        (Some((_, hint)), _) => (*hint).to_owned(),
        (_, Some(near)) => format!("did you mean '{near}'?"),
        _ => format!("there are {}", TYPES.join(", ")),
    };
    place.error("type", format!("no operator '{name}' here: {hint}"))
}

fn routes(place: &Place<'_>, outputs: &Outputs<'_>) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for (path, item) in place.items("routes")?.unwrap_or_default() {
        let route = place.at(path, item)?;
        let test = route.condition("expr")?.ok_or_else(|| route.error("", "'expr' is missing"))?;
        let mut attributes = Vec::new();
        for (key, value) in route.inner("attributes")?.iter().flat_map(Place::pairs) {
            let Value::Str(text) = value else { return Err(route.error("attributes", "expected texts")) };
            attributes
                .push(Transform::set((Root::Attributes, key), text.str(), place).map_err(|message| route.error("attributes", message))?);
        }
        let leads = outputs.find(&route, "output")?;
        if leads.is_empty() {
            return Err(route.error("", "'output' is missing: the id of an operator"));
        }
        route.finish()?;
        routes.push(Route { test: Some(test), attributes, outputs: leads });
    }
    let default = outputs.find(place, "default")?;
    if !default.is_empty() {
        routes.push(Route { test: None, attributes: Vec::new(), outputs: default });
    }
    if routes.is_empty() {
        return Err(place.error("", "'routes' is missing"));
    }
    Ok(routes)
}
