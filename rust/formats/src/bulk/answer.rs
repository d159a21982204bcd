//! What is answered to a body: item by item, in their order.

use std::fmt::Write;

use logloom_record::{Delivery, Text, Unreadable};

use super::{Action, Item, Items, Malformed, Metadata, TOO_MANY, filter::Filter, metadata::unescaped};
use crate::msgpack_json::string;

/// A request, besides its body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'r> {
    /// The index in its path; empty where none is.
    pub index: &'r str,
    /// Of a request that is about one document: what is to be done with it.
    pub action: Option<Action>,
    /// That document's id; empty where it has none.
    pub id: &'r str,
    /// What of the answer is asked for; empty: everything.
    pub filter_path: &'r str,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
}

/// The answer to a body, once it is known what became of it. Records are neither read nor made: items are found as the format finds them.
pub fn answer(body: &[u8], delivery: &Delivery, request: &Request<'_>) -> Answer {
    if let Delivery::Retry(later) = delivery {
        return error(429, "es_rejected_execution_exception", &format!("{}: send the same again later", later.why));
    }
    if let Some(action) = request.action {
        return single(body, action, delivery, request);
    }
    match items(body, delivery, request) {
        Ok(answer) => answer,
        Err(Malformed { what, .. }) if what == "index is missing" => {
            error(400, "action_request_validation_exception", "Validation Failed: 1: index is missing;")
        }
        Err(Malformed { what, .. }) if what == TOO_MANY => error(413, "content_too_long_exception", &what),
        Err(Malformed { line, what, .. }) => {
            error(400, "illegal_argument_exception", &format!("Malformed action/metadata line [{line}], {what}"))
        }
    }
}

/// The answer to a request that is refused as a whole.
pub fn error(status: u16, kind: &str, reason: &str) -> Answer {
    let mut body = b"{\"error\":{\"root_cause\":[{".to_vec();
    cause(kind, reason.as_bytes(), &mut body);
    body.extend_from_slice(b"}],");
    cause(kind, reason.as_bytes(), &mut body);
    number(&mut body, "},\"status\":", u64::from(status));
    body.push(b'}');
    Answer { status, body }
}

fn cause(kind: &str, reason: &[u8], out: &mut Vec<u8>) {
    text(out, "\"type\":", kind.as_bytes());
    text(out, ",\"reason\":", reason);
}

fn text(out: &mut Vec<u8>, before: &str, value: &[u8]) {
    out.extend_from_slice(before.as_bytes());
    string(value, out);
}

fn number(out: &mut Vec<u8>, before: &str, value: u64) {
    out.extend_from_slice(before.as_bytes());
    out.extend_from_slice(value.to_string().as_bytes());
}

/// What became of an item.
enum Fate<'d> {
    Taken,
    Refused { kind: &'static str, reason: &'d str },
}

/// What became of items, asked in their order.
struct Fates<'d> {
    delivery: &'d Delivery,
    unreadable: &'d [Unreadable],
}

impl<'d> Fates<'d> {
    fn new(delivery: &'d Delivery) -> Self {
        let unreadable = if let Delivery::Done(done) = delivery { done.unreadable.as_slice() } else { &[] };
        Self { delivery, unreadable }
    }

    fn of(&mut self, action: Action, from: u64, to: u64) -> Fate<'d> {
        const BAD: &str = "document_parsing_exception";
        if action == Action::Delete {
            return Fate::Refused {
                kind: "illegal_argument_exception",
                reason: "what was taken is not deleted: only write operations are taken",
            };
        }
        if let Delivery::Refuse(why) = self.delivery {
            return Fate::Refused { kind: BAD, reason: why };
        }
        while self.unreadable.first().is_some_and(|bad| bad.offset < from) {
            self.unreadable = self.unreadable.get(1..).unwrap_or_default();
        }
        match self.unreadable.first() {
            Some(bad) if bad.offset < to.max(from + 1) => Fate::Refused { kind: BAD, reason: bad.reason.what },
            _ => Fate::Taken,
        }
    }
}

fn items(body: &[u8], delivery: &Delivery, request: &Request<'_>) -> Result<Answer, Malformed> {
    let filter = Filter::read(request.filter_path);
    let writer = Writer::new(delivery, request, &filter, true);
    let mut out = Vec::with_capacity(64 + body.len() / 4);
    let (mut errors, mut count, mut fates) = (false, 0, Fates::new(delivery));
    let mut items = Items::new(body, request.index.is_empty()).bounded();
    while let Some(Item { metadata, document, .. }) = items.next()? {
        let fate = fates.of(metadata.action, document.start as u64, document.end as u64);
        errors |= matches!(fate, Fate::Refused { .. });
        let before = out.len();
        out.push(if before == 0 { b'[' } else { b',' });
        out.push(b'{');
        string(metadata.action.name().as_bytes(), &mut out);
        out.extend_from_slice(b":{");
        if writer.item(&metadata, &fate, count, &mut out) {
            out.extend_from_slice(b"}}");
        } else {
            out.truncate(before);
        }
        count += 1;
    }
    if count == 0 {
        return Ok(error(400, "parse_exception", "request body is required"));
    }
    let mut head = b"{".to_vec();
    if filter.wants(&["errors"]) {
        head.extend_from_slice(if errors { b"\"errors\":true" } else { b"\"errors\":false" });
    }
    if filter.wants(&["took"]) {
        let before = if head.len() > 1 { ",\"took\":" } else { "\"took\":" };
        number(&mut head, before, request.took_ms);
    }
    if !out.is_empty() {
        head.extend_from_slice(if head.len() > 1 { b",\"items\":" } else { b"\"items\":" });
        head.append(&mut out);
        head.push(b']');
    }
    head.push(b'}');
    Ok(Answer { status: 200, body: head })
}

/// The answer to one document.
fn single(body: &[u8], action: Action, delivery: &Delivery, request: &Request<'_>) -> Answer {
    if body.is_empty() && action != Action::Delete {
        return error(400, "parse_exception", "request body is required");
    }
    let fate = Fates::new(delivery).of(action, 0, body.len() as u64);
    if let Fate::Refused { kind, reason } = fate {
        return error(400, kind, reason);
    }
    let filter = Filter::read(request.filter_path);
    let writer = Writer::new(delivery, request, &filter, false);
    let id = (!request.id.is_empty()).then(|| unescaped(Text::from(request.id)));
    let mut out = b"{".to_vec();
    writer.item(&Metadata { id, ..Metadata::of(action) }, &fate, 0, &mut out);
    out.push(b'}');
    Answer { status: if action == Action::Update { 200 } else { 201 }, body: out }
}

const FIELDS: [&str; 10] =
    ["_index", "_id", "_version", "result", "_shards", "_seq_no", "_primary_term", "status", "error.type", "error.reason"];

/// Writes what is said of an item.
struct Writer<'r> {
    /// Of each action, which fields are asked for.
    wanted: [[bool; FIELDS.len()]; Action::ALL.len()],
    /// The index in the path, as a string of JSON.
    index: Vec<u8>,
    /// What the ids of documents that have none begin with: no two requests have the same.
    entry: u64,
    request: &'r Request<'r>,
    /// Whether it stands in a list of items.
    in_list: bool,
}

impl<'r> Writer<'r> {
    fn new(delivery: &Delivery, request: &'r Request<'r>, filter: &Filter<'_>, in_list: bool) -> Self {
        let wanted = Action::ALL.map(|action| {
            FIELDS.map(|field| {
                let (field, deeper) = field.split_once('.').unwrap_or((field, ""));
                let path = ["items", action.name(), field, deeper];
                let path = path.get(if in_list { 0 } else { 2 }..if deeper.is_empty() { 3 } else { 4 }).unwrap_or_default();
                filter.wants(path)
            })
        });
        let mut index = Vec::new();
        string(request.index.as_bytes(), &mut index);
        let entry = if let Delivery::Done(done) = delivery { done.entry } else { 0 };
        Self { wanted, index, entry, request, in_list }
    }

    /// What is said of an item; false where nothing of it is asked for.
    fn item(&self, metadata: &Metadata<'_>, fate: &Fate<'_>, position: u64, out: &mut Vec<u8>) -> bool {
        let wanted = &self.wanted[metadata.action as usize];
        let wants = |field: &str| FIELDS.iter().position(|name| *name == field).is_some_and(|at| wanted[at]);
        let start = out.len();
        let mut field = |name: &str, write: &mut dyn FnMut(&mut Vec<u8>)| {
            if wants(name) {
                out.extend_from_slice(if out.len() > start { b",\"" } else { b"\"" });
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":");
                write(out);
            }
        };
        field("_index", &mut |out| match metadata.index {
            Some(index) => quoted(index.text, out),
            None => out.extend_from_slice(&self.index),
        });
        let is_taken = matches!(fate, Fate::Taken);
        field("_id", &mut |out| match metadata.id {
            Some(id) if self.in_list => quoted(id.text, out),
            Some(_) => string(self.request.id.as_bytes(), out),
            None if is_taken => quoted(Text::from(self.made_id(position).as_str()), out),
            None => out.extend_from_slice(b"null"),
        });
        let is_update = metadata.action == Action::Update;
        if is_taken {
            field("_version", &mut |out| out.push(b'1'));
            field("result", &mut |out| out.extend_from_slice(if is_update { b"\"updated\"" } else { b"\"created\"" }));
            field("_shards", &mut |out| out.extend_from_slice(br#"{"total":1,"successful":1,"failed":0}"#));
            field("_seq_no", &mut |out| out.extend_from_slice(position.to_string().as_bytes()));
            field("_primary_term", &mut |out| out.push(b'1'));
        }
        if self.in_list {
            let status: &[u8] = match (is_taken, is_update) {
                (false, _) => b"400",
                (true, true) => b"200",
                (true, false) => b"201",
            };
            field("status", &mut |out| out.extend_from_slice(status));
        }
        if let Fate::Refused { kind, reason } = fate
            && (wants("error.type") || wants("error.reason"))
        {
            out.extend_from_slice(if out.len() > start { b",\"error\":{" } else { b"\"error\":{" });
            if wants("error.type") {
                text(out, "\"type\":", kind.as_bytes());
            }
            if wants("error.reason") {
                text(out, if wants("error.type") { ",\"reason\":" } else { "\"reason\":" }, reason.as_bytes());
            }
            out.push(b'}');
        }
        out.len() > start
    }

    /// The id of a document that has none: twenty letters, as Elasticsearch's have.
    fn made_id(&self, position: u64) -> String {
        let mut id = String::with_capacity(20);
        // To a string: it cannot fail.
        let _ = write!(id, "{:013x}-{position:06x}", self.entry);
        id
    }
}

/// A text that stands in a string of JSON as it is.
fn quoted(text: Text<'_>, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.bytes());
    out.push(b'"');
}
