//! Splunk's HTTP Event Collector (HEC).

use std::{ops::Range, sync::Arc};

use logloom_record::{BatchWriter, RejectReason, Text, proto::push_string_attribute};
use memchr::{memchr, memchr_iter};

use super::json::KEYS;
use crate::{
    About, Decoder, Format, Framing, Likely, OptionDoc, OptionError, Options, Spec,
    beside::Beside,
    decoder::{read_part, too_long},
    fields::{Dialect, Fields, Kind, Role, Rows},
    json::{Scanner, Seen, Value, unescape},
    open_framed,
    time::epoch,
};

/// The row of `splunkhec`.
pub static SPEC: Spec = Spec {
    name: "splunkhec",
    about: About {
        line: "Events of Splunk's HTTP Event Collector (HEC): JSON objects one after the other, or raw lines",
        page: "https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector",
        example: r#"{"time":1795257659.509,"host":"node-1","source":"/var/log/cart.log","sourcetype":"cart","index":"main","event":{"message":"slow query","level":"warn"},"fields":{"took_ms":812}}"#,
    },
    options: &[KEYS, RAW, LINES],
    compile,
};

const RAW: OptionDoc = OptionDoc { name: "raw", doc: "true or false: whether a body is raw lines, each an event (false)" };
const LINES: OptionDoc = OptionDoc { name: "line_format", doc: "string: the format of raw lines (`text`)" };

struct Hec {
    dialect: Dialect,
    /// What becomes of each of [`GIVEN`].
    given: [String; GIVEN.len()],
    /// What reads raw lines, where bodies are made of them.
    lines: Option<Arc<dyn Format>>,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?);
    let given = GIVEN.map(|name| match dialect.says(name) {
        Some((Role::Named(n, _), _)) => dialect.attribute(n).unwrap_or(name).to_owned(),
        Some((Role::Attribute(target), _)) => target.name().to_owned(),
        _ => name.to_owned(),
    });
    let name = options.str(LINES.name)?;
    let lines = match (options.bool(RAW.name)?, name) {
        (Some(true), name) => {
            let format = crate::compile(name.unwrap_or("text"), &Options::default())
                .map_err(|error| OptionError::new(LINES.name, error.to_string()))?;
            if !format.framing().is_lines() {
                return Err(OptionError::new(LINES.name, format!("'{}' is not made of lines", format.spec().name)));
            }
            Some(format)
        }
        (_, Some(_)) => return Err(OptionError::new(LINES.name, "only with raw: true: events are no lines")),
        _ => None,
    };
    Ok(Arc::new(Hec { dialect, given, lines }))
}

/// What is said of an event around it stands before what it says itself: that keeps its own name.
const ROWS: Rows = Rows {
    keys: &[
        ("time", "time"),
        ("host", "host.name"),
        ("source", "com.splunk.source"),
        ("sourcetype", "com.splunk.sourcetype"),
        ("index", "com.splunk.index"),
        ("event", "body"),
        ("event", ".."),
        ("fields", ".."),
        ("event.host", "+"),
        ("event.source", "+"),
        ("event.sourcetype", "+"),
        ("event.index", "+"),
        // What the Collector's exporter writes.
        ("otel.log.severity.text", "severity"),
        ("otel.log.severity.number", "severity:otel"),
        ("otel.log.name", "event_name"),
    ],
    general: true,
    ..Rows::NONE
};

/// The most bytes that what a request says once becomes in its records.
const GIVEN_BYTES_MAX: usize = 64 << 20;
/// What a request says of all its events.
const GIVEN: [&str; 4] = ["host", "source", "sourcetype", "index"];

impl Format for Hec {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        if self.lines.is_some() { Framing::Whole } else { Framing::Elements }
    }

    /// Of raw lines, a byte that is no UTF-8 spoils its own only.
    fn is_text(&self) -> bool {
        self.lines.is_none()
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let frame = frame.trim_ascii_start();
        let has = |key: &[u8]| crate::scan::find_bytes(frame, key).is_some();
        let beside: [&[u8]; 4] = [b"\"sourcetype\"", b"\"source\"", b"\"time\"", b"\"index\""];
        let is_event = frame.first() == Some(&b'{') && has(b"\"event\"") && beside.iter().filter(|key| has(key)).count() > 1;
        // An application's own log may have such keys, too.
        if self.lines.is_none() && is_event && has(b"\"sourcetype\"") { Likely(93) } else { Likely::NO }
    }

    /// `host`, `source`, `sourcetype` and `index` may be [given](logloom_record::Chunk::given), as in a request's query, for events that do
    /// not say so themselves; and `time`, of raw lines.
    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        match &self.lines {
            Some(lines) => self.raw(&**lines, frame, out),
            None => self.event(frame, out),
        }
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

impl Hec {
    /// How many bytes a request says of each of its events.
    fn given_len(&self, out: &BatchWriter) -> usize {
        GIVEN.into_iter().zip(&self.given).filter_map(|(given, name)| out.given(given).map(|value| name.len() + value.len())).sum()
    }

    #[inline]
    fn event(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("an event has at most 4 GiB", 0));
        }
        if crate::scan::find_bytes(frame.bytes(), b"\"event\"").is_none() {
            return Err(RejectReason::value("Event field is required", 0));
        }
        let mut json = Scanner::new(frame, out.limits().depth_max);
        json.byte_order_mark();
        let Value::Object = json.value()? else { return Err(RejectReason::syntax("Invalid data format", 0)) };
        Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
            fields.gather(&self.dialect, &mut json)?;
            json.end()?;
            let says = |fields: &Fields, name: &[u8]| fields.fields().iter().any(|field| fields.name(frame, field).bytes() == name);
            let is_blank = |field: &&crate::fields::Field| {
                fields.name(frame, field).bytes() == b"event" && (field.kind() == Kind::Null || field.is_empty_text())
            };
            if fields.fields().iter().any(|field| is_blank(&field)) {
                return Err(RejectReason::value("Event field cannot be blank", 0));
            }
            let mut seen = Seen::default();
            let is_over = out.len() > GIVEN_BYTES_MAX / (1 + self.given_len(out));
            if is_over {
                return Err(RejectReason::limit("what the query says of so many events takes more than 64 MiB: send fewer at once", 0));
            }
            for name in GIVEN {
                if let Some(value) = out.given(name).filter(|_| !says(fields, name.as_bytes())) {
                    fields.add_made(&self.dialect, &mut seen, frame, name, value);
                }
            }
            fields.write(&self.dialect, frame, frame, unescape, out)
        })
    }

    /// Each line is an event.
    fn raw(&self, lines: &dyn Format, body: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let checked = simdutf8::basic::from_utf8(body.bytes()).is_ok();
        let mut attributes = Vec::new();
        for (given, name) in GIVEN.into_iter().zip(&self.given) {
            if let Some(value) = out.given(given).filter(|value| !value.is_empty()) {
                push_string_attribute(&mut attributes, 0x32, name.as_bytes(), value.as_bytes());
            }
        }
        // What is said once stands in each record: a small body must not become a large batch.
        let lines_max = GIVEN_BYTES_MAX / (attributes.len() + 1);
        if memchr_iter(b'\n', body.bytes()).nth(lines_max).is_some() {
            return Err(RejectReason::limit("what the query says of so many lines takes more than 64 MiB: send fewer at once", 0));
        }
        let beside = Beside { attributes: [&attributes, &[]], prefix: b"com.splunk." };
        let may_clash = !attributes.is_empty() && lines.spec().name != "text";
        let time = out.given("time").and_then(|time| epoch::parse(time.as_bytes()).ok()).unwrap_or_default();
        let at_time = |out: &mut BatchWriter| {
            out.envelope().time(time);
        };
        let base = out.frame_offset();
        for line in lines_of(body.bytes()) {
            let (offset, line) = (base + line.start as u64, body.slice(line));
            out.envelope().time(time).encoded(&attributes);
            if line.len() > out.limits().frame_bytes_max {
                out.reject(line.bytes(), too_long(), offset, SPEC.name);
            } else {
                let parse = |text: Text<'_>, out: &mut BatchWriter| {
                    if may_clash { beside.parse(lines, text, at_time, out) } else { lines.parse(text, out) }
                };
                read_part(SPEC.name, parse, line, checked, offset, out);
            }
            out.end_envelope();
        }
        Ok(())
    }
}

/// Where the lines of a body stand; empty ones are none.
fn lines_of(body: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = body.get(at..).filter(|rest| !rest.is_empty())?;
            let len = memchr(b'\n', rest).unwrap_or(rest.len());
            let start = at;
            at += len + 1;
            let line = rest.get(..len).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                return Some(start..start + line.len());
            }
        }
    })
}
