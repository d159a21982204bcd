//! OTLP traces as JSON: one request, or one after the other. A span that is not as OTLP has it is a Reject with its own JSON as the body.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec,
    proto_json::{request, traces::TRACES_REQUEST},
    spans::otlp,
};

/// The row of `otlp_traces_json`.
pub static SPEC: Spec = Spec {
    name: "otlp_traces_json",
    about: About {
        line: "OpenTelemetry's traces as JSON, ExportTraceServiceRequest objects: each span and each of its events is a record",
        page: "https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding",
        example: r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"get /cart","kind":2,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000"}]}]}]}"#,
    },
    options: &[],
    compile,
};

#[derive(Debug)]
struct OtlpTracesJson;

#[allow(clippy::unnecessary_wraps)] // the shape of every row
fn compile(_: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(OtlpTracesJson))
}

impl Format for OtlpTracesJson {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Elements
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        request::likely(frame, [b"\"resourceSpans\"", b"\"resource_spans\""])
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        request::parse(frame, &TRACES_REQUEST, SPEC.name, out, |bytes, out| {
            otlp::write_made(&bytes, SPEC.name, out);
            Ok(())
        })
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        request::open(self, frame_bytes_max)
    }
}
