//! Zipkin's spans in each of its encodings: JSON of version 2 and of version 1, protobuf of version 2, thrift of version 1.

mod endpoint;
mod json;
mod proto;
mod thrift;
mod v1;
mod v1_json;

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionDoc, OptionError, Options, Spec, open_framed,
    spans::choice::{Choice, is_binary},
};

/// The row of `zipkin`.
pub static SPEC: Spec = Spec {
    name: "zipkin",
    about: About {
        line: "Zipkin spans, JSON (v2, v1), protobuf (v2) or thrift (v1): each span and each of its annotations is a record",
        page: "https://zipkin.io/zipkin-api/#/default/post_spans",
        example: r#"[{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"48485a3953bb6124","kind":"SERVER","name":"get /cart","timestamp":1502787600000000,"duration":2500,"localEndpoint":{"serviceName":"cart"},"tags":{"http.method":"GET"}}]"#,
    },
    options: &[OptionDoc {
        name: "serialization",
        doc: "string: `json`, `proto` or `thrift`, as a content type says it; without it, the first bytes of each body tell",
    }],
    compile,
};

/// The JSON objects of a body, one span each.
#[derive(Debug)]
struct Zipkin {
    encoding: Option<Encoding>,
}

/// A body in one of the binary encodings.
#[derive(Debug)]
struct Binary {
    encoding: Option<Encoding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Json,
    Proto,
    Thrift,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let encoding = match options.str("serialization")? {
        None => None,
        Some("json") => Some(Encoding::Json),
        Some("proto") => Some(Encoding::Proto),
        Some("thrift") => Some(Encoding::Thrift),
        Some(other) => return Err(OptionError::new("serialization", format!("expected json, proto or thrift, not '{other}'"))),
    };
    Ok(Arc::new(Zipkin { encoding }))
}

/// Which binary encoding a body has that is no JSON. A list of structs of thrift begins with their type, a single one (as Kafka has them) with
/// its first field's; protobuf with the tag of the first span.
fn encoding_of(body: &[u8]) -> Encoding {
    if body.first() == Some(&0x0c) || body.starts_with(&[0x0a, 0, 1]) { Encoding::Thrift } else { Encoding::Proto }
}

impl Format for Zipkin {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Elements
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        json::likely(frame).max(proto::likely(frame)).max(thrift::likely(frame))
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        json::parse(frame, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        let binary = Arc::new(Binary { encoding: self.encoding });
        match self.encoding {
            Some(Encoding::Json) => open_framed(self, frame_bytes_max),
            Some(_) => open_framed(binary, frame_bytes_max),
            None => Box::new(Choice::new(self, frame_bytes_max, binary, frame_bytes_max, |first| is_binary(first, proto::is_message))),
        }
    }
}

impl Format for Binary {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn is_text(&self) -> bool {
        false
    }

    fn likely(&self, _: &[u8]) -> Likely {
        Likely::NO
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        match self.encoding.unwrap_or_else(|| encoding_of(frame.bytes())) {
            Encoding::Thrift => thrift::parse(frame, out),
            Encoding::Proto | Encoding::Json => proto::parse(frame, out),
        }
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
