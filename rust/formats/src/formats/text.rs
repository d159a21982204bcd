//! A line is a body; the time and the severity that it says plainly at its start are the record's.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Tail, Text};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec, open_framed, plain,
    time::{Context, Zone},
};

/// The row of `text`.
pub static SPEC: Spec = Spec {
    name: "text",
    about: About {
        line: "Plain lines: each is a body, its time and severity where they stand plainly at its start; stack traces are one",
        page: "https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-body",
        example: "Server listening on 0.0.0.0:8080",
    },
    options: &[],
    compile,
};

struct PlainText {
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(PlainText { zone: options.zone()? }))
}

/// A record of a line of which no more is known than what it says plainly.
#[allow(clippy::unnecessary_wraps)] // the shape of every format's
pub(crate) fn parse(zone: Zone, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let head = plain::head(frame, &Context::of(zone, out));
    out.begin(head.time, head.severity, head.severity_text).body(frame).finish(&Tail::default());
    Ok(())
}

/// A source of plain lines.
pub(crate) fn open(zone: Zone, frame_bytes_max: usize) -> Box<dyn Decoder> {
    open_framed(Arc::new(PlainText { zone }), frame_bytes_max)
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
        parse(self.zone, frame, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
