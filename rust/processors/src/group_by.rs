//! `group_by`: attributes of records become those of their resource, and records of one resource stand together.

use std::collections::HashMap;

use logloom_record::{
    Batch, Edit, Overlay,
    proto::{Fields, Value, text_field},
};

use crate::{Outcome, Processor};

/// Moves the attributes with these keys to the resource, where they take the place of what is called so there; without keys it brings together
/// what has the same resource and scope.
#[derive(Debug)]
pub struct GroupBy {
    keys: Vec<Vec<u8>>,
}

impl GroupBy {
    /// By these keys.
    pub fn new(keys: Vec<String>) -> Self {
        Self { keys: keys.into_iter().map(String::into_bytes).collect() }
    }

    /// Of each key, the value message that the record has for it first; `None` where it has none of them.
    fn values<'a>(&self, record: &'a [u8]) -> Option<Vec<Option<&'a [u8]>>> {
        let mut values: Option<Vec<Option<&[u8]>>> = None;
        for field in Fields::new(record).flatten() {
            let (6, Value::Len(pair)) = field else { continue };
            let key = text_field(pair, 1);
            let Some(at) = self.keys.iter().position(|wanted| wanted == key) else { continue };
            let values = values.get_or_insert_with(|| vec![None; self.keys.len()]);
            if let Some(value) = values.get_mut(at).filter(|value| value.is_none()) {
                *value = Some(text_field(pair, 2));
            }
        }
        values
    }
}

impl Processor for GroupBy {
    fn apply(&self, batch: Batch, _outcome: &mut Outcome) -> Batch {
        if self.keys.is_empty() {
            return batch.compact();
        }
        let mut key = Vec::new();
        // By group and values: the resource that comes of them.
        let mut known: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        let (mut bare, mut moved) = (Overlay::record(), Overlay::resource());
        let grouped = batch.edit_each(|record, anew| {
            let Some(values) = self.values(record.bytes()) else { return Edit::Keep };
            bare.clear();
            key.clear();
            key.extend_from_slice(&record.group().to_le_bytes());
            for (name, value) in self.keys.iter().zip(&values) {
                key.push(value.is_some().into());
                if let Some(value) = value {
                    bare.remove(name);
                    key.extend_from_slice(&(value.len() as u32).to_le_bytes());
                    key.extend_from_slice(value);
                }
            }
            bare.write(record.bytes(), anew.record);
            if !known.contains_key(&key) {
                moved.clear();
                for (name, value) in self.keys.iter().zip(&values) {
                    if let Some(value) = value {
                        moved.set(name, |out| out.extend_from_slice(value));
                    }
                }
                let mut resource = Vec::new();
                moved.write(record.resource(), &mut resource);
                known.insert(key.clone(), resource);
            }
            anew.resource = known.get(&key).cloned();
            Edit::Write
        });
        grouped.compact()
    }
}
