//! OTLP logs as JSON: one request, or one after the other, as the Collector's `file` exporter and logloom's write them.
//!
//! A log record that is not as OTLP has it (an id of another length, a number where a list should be) is a Reject with its own JSON as the body; the
//! others of its request stay. What is wrong outside of a record makes a Reject of the whole request. Text that is not UTF-8 is not JSON.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{Batch, BatchWriter, BlockPool, DataError, Limits, Origin, RejectReason, Text};
use memchr::memmem;

use crate::{
    About, Decoder, Elements, Format, Framing, Likely, OptionError, Options, Spec,
    proto_json::{schema::LOGS_REQUEST, transcode},
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

/// One request holds many records: it may have this many times the bytes of a frame.
const REQUEST_FRAMES_MAX: usize = 64;

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
        let start = frame.trim_ascii_start();
        let head = start.get(..256).unwrap_or(start);
        let names = [&b"\"resourceLogs\""[..], b"\"resource_logs\""];
        let is_first = start.first() == Some(&b'{') && names.iter().any(|name| memmem::find(head, name).is_some());
        if is_first { Likely(98) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if out.is_repairing() {
            return Err(RejectReason::syntax("the request is not UTF-8, which JSON must be", 0));
        }
        let read = transcode(frame, &LOGS_REQUEST, out.limits().depth_max)?;
        let batch = Batch::from_otlp(read.bytes.into(), out.limits())?;
        out.adopt(&batch);
        for bad in read.bad {
            let record = frame.slice(bad.start..bad.end);
            out.reject(record.bytes(), bad.reason, out.frame_offset() + bad.start as u64, SPEC.name);
        }
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Elements::new(self, frame_bytes_max.saturating_mul(REQUEST_FRAMES_MAX)))
    }
}
