//! The line that says what is to be done.

use logloom_record::Text;

use super::plain;
use crate::json::{Escapes, Scanner, Str, Value};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new document.
    Create,
    /// A document, whether one of its id is there or not.
    Index,
    /// A part of a document.
    Update,
    /// A document is to go.
    Delete,
}

impl Action {
    /// All, as `self as usize` counts them.
    pub(super) const ALL: [Self; 4] = [Self::Create, Self::Index, Self::Update, Self::Delete];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Index => "index",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The action of this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// Why nothing of a body can be taken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The line, counted from 1.
    pub line: u64,
    /// Where it begins, in bytes.
    pub at: usize,
    /// What is wrong with it.
    pub what: String,
}

/// What is to be done, and with what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metadata<'b> {
    pub(crate) action: Action,
    pub(crate) index: Option<Str<'b>>,
    pub(crate) id: Option<Str<'b>>,
    pub(crate) routing: Option<Str<'b>>,
    pub(crate) pipeline: Option<Str<'b>>,
    /// The type that older versions had inside an index.
    pub(crate) kind: Option<Str<'b>>,
}

/// What else may stand there: how Elasticsearch itself is to go about it.
const OTHERS: [&[u8]; 13] = [
    b"_version",
    b"version",
    b"_version_type",
    b"version_type",
    b"_retry_on_conflict",
    b"retry_on_conflict",
    b"if_seq_no",
    b"if_primary_term",
    b"require_alias",
    b"require_data_stream",
    b"dynamic_templates",
    b"list_executed_pipelines",
    b"_source",
];

/// Objects lie at most so deep in each other in such a line.
const DEPTH_MAX: u32 = 16;

impl<'b> Metadata<'b> {
    /// Of an action of which no more is said.
    pub(crate) fn of(action: Action) -> Self {
        Self { action, index: None, id: None, routing: None, pipeline: None, kind: None }
    }

    /// Reads the line.
    ///
    /// # Errors
    /// It is none: what is wrong.
    pub(super) fn read(line: &'b [u8]) -> Result<Self, String> {
        if std::str::from_utf8(line).is_err() {
            return Err("it is not UTF-8".into());
        }
        let mut json = Scanner::new(plain(line), DEPTH_MAX);
        Self::object(&mut json).map_err(|what| what.unwrap_or_else(|| "it is no JSON object".into()))
    }

    /// `None`: it is no JSON.
    fn object(json: &mut Scanner<'b>) -> Result<Self, Option<String>> {
        const NO_JSON: Option<String> = None;
        let wrong = |what: &str| Some(what.to_owned());
        let Value::Object = json.value().map_err(|_| NO_JSON)? else { return Err(wrong("expected START_OBJECT")) };
        let Some(name) = json.key().map_err(|_| NO_JSON)? else { return Err(wrong("expected FIELD_NAME but found [END_OBJECT]")) };
        let action = Action::ALL.into_iter().find(|action| name.is(action.name().as_bytes()));
        let Some(action) = action else {
            let name: String = String::from_utf8_lossy(name.text.bytes()).chars().take(64).collect();
            return Err(Some(format!("expected one of [create, delete, index, update] but found [{name}]")));
        };
        let Value::Object = json.value().map_err(|_| NO_JSON)? else {
            return Err(wrong("expected START_OBJECT behind the action"));
        };
        let mut metadata = Self::of(action);
        while let Some(key) = json.key().map_err(|_| NO_JSON)? {
            let start = json.start();
            let value = json.value().map_err(|_| NO_JSON)?;
            let text = match value {
                Value::Str(text) => Some(text),
                Value::Int(_) | Value::Double(_) | Value::Digits(_) => {
                    Some(Str { text: json.frame().slice(start..json.position()), escapes: Escapes::None })
                }
                _ => None,
            };
            json.skip(value).map_err(|_| NO_JSON)?;
            let is_nothing = text.is_none_or(|text| text.text.is_empty());
            match key.text.bytes() {
                b"_index" if is_nothing => return Err(wrong("index is missing")),
                b"_index" => metadata.index = text,
                b"_id" => metadata.id = text.filter(|_| !is_nothing),
                b"routing" | b"_routing" => metadata.routing = text,
                b"pipeline" => metadata.pipeline = text,
                b"_type" => metadata.kind = text.filter(|text| !text.is(b"_doc")),
                b"op_type" if action == Action::Index && text.is_some_and(|text| text.is(b"create")) => metadata.action = Action::Create,
                b"op_type" => {}
                other if OTHERS.contains(&other) => {}
                _ => {
                    let name: String = String::from_utf8_lossy(key.text.bytes()).chars().take(64).collect();
                    return Err(Some(format!("it has an unknown parameter [{name}]")));
                }
            }
        }
        if json.key().map_err(|_| NO_JSON)?.is_some() {
            return Err(wrong("expected END_OBJECT but found [FIELD_NAME]"));
        }
        json.end().map_err(|_| NO_JSON)?;
        Ok(metadata)
    }
}

/// A text that stands nowhere in a body, as one between quotes; it has none of its own to resolve.
pub(super) fn unescaped(text: Text<'_>) -> Str<'_> {
    Str { text, escapes: Escapes::None }
}
