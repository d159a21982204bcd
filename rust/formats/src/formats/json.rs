//! Application logs as JSON lines.

use std::sync::Arc;

use logloom_record::{BatchWriter, Key, RejectReason, Tail, Text};

use crate::{
    About, Decoder, Format, Likely, OptionDoc, OptionError, Options, Spec,
    decoder::is_part,
    fields::{Dialect, Fields},
    json::{Scanner, Value, unescape, write_value},
    objects::objects_of,
    open_framed,
};

/// The row of `json`.
pub static SPEC: Spec = Spec {
    name: "json",
    about: About {
        line: "Application logs as JSON lines, in the keys of the common logging libraries",
        page: "https://www.elastic.co/docs/reference/ecs/logging/intro",
        example: r#"{"time":"2026-11-21T10:40:59.509Z","level":"warn","msg":"slow query","trace_id":"0af7651916cd43dd8448eb211c80319c","took_ms":812}"#,
    },
    options: &[KEYS],
    compile,
};

/// The option that `json` and `logfmt` share.
pub(crate) const KEYS: OptionDoc = OptionDoc {
    name: "keys",
    doc: "A map from keys of your own to what they say: time, severity, body, trace_id, span_id, trace_flags, event_name, caller, \
          exception, attribute, or the name of the attribute to write (`usr: user.name`)",
};

struct Json {
    dialect: Dialect,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Json { dialect: dialect(options)? }))
}

/// What the format knows of keys.
pub(super) fn dialect(options: &Options) -> Result<Dialect, OptionError> {
    Ok(Dialect::compile(options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?))
}

const ORIGINAL: Key = Key::new("log.record.original");

impl Format for Json {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    /// Whatever a value begins with; a byte order mark, too. Not what goes on in the next line.
    #[inline(always)]
    fn begins(&self, line: &[u8]) -> bool {
        match line {
            [b'{', .., b'}'] => true,
            _ => begins_value(line) && !is_part(line),
        }
    }

    fn goes_on_over_lines(&self) -> bool {
        true
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let frame = frame.trim_ascii();
        let inside = frame.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).map(<[u8]>::trim_ascii);
        match inside {
            Some([]) => Likely(50),
            Some([b'"', .., b'"' | b'0'..=b'9' | b'}' | b']' | b'e' | b'l']) => Likely(80),
            _ => Likely::NO,
        }
    }

    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a line of JSON has at most 4 GiB", 0));
        }
        let mut json = Scanner::new(frame, out.limits().depth_max);
        json.byte_order_mark();
        match json.value()? {
            Value::Object => Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
                fields.gather(&self.dialect, &mut json)?;
                json.end()?;
                fields.write(&self.dialect, frame, frame, unescape, out)
            }),
            Value::Array if let Some(objects) = objects_of(json) => {
                objects.into_iter().try_for_each(|object| self.parse(frame.slice(object), out))
            }
            value => not_an_object(json, value, frame, out),
        }
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// Whether a line begins as any value of JSON does, blanks and a byte order mark passed over.
#[inline(never)]
fn begins_value(line: &[u8]) -> bool {
    let value = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start();
    let is_word = || [b"true".as_slice(), b"false", b"null"].iter().any(|word| value.starts_with(word));
    matches!(value.first(), Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9')) || is_word()
}

/// A line that is JSON but no object is a record all the same: its value is the body, as it is typed.
#[cold]
fn not_an_object<'a>(mut json: Scanner<'a>, value: Value<'a>, frame: Text<'a>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let mut ahead = json;
    ahead.skip(value)?;
    ahead.end()?;
    if ahead.suspects_duplicates() {
        json = json.suspecting();
    }
    let keeps_original = out.keeps_original();
    let mut scratch = out.take_scratch();
    let mut rec = out.begin(0, 0, Text::EMPTY);
    let body = rec.open(0x2a);
    write_value(&mut rec, &mut json, value, &mut scratch)?;
    rec.close(body);
    if keeps_original {
        rec = rec.attr(&ORIGINAL, frame);
    }
    rec.finish(&Tail::default());
    out.give_scratch(scratch);
    Ok(())
}
