//! OTLP traces in their binary form: each span and each of its events becomes a record.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text, proto::Fields, proto::Value as Wire};

use crate::{About, Decoder, Format, Framing, Likely, OptionError, Options, Spec, open_framed, spans::otlp};

/// The row of `otlp_traces`.
pub static SPEC: Spec = Spec {
    name: "otlp_traces",
    about: About {
        line: "OpenTelemetry's traces, a binary ExportTraceServiceRequest: each span and each of its events is a record",
        page: "https://opentelemetry.io/docs/specs/otlp/",
        example: "a protobuf message (opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest)",
    },
    options: &[],
    compile,
};

#[derive(Debug)]
struct OtlpTraces;

#[allow(clippy::unnecessary_wraps)] // the shape of every row
fn compile(_: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(OtlpTraces))
}

impl Format for OtlpTraces {
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
        if leads_to_span(frame).is_some() { Likely(95) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        otlp::read(frame.bytes(), SPEC.name, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// Goes down from `ResourceSpans` to the first `Span`, which begins with its trace id. The frame may be cut, and then so is each message around.
fn leads_to_span(frame: &[u8]) -> Option<()> {
    let mut inner = frame;
    for number in [1, 2, 2] {
        inner = enter(inner, number)?;
    }
    (inner.get(..2)? == b"\x0a\x10" && inner.get(18..20)? == b"\x12\x08").then_some(())
}

/// The content of the first field `number` of a message, as far as it is there.
fn enter(bytes: &[u8], number: u32) -> Option<&[u8]> {
    let mut fields = Fields::new(bytes);
    loop {
        let at = fields.position();
        match fields.next()? {
            Ok((found, Wire::Len(content))) if found == number => return Some(content),
            Ok(_) => {}
            Err(_) => {
                // Cut in this field: its tag is one byte, its length a varint.
                let rest = bytes.get(at..)?.strip_prefix(&[(number as u8) << 3 | 2])?;
                let (_, used) = logloom_record::proto::varint(rest)?;
                return rest.get(used..);
            }
        }
    }
}
