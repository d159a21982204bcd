//! Writes the lines of streams.

use std::sync::Arc;

use logloom_record::{BatchWriter, Limits, RejectReason, Tail, Text, proto::push_string_attribute, repair};

use super::{Loki, SPEC, facts::Facts};
use crate::{
    Format, SAMPLE_BYTES_MAX,
    beside::Beside,
    plain,
    time::Context,
    trace::{Exception, exception},
};

/// One line of a stream.
pub(super) struct Line<'a> {
    /// In nanoseconds since 1970; 0 where it has none.
    pub(super) time: u64,
    pub(super) text: Text<'a>,
    /// What it is read from, and where that stands in the push.
    pub(super) raw: Text<'a>,
    pub(super) at: usize,
    /// Whether it is known to be UTF-8.
    pub(super) is_checked: bool,
}

/// What is known of the stream and of the line.
pub(super) struct Writer<'l> {
    loki: &'l Loki,
    /// What came, where a repaired copy of it is read.
    source: Option<&'l [u8]>,
    stream: Facts,
    line: Facts,
    attributes_max: u32,
    /// What the stream's lines are, where they are not plain text.
    format: Option<Arc<dyn Format>>,
    is_found: bool,
}

impl<'l> Writer<'l> {
    pub(super) fn new(loki: &'l Loki, source: Option<&'l [u8]>, limits: &Limits) -> Self {
        let format = loki.inside.as_ref().map(|inside| Arc::clone(inside.named.as_ref().unwrap_or(&inside.plain)));
        Self {
            loki,
            source,
            stream: Facts::default(),
            line: Facts::default(),
            attributes_max: limits.attributes_max,
            format,
            is_found: false,
        }
    }

    /// Begins a stream, whose labels `read` gives; `raw`: as they came, which is kept where they are none.
    pub(super) fn stream(
        &mut self,
        read: impl FnOnce(&mut dyn FnMut(&[u8], &[u8]) -> Result<(), RejectReason>) -> Result<(), RejectReason>,
        raw: impl FnOnce() -> Vec<u8>,
    ) -> Result<(), RejectReason> {
        let (stream, most) = (&mut self.stream, self.attributes_max);
        stream.clear();
        self.is_found = false;
        let result = read(&mut |name, value| stream.add(name, value, None, false, most));
        if result.is_err() {
            stream.clear();
            stream.add(b"loki.labels", &raw(), None, false, most)?;
        }
        result
    }

    /// Whether it is to be found out what the stream's lines are.
    pub(super) fn wants_sample(&self) -> bool {
        !self.is_found && self.loki.inside.as_ref().is_some_and(|inside| inside.named.is_none())
    }

    /// Finds that out from these.
    pub(super) fn find<L: AsRef<[u8]>>(&mut self, lines: impl Iterator<Item = L>) {
        let Some(inside) = &self.loki.inside else { return };
        let mut sample = Vec::new();
        for line in lines {
            let room = SAMPLE_BYTES_MAX.saturating_sub(sample.len());
            if room == 0 {
                break;
            }
            let line = line.as_ref();
            sample.extend_from_slice(line.get(..room).unwrap_or(line));
            sample.push(b'\n');
        }
        self.is_found = true;
        self.format = Some(inside.find(&sample).unwrap_or_else(|| Arc::clone(&inside.plain)));
    }

    /// Begins a line.
    pub(super) fn begin_line(&mut self) {
        self.line.clear();
    }

    /// One piece of the line's structured metadata.
    pub(super) fn fact(&mut self, name: &[u8], value: &[u8]) -> Result<(), RejectReason> {
        self.line.add(name, value, Some(&self.stream), self.format.is_none(), self.attributes_max)
    }

    /// A line that cannot be read, with what its stream is known by.
    #[cold]
    pub(super) fn reject(&self, raw: Text<'_>, at: usize, reason: RejectReason, out: &mut BatchWriter) {
        out.end_envelope();
        out.envelope().encoded(&self.stream.attributes);
        let (raw, at) = match self.source {
            Some(source) => as_it_came(source, at, at + raw.len()),
            None => (raw.bytes(), at),
        };
        out.reject(raw, reason, out.frame_offset() + at as u64, SPEC.name);
        out.end_envelope();
    }

    /// Writes a line.
    pub(super) fn line(&self, line: &Line<'_>, out: &mut BatchWriter) {
        self.choose_lane(out);
        let repaired = if line.is_checked { None } else { repair(line.text.bytes()) };
        let text = repaired.as_deref().map_or(line.text, Text::from);
        let raw = repaired.is_some().then(|| line.text.bytes());
        match &self.format {
            None => {
                if let Err(reason) = self.plain(text, line.time, raw, out) {
                    out.reject(text.bytes(), reason, out.frame_offset() + line.at as u64, SPEC.name);
                }
            }
            Some(format) => self.inside(&**format, text, line, raw, out),
        }
        out.end_envelope();
    }

    /// The lane of the stream's service.
    fn choose_lane(&self, out: &mut BatchWriter) {
        let service = &self.stream.service;
        if service.is_empty() {
            return out.use_channel();
        }
        if out.enter_resource(service) {
            return;
        }
        let origin = Arc::clone(out.origin());
        out.use_resource(service, |resource, _| {
            for (name, value) in origin.resource.iter().filter(|(name, _)| name != "service.name") {
                push_string_attribute(resource, 0x0a, name.as_bytes(), value.as_bytes());
            }
            push_string_attribute(resource, 0x0a, b"service.name", service);
        });
    }

    /// The better of what the line and the stream say of the severity.
    fn severity(&self) -> &Facts {
        if self.line.severity_rank >= self.stream.severity_rank { &self.line } else { &self.stream }
    }

    /// A line of text: it is the body, and the time is the one that came with it.
    fn plain(&self, text: Text<'_>, time: u64, raw: Option<&[u8]>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        out.end_envelope();
        let envelope = out.envelope();
        envelope.encoded(&self.stream.attributes).encoded(&self.line.attributes);
        if let Some(raw) = raw {
            envelope.original(raw, false);
        }
        if memchr::memchr(b'\n', text.bytes()).is_some() {
            tell_exception(text, out);
        }
        let known = self.severity();
        let (severity, severity_text) = if known.severity == 0 {
            let head = plain::head(text, &Context::of(self.loki.zone, out));
            (head.severity, head.severity_text)
        } else {
            (known.severity, Text::from(known.severity_text.as_slice()))
        };
        let tail = Tail { trace_id: self.line.trace_id, span_id: self.line.span_id, ..Tail::default() };
        out.attempt(|out| {
            out.begin(time, severity, severity_text).body(text).finish(&tail);
            Ok(())
        })
    }

    /// A line that another format reads. What it says of itself counts for more; when it came to Loki is when it was seen.
    fn inside(&self, format: &dyn Format, text: Text<'_>, line: &Line<'_>, raw: Option<&[u8]>, out: &mut BatchWriter) {
        let severity = self.severity().severity;
        let prepare = |out: &mut BatchWriter| {
            out.observed_at(line.time);
            out.envelope().time(line.time).severity(severity, "");
            if let Some(raw) = raw {
                out.envelope().original(raw, false);
            }
            if memchr::memchr(b'\n', text.bytes()).is_some() {
                tell_exception(text, out);
            }
        };
        let beside = Beside { attributes: [&self.stream.attributes, &self.line.attributes], prefix: b"loki." };
        if let Err(reason) = beside.parse(format, text, prepare, out) {
            if raw.is_none() {
                out.envelope().original(line.raw.bytes(), false);
            }
            out.reject(text.bytes(), reason, out.frame_offset() + line.at as u64, format.spec().name);
        }
    }
}

/// The bytes of `source` that `start..end` of its repaired copy stand for, and where they begin: each ill-formed part became one U+FFFD there.
#[cold]
fn as_it_came(source: &[u8], start: usize, end: usize) -> (&[u8], usize) {
    let (mut repaired, mut came, mut from, mut to) = (0, 0, None, None);
    for chunk in source.utf8_chunks() {
        let valid = chunk.valid().len();
        let within = |place: usize| (repaired..=repaired + valid).contains(&place).then(|| came + place - repaired);
        from = from.or_else(|| within(start));
        to = to.or_else(|| within(end));
        repaired += valid + if chunk.invalid().is_empty() { 0 } else { char::REPLACEMENT_CHARACTER.len_utf8() };
        came += valid + chunk.invalid().len();
    }
    let (from, to) = (from.unwrap_or(came), to.unwrap_or(came));
    (source.get(from..to).unwrap_or_default(), from)
}

/// The records of a stack trace say what was raised.
#[cold]
fn tell_exception(text: Text<'_>, out: &mut BatchWriter) {
    let Some(Exception { kind, message, stacktrace }) = exception(text.bytes()) else { return };
    for (name, value) in [("exception.type", kind), ("exception.message", message), ("exception.stacktrace", stacktrace)] {
        if !value.is_empty() {
            out.envelope().attr(name.as_bytes(), value);
        }
    }
}
