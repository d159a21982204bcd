//! OTLP traces in their binary form: each span and each of its events becomes a record.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{About, Decoder, Format, Framing, Likely, OptionError, Options, Spec, open_framed, proto_json::shape::first_unit, spans::otlp};

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

/// The first `Span` begins with its trace id and its own.
fn leads_to_span(frame: &[u8]) -> Option<()> {
    let span = first_unit(frame)?;
    (span.get(..2)? == b"\x0a\x10" && span.get(18..20)? == b"\x12\x08").then_some(())
}
