//! Asks a tree of the bytes of a record. Nothing is built: values are read where they stand.

use std::cmp::Ordering;

use super::{
    pairs::{last, pair_of, value_of},
    tree::{Comparison, Expr, Field, Literal, Operand, Step, TextTest},
};
use crate::{AnyValue, Batch, Entry, Origin};

/// One record with what it shares with others.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    record: &'a [u8],
    resource: &'a [u8],
    scope: &'a [u8],
    entry: &'a Entry,
    origin: &'a Origin,
    /// `AnyValue` messages; empty where there is none.
    given: &'a [Vec<u8>],
}

/// A value on its way into a comparison.
pub(super) enum Seen<'a> {
    /// Not there, or null.
    Absent,
    Value(AnyValue<'a>),
    /// The digits of an id.
    Id([u8; 32], usize),
    /// A text that was made.
    Own(Vec<u8>),
}

impl<'a> Seen<'a> {
    /// What stands in a protobuf string field: empty is the same as absent there.
    fn text(text: &'a [u8]) -> Self {
        if text.is_empty() { Self::Absent } else { Self::Value(AnyValue::Str(text)) }
    }

    pub(super) fn of(value: AnyValue<'a>) -> Self {
        if matches!(value, AnyValue::Null) { Self::Absent } else { Self::Value(value) }
    }

    fn id(id: &[u8]) -> Self {
        let mut digits = [0; 32];
        if id.iter().all(|byte| *byte == 0) || id.len() > 16 {
            return Self::Absent;
        }
        for (pair, byte) in digits.chunks_exact_mut(2).zip(id) {
            let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        Self::Id(digits, id.len() * 2)
    }

    /// The bytes of a text, also of a bytes value and of an id.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Value(AnyValue::Str(text) | AnyValue::Bytes(text)) => Some(text),
            Self::Id(digits, len) => digits.get(..*len),
            Self::Own(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is the same as another.
    fn is(&self, other: &Seen<'_>) -> bool {
        match (self.bytes(), other.bytes()) {
            (Some(a), Some(b)) => a == b,
            _ => self.compare(other) == Some(Ordering::Equal),
        }
    }

    /// How it stands to another; `None` where the two do not compare.
    fn compare(&self, other: &Seen<'_>) -> Option<Ordering> {
        if let (Some(a), Some(b)) = (self.bytes(), other.bytes()) {
            return Some(a.cmp(b));
        }
        let (Self::Value(a), Seen::Value(b)) = (self, other) else { return None };
        match (a, b) {
            (AnyValue::Int(a), AnyValue::Int(b)) => Some(a.cmp(b)),
            (AnyValue::Double(a), AnyValue::Double(b)) => a.partial_cmp(b),
            (AnyValue::Int(a), AnyValue::Double(b)) => compare_exact(*a, *b),
            (AnyValue::Double(a), AnyValue::Int(b)) => compare_exact(*b, *a).map(Ordering::reverse),
            (AnyValue::Bool(a), AnyValue::Bool(b)) => (a == b).then_some(Ordering::Equal),
            _ => None,
        }
    }
}

/// An integer beside a double, by value: no integer is rounded for it.
fn compare_exact(int: i64, double: f64) -> Option<Ordering> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if double.is_nan() {
        return None;
    }
    if double >= TWO_63 {
        return Some(Ordering::Less);
    }
    if double < -TWO_63 {
        return Some(Ordering::Greater);
    }
    let whole = double.trunc();
    Some(int.cmp(&(whole as i64)).then_with(|| 0.0f64.total_cmp(&(double - whole + 0.0))))
}

impl Comparison {
    /// Of a number that the index has.
    #[inline]
    pub(super) fn holds_of(self, field: Field, entry: &Entry, wanted: i64) -> bool {
        let value = if matches!(field, Field::Severity) { entry.severity.into() } else { entry.time_unix_nano };
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.holds((value != 0).then(|| value.cmp(&wanted)))
    }

    fn of(self, left: &Seen<'_>, right: &Seen<'_>) -> bool {
        match self {
            Self::Equal => left.is(right),
            Self::NotEqual => !left.is(right),
            _ => self.holds(left.compare(right)),
        }
    }

    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

impl TextTest {
    fn holds(self, seen: &Seen<'_>, wanted: &[u8]) -> bool {
        if let (Self::Contains, Seen::Value(AnyValue::Array(values))) = (self, seen) {
            return values.clone().any(|value| matches!(value, AnyValue::Str(text) if text == wanted));
        }
        let Some(text) = seen.bytes() else { return false };
        match self {
            Self::Contains => memchr::memmem::find(text, wanted).is_some(),
            Self::StartsWith => text.starts_with(wanted),
            Self::EndsWith => text.ends_with(wanted),
        }
    }
}

impl Literal {
    fn seen(&self) -> Seen<'_> {
        Seen::Value(match self {
            Self::Text(text) => AnyValue::Str(text),
            Self::Int(value) => AnyValue::Int(*value),
            Self::Double(value) => AnyValue::Double(*value),
            Self::Bool(value) => AnyValue::Bool(*value),
        })
    }
}

impl Expr {
    /// The whole of it, where that asks the index for one number.
    #[inline]
    pub(super) fn of_entry(&self) -> Option<(Field, Comparison, i64)> {
        match self {
            Self::Compare(Operand::Field(field @ (Field::Severity | Field::Time)), comparison, Operand::Literal(Literal::Int(wanted))) => {
                Some((*field, *comparison, *wanted))
            }
            _ => None,
        }
    }

    /// Whether it holds. The depth of a tree is bounded where it is parsed.
    pub(super) fn holds(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::Const(value) => *value,
            Self::Not(inner) => !inner.holds(subject),
            Self::And(parts) => parts.iter().all(|part| part.holds(subject)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(subject)),
            Self::Has(operand) => !matches!(operand.read(subject), Seen::Absent),
            Self::True(operand) => matches!(operand.read(subject), Seen::Value(AnyValue::Bool(true))),
            // What most filters ask: straight from the index.
            Self::Compare(Operand::Field(field @ (Field::Severity | Field::Time)), comparison, Operand::Literal(Literal::Int(wanted))) => {
                comparison.holds_of(*field, subject.entry, *wanted)
            }
            Self::Compare(left, comparison, right) => comparison.of(&left.read(subject), &right.read(subject)),
            Self::In(operand, list) => {
                let seen = operand.read(subject);
                list.iter().any(|item| seen.is(&item.seen()))
            }
            Self::Matches(operand, regex) => operand.read(subject).bytes().is_some_and(|text| regex.is_match(text)),
            Self::Text(operand, test, wanted) => test.holds(&operand.read(subject), wanted),
            Self::Within(operand, test, wanted) => {
                wanted.read(subject).bytes().is_some_and(|wanted| test.holds(&operand.read(subject), wanted))
            }
        }
    }

    /// What the Origin alone says: `None` where the records must be asked.
    pub(super) fn known(&self, origin: &Origin) -> Option<bool> {
        let from = |operand: &Operand| matches!(operand, Operand::Literal(_)) || operand.origin_text(origin).is_some();
        match self {
            Self::Not(inner) => inner.known(origin).map(|holds| !holds),
            Self::And(parts) => decide(parts, origin, false),
            Self::Or(parts) => decide(parts, origin, true),
            Self::Const(value) => Some(*value),
            Self::Compare(left, _, right) | Self::Within(left, _, right) if !(from(left) && from(right)) => None,
            Self::Has(operand) | Self::True(operand) | Self::In(operand, _) | Self::Matches(operand, _) | Self::Text(operand, ..)
                if !from(operand) =>
            {
                None
            }
            _ => {
                let entry = Entry::default();
                Some(self.holds(Subject { record: &[], resource: &[], scope: &[], entry: &entry, origin, given: &[] }))
            }
        }
    }
}

/// One part that is `decisive` decides; all others together say the opposite.
fn decide(parts: &[Expr], origin: &Origin, decisive: bool) -> Option<bool> {
    let mut all_known = true;
    for part in parts {
        match part.known(origin) {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!decisive)
}

impl Operand {
    fn origin_text<'a>(&self, origin: &'a Origin) -> Option<&'a [u8]> {
        Some(match self {
            Self::Field(Field::Receiver) => origin.receiver.as_bytes(),
            Self::Field(Field::Format) => origin.format.as_bytes(),
            Self::Field(Field::Peer) => origin.peer.as_bytes(),
            Self::Field(Field::Identity) => origin.identity.as_bytes(),
            Self::Field(Field::Tenant) => origin.tenant.as_bytes(),
            _ => return None,
        })
    }

    pub(super) fn read<'a>(&'a self, subject: Subject<'a>) -> Seen<'a> {
        if let Some(text) = self.origin_text(subject.origin) {
            return Seen::text(text);
        }
        match self {
            Self::Literal(literal) => literal.seen(),
            Self::Field(field) => subject.field(*field),
            Self::Path(field, steps) => subject.path(*field, steps),
            Self::Given(at) => subject.given.get(*at).map_or(Seen::Absent, |value| Seen::of(AnyValue::read(value))),
            Self::Made(made) => made.read(subject),
        }
    }
}

/// The records of a Batch, asked one after another: what those of one group share is looked up once.
pub(super) struct Subjects<'a> {
    batch: &'a Batch,
    group: Option<u32>,
    block: &'a [u8],
    resource: &'a [u8],
    scope: &'a [u8],
}

impl<'a> Subjects<'a> {
    pub(super) fn of(batch: &'a Batch) -> Self {
        Self { batch, group: None, block: &[], resource: &[], scope: &[] }
    }

    /// The record at `index`; `None` where there is none.
    #[inline]
    pub(super) fn at(&mut self, index: usize) -> Option<Subject<'a>> {
        let entry = self.batch.index().get(index)?;
        if self.group != Some(entry.group) {
            self.turn_to(entry.group);
        }
        let record = self.block.get(entry.start as usize..entry.end as usize).unwrap_or_default();
        Some(Subject { record, resource: self.resource, scope: self.scope, entry, origin: self.batch.origin(), given: &[] })
    }

    fn turn_to(&mut self, group: u32) {
        self.group = Some(group);
        self.block = self.batch.block_of(group);
        self.resource = self.batch.group_bytes(group, |group| group.resource.clone());
        self.scope = self.batch.group_bytes(group, |group| group.scope.clone());
    }
}

impl<'a> Subject<'a> {
    /// The record at `index`; `None` where there is none.
    pub(super) fn of(batch: &'a Batch, index: usize) -> Option<Self> {
        Subjects::of(batch).at(index)
    }

    /// The `LogRecord` message.
    #[inline(always)]
    pub(super) fn record(self) -> &'a [u8] {
        self.record
    }

    /// A record that is in no Batch yet.
    pub(super) fn alone(record: &'a [u8], resource: &'a [u8], entry: &'a Entry, origin: &'a Origin) -> Self {
        Self { record, resource, scope: &[], entry, origin, given: &[] }
    }

    /// The same record as it stands now, and what was computed of it.
    pub(super) fn now(self, entry: &'a Entry, [record, resource, scope]: [&'a [u8]; 3], given: &'a [Vec<u8>]) -> Self {
        Self { record, resource, scope, entry, given, ..self }
    }

    /// What the index knows.
    pub(super) fn entry(self) -> &'a Entry {
        self.entry
    }

    fn field(self, field: Field) -> Seen<'a> {
        match field {
            Field::Severity if self.entry.severity == 0 => Seen::Absent,
            Field::Severity => Seen::Value(AnyValue::Int(self.entry.severity.into())),
            Field::Time if self.entry.time_unix_nano == 0 => Seen::Absent,
            Field::Time => Seen::Value(AnyValue::Int(i64::try_from(self.entry.time_unix_nano).unwrap_or(i64::MAX))),
            Field::IsReject => Seen::Value(AnyValue::Bool(self.entry.flags.is_reject())),
            Field::TraceId => Seen::id(&self.entry.trace_id),
            Field::SpanId => Seen::id(last(self.record, 10)),
            Field::SeverityText => Seen::text(last(self.record, 3)),
            Field::EventName => Seen::text(last(self.record, 12)),
            Field::ScopeName => Seen::text(last(self.scope, 1)),
            Field::ScopeVersion => Seen::text(last(self.scope, 2)),
            Field::Body => Seen::of(AnyValue::read(last(self.record, 5))),
            // Maps are asked by key only; the Origin's fields are read before.
            _ => Seen::Absent,
        }
    }

    fn path(self, field: Field, steps: &[Step]) -> Seen<'a> {
        let mut steps = steps.iter();
        let first = match field {
            Field::Body => Some(AnyValue::read(last(self.record, 5))),
            Field::Attributes => steps.next().and_then(|step| attribute(self.record, 6, step)),
            Field::ResourceAttributes => steps.next().and_then(|step| attribute(self.resource, 1, step)),
            Field::ScopeAttributes => steps.next().and_then(|step| attribute(self.scope, 3, step)),
            _ => None,
        };
        let Some(mut value) = first else { return Seen::Absent };
        for step in steps {
            let next = match (value, step) {
                (AnyValue::Map(mut entries), Step::Key(key)) => entries.find(|(name, _)| name == key).map(|(_, value)| value),
                (AnyValue::Array(mut values), Step::Index(index)) => values.nth(*index),
                _ => None,
            };
            let Some(next) = next else { return Seen::Absent };
            value = next;
        }
        Seen::of(value)
    }
}

/// The value of an attribute among the `KeyValue`s that are field `number`: values of other keys are passed over unread.
#[inline]
fn attribute<'a>(message: &'a [u8], number: u32, step: &Step) -> Option<AnyValue<'a>> {
    let Step::Key(key) = step else { return None };
    pair_of(message, number, key).map(|pair| AnyValue::read(value_of(pair)))
}
