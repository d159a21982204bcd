//! Pushes to Grafana Loki: streams of lines, each stream with its labels, as protobuf or as JSON.

mod facts;
mod json;
mod labels;
mod proto;
mod write;

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text, repair};
use memchr::memmem;

use crate::{
    About, Decoder, Format, Framing, Likely, OptionDoc, OptionError, Options, Spec,
    inside::{INSIDE, Inside},
    open_framed,
    time::Zone,
};
use write::Writer;

/// The row of `loki`.
pub static SPEC: Spec = Spec {
    name: "loki",
    about: About {
        line: "Pushes to Grafana Loki (Promtail, Alloy, Docker's driver), protobuf or JSON: labels and structured metadata are attributes",
        page: "https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs",
        example: r#"{"streams":[{"stream":{"service_name":"cart","level":"warn"},"values":[["1795257659509123456","slow query",{"trace_id":"0af7651916cd43dd8448eb211c80319c"}]]}]}"#,
    },
    options: &[
        OptionDoc {
            name: INSIDE.name,
            doc: "string: the format of the lines, by its name, whose options are given beside it; `auto`: it is found from the content, once for \
                  each stream of a push; without it a line is plain text",
        },
        OptionDoc {
            name: "serialization",
            doc: "string: `json` or `proto`, as a content type says it; without it, the first bytes of each body tell",
        },
    ],
    compile,
};

struct Loki {
    is_json: Option<bool>,
    /// `None`: lines are plain text.
    inside: Option<Inside>,
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let is_json = match options.str("serialization")? {
        None => None,
        Some("json") => Some(true),
        Some("proto") => Some(false),
        Some(other) => return Err(OptionError::new("serialization", format!("expected json or proto, not '{other}'"))),
    };
    let mut of_lines = options.clone();
    of_lines.0.remove("serialization");
    let inside = match options.str(INSIDE.name)? {
        None | Some("text") => None,
        name => Some(Inside::compile(name, &of_lines)?),
    };
    Ok(Arc::new(Loki { is_json, inside, zone: options.zone()? }))
}

/// Whether a body is JSON: protobuf begins with the tag of a stream, which is a line feed, or of the format's name.
fn is_json(body: &[u8]) -> bool {
    match body.first() {
        Some(b'\n') => matches!(body.trim_ascii(), [b'{', .., b'}']),
        Some(0x12) => false,
        _ => true,
    }
}

impl Format for Loki {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn is_text(&self) -> bool {
        false
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let has = |name: &[u8]| memmem::find(frame, name).is_some();
        let begins = frame.trim_ascii_start();
        if begins.first() == Some(&b'{') {
            let is_push = has(b"\"streams\"") && (has(b"\"values\"") || has(b"\"entries\""));
            return if is_push { Likely(96) } else { Likely::NO };
        }
        if proto::looks(frame) { Likely(96) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let result = if self.is_json.unwrap_or_else(|| is_json(frame.bytes())) {
            match repair(frame.bytes()) {
                None => self.json(frame, None, out),
                // As Loki reads it: U+FFFD for what is not UTF-8.
                Some(text) => self.json(Text::from(text.as_slice()), Some(frame.bytes()), out),
            }
        } else {
            proto::check(frame.bytes())?;
            proto::read(frame, &mut Writer::new(self, None, out.limits()), out)
        };
        out.end_envelope();
        result
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

impl Loki {
    /// `source`: what came, where `frame` is a repaired copy of it.
    fn json(&self, frame: Text<'_>, source: Option<&[u8]>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        json::check(frame)?;
        json::read(frame, &mut Writer::new(self, source, out.limits()), out)
    }
}

/// What a push may make, in bytes: many small lines under many long labels become far more than was sent.
const PUSH_BYTES_MAX: u64 = 256 << 20;
/// What a record takes beside its line and its labels, in bytes.
const RECORD_BYTES: u64 = 64;

/// How much a push will make, counted before any of it is written.
#[derive(Default)]
struct Estimate {
    bytes: u64,
}

impl Estimate {
    /// A stream of so many lines that took up so many bytes, each with labels of so many.
    fn add(&mut self, lines: u64, labels: usize, stream: usize) -> Result<(), RejectReason> {
        self.bytes += lines * (RECORD_BYTES + labels as u64) + stream as u64;
        if self.bytes > PUSH_BYTES_MAX {
            return Err(RejectReason::limit("the push makes more than 256 MiB of records: send fewer lines at once, or shorter labels", 0));
        }
        Ok(())
    }
}
