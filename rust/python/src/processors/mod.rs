//! What shapes records before they are journalled.

pub mod attributes;
pub mod correlate;
pub mod dedup;
pub mod enrich;
pub mod group_by;
pub mod metrics;
pub mod python;
pub mod rate_limit;
pub mod sample;
mod transform;

use std::{collections::BTreeMap, sync::Arc};

use logloom_processors::{
    Filter, Outcome, Redaction,
    redaction::{Action, Custom, Pattern, Pseudonyms, Rule, Settings},
};
use logloom_record::Condition;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};
use regex::bytes::{Regex, RegexBuilder};

pub use transform::{transform_functions, transform_processor, transform_statements};

use crate::{batch::Batch, errors::ConfigError};

/// One processor of one pipeline.
#[pyclass(module = "logloom._native", frozen)]
pub struct Processor(pub(crate) Arc<dyn logloom_processors::Processor>);

#[pymethods]
impl Processor {
    #[staticmethod]
    #[pyo3(signature = (*, drop, keep, drop_ottl = Vec::new()))]
    fn filter(drop: Vec<String>, keep: Vec<String>, drop_ottl: Vec<(String, String)>) -> PyResult<Self> {
        let compile = |texts: Vec<String>| texts.iter().map(|text| condition(text, false)).collect::<PyResult<Vec<_>>>();
        let mut filter = Filter::new(compile(drop)?, compile(keep)?);
        for (context, text) in &drop_ottl {
            filter.push(Box::new(transform::asked(context, text)?));
        }
        Ok(Self(Arc::new(filter)))
    }

    #[staticmethod]
    #[pyo3(signature = (
        rules, *, custom = Vec::new(), allowed_values = Vec::new(), blocked_keys = Vec::new(), ignored_keys = Vec::new(), allowed_keys = None,
        pseudonyms = None
    ))]
    fn redaction(
        rules: Vec<(String, String)>,
        custom: Vec<(String, String, String)>,
        allowed_values: Vec<String>,
        blocked_keys: Vec<String>,
        ignored_keys: Vec<String>,
        allowed_keys: Option<Vec<String>>,
        pseudonyms: Option<(String, Bound<'_, PyBytes>)>,
    ) -> PyResult<Self> {
        let patterns = |texts: Vec<String>| texts.iter().map(|text| sought(text)).collect::<PyResult<Vec<_>>>();
        let settings = Settings {
            rules: rules.iter().map(|(rule, name)| Ok((rule_of(rule)?, action(name)?))).collect::<PyResult<_>>()?,
            custom: custom
                .into_iter()
                .map(|(name, text, done)| Ok(Custom { name, pattern: sought(&text)?, action: action(&done)? }))
                .collect::<PyResult<_>>()?,
            allowed_values: patterns(allowed_values)?,
            blocked_keys: patterns(blocked_keys)?,
            ignored_keys,
            allowed_keys,
            pseudonyms: pseudonyms.map(|(id, key)| Pseudonyms::new(&id, key.as_bytes())),
        };
        Ok(Self(Arc::new(Redaction::new(settings))))
    }

    /// What it counted and measured: of each metric its name, the names of its labels, the bounds of its buckets, and its series.
    fn measured(&self, py: Python<'_>) -> Vec<metrics::MeasuredRow> {
        py.detach(|| metrics::measured(&*self.0))
    }

    /// What it has to say by itself at this time; `is_last`: all that it holds.
    #[pyo3(signature = (now_unix_nano, *, is_last = false))]
    fn tick(&self, py: Python<'_>, now_unix_nano: u64, is_last: bool) -> Vec<Batch> {
        let said = py.detach(|| if is_last { self.0.flush(now_unix_nano) } else { self.0.tick(now_unix_nano) });
        said.into_iter().map(Batch).collect()
    }

    fn apply<'py>(&self, py: Python<'py>, batch: &Batch) -> PyResult<(Batch, Bound<'py, PyDict>)> {
        let given = batch.0.clone();
        let (made, outcome) = py.detach(|| {
            let mut outcome = Outcome::default();
            (self.0.apply(given, &mut outcome), outcome)
        });
        Ok((Batch(made), told(py, &outcome)?))
    }
}

/// What a processor did, as Python is told.
pub(crate) fn told<'py>(py: Python<'py>, outcome: &Outcome) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("dropped", outcome.dropped)?;
    row.set_item("added", outcome.added)?;
    row.set_item("failed", outcome.failed)?;
    row.set_item("rules", outcome.rules.iter().map(|(rule, found)| (&**rule, *found)).collect::<BTreeMap<_, _>>())?;
    Ok(row)
}

/// The rules of `redaction`: name, and what each finds.
#[pyfunction]
pub fn redaction_rules() -> Vec<(&'static str, &'static str)> {
    Rule::ALL.iter().map(|rule| (rule.name(), rule.about())).collect()
}

/// What the rules find in a text: where it begins and ends, in bytes, and the rule's name.
#[pyfunction]
#[pyo3(signature = (text, *, key = "", rules = None))]
pub fn find_sensitive(text: &str, key: &str, rules: Option<Vec<String>>) -> PyResult<Vec<(usize, usize, String)>> {
    let rules = match rules {
        Some(names) => names.iter().map(|name| Ok((rule_of(name)?, Action::Mask))).collect::<PyResult<_>>()?,
        None => Rule::ALL.iter().map(|rule| (*rule, Action::Mask)).collect(),
    };
    let redaction = Redaction::new(Settings { rules, ..Settings::default() });
    Ok(redaction.find(key, text.as_bytes()).into_iter().map(|(start, end, rule)| (start, end, rule.to_owned())).collect())
}

/// The most that a compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

fn pattern(text: &str) -> PyResult<Regex> {
    let compiled = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
    compiled.map_err(|error| ConfigError::new_err(format!("'{text}': {error}")))
}

fn sought(text: &str) -> PyResult<Pattern> {
    Pattern::new(text).map_err(|error| ConfigError::new_err(format!("'{text}': {error}")))
}

fn rule_of(name: &str) -> PyResult<Rule> {
    Rule::of(name).ok_or_else(|| ConfigError::new_err(format!("no rule '{name}'")))
}

fn action(name: &str) -> PyResult<Action> {
    match name {
        "mask" => Ok(Action::Mask),
        "partial" => Ok(Action::Partial),
        "drop" => Ok(Action::Drop),
        "hmac" => Ok(Action::Hmac),
        _ => Err(ConfigError::new_err(format!("no action '{name}': mask, partial, drop or hmac"))),
    }
}

fn condition(text: &str, ottl: bool) -> PyResult<Condition> {
    let parsed = if ottl { Condition::parse_ottl(text) } else { Condition::parse(text) };
    parsed.map_err(|error| ConfigError::new_err(format!("'{text}': {error}")))
}
