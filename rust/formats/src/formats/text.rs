//! A line is a body.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Tail, Text};

use crate::{About, Decoder, Format, Framing, Likely, OptionError, Options, Spec, open_framed};

/// The row of `text`.
pub static SPEC: Spec = Spec {
    name: "text",
    about: About {
        line: "Plain lines: each is a body; those of a stack trace are one together",
        page: "https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-body",
        example: "Server listening on 0.0.0.0:8080",
    },
    options: &[],
    compile,
};

struct PlainText;

#[allow(clippy::unnecessary_wraps)] // the shape of every row
fn compile(_: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(PlainText))
}

/// A record of a line of which nothing is known.
#[allow(clippy::unnecessary_wraps)] // the shape of every format's
#[inline(always)]
pub(crate) fn parse(frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    out.begin(0, 0, Text::EMPTY).body(frame).finish(&Tail::default());
    Ok(())
}

/// A source of plain lines.
pub(crate) fn open(frame_bytes_max: usize) -> Box<dyn Decoder> {
    open_framed(Arc::new(PlainText), frame_bytes_max)
}

impl Format for PlainText {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Records
    }

    /// Nothing is known of how lines begin: they are one by one, or a stack trace.
    #[inline(always)]
    fn begins(&self, _: &[u8]) -> bool {
        false
    }

    fn likely(&self, _: &[u8]) -> Likely {
        Likely(1)
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        parse(frame, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
