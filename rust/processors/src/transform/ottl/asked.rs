//! Conditions that compute something before they are asked: `Int(attributes["status"]) >= 500`.

use logloom_record::{
    Batch, Marks, Record,
    expr::{Context, Statement},
};
use vrl::value::{ObjectMap, Value};

use super::{Guard, Path, Room, StatementError, guard, holds, places_of};
use crate::{
    Rule,
    transform::{
        fields::Source,
        view::{Places, View},
    },
};

/// One condition, ready to be asked.
#[derive(Debug)]
pub struct Asked {
    text: String,
    guard: Guard,
    places: Places,
}

impl Asked {
    /// Compiles a condition in the Collector's language (OTTL), of at most 16 KiB.
    pub fn compile(text: &str, context: Context) -> Result<Self, StatementError> {
        let read = Statement::condition(text, context)?;
        let mut paths: Vec<Path> = Vec::new();
        let guard = guard(&read, context, &mut paths)?;
        Ok(Self { text: text.into(), guard, places: places_of(&paths) })
    }
}

/// It holds for no record of which something cannot be computed.
impl Rule for Asked {
    fn name(&self) -> &str {
        &self.text
    }

    fn among(&self, batch: &Batch, asked: &Marks) -> Marks {
        if self.guard.1.is_empty() {
            return self.guard.0.among(batch, asked);
        }
        let records: Vec<Record<'_>> = batch.records().collect();
        let mut view = View::new(&self.places);
        asked.filter(|at| {
            let Some(record) = records.get(at) else { return false };
            let source = Source { record: record.bytes(), resource: record.resource(), scope: record.scope(), owner: Some(record) };
            view.show(source);
            let mut cache = Value::Object(ObjectMap::new());
            let room = Room { view: &mut view, cache: &mut cache };
            holds(&self.guard, &room, batch, at, source).unwrap_or(false)
        })
    }
}
