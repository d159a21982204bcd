//! OTLP logs in their binary form: adopted, not rewritten.

use std::sync::Arc;

use logloom_record::{Batch, BatchWriter, RejectReason, Text};

use crate::{About, Decoder, Format, Framing, Likely, OptionError, Options, Spec, open_framed, proto_json::shape::first_unit};

/// The row of `otlp`.
pub static SPEC: Spec = Spec {
    name: "otlp",
    about: About {
        line: "OpenTelemetry's own: a binary ExportLogsServiceRequest, taken as it is",
        page: "https://opentelemetry.io/docs/specs/otlp/",
        example: "a protobuf message (opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest)",
    },
    options: &[],
    compile,
};

struct Otlp;

#[allow(clippy::unnecessary_wraps)] // the shape of every row
fn compile(_: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Otlp))
}

impl Format for Otlp {
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
        if leads_to_record(frame).is_some() { Likely(95) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let batch = Batch::from_otlp(out.share(frame.bytes()), out.limits())?;
        out.adopt(&batch);
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// The first `LogRecord` begins with a field that records have.
fn leads_to_record(frame: &[u8]) -> Option<()> {
    let first = first_unit(frame)?.first()?;
    matches!(first, 0x09 | 0x10 | 0x1a | 0x2a | 0x32 | 0x38 | 0x45 | 0x4a | 0x52 | 0x59 | 0x62).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_begins_with_empty_lines_is_no_otlp() {
        for text in ["\n\n\n\n hello", "\n\x12\n\x12\n", "[2026-11-21T10:00:00.000Z] \"GET / HTTP/1.1\"", "{}", ""] {
            assert_eq!(Otlp.likely(text.as_bytes()), Likely::NO, "{text:?}");
        }
        assert_eq!(Otlp.likely(&[0x0a, 9, 0x0a, 0, 0x12, 5, 0x12, 3, 0x10, 9, 0]), Likely(95));
    }
}
