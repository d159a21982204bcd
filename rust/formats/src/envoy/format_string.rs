//! Format strings: `[%START_TIME%] "%REQ(:METHOD)% …`.

use crate::{
    template::{FieldSpec, Piece, Shape, Template, TemplateError, TimeShape},
    time::TimePattern,
};

use super::{Operator, Role, Target, target::suggestion};

/// A format string, compiled: what the lines look like and where their values go.
#[derive(Clone, Debug)]
pub struct Line {
    /// Reads the lines.
    pub template: Template,
    /// Where each value goes; `None`: it is the record's time, or another one says the same.
    pub targets: Vec<Option<Target>>,
    /// Which field is the record's time.
    pub time_field: Option<usize>,
}

impl Line {
    /// Compiles a format string. A line break at its end, which Envoy needs, may be there or not, also as `\n` in two characters.
    pub fn compile(format_string: &str) -> Result<Self, TemplateError> {
        let (pieces, operators) = parse_format_string(format_string)?;
        let template = Template::compile(pieces)?;
        let mut targets = Target::of_all(operators);
        let mut time_field = None;
        for (i, (place, field)) in targets.iter_mut().zip(template.fields()).enumerate() {
            if let Some(target) = place.as_mut().filter(|target| target.role == Role::Time) {
                if field.time.as_ref().is_some_and(TimeShape::names_a_moment) {
                    time_field = Some(i);
                    *place = None;
                } else {
                    target.role = Role::Text;
                }
            }
        }
        Ok(Self { template, targets, time_field })
    }
}

/// The pieces of a format string, and the operator of each field.
pub fn parse_format_string(text: &str) -> Result<(Vec<Piece>, Vec<Operator<'_>>), TemplateError> {
    let text = ["\r\n", "\n", "\\n"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    let error = |message: String, at: usize| TemplateError { message, at };
    if let Some(at) = text.find(['\n', '\r']) {
        return Err(error("a line break inside the format: a record is one line".into(), at));
    }
    let (mut pieces, mut operators) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("%%") {
            pieces.push(Piece::Literal("%".into()));
            at += 2;
        } else if let Some(inner) = rest.strip_prefix('%') {
            let (operator, len) = Operator::prefix(inner).map_err(|e| error(e.what.into(), at + 1 + e.at))?;
            pieces.push(Piece::Field(field(&operator, at).map_err(|(message, place)| error(message, at + 1 + place))?));
            operators.push(operator);
            at += 1 + len;
        } else {
            let len = rest.find('%').unwrap_or(rest.len());
            pieces.push(Piece::Literal(rest.get(..len).unwrap_or_default().into()));
            at += len;
        }
    }
    if operators.is_empty() {
        return Err(error("the format has no operator, such as %START_TIME%".into(), 0));
    }
    Ok((pieces, operators))
}

/// The field of an operator; a message and its place in the operator where Envoy would refuse it.
fn field(operator: &Operator<'_>, at: usize) -> Result<FieldSpec, (String, usize)> {
    let name = operator.name;
    if name.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err((format!("operators are written in capitals: '{}'", name.to_ascii_uppercase()), 0));
    }
    if let Some(near) = suggestion(name) {
        return Err((format!("unknown operator '{name}', did you mean '{near}'?"), 0));
    }
    let argument = operator.argument.filter(|argument| !argument.is_empty());
    let is_header = matches!(name, "REQ" | "RESP" | "TRAILER" | "REQUEST_HEADER" | "RESPONSE_HEADER" | "RESPONSE_TRAILER");
    if is_header && argument.is_none() {
        return Err((format!("'{name}' needs the name of a header: %{name}(X-NAME)%"), name.len()));
    }
    let target = Target::of(operator);
    let default = match name {
        "START_TIME" | "EMIT_TIME" => Some(TimePattern::millis_z()),
        "START_TIME_LOCAL" | "EMIT_TIME_LOCAL" => TimePattern::compile("%Y-%m-%dT%H:%M:%S.%3f%z").ok(),
        _ => None,
    };
    if default.is_none() {
        return Ok(FieldSpec { shape: target.shape, time: None, cut_bytes: operator.cut_bytes, at });
    }
    if operator.cut_bytes.is_some() {
        return Err((format!("'{name}' cannot be cut to a length"), name.len()));
    }
    let time = match argument {
        Some(pattern) => Some(TimePattern::compile(pattern).map_err(|e| (e.message, name.len() + 1 + e.at))?),
        None => default,
    };
    Ok(FieldSpec { shape: Shape::Time, time: time.map(TimeShape::from), cut_bytes: None, at })
}
