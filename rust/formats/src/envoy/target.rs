//! What the table, or else a rule, says of an operator.

use logloom_record::{Key, Text, nearest};

use crate::template::Shape;

use super::{FIELDS, Field, Operator, Role, fields::NAMED_BY_RULE};

const CLIENT_ADDRESS: &str = "client.address";

/// An attribute's name, laid out for writing where it is short enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// Up to 56 bytes.
    Short(Key),
    /// More.
    Long(String),
}

impl Name {
    /// A name.
    pub fn new(name: &str) -> Self {
        Key::try_new(name).map_or_else(|| Self::Long(name.into()), Self::Short)
    }

    /// The name itself.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(key) => key.name(),
            Self::Long(name) => name.as_bytes(),
        }
    }

    /// The same, and what lies behind it in memory.
    #[inline(always)]
    pub(crate) fn text(&self) -> Text<'_> {
        match self {
            Self::Short(key) => key.text(),
            Self::Long(name) => Text::from(name.as_str()),
        }
    }
}

/// Where the value of an operator goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// How it becomes attributes.
    pub role: Role,
    /// The attribute.
    pub name: Name,
    /// The second attribute of roles that have one; else the same.
    pub second: Name,
    /// What its values look like.
    pub shape: Shape,
}

impl Target {
    /// The target of an operator. One that no row has is named by rule: headers by the HTTP conventions
    /// (`http.request.header.x-tenant`), others `envoy.` and their name, argument and all, in lower case
    /// (`envoy.dynamic_metadata.com.test.key`), with `envoy.upstream.` and `envoy.downstream.` for what begins so.
    pub fn of(operator: &Operator<'_>) -> Self {
        if let Some(field) = row(operator) {
            return Self::from_row(field);
        }
        let argument = operator.argument.unwrap_or_default();
        let header = argument.split('?').next().unwrap_or_default().to_ascii_lowercase();
        match long_name(operator.name) {
            "REQ" => Self::new(Role::Header, Shape::Any, &format!("http.request.header.{header}")),
            "RESP" => Self::new(Role::Header, Shape::Any, &format!("http.response.header.{header}")),
            "TRAILER" => Self::new(Role::Text, Shape::Any, &format!("envoy.response.trailer.{header}")),
            // Its argument is a program; the name of a second one has it.
            "COALESCE" => Self::new(Role::Text, Shape::Any, "envoy.coalesce"),
            "COMMON_DURATION" => {
                let points = argument.to_ascii_lowercase();
                let (points, unit) = points.rsplit_once(':').unwrap_or((&points, "ms"));
                Self::new(Role::Int, Shape::Signed, &format!("envoy.duration.{}_{unit}", points.replace(':', ".")))
            }
            _ => Self::by_rule(operator),
        }
    }

    /// The targets of all operators that write one record, so that no attribute is written twice: the first operator of an attribute
    /// has it, a further one is named by rule; `None` for one that would say the same under the same name.
    pub fn of_all<'a>(operators: impl IntoIterator<Item = Operator<'a>>) -> Vec<Option<Self>> {
        let operators: Vec<_> = operators.into_iter().collect();
        let client = Name::new(CLIENT_ADDRESS);
        let has_client =
            operators.iter().map(Self::of).any(|target| target.role != Role::ForwardedFor && target.writes().contains(&&client));
        let mut taken: Vec<Vec<u8>> = Vec::new();
        let mut place = |target: Self| {
            let names: Vec<_> = target.writes().into_iter().map(|name| name.bytes().to_vec()).collect();
            let free = names.iter().all(|name| !taken.contains(name));
            if free {
                taken.extend(names);
            }
            free.then_some(target)
        };
        // The start is the record's time, else when the line was written.
        let is_start = |operator: &&Operator<'_>| operator.name.starts_with("START_TIME");
        let is_time = |operator: &&Operator<'_>| Self::of(operator).role == Role::Time;
        let time = operators.iter().find(is_start).or_else(|| operators.iter().find(is_time));
        let targets = operators.iter().map(|operator| {
            let mut target = Self::of(operator);
            if target.role == Role::ForwardedFor && has_client {
                target.role = Role::Header;
            }
            if target.role == Role::Time && !time.is_some_and(|time| std::ptr::eq(time, operator)) {
                target.role = Role::Text;
            }
            place(target).or_else(|| place(Self::by_rule(operator)))
        });
        targets.collect()
    }

    /// The names that it writes to; those of the record's own fields in their place.
    pub(crate) fn writes(&self) -> Vec<&Name> {
        match self.role {
            Role::Path | Role::Protocol | Role::Address | Role::ForwardedFor => vec![&self.name, &self.second],
            _ => vec![&self.name],
        }
    }

    /// The target of an operator whose attribute another operator of the same line has already: always by rule.
    pub fn by_rule(operator: &Operator<'_>) -> Self {
        let shape = row(operator).map_or(Shape::Any, |field| field.shape);
        let role = match row(operator).map(|field| field.role) {
            Some(Role::Int | Role::Status) => Role::Int,
            _ => Role::Text,
        };
        let mut name = String::from("envoy.");
        let lower = operator.name.to_ascii_lowercase();
        match lower.split_once('_') {
            Some((side @ ("upstream" | "downstream"), rest)) => name.extend([side, ".", rest]),
            _ => name.push_str(&lower),
        }
        if let Some(argument) = operator.argument.filter(|argument| !argument.is_empty()) {
            name.push('.');
            let is_header = matches!(long_name(operator.name), "REQ" | "RESP" | "TRAILER");
            name.push_str(&if is_header { argument.to_ascii_lowercase() } else { argument.replace(':', ".") });
        }
        Self::new(role, shape, &name)
    }

    /// A target of this role and name.
    pub fn new(role: Role, shape: Shape, name: &str) -> Self {
        Self { role, name: Name::new(name), second: Name::new(name), shape }
    }

    fn from_row(field: &Field) -> Self {
        let second = if field.second.is_empty() { field.name } else { field.second };
        Self { role: field.role, name: Name::new(field.name), second: Name::new(second), shape: field.shape }
    }
}

/// The older, shorter spelling that the table uses.
fn long_name(name: &str) -> &str {
    match name {
        "REQUEST_HEADER" => "REQ",
        "RESPONSE_HEADER" => "RESP",
        "RESPONSE_TRAILER" => "TRAILER",
        name => name,
    }
}

/// The row of an operator. Of `X?Y`, where X stands in for Y, the row of both, else that of Y.
fn row(operator: &Operator<'_>) -> Option<&'static Field> {
    let name = long_name(operator.name);
    let argument = operator.argument.unwrap_or_default().to_ascii_uppercase();
    let find = |argument: &str| FIELDS.iter().find(|field| field.operator == name && field.argument == argument);
    match name {
        // The pattern of a time says how it is written, not what it is; so do the options of a path.
        "START_TIME"
        | "START_TIME_LOCAL"
        | "EMIT_TIME"
        | "EMIT_TIME_LOCAL"
        | "PATH"
        | "QUERY_PARAMS"
        | "REQUESTED_SERVER_NAME"
        | "RESPONSE_CODE_DETAILS" => find(""),
        "REQ" | "RESP" | "TRAILER" => find(&argument).or_else(|| find(argument.rsplit('?').next()?)),
        _ => find(&argument),
    }
}

/// The known operator that `name` is but for a slip of one or two letters; `None` for a known one, and for one that is merely new.
pub(crate) fn suggestion(name: &str) -> Option<&'static str> {
    let known: Vec<&'static str> = FIELDS.iter().map(|field| field.operator).chain(NAMED_BY_RULE.iter().copied()).collect();
    let near = if known.contains(&name) { None } else { nearest(name, &known) }?;
    let same = name.bytes().zip(near.bytes()).take_while(|(a, b)| a == b).count();
    let behind = |text: &str| text.len() - same;
    let most = behind(name).min(behind(near));
    let same_end = name.bytes().rev().zip(near.bytes().rev()).take(most).take_while(|(a, b)| a == b).count();
    (behind(name).max(behind(near)) - same_end <= 2).then_some(near)
}
