//! One value of a record, by its name: what records are told apart by.

use super::{
    ConditionError,
    eval::{Seen, Subject},
    parser,
    tree::Operand,
};
use crate::Batch;

/// A field as conditions name it: `tenant`, `resource["service.name"]`, `attributes["user"]["id"]`.
#[derive(Clone, Debug)]
pub struct Lookup {
    text: String,
    operand: Operand,
}

impl Lookup {
    /// Of the name of one field.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        Ok(Self { text: text.into(), operand: parser::parse_operand(text)? })
    }

    /// Appends what tells the value from every other one, and says whether it is there.
    pub fn append(&self, batch: &Batch, record: usize, out: &mut Vec<u8>) -> bool {
        let Some(subject) = Subject::of(batch, record) else { return false };
        let seen = self.operand.read(subject);
        match (&seen, seen.bytes()) {
            (_, Some(text)) => out.extend_from_slice(text),
            (Seen::Value(value), None) => value.append_to(out),
            _ => return false,
        }
        true
    }

    /// The text it was made from.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Limits, Origin, proto::push_field};

    fn batch(record: &[u8]) -> Batch {
        let mut out = Vec::new();
        let mut scope_logs = Vec::new();
        push_field(&mut scope_logs, 0x12, record);
        let mut logs = Vec::new();
        push_field(&mut logs, 0x12, &scope_logs);
        push_field(&mut out, 0x0a, &logs);
        let origin = Origin { tenant: "t".into(), ..Origin::default() };
        Batch::from_otlp(out.into(), &Limits::DEFAULT).unwrap().with_origin(origin.into())
    }

    fn value(text: &str, batch: &Batch) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        Lookup::parse(text).unwrap().append(batch, 0, &mut out).then_some(out)
    }

    #[test]
    fn values_are_told_apart() {
        let batch = batch(&[0x10, 9, 0x1a, 1, b'I']);
        assert_eq!(value("tenant", &batch).as_deref(), Some(&b"t"[..]));
        assert_eq!(value("severity_text", &batch).as_deref(), Some(&b"I"[..]));
        assert!(value("severity", &batch).is_some());
        assert_eq!(value("attributes['a']", &batch), None);
        assert_eq!(value("body", &batch), None);
    }

    #[test]
    fn what_is_no_field_is_said() {
        for text in ["", "1", "'a'", "attributes", "tenant == 'a'", "severty", "true"] {
            assert!(Lookup::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            if let Ok(lookup) = Lookup::parse(&text) {
                lookup.append(&batch(&[]), 0, &mut Vec::new());
            }
        }
    }
}
