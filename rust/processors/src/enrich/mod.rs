//! `enrich`: what is known besides, put on records and their resources: constants, rows of tables, the facts in a container log's path.

mod live;
mod paths;
mod table;

use std::{
    cell::RefCell,
    io::Write as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

use logloom_record::{AnyValue, Attributes, Batch, Edit, Overlay, Record, Shared, overlay};

pub use live::{Reload, Source, Tell};
pub use paths::container_of;
pub use table::{Columns, Form};

use crate::{Outcome, Processor};
use live::{Live, Watch};
use table::{Table, push_key};

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// A text.
    Text(String),
    /// An integer.
    Int(i64),
    /// A double.
    Double(f64),
    /// A boolean.
    Bool(bool),
}

impl Constant {
    /// As an `AnyValue` message.
    fn message(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Text(text) => overlay::push_text(&mut out, text.as_bytes()),
            Self::Int(value) => overlay::push_int(&mut out, *value),
            Self::Double(value) => overlay::push_double(&mut out, *value),
            Self::Bool(value) => overlay::push_bool(&mut out, *value),
        }
        out
    }
}

/// A table, and what is looked up in it.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Where it comes from.
    pub source: Source,
    /// The attributes whose values are looked up, in the order of its key columns: the record's, else the resource's.
    pub attributes: Vec<String>,
    /// Whether what is found becomes attributes of the resource, not of the record.
    pub to_resource: bool,
}

/// What is put on records.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Attributes of every record.
    pub attributes: Vec<(String, Constant)>,
    /// Attributes of every resource.
    pub resource: Vec<(String, Constant)>,
    /// The attributes, of the resource or the record, whose paths tell a container; empty: none.
    pub paths: Vec<String>,
    /// Tables, asked in this order.
    pub tables: Vec<Lookup>,
    /// Whether an attribute that is there gets another value.
    pub overwrite: bool,
    /// How often the files of tables are looked at.
    pub reload_every: Duration,
}

/// The processor.
pub struct Enrich {
    attributes: Vec<(String, Vec<u8>)>,
    resource: Vec<(String, Vec<u8>)>,
    paths: Vec<String>,
    lookups: Vec<Asked>,
    tables: Arc<Vec<Live>>,
    overwrite: bool,
    reload_every: Duration,
    tell: Arc<Tell>,
    /// Started with the first Batch: who only checks a config starts no thread.
    watch: OnceLock<Watch>,
}

/// How a table is asked; its place is that in `Enrich::tables`.
#[derive(Debug)]
struct Asked {
    attributes: Vec<String>,
    to_resource: bool,
    found: Arc<str>,
    missed: Arc<str>,
}

impl std::fmt::Debug for Enrich {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrich").field("lookups", &self.lookups).field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Enrich {
    /// From its settings; `tell` is told of each reload. Why not: a table that cannot be read.
    pub fn new(settings: Settings, tell: Tell) -> Result<Self, String> {
        let constants = |given: &[(String, Constant)]| given.iter().map(|(key, value)| (key.clone(), value.message())).collect();
        let asked = |lookup: &Lookup| Asked {
            attributes: lookup.attributes.clone(),
            to_resource: lookup.to_resource,
            found: lookup.source.name.as_str().into(),
            missed: format!("{}: no row", lookup.source.name).into(),
        };
        let open = |lookup: &Lookup| Live::open(lookup.source.clone()).map_err(|why| format!("tables.{}: {why}", lookup.source.name));
        Ok(Self {
            attributes: constants(&settings.attributes),
            resource: constants(&settings.resource),
            lookups: settings.tables.iter().map(asked).collect(),
            tables: Arc::new(settings.tables.iter().map(open).collect::<Result<_, _>>()?),
            paths: settings.paths,
            overwrite: settings.overwrite,
            reload_every: settings.reload_every,
            tell: Arc::new(tell),
            watch: OnceLock::new(),
        })
    }

    /// Writes an attribute where it may, and where that changes something.
    fn put(&self, message: &[u8], key: &[u8], value: &[u8], overlay: &mut Overlay) {
        let is_kept = match overlay.attribute_bytes(message, key) {
            Some(was) => was == value || !self.overwrite && !matches!(AnyValue::read(was), AnyValue::Null),
            None => false,
        };
        if !is_kept {
            overlay.set_in(message, key, |out| out.extend_from_slice(value));
        }
    }

    fn put_row(&self, table: &Table, asked: &Asked, key: &[u8], message: &[u8], overlay: &mut Overlay, outcome: &mut Outcome) {
        let Some(row) = table.row(key) else { return outcome.count(&asked.missed, 1) };
        for (name, value) in row {
            self.put(message, name, value, overlay);
        }
        outcome.count(&asked.found, 1);
    }

    fn put_path(&self, path: &[u8], message: &[u8], overlay: &mut Overlay) {
        let mut value = Vec::new();
        for (key, fact) in std::str::from_utf8(path).map(container_of).unwrap_or_default() {
            value.clear();
            overlay::push_text(&mut value, fact.as_bytes());
            self.put(message, key.as_bytes(), &value, overlay);
        }
    }

    /// What the resource itself tells, and what every resource gets.
    fn resource(&self, message: &[u8], tables: &[Arc<Table>], overlay: &mut Overlay, outcome: &mut Outcome) {
        for path in &self.paths {
            let found = overlay.attribute(message, path.as_bytes()).and_then(|value| value.as_str()).map(<[u8]>::to_vec);
            if let Some(path) = found {
                self.put_path(&path, message, overlay);
            }
        }
        for (asked, table) in self.lookups.iter().zip(tables).filter(|(asked, _)| asked.to_resource) {
            let mut key = Vec::new();
            let is_whole = asked
                .attributes
                .iter()
                .all(|name| overlay.attribute(message, name.as_bytes()).is_some_and(|value| push_value(&mut key, &value)));
            if is_whole {
                self.put_row(table, asked, &key, message, overlay, outcome);
            }
        }
        for (key, value) in &self.resource {
            self.put(message, key.as_bytes(), value, overlay);
        }
    }

    /// What a record tells of its resource: a path or a key of its own.
    fn own_resource(&self, record: &Record<'_>, tables: &[Arc<Table>], overlay: &mut Overlay, outcome: &mut Outcome) {
        let message = record.resource();
        for path in &self.paths {
            if let Some(AnyValue::Str(path)) = record.attribute(path) {
                self.put_path(path, message, overlay);
            }
        }
        for (asked, table) in self.lookups.iter().zip(tables).filter(|(asked, _)| asked.to_resource) {
            let mut key = Vec::new();
            let mut has_own = false;
            let is_whole = asked.attributes.iter().all(|name| match record.attribute(name) {
                Some(value) => {
                    has_own = true;
                    push_value(&mut key, &value)
                }
                None => overlay.attribute(message, name.as_bytes()).is_some_and(|value| push_value(&mut key, &value)),
            });
            if is_whole && has_own {
                self.put_row(table, asked, &key, message, overlay, outcome);
            }
        }
    }

    fn record(&self, record: &Record<'_>, tables: &[Arc<Table>], overlay: &mut Overlay, key: &mut Vec<u8>, outcome: &mut Outcome) {
        let message = record.bytes();
        for (asked, table) in self.lookups.iter().zip(tables).filter(|(asked, _)| !asked.to_resource) {
            key.clear();
            let is_whole = asked.attributes.iter().all(|name| {
                let own = overlay.attribute(message, name.as_bytes());
                let value = own.or_else(|| Attributes::new(record.resource(), 1).find(|(key, _)| *key == name.as_bytes()).map(|it| it.1));
                value.is_some_and(|value| push_value(key, &value))
            });
            if is_whole {
                self.put_row(table, asked, key, message, overlay, outcome);
            }
        }
        for (key, value) in &self.attributes {
            self.put(message, key.as_bytes(), value, overlay);
        }
    }
}

/// A value as a part of a key, as it is written in a table; false where it is none.
fn push_value(key: &mut Vec<u8>, value: &AnyValue<'_>) -> bool {
    let mut text = Vec::new();
    let _ = match value {
        AnyValue::Str(text) => {
            push_key(key, text);
            return true;
        }
        AnyValue::Bool(value) => write!(text, "{value}"),
        AnyValue::Int(value) => write!(text, "{value}"),
        AnyValue::Double(value) => write!(text, "{value}"),
        _ => return false,
    }; // a Vec takes all
    push_key(key, &text);
    true
}

impl Processor for Enrich {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        if !self.tables.is_empty() {
            self.watch.get_or_init(|| Watch::start(&self.tables, self.reload_every, &self.tell));
        }
        // One state of them for the whole Batch.
        let tables: Vec<_> = self.tables.iter().map(Live::table).collect();
        let (outcome, mut key) = (RefCell::new(outcome), Vec::new());
        let to_resource = !self.paths.is_empty() || self.lookups.iter().any(|asked| asked.to_resource);
        let (mut of_record, mut of_resource) = (Overlay::record(), Overlay::resource());
        let mut batch = batch;
        if to_resource || !self.resource.is_empty() {
            batch = batch.edit(
                |_, _| Edit::Keep,
                |shared, message, out| {
                    of_resource.clear();
                    if shared == Shared::Resource {
                        self.resource(message, &tables, &mut of_resource, &mut outcome.borrow_mut());
                        of_resource.write(message, out);
                    }
                    !of_resource.is_empty()
                },
            );
        }
        if to_resource {
            batch = batch.edit_each(|record, anew| {
                of_resource.clear();
                self.own_resource(record, &tables, &mut of_resource, &mut outcome.borrow_mut());
                if of_resource.is_empty() {
                    return Edit::Keep;
                }
                let mut resource = Vec::new();
                of_resource.write(record.resource(), &mut resource);
                anew.resource = Some(resource);
                Edit::Append
            });
        }
        if self.attributes.is_empty() && self.lookups.iter().all(|asked| asked.to_resource) {
            return batch;
        }
        batch.edit(
            |record, out| {
                of_record.clear();
                self.record(record, &tables, &mut of_record, &mut key, &mut outcome.borrow_mut());
                of_record.finish(record.bytes(), out)
            },
            |_, _, _| false,
        )
    }
}
