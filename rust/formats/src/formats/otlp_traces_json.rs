//! OTLP traces as JSON: one request, or one after the other. A span that is not as OTLP has it is a Reject with its own JSON as the body.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memmem;

use crate::{
    About, Decoder, Elements, Format, Framing, Likely, OptionError, Options, Spec,
    proto_json::{traces::TRACES_REQUEST, transcode},
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

/// One request holds many spans: it may have this many times the bytes of a frame.
const REQUEST_FRAMES_MAX: usize = 64;

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
        let start = frame.trim_ascii_start();
        let head = start.get(..256).unwrap_or(start);
        let names = [&b"\"resourceSpans\""[..], b"\"resource_spans\""];
        let is_first = start.first() == Some(&b'{') && names.iter().any(|name| memmem::find(head, name).is_some());
        if is_first { Likely(98) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if out.is_repairing() {
            return Err(RejectReason::syntax("the request is not UTF-8, which JSON must be", 0));
        }
        let read = transcode(frame, &TRACES_REQUEST, out.limits().depth_max)?;
        otlp::read(&read.bytes, SPEC.name, out)?;
        for bad in read.bad {
            let span = frame.slice(bad.start..bad.end);
            out.reject(span.bytes(), bad.reason, out.frame_offset() + bad.start as u64, SPEC.name);
        }
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Elements::new(self, frame_bytes_max.saturating_mul(REQUEST_FRAMES_MAX)))
    }
}
