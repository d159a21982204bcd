//! Syslog as daemons, routers and their relays write it.

use std::sync::Arc;

use logloom_record::{BatchWriter, Key, RejectReason, Tail, Text};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec,
    syslog::{Frames, Header, likely, write},
    time::{Context, Zone},
};

/// The row of `syslog`.
pub static SPEC: Spec = Spec {
    name: "syslog",
    about: About {
        line: "Syslog of RFC 5424 and RFC 3164 (the wild kind too), in lines or counted frames",
        page: "https://www.rfc-editor.org/rfc/rfc5424",
        example: "<38>Nov 21 10:40:59 bastion sshd[4711]: Accepted publickey for deploy from 203.0.113.9 port 51514 ssh2",
    },
    options: &[],
    compile,
};

const ORIGINAL: Key = Key::new("log.record.original");

struct Syslog {
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Syslog { zone: options.zone()? }))
}

impl Format for Syslog {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Records
    }

    /// A message that goes on in further lines has them indented, as files of macOS do.
    fn begins(&self, line: &[u8]) -> bool {
        !matches!(line, [b' ' | b'\t', ..])
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        likely(frame)
    }

    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let context = Context::of(self.zone, out);
        let header = Header::read(frame, &context)?;
        let (severity, severity_text) = header.severity();
        let keeps_original = out.keeps_original();
        let mut scratch = out.take_scratch();
        let mut rec = out.begin(header.time_unix_nano, severity, severity_text);
        if !header.message.is_empty() {
            rec = rec.body(header.message);
        }
        rec = write(rec, &header, &mut scratch);
        if keeps_original {
            rec = rec.attr(&ORIGINAL, frame);
        }
        rec.finish(&Tail::default());
        out.give_scratch(scratch);
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Frames::new(self, frame_bytes_max))
    }
}
