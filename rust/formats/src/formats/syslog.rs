//! Syslog as daemons, routers and their relays write it.

use std::sync::Arc;

use logloom_record::{BatchWriter, Key, RecordCursor, RejectReason, Tail, Text};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionDoc, OptionError, Options, Spec,
    pattern::Values,
    plain::first_level,
    syslog::{Frames, Header, Inner, Programs, likely, write},
    time::{Context, Zone},
};

/// The row of `syslog`.
pub static SPEC: Spec = Spec {
    name: "syslog",
    about: About {
        line: "Syslog of RFC 5424 and RFC 3164 (the wild kind too), in lines or counted frames; typed fields of known programs",
        page: "https://www.rfc-editor.org/rfc/rfc5424",
        example: "<38>Nov 21 10:40:59 bastion sshd[4711]: Accepted publickey for deploy from 203.0.113.9 port 51514 ssh2",
    },
    options: &[MESSAGES],
    compile,
};

const MESSAGES: OptionDoc = OptionDoc {
    name: "messages",
    doc: "true or false: whether the messages of known programs (sshd, sudo, the kernel's firewall, …) become typed fields, and those in JSON, CEF, LEEF or a server's own format are read as such; true where it is not given",
};

const ORIGINAL: Key = Key::new("log.record.original");

struct Syslog {
    /// Of known programs, and of those whose messages other formats read.
    messages: Option<(Arc<Programs>, Inner)>,
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let mut common = options.clone();
    let has_messages = options.bool(MESSAGES.name)?.unwrap_or(true);
    common.0.remove(MESSAGES.name);
    let messages = if has_messages { Some((Programs::get()?, Inner::compile(&common)?)) } else { None };
    Ok(Arc::new(Syslog { messages, zone: options.zone()? }))
}

impl Format for Syslog {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Records
    }

    /// A message that goes on in further lines has them indented, as files of macOS do, or behind an arrow, as VMware's do.
    fn begins(&self, line: &[u8]) -> bool {
        !matches!(line, [b' ' | b'\t', ..] | [b'-', b'-', b'>', ..])
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        likely(frame)
    }

    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let context = Context::of(self.zone, out);
        let header = Header::read(frame, &context)?;
        match &self.messages {
            Some((_, inner)) if inner.read(frame, &header, out) => {}
            Some((programs, _)) if !header.message.is_empty() => Values::with(|values| {
                let known = programs.find(&header, &context, values);
                record(frame, &header, known.severity(values), out, |rec| known.write(rec, values));
            }),
            _ => record(frame, &header, 0, out, |rec| rec),
        }
        Ok(())
    }

    fn has_own_decoder(&self) -> bool {
        true
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Frames::new(self, frame_bytes_max))
    }
}

/// Writes the record of a line; `fields` adds what its message tells, among it a `severity`, for a line without a priority.
#[inline(always)]
fn record(
    frame: Text<'_>,
    header: &Header<'_>,
    severity: u8,
    out: &mut BatchWriter,
    fields: impl for<'w> FnOnce(RecordCursor<'w>) -> RecordCursor<'w>,
) {
    let told = || if severity == 0 { first_level(header.message) } else { (severity, Text::EMPTY) };
    let (severity, severity_text) = header.severity().unwrap_or_else(told);
    let keeps_original = out.keeps_original();
    let mut scratch = out.take_scratch();
    let mut rec = out.begin(header.time_unix_nano, severity, severity_text);
    if !header.message.is_empty() {
        rec = rec.body(header.message);
    }
    rec = fields(write(rec, header, &mut scratch));
    if keeps_original {
        rec = rec.attr(&ORIGINAL, frame);
    }
    rec.finish(&Tail::default());
    out.give_scratch(scratch);
}
