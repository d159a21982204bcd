//! Logs as Datadog's intake takes them: objects of JSON with a few reserved keys, one by itself or many in an array.

mod entry;
mod plain;
mod tags;

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memmem;

use crate::{
    About, Decoder, Format, Framing, Likely, OptionDoc, OptionError, Options, Spec,
    fields::Dialect,
    formats::json,
    json::{Scanner, Value},
    open_framed,
    time::Zone,
};
use entry::{Given, Places};

/// The row of `datadog`.
pub static SPEC: Spec = Spec {
    name: "datadog",
    about: About {
        line: "Logs as Datadog's Agent, Lambda extension and API clients send them (JSON): reserved keys, tags, and what the message holds as JSON",
        page: "https://docs.datadoghq.com/api/latest/logs/#send-logs",
        example: r#"[{"ddsource":"nginx","ddtags":"env:prod,version:5.1","hostname":"i-012345678","service":"payment","status":"warn","timestamp":1795257659509,"message":"slow query"}]"#,
    },
    options: &[json::KEYS, OptionDoc { name: "serialization", doc: "string: `json`, or `text`, where each line is a message (json)" }],
    compile,
};

struct Datadog {
    /// Reads what is not reserved, as `json` does.
    dialect: Dialect,
    object: Arc<dyn Format>,
    is_text: bool,
    zone: Zone,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let is_text = match options.str("serialization")? {
        None | Some("json") => false,
        Some("text") => true,
        Some(other) => return Err(OptionError::new("serialization", format!("expected json or text, not '{other}'"))),
    };
    let mut of_object = options.clone();
    of_object.0.remove("serialization");
    let (dialect, object) = (json::dialect(&of_object)?, (json::SPEC.compile)(&of_object)?);
    Ok(Arc::new(Datadog { dialect, object, is_text, zone: options.zone()? }))
}

/// What a body may make, in bytes: many small entries under long tags become far more than was sent.
const BODY_BYTES_MAX: u64 = 256 << 20;
/// What a record takes beside what was sent, in bytes.
const RECORD_BYTES: u64 = 64;

impl Format for Datadog {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let begins = matches!(frame.trim_ascii_start(), [b'{' | b'[', ..]);
        let head = frame.get(..4096).unwrap_or(frame);
        let has = |name: &[u8]| memmem::find(head, name).is_some();
        let signs = [b"\"ddsource\"".as_slice(), b"\"ddtags\"", b"\"message\""];
        if begins && signs.into_iter().filter(|sign| has(sign)).count() >= 2 && (has(signs[0]) || has(signs[1])) {
            Likely(96)
        } else {
            Likely::NO
        }
    }

    /// `ddsource`, `ddtags`, `hostname` and `service` may be [given](logloom_record::Chunk::given), as in a request's query.
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        // Not all of the body as it was with each record: what is not UTF-8 is U+FFFD in its own.
        drop(out.take_raw());
        let given = Given::of(out);
        let result = if self.is_text { self.lines(&given, frame, out) } else { self.objects(&given, frame, out) };
        out.end_envelope();
        result
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// Gives each entry of a body to `entry`: where it stands.
fn each(frame: Text<'_>, depth_max: u32, mut entry: impl FnMut(usize, usize)) -> Result<(), RejectReason> {
    let mut json = Scanner::new(frame, depth_max.saturating_add(1));
    json.byte_order_mark();
    // One object or array; some clients send several objects, one a line.
    loop {
        let start = json.start();
        match json.value()? {
            Value::Object => {
                json.skip(Value::Object)?;
                entry(start, json.position());
            }
            Value::Array => {
                while json.item()? {
                    let start = json.start();
                    let value = json.value()?;
                    json.skip(value)?;
                    entry(start, json.position());
                }
            }
            _ => return Err(RejectReason::syntax("expected an object, or an array of them", start)),
        }
        if json.start() >= frame.len() {
            return Ok(());
        }
    }
}

impl Datadog {
    fn objects(&self, given: &Given, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let depth_max = out.limits().depth_max;
        let (mut entries, mut count) = (Vec::new(), 0);
        // All of it first: of a body that is cut nothing is taken.
        each(frame, depth_max, |start, end| {
            count += 1;
            if count <= BODY_BYTES_MAX / RECORD_BYTES {
                entries.push(start..end);
            }
        })?;
        check(given, count, frame.len())?;
        let mut places = Places::default();
        for entry in entries {
            let raw = frame.slice(entry.clone());
            if let Err(reason) = entry::write(given, &self.dialect, &*self.object, raw, &mut places, out) {
                out.end_envelope();
                out.reject(raw.bytes(), reason, out.frame_offset() + entry.start as u64, SPEC.name);
            }
            out.end_frame();
        }
        Ok(())
    }

    /// Each line is a message.
    fn lines(&self, given: &Given, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let bytes = frame.bytes();
        check(given, memchr::memchr_iter(b'\n', bytes).count() as u64 + 1, bytes.len())?;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
            let len = if end > start && bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
            let line = frame.slice(start..len);
            if !line.is_empty()
                && let Err(reason) = entry::write_line(given, self.zone, line, out)
            {
                out.reject(line.bytes(), reason, out.frame_offset() + start as u64, SPEC.name);
            }
            out.end_frame();
            start = end + 1;
        }
        Ok(())
    }
}

fn check(given: &Given, entries: u64, len: usize) -> Result<(), RejectReason> {
    if entries * (RECORD_BYTES + given.len() as u64) + len as u64 > BODY_BYTES_MAX {
        return Err(RejectReason::limit("the body makes more than 256 MiB of records: send fewer at once, or shorter tags", 0));
    }
    Ok(())
}
