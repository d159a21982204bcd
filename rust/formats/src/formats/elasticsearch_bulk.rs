//! Bodies of Elasticsearch's bulk API.

use std::{ops::Range, sync::Arc};

use logloom_record::{BatchWriter, RejectReason, Text, proto::push_string_attribute};

use super::{ecs, json::KEYS};
use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec,
    beside::Beside,
    bulk::{Action, Items, Malformed, Metadata, data_stream},
    decoder::{read_part, too_long},
    json::{Scanner, Str, Value},
    open_framed,
};

/// The row of `elasticsearch_bulk`.
pub static SPEC: Spec = Spec {
    name: "elasticsearch_bulk",
    about: About {
        line: "Bodies of Elasticsearch's and OpenSearch's bulk API: each document is a record, read as `ecs` reads it",
        page: "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk",
        example: "{\"create\":{\"_index\":\"logs-nginx.access-prod\"}}\n{\"@timestamp\":\"2026-11-21T10:40:59.509Z\",\"message\":\"GET /cart\",\"log\":{\"level\":\"warn\"}}",
    },
    options: &[KEYS],
    compile,
};

/// Reads documents as `ecs` reads them.
struct Bulk {
    document: Arc<dyn Format>,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Bulk { document: (ecs::SPEC.compile)(options)? }))
}

impl Format for Bulk {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Whole
    }

    /// A byte that is no UTF-8 spoils its own document only.
    fn is_text(&self) -> bool {
        false
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        match Items::new(frame, false).next() {
            Ok(Some(item)) if item.metadata.action == Action::Delete || !item.document.is_empty() => Likely(97),
            _ => Likely::NO,
        }
    }

    /// `index`, `type`, `id`, `pipeline` and `routing` may be [given](logloom_record::Chunk::given), as in a request's path and query; an empty `index`
    /// says that each item must name its own. With an `action` the frame is that action's document.
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let checked = simdutf8::basic::from_utf8(frame.bytes()).is_ok();
        let mut attributes = Vec::new();
        if let Some(action) = out.given("action").and_then(Action::from_name) {
            if action != Action::Delete {
                let stream = self.attributes(&Metadata::of(action), out, &mut attributes);
                self.document(frame, 0..frame.len(), action, checked, (&attributes, stream), out);
            }
            return Ok(());
        }
        let needs_index = out.given("index") == Some("");
        // Nothing is taken of a body with a line in it that nobody can read: its sender will send all of it again.
        let mut items = Items::new(frame.bytes(), needs_index);
        if out.given("index").is_some() {
            items = items.bounded();
        }
        while items.next().map_err(|malformed| malformed_body(&malformed))?.is_some() {}
        let (mut items, mut stream, mut before) = (Items::new(frame.bytes(), needs_index), 0, &[][..]);
        while let Ok(Some(item)) = items.next() {
            if item.metadata.action == Action::Delete {
                continue;
            }
            let line = frame.slice(item.line).bytes();
            if line != before {
                attributes.clear();
                stream = self.attributes(&item.metadata, out, &mut attributes);
                before = line;
            }
            self.document(frame, item.document, item.metadata.action, checked, (&attributes, stream), out);
        }
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

impl Bulk {
    /// What a line says of its document besides what is to be done, as attributes of a record; how many bytes of them are the parts of a
    /// data stream's name, which stand last.
    #[allow(clippy::unused_self)] // beside `document`
    fn attributes(&self, metadata: &Metadata<'_>, out: &BatchWriter, attributes: &mut Vec<u8>) -> usize {
        let mut scratch = Vec::new();
        let given = |own: Option<Str<'_>>, name: &str, scratch: &mut Vec<u8>| {
            scratch.clear();
            match own {
                Some(own) => own.unescape_into(scratch),
                None => scratch.extend_from_slice(out.given(name).unwrap_or_default().as_bytes()),
            }
            !scratch.is_empty()
        };
        let mut add = |name: &[u8], value: &[u8]| push_string_attribute(attributes, 0x32, name, value);
        for (own, given_name, name) in [
            (metadata.id, "id", &b"elasticsearch.document_id"[..]),
            (metadata.pipeline, "pipeline", b"elasticsearch.ingest_pipeline"),
            (metadata.routing, "routing", b"elasticsearch.routing"),
            (metadata.kind, "type", b"elasticsearch.document_type"),
        ] {
            if given(own, given_name, &mut scratch) {
                add(name, &scratch);
            }
        }
        if metadata.action == Action::Update {
            add(b"elasticsearch.action", b"update");
        }
        if !given(metadata.index, "index", &mut scratch) {
            return 0;
        }
        add(b"elasticsearch.index", &scratch);
        let before = attributes.len();
        if let Some(parts) = data_stream(&scratch) {
            for (name, part) in [&b"data_stream.type"[..], b"data_stream.dataset", b"data_stream.namespace"].into_iter().zip(parts) {
                push_string_attribute(attributes, 0x32, name, part);
            }
        }
        attributes.len() - before
    }

    /// Writes a document that stands there in the frame; one that says itself which data stream it is of is not told.
    fn document(
        &self,
        frame: Text<'_>,
        at: Range<usize>,
        action: Action,
        checked: bool,
        (attributes, stream): (&[u8], usize),
        out: &mut BatchWriter,
    ) {
        let offset = out.frame_offset() + at.start as u64;
        let document = frame.slice(at);
        let says_stream = stream > 0 && crate::scan::find_bytes(document.bytes(), b"data_stream").is_some();
        let len = attributes.len() - if says_stream { stream } else { 0 };
        let attributes = attributes.get(..len).unwrap_or_default();
        out.envelope().encoded(attributes);
        let beside = Beside { attributes: [attributes, &[]], prefix: b"bulk." };
        // Rarely a document has a name of Elasticsearch's in it.
        let may_clash = crate::scan::find_bytes(document.bytes(), b"elasticsearch").is_some();
        let parse = |text: Text<'_>, out: &mut BatchWriter| {
            if may_clash { beside.parse(&*self.document, text, |_| {}, out) } else { self.document.parse(text, out) }
        };
        if document.len() > out.limits().frame_bytes_max {
            out.reject(document.bytes(), too_long(), offset, SPEC.name);
        } else if action != Action::Update {
            read_part(SPEC.name, parse, document, checked, offset, out);
        } else {
            match updated(document, out.limits().depth_max) {
                Ok(part) => {
                    let offset = offset + part.start as u64;
                    read_part(SPEC.name, parse, document.slice(part), checked, offset, out);
                }
                Err(reason) => out.reject(document.bytes(), reason, offset, SPEC.name),
            }
        }
        out.end_envelope();
    }
}

/// Where in what is said of an update its document stands: `doc`, or `upsert` beside a script.
fn updated(update: Text<'_>, depth_max: u32) -> Result<Range<usize>, RejectReason> {
    let mut json = Scanner::new(update, depth_max.saturating_add(1));
    let Value::Object = json.value()? else { return Err(RejectReason::syntax("expected an object", 0)) };
    let (mut doc, mut upsert) = (None, None);
    while let Some(key) = json.key()? {
        let start = json.start();
        let value = json.value()?;
        json.skip(value)?;
        let place = if key.is(b"doc") {
            &mut doc
        } else if key.is(b"upsert") {
            &mut upsert
        } else {
            continue;
        };
        *place = matches!(value, Value::Object).then_some(start..json.position());
    }
    json.end()?;
    doc.or(upsert).ok_or_else(|| RejectReason::value("an update has its document in 'doc' or 'upsert': scripts are not run", 0))
}

fn malformed_body(malformed: &Malformed) -> RejectReason {
    RejectReason::syntax("a line that says what is to be done (index, create, update, delete) cannot be read", malformed.at)
}
