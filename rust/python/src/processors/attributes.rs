//! `attributes` and `resource`.

use std::sync::Arc;

use logloom_processors::{
    Attributes, ResourceAttributes,
    attributes::{Action, Context, Source, Type},
};
use logloom_record::{
    overlay::{push_bool, push_double, push_int, push_text},
    proto::push_field,
};
use pyo3::{
    prelude::*,
    types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString},
};
use regex::RegexBuilder;

use super::{PATTERN_BYTES_MAX, Processor, condition, pattern};
use crate::errors::ConfigError;

/// One action as Python describes it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct ActionSpec<'py> {
    action: String,
    key: Option<String>,
    pattern: Option<String>,
    value: Option<Bound<'py, PyAny>>,
    from_attribute: Option<String>,
    from_context: Option<String>,
    default_value: Option<Bound<'py, PyAny>>,
    converted_type: Option<String>,
}

impl ActionSpec<'_> {
    fn build(self) -> PyResult<Action> {
        let keyed = |key: Option<String>| key.ok_or_else(|| ConfigError::new_err("an action needs a 'key'"));
        let matching = self.pattern.as_deref();
        Ok(match self.action.as_str() {
            "insert" | "update" | "upsert" => Action::Put {
                key: keyed(self.key)?,
                inserts: self.action != "update",
                updates: self.action != "insert",
                source: match (self.value, self.from_attribute, self.from_context) {
                    (Some(value), _, _) => Source::Value(any_value(&value)?),
                    (None, Some(key), _) => Source::Attribute(key),
                    (None, None, Some(name)) => Source::Context(context(&name)?),
                    // The default is all that there is.
                    (None, None, None) => Source::Attribute(String::new()),
                },
                default: self.default_value.as_ref().map(any_value).transpose()?,
            },
            "delete" => Action::Delete { key: self.key, pattern: matching.map(pattern).transpose()? },
            "hash" => Action::Hash { key: self.key, pattern: matching.map(pattern).transpose()? },
            "extract" => {
                let text = matching.unwrap_or_default();
                let pattern = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
                Action::Extract {
                    key: keyed(self.key)?,
                    pattern: pattern.map_err(|error| ConfigError::new_err(format!("'{text}': {error}")))?,
                }
            }
            "convert" => Action::Convert {
                key: keyed(self.key)?,
                to: match self.converted_type.as_deref() {
                    Some("int") => Type::Int,
                    Some("double") => Type::Double,
                    Some("string") => Type::String,
                    _ => return Err(ConfigError::new_err("converted_type is int, double or string")),
                },
            },
            other => return Err(ConfigError::new_err(format!("no action '{other}'"))),
        })
    }
}

fn context(name: &str) -> PyResult<Context> {
    match name {
        "client.address" => Ok(Context::ClientAddress),
        "auth.subject" | "auth.username" | "auth.identity" => Ok(Context::Identity),
        "tenant" => Ok(Context::Tenant),
        _ => Err(ConfigError::new_err(format!("no context '{name}': client.address, auth.subject or tenant"))),
    }
}

/// A value of a config as an `AnyValue` message.
fn any_value(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    if value.is_instance_of::<PyBool>() {
        push_bool(&mut out, value.extract()?);
    } else if value.is_instance_of::<PyInt>() {
        push_int(&mut out, value.extract()?);
    } else if value.is_instance_of::<PyFloat>() {
        push_double(&mut out, value.extract()?);
    } else if let Ok(text) = value.cast::<PyString>() {
        push_text(&mut out, text.to_str()?.as_bytes());
    } else if let Ok(list) = value.cast::<PyList>() {
        let mut values = Vec::new();
        for item in list {
            push_field(&mut values, 0x0a, &any_value(&item)?);
        }
        push_field(&mut out, 0x2a, &values);
    } else if let Ok(map) = value.cast::<PyDict>() {
        let mut pairs = Vec::new();
        for (key, item) in map {
            let mut pair = Vec::new();
            push_field(&mut pair, 0x0a, key.cast::<PyString>()?.to_str()?.as_bytes());
            push_field(&mut pair, 0x12, &any_value(&item)?);
            push_field(&mut pairs, 0x0a, &pair);
        }
        push_field(&mut out, 0x32, &pairs);
    } else {
        return Err(ConfigError::new_err("a value is a text, a number, true or false, a list or a map of these"));
    }
    Ok(out)
}

/// Actions on the attributes of records.
#[pyfunction]
#[pyo3(signature = (actions, *, when = None))]
pub fn attributes_processor(actions: Vec<ActionSpec<'_>>, when: Option<&str>) -> PyResult<Processor> {
    let when = when.map(|when| condition(when, false)).transpose()?;
    let actions = actions.into_iter().map(ActionSpec::build).collect::<PyResult<_>>()?;
    Ok(Processor(Arc::new(Attributes::new(actions, when))))
}

/// Actions on the attributes of resources.
#[pyfunction]
pub fn resource_processor(actions: Vec<ActionSpec<'_>>) -> PyResult<Processor> {
    let actions = actions.into_iter().map(ActionSpec::build).collect::<PyResult<_>>()?;
    Ok(Processor(Arc::new(ResourceAttributes::new(actions))))
}
