//! Jaeger's spans in each of their encodings: the JSON of its API, its storage and its own tests, thrift (binary and compact), protobuf.

mod items;
mod json;
mod json_span;
mod json_tags;
mod process;
mod proto;
mod reference;
mod thrift;

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    About, Decoder, Elements, Format, Framing, Likely, OptionDoc, OptionError, Options, Spec, open_framed,
    spans::choice::{Choice, is_binary},
    thrift::{Binary as BinaryProtocol, Compact},
};

/// The row of `jaeger`.
pub static SPEC: Spec = Spec {
    name: "jaeger",
    about: About {
        line: "Jaeger spans, JSON (API, storage), protobuf or thrift (binary, compact): each span and each of its logs is a record",
        page: "https://www.jaegertracing.io/docs/latest/architecture/apis/",
        example: r#"{"data":[{"traceID":"2be38093ead7a083","spans":[{"traceID":"2be38093ead7a083","spanID":"7606ddfe69932d34","operationName":"get /cart","references":[],"startTime":1605223981761425,"duration":267037,"tags":[{"key":"span.kind","type":"string","value":"server"}],"logs":[],"processID":"p1"}],"processes":{"p1":{"serviceName":"cart","tags":[]}}}]}"#,
    },
    options: &[OptionDoc {
        name: "serialization",
        doc: "string: `json`, `proto`, `thrift` (the binary protocol) or `compact`, as a content type or a port says it; without it, the first bytes of each body tell",
    }],
    compile,
};

/// How many times `frame_bytes_max` an answer may have; each span in it has that bound by itself.
const ANSWER_FRAMES_MAX: usize = 64;

/// The JSON objects of a body: answers, traces, spans.
#[derive(Debug)]
struct Jaeger {
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
    Compact,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let encoding = match options.str("serialization")? {
        None => None,
        Some("json") => Some(Encoding::Json),
        Some("proto") => Some(Encoding::Proto),
        Some("thrift") => Some(Encoding::Thrift),
        Some("compact") => Some(Encoding::Compact),
        Some(other) => return Err(OptionError::new("serialization", format!("expected json, proto, thrift or compact, not '{other}'"))),
    };
    Ok(Arc::new(Jaeger { encoding }))
}

/// Which binary encoding a body has that is no JSON: a batch of thrift begins with its process, a message with its protocol's number or, in older
/// ones, with the length of its name.
fn encoding_of(body: &[u8]) -> Encoding {
    match body.first() {
        Some(0x0c | 0x80 | 0x00) => Encoding::Thrift,
        Some(0x1c | 0x82) => Encoding::Compact,
        _ => Encoding::Proto,
    }
}

impl Format for Jaeger {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Elements
    }

    fn likely(&self, body: &[u8]) -> Likely {
        json::likely(body).max(proto::likely(body)).max(thrift::likely(body))
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        json::parse(frame, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        let binary = Arc::new(Binary { encoding: self.encoding });
        let answer_bytes_max = frame_bytes_max.saturating_mul(ANSWER_FRAMES_MAX);
        match self.encoding {
            Some(Encoding::Json) => Box::new(Elements::new(self, answer_bytes_max)),
            Some(_) => open_framed(binary, frame_bytes_max),
            None => Box::new(Choice::new(self, answer_bytes_max, binary, frame_bytes_max, |first| is_binary(first, proto::is_message))),
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
            Encoding::Thrift => thrift::parse::<BinaryProtocol<'_>>(frame, out),
            Encoding::Compact => thrift::parse::<Compact<'_>>(frame, out),
            Encoding::Proto | Encoding::Json => proto::parse(frame, out),
        }
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
