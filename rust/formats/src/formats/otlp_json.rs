//! OTLP logs as JSON: one request, or one after the other, as the Collector's `file` exporter and logloom's write them.
//!
//! A log record that is not as OTLP has it (an id of another length, a number where a list should be) is a Reject with its own JSON as the body; the
//! others of its request stay. What is wrong outside of a record makes a Reject of the whole request. Text that is not UTF-8 is not JSON.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{Batch, BatchWriter, BlockPool, DataError, Limits, Origin, RejectReason, Text};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec,
    proto_json::{request, schema::LOGS_REQUEST},
};

/// The row of `otlp_json`.
pub static SPEC: Spec = Spec {
    name: "otlp_json",
    about: About {
        line: "OpenTelemetry's own, as JSON: ExportLogsServiceRequest objects, also one a line",
        page: "https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding",
        example: r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795341600123456789","severityNumber":9,"body":{"stringValue":"order placed"}}]}]}]}"#,
    },
    options: &[],
    compile,
};

struct OtlpJson;

/// The records of OTLP JSON; what could not be read is among them as Rejects. An error where nothing could be read.
pub fn read(data: &Bytes, limits: &Limits, origin: &Arc<Origin>) -> Result<Batch, DataError> {
    let mut out = BatchWriter::new(BlockPool::global(), limits, origin, 1);
    let mut decoder = Arc::new(OtlpJson).open(limits.frame_bytes_max);
    decoder.feed(data, &mut out);
    decoder.flush(&mut out);
    let batch = out.finish();
    match batch.rejects().first() {
        Some(reject) if batch.rejects().len() == batch.len() => {
            let at = usize::try_from(reject.offset).unwrap_or(usize::MAX).saturating_add(reject.reason.at as usize);
            Err(DataError { kind: reject.reason.kind, what: reject.reason.what, at })
        }
        _ => Ok(batch),
    }
}

#[allow(clippy::unnecessary_wraps)] // the shape of every row
fn compile(_: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(OtlpJson))
}

impl Format for OtlpJson {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Elements
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        request::likely(frame, [b"\"resourceLogs\"", b"\"resource_logs\""])
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        request::parse(frame, &LOGS_REQUEST, SPEC.name, out, |bytes, out| {
            let batch = Batch::from_otlp(bytes.into(), out.limits())?;
            out.adopt(&batch);
            Ok(())
        })
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        request::open(self, frame_bytes_max)
    }
}
