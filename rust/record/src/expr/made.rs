//! Values that are made of others when an expression asks for them: texts that are joined, lengths, one of two.

use super::{
    eval::{Seen, Subject},
    tree::{Expr, Operand},
};
use crate::{
    AnyValue,
    overlay::{push_bool, push_double, push_int, push_text},
    proto::push_field,
};

/// The longest text that is made, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// How a value is made.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    /// Whether it holds.
    Holds(Expr),
    /// The first where it holds, else the second.
    Choice(Expr, Operand, Operand),
    /// The first that is there.
    First(Operand, Operand),
    /// Texts joined, or numbers added; also `- * / % **`.
    Math(Operand, char, Operand),
    /// A function of one value.
    Of(Function, Operand),
    /// A text with each `1` in it replaced by `2`.
    Replace(Operand, Operand, Operand),
    /// A text without what it begins with, or ends with.
    Without(Operand, Vec<u8>, bool),
    /// A list of values.
    List(Vec<Operand>),
}

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Len,
    Lower,
    Upper,
    Trim,
    Int,
    Float,
    String,
    Type,
}

/// Two that were made of the same are two.
impl PartialEq for Made {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Made {
    /// Whether `holds` holds for each operand that is read of a record.
    pub(crate) fn all(&self, holds: &mut dyn FnMut(&Operand) -> bool) -> bool {
        match self {
            Self::Holds(expr) => expr.all_operands(holds),
            Self::Choice(expr, one, other) => expr.all_operands(holds) && one.all(holds) && other.all(holds),
            Self::First(one, other) | Self::Math(one, _, other) => one.all(holds) && other.all(holds),
            Self::Of(_, one) | Self::Without(one, ..) => one.all(holds),
            Self::Replace(one, from, to) => one.all(holds) && from.all(holds) && to.all(holds),
            Self::List(all) => all.iter().all(|one| one.all(holds)),
        }
    }

    pub(super) fn read<'a>(&'a self, subject: Subject<'a>) -> Seen<'a> {
        match self {
            Self::Holds(expr) => Seen::Value(AnyValue::Bool(expr.holds(subject))),
            Self::Choice(expr, one, other) => (if expr.holds(subject) { one } else { other }).read(subject),
            Self::First(one, other) => match one.read(subject) {
                Seen::Absent => other.read(subject),
                found => found,
            },
            Self::Math(one, sign, other) => math(&one.read(subject), *sign, &other.read(subject)),
            Self::Of(function, one) => function.of(one.read(subject)),
            Self::Replace(one, from, to) => {
                let (one, from, to) = (one.read(subject), from.read(subject), to.read(subject));
                let (Some(text), Some(from), Some(to)) = (one.bytes(), from.bytes(), to.bytes()) else { return Seen::Absent };
                replaced(text, from, to)
            }
            Self::Without(one, part, is_end) => {
                let seen = one.read(subject);
                let Some(text) = seen.bytes() else { return Seen::Absent };
                let left = if *is_end { text.strip_suffix(&part[..]) } else { text.strip_prefix(&part[..]) };
                Seen::Own(left.unwrap_or(text).to_vec())
            }
            // Only what is written out holds more than one value: see `append`.
            Self::List(_) => Seen::Absent,
        }
    }
}

fn replaced<'a>(text: &[u8], from: &[u8], to: &[u8]) -> Seen<'a> {
    if from.is_empty() {
        return Seen::Own(text.to_vec());
    }
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    for found in memchr::memmem::find_iter(text, from) {
        out.extend_from_slice(text.get(at..found).unwrap_or_default());
        out.extend_from_slice(to);
        at = found + from.len();
        if out.len() > TEXT_BYTES_MAX {
            return Seen::Absent;
        }
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    Seen::Own(out)
}

fn math<'a>(one: &Seen<'_>, sign: char, other: &Seen<'_>) -> Seen<'a> {
    if let (Some(one), Some(other)) = (one.bytes(), other.bytes()) {
        if sign != '+' || one.len() + other.len() > TEXT_BYTES_MAX {
            return Seen::Absent;
        }
        return Seen::Own([one, other].concat());
    }
    let (Seen::Value(one), Seen::Value(other)) = (one, other) else { return Seen::Absent };
    if let (AnyValue::Int(one), AnyValue::Int(other)) = (one, other)
        && !matches!(sign, '/' | '^')
    {
        let result = match sign {
            '+' => one.checked_add(*other),
            '-' => one.checked_sub(*other),
            '*' => one.checked_mul(*other),
            _ => one.checked_rem(*other),
        };
        return result.map_or(Seen::Absent, |value| Seen::Value(AnyValue::Int(value)));
    }
    let double = |value: &AnyValue<'_>| match value {
        AnyValue::Int(value) => Some(*value as f64),
        AnyValue::Double(value) => Some(*value),
        _ => None,
    };
    let (Some(one), Some(other)) = (double(one), double(other)) else { return Seen::Absent };
    let value = match sign {
        '+' => one + other,
        '-' => one - other,
        '*' => one * other,
        '/' => one / other,
        '^' => one.powf(other),
        _ => return Seen::Absent,
    };
    Seen::Value(AnyValue::Double(value))
}

impl Function {
    /// By its name, as the Collector's expressions call it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "len" => Self::Len,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "trim" => Self::Trim,
            "int" => Self::Int,
            "float" => Self::Float,
            "string" => Self::String,
            "type" => Self::Type,
            _ => return None,
        })
    }

    fn of(self, seen: Seen<'_>) -> Seen<'_> {
        let int = |value: i64| Seen::Value(AnyValue::Int(value));
        if self == Self::Type {
            return Seen::Own(kind(&seen).as_bytes().to_vec());
        }
        let text = seen.bytes().map(String::from_utf8_lossy);
        match (self, text, &seen) {
            (Self::Len, Some(text), _) => int(text.chars().count() as i64),
            (Self::Len, _, Seen::Value(AnyValue::Array(values))) => int(values.clone().count() as i64),
            (Self::Len, _, Seen::Value(AnyValue::Map(pairs))) => int(pairs.clone().count() as i64),
            (Self::Lower, Some(text), _) => Seen::Own(text.to_lowercase().into_bytes()),
            (Self::Upper, Some(text), _) => Seen::Own(text.to_uppercase().into_bytes()),
            (Self::Trim, Some(text), _) => Seen::Own(text.trim().as_bytes().to_vec()),
            (Self::Int, Some(text), _) => text.parse().map_or(Seen::Absent, int),
            (Self::Int, _, Seen::Value(AnyValue::Double(value))) => int(*value as i64),
            (Self::Float, Some(text), _) => text.parse().map_or(Seen::Absent, |value| Seen::Value(AnyValue::Double(value))),
            (Self::Float, _, Seen::Value(AnyValue::Int(value))) => Seen::Value(AnyValue::Double(*value as f64)),
            (Self::String, _, Seen::Value(AnyValue::Int(value))) => Seen::Own(value.to_string().into_bytes()),
            (Self::String, _, Seen::Value(AnyValue::Double(value))) => Seen::Own(value.to_string().into_bytes()),
            (Self::String, _, Seen::Value(AnyValue::Bool(value))) => Seen::Own(value.to_string().into_bytes()),
            (Self::Int | Self::Float, _, Seen::Value(AnyValue::Int(_) | AnyValue::Double(_))) | (Self::String, Some(_), _) => seen,
            _ => Seen::Absent,
        }
    }
}

fn kind(seen: &Seen<'_>) -> &'static str {
    match seen {
        Seen::Absent | Seen::Value(AnyValue::Null) => "nil",
        Seen::Value(AnyValue::Bool(_)) => "bool",
        Seen::Value(AnyValue::Int(_)) => "int",
        Seen::Value(AnyValue::Double(_)) => "float",
        Seen::Value(AnyValue::Array(_) | AnyValue::Bytes(_)) => "array",
        Seen::Value(AnyValue::Map(_)) => "map",
        _ => "string",
    }
}

impl Operand {
    /// Appends the value as an `AnyValue` message; false, and nothing, where there is none.
    pub(super) fn append(&self, subject: Subject<'_>, out: &mut Vec<u8>) -> bool {
        if let Self::Made(made) = self
            && let Made::List(all) = &**made
        {
            let (mut list, mut item) = (Vec::new(), Vec::new());
            for one in all {
                item.clear();
                one.append(subject, &mut item);
                push_field(&mut list, 0x0a, &item);
            }
            push_field(out, 0x2a, &list);
            return true;
        }
        match self.read(subject) {
            Seen::Absent => return false,
            Seen::Value(value) => push_value(&value, out),
            text => push_text(out, text.bytes().unwrap_or_default()),
        }
        true
    }
}

fn push_value(value: &AnyValue<'_>, out: &mut Vec<u8>) {
    match value {
        AnyValue::Null => {}
        AnyValue::Str(text) => push_text(out, text),
        AnyValue::Bool(value) => push_bool(out, *value),
        AnyValue::Int(value) => push_int(out, *value),
        AnyValue::Double(value) => push_double(out, *value),
        AnyValue::Bytes(bytes) => push_field(out, 0x3a, bytes),
        AnyValue::Array(values) => {
            let (mut list, mut item) = (Vec::new(), Vec::new());
            for value in values.clone() {
                item.clear();
                push_value(&value, &mut item);
                push_field(&mut list, 0x0a, &item);
            }
            push_field(out, 0x2a, &list);
        }
        AnyValue::Map(pairs) => {
            let (mut map, mut pair, mut item) = (Vec::new(), Vec::new(), Vec::new());
            for (key, value) in pairs.clone() {
                item.clear();
                pair.clear();
                push_value(&value, &mut item);
                push_field(&mut pair, 0x0a, key);
                push_field(&mut pair, 0x12, &item);
                push_field(&mut map, 0x0a, &pair);
            }
            push_field(out, 0x32, &map);
        }
    }
}
