//! The tree of an expression: conditions, filters and routes all become this one.

use regex::bytes::Regex;

use super::made::Made;

/// Something that holds for a record or does not.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Const(bool),
    Not(Box<Expr>),
    /// Cheapest first.
    And(Vec<Expr>),
    /// Cheapest first.
    Or(Vec<Expr>),
    /// The operand is there and not null.
    Has(Operand),
    /// A boolean operand that is true.
    True(Operand),
    Compare(Operand, Comparison, Operand),
    In(Operand, Vec<Literal>),
    Matches(Operand, Regex),
    Text(Operand, TextTest, Vec<u8>),
    /// The same, of what the record says.
    Within(Operand, TextTest, Operand),
}

/// How two values are compared. What does not compare (another type, absent) is not equal, and not less or greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What is asked of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTest {
    /// Also of an array: that an element is this text.
    Contains,
    StartsWith,
    EndsWith,
}

/// A value of a record, or a constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Literal(Literal),
    Field(Field),
    /// A value under a field that holds a map or an array: `attributes["a"]`, `body["a"][0]`. The first step into attributes
    /// is always a key.
    Path(Field, Vec<Step>),
    /// What was computed beforehand, by its place.
    Given(usize),
    /// What is made of others when it is asked.
    Made(Box<Made>),
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Into a map.
    Key(Vec<u8>),
    /// Into an array.
    Index(usize),
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Text(Vec<u8>),
    Int(i64),
    Double(f64),
    Bool(bool),
}

/// What a condition can ask of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Severity,
    SeverityText,
    Time,
    Body,
    EventName,
    TraceId,
    SpanId,
    Attributes,
    ResourceAttributes,
    ScopeName,
    ScopeVersion,
    ScopeAttributes,
    IsReject,
    Receiver,
    Format,
    Peer,
    Identity,
    Tenant,
}

/// The type of a field, where it is known beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Number,
    Bool,
    /// Any value: only the record knows.
    Any,
    /// Attributes: a key must follow.
    Map,
}

impl Field {
    /// The name as written, the field, and its type. `docs/conditions.md` lists the same.
    pub(crate) const ALL: [(&'static str, Self, Type); 21] = [
        ("attributes", Self::Attributes, Type::Map),
        ("body", Self::Body, Type::Any),
        ("event_name", Self::EventName, Type::Text),
        ("format", Self::Format, Type::Text),
        ("identity", Self::Identity, Type::Text),
        ("is_reject", Self::IsReject, Type::Bool),
        ("peer", Self::Peer, Type::Text),
        ("receiver", Self::Receiver, Type::Text),
        ("resource", Self::ResourceAttributes, Type::Map),
        ("resource.attributes", Self::ResourceAttributes, Type::Map),
        ("scope", Self::ScopeAttributes, Type::Map),
        ("scope.attributes", Self::ScopeAttributes, Type::Map),
        ("scope.name", Self::ScopeName, Type::Text),
        ("scope.version", Self::ScopeVersion, Type::Text),
        ("severity", Self::Severity, Type::Number),
        ("severity_number", Self::Severity, Type::Number),
        ("severity_text", Self::SeverityText, Type::Text),
        ("span_id", Self::SpanId, Type::Text),
        ("tenant", Self::Tenant, Type::Text),
        ("time_unix_nano", Self::Time, Type::Number),
        ("trace_id", Self::TraceId, Type::Text),
    ];

    /// What it costs to read: 0 from the Origin, 1 from the index, more from the bytes.
    fn cost(self) -> u32 {
        match self {
            Self::Receiver | Self::Format | Self::Peer | Self::Identity | Self::Tenant => 0,
            Self::Severity | Self::Time | Self::TraceId | Self::IsReject => 1,
            Self::ScopeName | Self::ScopeVersion | Self::ScopeAttributes => 4,
            Self::SeverityText | Self::Body | Self::ResourceAttributes => 6,
            Self::Attributes | Self::EventName | Self::SpanId => 12,
        }
    }
}

impl Operand {
    fn is_of_group(&self) -> bool {
        if let Self::Made(made) = self {
            return made.all(&mut Self::is_of_group);
        }
        let (Self::Field(field) | Self::Path(field, _)) = self else { return true };
        let of_scope = matches!(field, Field::ScopeName | Field::ScopeVersion | Field::ScopeAttributes);
        of_scope || *field == Field::ResourceAttributes || field.cost() == 0
    }

    pub(crate) fn kind(&self) -> Type {
        match self {
            Self::Literal(Literal::Text(_)) => Type::Text,
            Self::Literal(Literal::Int(_) | Literal::Double(_)) => Type::Number,
            Self::Literal(Literal::Bool(_)) => Type::Bool,
            Self::Field(field) => Field::ALL.iter().find(|row| row.1 == *field).map_or(Type::Any, |row| row.2),
            Self::Path(..) | Self::Given(_) | Self::Made(_) => Type::Any,
        }
    }

    fn cost(&self) -> u32 {
        match self {
            Self::Literal(_) | Self::Given(_) => 0,
            Self::Field(field) | Self::Path(field, _) => field.cost(),
            Self::Made(_) => 20,
        }
    }

    /// Whether `holds` holds for each operand that is read of a record.
    pub(crate) fn all(&self, holds: &mut dyn FnMut(&Self) -> bool) -> bool {
        match self {
            Self::Made(made) => made.all(holds),
            other => holds(other),
        }
    }
}

impl Expr {
    /// Whether every operand is of the Origin, the resource or the scope.
    pub(crate) fn is_of_group(&self) -> bool {
        match self {
            Self::Const(_) => true,
            Self::Not(inner) => inner.is_of_group(),
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Self::is_of_group),
            Self::Compare(left, _, right) | Self::Within(left, _, right) => left.is_of_group() && right.is_of_group(),
            Self::Has(operand) | Self::True(operand) | Self::In(operand, _) | Self::Matches(operand, _) | Self::Text(operand, ..) => {
                operand.is_of_group()
            }
        }
    }

    /// Whether `holds` holds for each operand that is read of a record.
    pub(crate) fn all_operands(&self, holds: &mut dyn FnMut(&Operand) -> bool) -> bool {
        match self {
            Self::Const(_) => true,
            Self::Not(inner) => inner.all_operands(holds),
            Self::And(parts) | Self::Or(parts) => parts.iter().all(|part| part.all_operands(holds)),
            Self::Compare(left, _, right) | Self::Within(left, _, right) => left.all(holds) && right.all(holds),
            Self::Has(operand) | Self::True(operand) | Self::In(operand, _) | Self::Matches(operand, _) | Self::Text(operand, ..) => {
                operand.all(holds)
            }
        }
    }

    fn cost(&self) -> u32 {
        match self {
            Self::Const(_) => 0,
            Self::Not(inner) => inner.cost(),
            Self::And(parts) | Self::Or(parts) => parts.iter().fold(0, |sum, part| sum.saturating_add(part.cost())),
            Self::Has(operand) | Self::True(operand) => operand.cost(),
            Self::Compare(left, _, right) | Self::Within(left, _, right) => left.cost() + right.cost(),
            Self::In(operand, list) => operand.cost() + list.len() as u32 / 4,
            Self::Text(operand, ..) => operand.cost() + 2,
            Self::Matches(operand, _) => operand.cost() + 20,
        }
    }

    /// All of `parts`; as nothing here has an effect, the cheap ones are asked first.
    pub(crate) fn all(parts: Vec<Self>) -> Self {
        Self::join(parts, Self::And)
    }

    /// Any of `parts`.
    pub(crate) fn any(parts: Vec<Self>) -> Self {
        Self::join(parts, Self::Or)
    }

    fn join(mut parts: Vec<Self>, wrap: fn(Vec<Self>) -> Self) -> Self {
        if parts.len() > 1 {
            parts.sort_by_key(Self::cost);
            return wrap(parts);
        }
        parts.pop().unwrap_or(Self::Const(true))
    }
}
