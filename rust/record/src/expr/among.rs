//! Asks a tree of many records at once. Each part is asked of those that the parts before it left open; what the Origin, the index or a group tells is told
//! for all records in one loop. The answers are those of [`Condition::matches`].

use super::{
    Condition,
    eval::Subjects,
    pairs::{pair_of, value_of},
    tree::{Comparison, Expr, Field, Literal, Operand, Step},
};
use crate::{AnyValue, Batch, Entry, Marks};

impl Condition {
    /// For which of these records of the Batch it holds: what [`matches`](Self::matches) says of each, for less.
    #[must_use]
    pub fn among(&self, batch: &Batch, asked: &Marks) -> Marks {
        match self.expr.known(batch.origin()) {
            Some(true) => asked.clone(),
            Some(false) => Marks::none(asked.records()),
            None => self.expr.among(batch, asked),
        }
    }

    /// For which of these records of the Batch one of the conditions holds.
    #[must_use]
    pub fn any_among(conditions: &[Self], batch: &Batch, asked: &Marks) -> Marks {
        any_of(conditions, asked, |condition, left| condition.among(batch, left))
    }
}

/// For which of these records one of them holds: each is asked of those that the ones before it left open.
fn any_of<T>(of: &[T], asked: &Marks, among: impl Fn(&T, &Marks) -> Marks) -> Marks {
    let mut left = asked.clone();
    for one in of {
        if left.is_none() {
            break;
        }
        left.remove(&among(one, &left));
    }
    let mut found = asked.clone();
    found.remove(&left);
    found
}

impl Expr {
    fn among(&self, batch: &Batch, asked: &Marks) -> Marks {
        match self {
            Self::Const(true) => asked.clone(),
            Self::Const(false) => Marks::none(asked.records()),
            Self::Not(inner) => {
                let mut others = asked.clone();
                others.remove(&inner.among(batch, asked));
                others
            }
            Self::And(parts) => {
                let mut left = asked.clone();
                for part in parts {
                    if left.is_none() {
                        break;
                    }
                    left = part.among(batch, &left);
                }
                left
            }
            Self::Or(parts) => any_of(parts, asked, |part, left| part.among(batch, left)),
            _ => self.leaf(batch, asked),
        }
    }

    fn leaf(&self, batch: &Batch, asked: &Marks) -> Marks {
        let mut subjects = Subjects::of(batch);
        match self {
            Self::Compare(Operand::Field(Field::Severity), comparison, Operand::Literal(Literal::Int(wanted))) => {
                let span = Span::of(*comparison, *wanted);
                by_entry(batch, asked, |entry| span.holds(entry.severity.into()))
            }
            Self::Compare(Operand::Field(Field::Time), comparison, Operand::Literal(Literal::Int(wanted))) => {
                let span = Span::of(*comparison, *wanted);
                by_entry(batch, asked, |entry| span.holds(entry.time_unix_nano))
            }
            _ if self.is_of_group() => {
                let mut told: Vec<Option<bool>> = vec![None; batch.groups().len()];
                asked.filter(|record| {
                    let group = batch.index().get(record).and_then(|entry| told.get_mut(entry.group as usize));
                    let holds = || subjects.at(record).is_some_and(|subject| self.holds(subject));
                    group.is_some_and(|told| *told.get_or_insert_with(holds))
                })
            }
            Self::Compare(
                Operand::Path(Field::Attributes, steps),
                comparison @ (Comparison::Equal | Comparison::NotEqual),
                Operand::Literal(Literal::Text(wanted)),
            ) if let [Step::Key(key)] = steps.as_slice() => {
                let is_equal = *comparison == Comparison::Equal;
                asked.filter(|record| {
                    let Some(subject) = subjects.at(record) else { return false };
                    let value = pair_of(subject.record(), 6, key).map(|pair| AnyValue::read(value_of(pair)));
                    matches!(value, Some(AnyValue::Str(text) | AnyValue::Bytes(text)) if text == wanted) == is_equal
                })
            }
            _ => asked.filter(|record| subjects.at(record).is_some_and(|subject| self.holds(subject))),
        }
    }
}

/// Of `asked`, those of whose entries it holds: it costs less than to find out who is asked.
#[inline(always)]
fn by_entry(batch: &Batch, asked: &Marks, holds: impl Fn(&Entry) -> bool) -> Marks {
    asked.by_word(|range| {
        let entries = batch.index().get(range).unwrap_or_default();
        entries.iter().rev().fold(0, |word, entry| word << 1 | u64::from(holds(entry)))
    })
}

/// The numbers of the index for which a comparison holds, as the evaluator has it: 0 is absent, and what is over the largest integer is that.
struct Span {
    low: u64,
    high: u64,
    /// It holds for those outside.
    is_outside: bool,
}

const LARGEST: u64 = i64::MAX as u64;

impl Span {
    fn of(comparison: Comparison, wanted: i64) -> Self {
        // Nothing is as low as 0 or lower: that is absent.
        let wanted = u64::try_from(wanted).unwrap_or_default();
        let (low, high) = match comparison {
            Comparison::Equal | Comparison::NotEqual => (wanted.max(1), wanted),
            Comparison::Less => (1, wanted.saturating_sub(1)),
            Comparison::LessOrEqual => (1, wanted),
            Comparison::Greater => (wanted + 1, LARGEST),
            Comparison::GreaterOrEqual => (wanted.max(1), LARGEST),
        };
        Self { low, high, is_outside: comparison == Comparison::NotEqual }
    }

    #[inline(always)]
    fn holds(&self, value: u64) -> bool {
        let value = value.min(LARGEST);
        (self.low..=self.high).contains(&value) != self.is_outside
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::{Limits, Origin, proto::push_field};

    const LEAVES: [&str; 30] = [
        "severity >= WARN",
        "severity != 9",
        "severity == 9",
        "severity < 9",
        "severity <= 0",
        "9 < severity",
        "time_unix_nano > 2",
        "time_unix_nano != 0",
        "time_unix_nano <= 9223372036854775807",
        "time_unix_nano == 9223372036854775807",
        "time_unix_nano > -1",
        "attributes['k'] == 'v'",
        "attributes['k'] != 'v'",
        "attributes['key.of.some.length.a'] == 'v'",
        "attributes['key.of.some.length.b'] != 'v'",
        "attributes['k'] in ['v', 7]",
        "attributes['k'] > 3",
        "attributes['k'] == 7",
        "attributes['k'] =~ '^v'",
        "attributes['k'] contains 'v'",
        "has attributes['key.of.some.length.b']",
        "has attributes['k']['v']",
        "resource['r'] == 'even'",
        "resource['r'] != 'odd' and scope.name == 's'",
        "receiver == 'otlp'",
        "tenant == 'nobody'",
        "is_reject",
        "body contains 'v'",
        "true",
        "false",
    ];

    fn conditions() -> impl Strategy<Value = String> {
        prop::sample::select(&LEAVES[..]).prop_map(str::to_owned).prop_recursive(4, 12, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|one| format!("not ({one})")),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) and ({other})")),
                prop::collection::vec(inner, 2..4).prop_map(|all| format!("({})", all.join(") or ("))),
            ]
        })
    }

    /// A `KeyValue` that an encoder may write: whole, or with parts of it elsewhere, twice or missing.
    fn pair(key: usize, value: usize, shape: usize) -> Vec<u8> {
        let key = ["k", "v", "key.of.some.length.a", "key.of.some.length.b", ""][key];
        let mut any = Vec::new();
        match value {
            0 => push_field(&mut any, 0x0a, b"v"),
            1 => push_field(&mut any, 0x0a, &[b'v'; 200]),
            2 => push_field(&mut any, 0x3a, b"v"),
            3 => any.extend([0x18, 7]),
            4 => any.extend([0x18, 7, 0x0a, 1, b'v']),
            5 => any.extend([0x0a, 1, b'w', 0x50, 1]),
            _ => {}
        }
        let (mut before, mut after) = (Vec::new(), Vec::new());
        push_field(&mut before, 0x0a, key.as_bytes());
        push_field(&mut after, 0x12, &any);
        match shape {
            0 => [after, before].concat(),
            1 => [b"\x0a\x01k".to_vec(), before, after].concat(),
            2 => [before, after, b"\x0a\x01k".to_vec()].concat(),
            3 => [before, after, b"\x50\x07".to_vec()].concat(),
            4 => before,
            5 => after,
            6 => [b"\x0a", &[key.len() as u8 | 0x80, 0][..], key.as_bytes(), &after].concat(),
            _ => [before, after].concat(),
        }
    }

    /// Of each record its group, severity, time and attributes.
    type Made = (u8, u8, u64, Vec<(usize, usize, usize)>);

    fn batch(records: &[Made]) -> Batch {
        let mut out = Vec::new();
        for run in records.chunk_by(|one, other| one.0 == other.0) {
            let (mut resource, mut name, mut scope, mut logs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            crate::proto::push_string_attribute(&mut resource, 0x0a, b"r", if run[0].0.is_multiple_of(2) { b"even" } else { b"odd" });
            push_field(&mut name, 0x0a, &[b's'][..usize::from(run[0].0 % 3 == 0)]);
            push_field(&mut scope, 0x0a, &name);
            for (_, severity, time, pairs) in run {
                let mut record = vec![0x10, *severity, 0x09];
                record.extend_from_slice(&time.to_le_bytes());
                push_field(&mut record, 0x2a, &[0x0a, 1, if *time == 1 { b'v' } else { b'w' }]);
                for (key, value, shape) in pairs {
                    push_field(&mut record, 0x32, &pair(*key, *value, *shape));
                }
                push_field(&mut scope, 0x12, &record);
            }
            push_field(&mut logs, 0x0a, &resource);
            push_field(&mut logs, 0x12, &scope);
            push_field(&mut out, 0x0a, &logs);
        }
        let origin = Origin { receiver: "otlp".into(), ..Origin::default() };
        Batch::from_otlp(Bytes::from(out), &Limits::DEFAULT).unwrap().with_origin(origin.into())
    }

    fn records() -> impl Strategy<Value = Vec<Made>> {
        let times = prop_oneof![0u64..4, Just(u64::MAX), Just(LARGEST)];
        let pairs = prop::collection::vec((0usize..5, 0usize..7, 0usize..20), 0..5);
        prop::collection::vec((0u8..4, 0u8..20, times, pairs), 0..150)
    }

    proptest! {
        /// Asked of many at once or of one after another, the answers are the same.
        #[test]
        fn all_are_told_what_each_is_told(text in conditions(), records in records(), bits: u64) {
            let (condition, batch) = (Condition::parse(&text).unwrap(), batch(&records));
            prop_assert_eq!(batch.len(), records.len());
            let asked = Marks::all(batch.len()).filter(|at| bits >> (at % 64) & 1 == 1 || at < 3);
            let expected = asked.filter(|at| condition.matches(&batch, at));
            prop_assert_eq!(condition.among(&batch, &asked), expected, "{}", text);
        }

        #[test]
        fn any_is_one_of_them(texts in prop::collection::vec(conditions(), 0..4), records in records()) {
            let (conditions, batch) = (texts.iter().map(|text| Condition::parse(text).unwrap()).collect::<Vec<_>>(), batch(&records));
            let all = Marks::all(batch.len());
            let expected = all.filter(|at| conditions.iter().any(|condition| condition.matches(&batch, at)));
            prop_assert_eq!(Condition::any_among(&conditions, &batch, &all), expected, "{:?}", texts);
        }

        /// What a key leads to is what a walk over all pairs finds.
        #[test]
        fn keys_lead_to_the_first_of_their_pairs(records in records()) {
            for record in batch(&records).records() {
                for key in ["k", "v", "key.of.some.length.a", "key.of.some.length.b", "", "absent"] {
                    let walked = record.attributes().find(|(name, _)| *name == key.as_bytes()).map(|(_, value)| value);
                    prop_assert_eq!(format!("{:?}", record.attribute(key)), format!("{walked:?}"), "{}", key);
                }
            }
        }

        /// Numbers of the index are compared as values are.
        #[test]
        fn spans_say_what_comparisons_say(value in prop_oneof![0u64..4, Just(LARGEST), any::<u64>()], wanted in prop_oneof![-2i64..4, Just(i64::MAX), Just(i64::MIN), any::<i64>()]) {
            let entry = Entry { time_unix_nano: value, ..Entry::default() };
            for comparison in [Comparison::Equal, Comparison::NotEqual, Comparison::Less, Comparison::LessOrEqual, Comparison::Greater, Comparison::GreaterOrEqual] {
                let told = comparison.holds_of(Field::Time, &entry, wanted);
                prop_assert_eq!(Span::of(comparison, wanted).holds(value), told, "{} {:?} {}", value, comparison, wanted);
            }
        }
    }
}
