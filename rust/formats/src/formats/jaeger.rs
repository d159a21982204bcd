//! Jaeger's spans in the JSON of its API and UI: an answer `{"data": [traces]}`, a trace, or a span with its process, as Elasticsearch keeps it.

use std::{collections::HashMap, ops::Range, sync::Arc};

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    About, Decoder, Elements, Format, Framing, Likely, OptionError, Options, Spec, ids,
    json::{Scanner, Str, Value as Json},
    spans::{self, Event, Link, Owner, Span, Tag, Value},
};

/// The row of `jaeger`.
pub static SPEC: Spec = Spec {
    name: "jaeger",
    about: About {
        line: "Jaeger traces, the JSON of its API and UI: each span and each of its logs is a record",
        page: "https://www.jaegertracing.io/docs/latest/architecture/apis/",
        example: r#"{"data":[{"traceID":"2be38093ead7a083","spans":[{"traceID":"2be38093ead7a083","spanID":"7606ddfe69932d34","operationName":"get /cart","references":[],"startTime":1605223981761425,"duration":267037,"tags":[{"key":"span.kind","type":"string","value":"server"}],"logs":[],"processID":"p1"}],"processes":{"p1":{"serviceName":"cart","tags":[]}}}]}"#,
    },
    options: &[],
    compile,
};

/// How many times `frame_bytes_max` an answer may have; each span in it has that bound by itself.
const ANSWER_FRAMES_MAX: usize = 64;

#[derive(Debug)]
struct Jaeger;

#[allow(clippy::unnecessary_wraps)] // the shape of every row
fn compile(_: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Jaeger))
}

impl Format for Jaeger {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Elements
    }

    /// The names of the fields that every span has. The body may be cut.
    fn likely(&self, body: &[u8]) -> Likely {
        let first = body.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'['));
        let has = |name: &[u8]| memchr::memmem::find(body, name).is_some();
        if first != Some(&b'{') || !has(b"\"traceID\"") || !has(b"\"spanID\"") {
            return Likely::NO;
        }
        if has(b"\"operationName\"") && has(b"\"startTime\"") { Likely(96) } else { Likely(20) }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let depth_max = out.limits().depth_max;
        let mut json = Scanner::new(frame, depth_max);
        // The whole frame is checked before anything of it is written, so that nothing has to be taken back.
        let mut ahead = json;
        let value = ahead.value()?;
        ahead.skip(value)?;
        ahead.end()?;
        json.value()?;
        let shape = object(json)?;
        let raw = out.take_raw();
        let mut source = Source::new(raw.as_deref());
        let result = match shape {
            Shape::Answer(traces) => each(traces, |item| {
                if let Some(Ok(Shape::Trace(trace))) = item.inside.map(object) {
                    trace.read(&mut source, out)?;
                } else {
                    let reason = RejectReason::syntax("expected an object: a trace with its spans", 0);
                    reject(source.of(&item), &item, reason, out);
                }
                Ok(())
            }),
            Shape::Trace(trace) => trace.read(&mut source, out),
            Shape::Span => read_span(frame, source.raw, None, &mut Processes::default(), out),
        };
        out.set_raw(raw);
        result
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Elements::new(self, frame_bytes_max.saturating_mul(ANSWER_FRAMES_MAX)))
    }
}

/// What an object is; the scanners stand before the values.
enum Shape<'a> {
    Answer(Scanner<'a>),
    Trace(Trace<'a>),
    Span,
}

/// A trace with its processes, or a batch of spans of one process.
struct Trace<'a> {
    spans: Scanner<'a>,
    processes: Option<Scanner<'a>>,
    process: Option<Scanner<'a>>,
}

/// Tells what the object is whose bracket was just read.
fn object(mut json: Scanner<'_>) -> Result<Shape<'_>, RejectReason> {
    let (mut data, mut spans, mut processes, mut process, mut is_span) = (None, None, None, None, false);
    while let Some(key) = json.key()? {
        let place = json;
        let value = json.value()?;
        match value {
            Json::Array if key.is(b"data") => data = Some(place),
            Json::Array if key.is(b"spans") => spans = Some(place),
            Json::Object if key.is(b"processes") => processes = Some(place),
            Json::Object if key.is(b"process") => process = Some(place),
            _ => is_span |= key.is(b"spanID"),
        }
        json.skip(value)?;
    }
    match (data, spans) {
        (Some(data), _) => Ok(Shape::Answer(data)),
        (None, Some(spans)) => Ok(Shape::Trace(Trace { spans, processes, process })),
        (None, None) if is_span => Ok(Shape::Span),
        _ => Err(RejectReason::syntax("expected an answer of Jaeger's API, a trace or a span", 0)),
    }
}

/// One item of an array.
struct Item<'a> {
    text: Text<'a>,
    /// Where it begins in the frame.
    start: usize,
    /// Behind its bracket, if it is an object.
    inside: Option<Scanner<'a>>,
}

/// Keeps an item that could not be read; `raw` is it before the frame was repaired, and where that begins in the frame.
fn reject(raw: Option<(usize, &[u8])>, item: &Item<'_>, reason: RejectReason, out: &mut BatchWriter) {
    let (start, bytes) = raw.unwrap_or((item.start, item.text.bytes()));
    let offset = out.frame_offset() + start as u64;
    out.reject(bytes, reason, offset, SPEC.name);
}

/// The frame as it came, where it was not UTF-8 and so was repaired. Items are asked for in order.
struct Source<'r> {
    raw: Option<&'r [u8]>,
    chunks: std::str::Utf8Chunks<'r>,
    /// The valid part that was reached: where it begins in the repaired frame and in the raw one, and its length; and what the invalid bytes behind it
    /// take in the two.
    valid: [usize; 3],
    invalid: [usize; 2],
}

impl<'r> Source<'r> {
    fn new(raw: Option<&'r [u8]>) -> Self {
        Self { raw, chunks: raw.unwrap_or_default().utf8_chunks(), valid: [0; 3], invalid: [0; 2] }
    }

    /// Where the raw frame has what stands at `position` of the repaired one, an ASCII character.
    fn position(&mut self, position: usize) -> usize {
        while position > self.valid[0] + self.valid[2]
            && let Some(chunk) = self.chunks.next()
        {
            let [repaired, raw, len] = self.valid;
            self.valid = [repaired + len + self.invalid[0], raw + len + self.invalid[1], chunk.valid().len()];
            let replaced = if chunk.invalid().is_empty() { 0 } else { char::REPLACEMENT_CHARACTER.len_utf8() };
            self.invalid = [replaced, chunk.invalid().len()];
        }
        self.valid[1] + position.saturating_sub(self.valid[0])
    }

    /// An item before the repair, and where it begins in the frame; `None` in a frame that was UTF-8.
    fn of(&mut self, item: &Item<'_>) -> Option<(usize, &'r [u8])> {
        let raw = self.raw?;
        let start = self.position(item.start);
        // One past an ASCII character: that character's place, and one.
        let end = self.position((item.start + item.text.len()).saturating_sub(1)) + 1;
        Some((start, raw.get(start..end)?))
    }
}

/// Calls `read` for each item of the array that stands next, if it is one. It was checked.
fn each<'a>(mut json: Scanner<'a>, mut read: impl FnMut(Item<'a>) -> Result<(), RejectReason>) -> Result<(), RejectReason> {
    if !matches!(json.value()?, Json::Array) {
        return Ok(());
    }
    while json.item()? {
        let from = json.position();
        let value = json.value()?;
        let inside = matches!(value, Json::Object).then_some(json);
        json.skip(value)?;
        let text = json.frame().slice(from..json.position());
        let start = from + text.bytes().len() - text.bytes().trim_ascii_start().len();
        read(Item { text: json.frame().slice(start..json.position()), start, inside })?;
    }
    Ok(())
}

/// The processes of a trace: their tags side by side.
#[derive(Default)]
struct Processes<'a> {
    list: Vec<Process<'a>>,
    tags: Vec<Tag<'a>>,
    by_id: HashMap<Vec<u8>, usize>,
}

struct Process<'a> {
    key: Text<'a>,
    service: Option<Str<'a>>,
    tags: Range<usize>,
}

impl<'a> Processes<'a> {
    /// Reads the process that stands next; its number.
    fn add(&mut self, mut json: Scanner<'a>) -> Result<usize, RejectReason> {
        let from = json.position();
        let mut process = Process { key: Text::EMPTY, service: None, tags: self.tags.len()..self.tags.len() };
        let value = json.value()?;
        if matches!(value, Json::Object) {
            while let Some(key) = json.key()? {
                let place = json;
                let value = json.value()?;
                match value {
                    Json::Str(name) if key.is(b"serviceName") => process.service = Some(name),
                    _ if key.is(b"tags") => tags(place, &mut self.tags)?,
                    _ => {}
                }
                json.skip(value)?;
            }
        } else {
            json.skip(value)?;
        }
        process.tags.end = self.tags.len();
        process.key = json.frame().slice(from..json.position());
        self.list.push(process);
        Ok(self.list.len() - 1)
    }

    /// All processes of an object: their ids and they.
    fn add_all(&mut self, mut json: Scanner<'a>) -> Result<(), RejectReason> {
        json.value()?;
        while let Some(id) = json.key()? {
            let number = self.add(json)?;
            let mut name = Vec::with_capacity(id.text.len());
            id.unescape_into(&mut name);
            self.by_id.insert(name, number);
            let value = json.value()?;
            json.skip(value)?;
        }
        Ok(())
    }

    fn find(&self, id: Str<'_>) -> Option<usize> {
        self.by_id.get(id.resolve(&mut Vec::new()).bytes()).copied()
    }

    /// Takes back what was added after the first `len`.
    fn forget(&mut self, len: usize) {
        if let Some(process) = self.list.get(len) {
            self.tags.truncate(process.tags.start);
            self.list.truncate(len);
        }
    }

    fn owner(&self, number: Option<usize>) -> Owner<'a, '_> {
        match number.and_then(|number| self.list.get(number)) {
            Some(process) => {
                let tags = self.tags.get(process.tags.clone()).unwrap_or_default();
                Owner { key: process.key, service: process.service, tags }
            }
            None => Owner { key: Text::EMPTY, service: None, tags: &[] },
        }
    }
}

impl<'a> Trace<'a> {
    /// Reads its spans; one that is bad is a Reject beside the others.
    fn read(&self, source: &mut Source<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let mut processes = Processes::default();
        let common = self.process.map_or(Ok(None), |process| processes.add(process).map(Some))?;
        if let Some(all) = self.processes {
            processes.add_all(all)?;
        }
        each(self.spans, |item: Item<'a>| {
            let frame_bytes_max = out.limits().frame_bytes_max;
            let raw = source.of(&item);
            let result = if item.text.len() > frame_bytes_max {
                Err(RejectReason::limit("the span is longer than frame_bytes_max", frame_bytes_max))
            } else {
                // Most spans of a frame that was repaired were good.
                let repaired = raw.map(|(_, bytes)| bytes).filter(|bytes| *bytes != item.text.bytes());
                read_span(item.text, repaired, common, &mut processes, out)
            };
            if let Err(reason) = result {
                reject(raw, &item, reason, out);
            }
            // One answer may have spans of any number of processes: here the lanes are kept under their bound.
            out.end_frame();
            Ok(())
        })
    }
}

/// Reads one span into its records. `raw` is it before it was repaired, `common` the process of spans that name none.
fn read_span<'a>(
    text: Text<'a>,
    raw: Option<&[u8]>,
    common: Option<usize>,
    processes: &mut Processes<'a>,
    out: &mut BatchWriter,
) -> Result<(), RejectReason> {
    let mut span = Span::begin();
    let known = processes.list.len();
    let result = read(text, out.limits().depth_max, &mut span).and_then(|process| match process {
        Belongs::Inline(place) => processes.add(place).map(Some),
        Belongs::Named(id) => Ok(processes.find(id)),
        Belongs::None => Ok(common),
    });
    let result = result.and_then(|process| {
        out.set_raw(raw.map(<[u8]>::to_vec));
        if out.keeps_original() {
            span.original = text;
        }
        out.attempt(|out| {
            let mut scratch = out.take_scratch();
            span.use_lane(&processes.owner(process), out);
            span.write(out, &mut scratch);
            out.give_scratch(scratch);
            Ok(())
        })
    });
    out.set_raw(None);
    processes.forget(known);
    span.end();
    result
}

/// How a span says whose it is.
enum Belongs<'a> {
    None,
    Named(Str<'a>),
    Inline(Scanner<'a>),
}

/// Reads one span; how it says whose it is.
fn read<'a>(text: Text<'a>, depth_max: u32, span: &mut Span<'a>) -> Result<Belongs<'a>, RejectReason> {
    let mut json = Scanner::new(text, depth_max);
    if !matches!(json.value()?, Json::Object) {
        return Err(RejectReason::syntax("expected an object: a span", 0));
    }
    let mut process = Belongs::None;
    let mut references = None;
    let mut unescaped = Vec::new();
    while let Some(key) = json.key()? {
        let place = json;
        let at = json.position();
        let value = json.value()?;
        json.skip(value)?;
        let wrong = |what| move || RejectReason::value(what, at);
        match (key.resolve(&mut unescaped).bytes(), value) {
            (_, Json::Null) => {}
            (b"traceID", value) => span.trace_id = id(value).ok_or_else(wrong("traceID is not 1 to 32 hexadecimal digits"))?,
            (b"spanID", value) => span.span_id = id(value).ok_or_else(wrong("spanID is not 1 to 16 hexadecimal digits"))?,
            (b"parentSpanID", value) => {
                span.parent_span_id = id(value).ok_or_else(wrong("parentSpanID is not 1 to 16 hexadecimal digits"))?;
            }
            (b"operationName", value) => span.name = Some(string(value).ok_or_else(wrong("operationName is not a string"))?),
            (b"startTime", value) => {
                span.start_unix_nano = nanoseconds(value).ok_or_else(wrong("startTime is not in microseconds"))? as u64;
            }
            (b"duration", value) => span.duration_ns = Some(nanoseconds(value).ok_or_else(wrong("duration is not in microseconds"))?),
            (b"flags", Json::Int(flags)) => {
                span.flags = flags as u32 & 1;
                if flags & !1 != 0 {
                    span.extra("jaeger.flags", Value::Int(flags));
                }
            }
            (b"references", _) => references = Some(place),
            (b"tags", _) => tags(place, &mut span.tags)?,
            (b"logs", _) => logs(place, span)?,
            (b"warnings", Json::Array) => {
                let list = text.slice(at..json.position());
                if list.bytes().contains(&b'"') {
                    span.extra("jaeger.warnings", Value::Json(list, json.suspects_duplicates()));
                }
            }
            (b"processID", Json::Str(id)) if !matches!(process, Belongs::Inline(_)) => process = Belongs::Named(id),
            (b"process", Json::Object) => process = Belongs::Inline(place),
            _ => {}
        }
    }
    json.end()?;
    if span.trace_id == [0; 16] || span.span_id == [0; 8] {
        return Err(RejectReason::value("a span needs traceID and spanID, not all zeros", 0));
    }
    if let Some(place) = references {
        links(place, span)?;
    }
    span.settle();
    Ok(process)
}

fn string(value: Json<'_>) -> Option<Str<'_>> {
    if let Json::Str(text) = value { Some(text) } else { None }
}

/// Jaeger's older versions leave leading zeros out.
fn id<const N: usize>(value: Json<'_>) -> Option<[u8; N]> {
    string(value).and_then(|digits| ids::padded(digits.text.bytes()))
}

/// Microseconds as nanoseconds, exactly.
fn nanoseconds(value: Json<'_>) -> Option<i64> {
    match value {
        Json::Int(micros) => micros.checked_mul(1000).filter(|nanos| *nanos >= 0),
        Json::Double(micros) if micros.fract() == 0.0 && (0.0..9e15).contains(&micros) => Some(micros as i64 * 1000),
        _ => None,
    }
}

/// Appends the tags of the list that stands next: `{"key", "type", "value"}` each. What is none is passed over.
fn tags<'a>(place: Scanner<'a>, tags: &mut Vec<Tag<'a>>) -> Result<(), RejectReason> {
    each(place, |item| {
        let Some(mut json) = item.inside else { return Ok(()) };
        let (mut name, mut kind, mut value) = (None, None, Value::Null);
        while let Some(key) = json.key()? {
            let read;
            (json, read) = spans::json_value(json)?;
            match read {
                Value::Str(text) if key.is(b"key") => name = Some(text),
                Value::Str(text) if key.is(b"type") => kind = Some(text),
                read if key.is(b"value") => value = read,
                _ => {}
            }
        }
        if let Some(name) = name {
            tags.push(Tag::new(name, typed(kind, value)));
        }
        Ok(())
    })
}

/// The value in the type that its tag names; as it stands where it is none of that type. Elasticsearch may keep all of them as strings.
fn typed<'a>(kind: Option<Str<'a>>, value: Value<'a>) -> Value<'a> {
    let kind = kind.map_or(&b""[..], |kind| kind.text.bytes());
    let parsed = match value {
        Value::Str(text) if !text.has_escapes() => std::str::from_utf8(text.text.bytes()).unwrap_or_default(),
        _ => "",
    };
    match (kind, value) {
        (b"bool", Value::Str(_)) => parsed.parse().map_or(value, Value::Bool),
        (b"int64", Value::Str(_)) => parsed.parse().map_or(value, Value::Int),
        (b"float64", Value::Str(_)) => parsed.parse().map_or(value, Value::Double),
        (b"float64", Value::Int(number)) => Value::Double(number as f64),
        (b"binary", Value::Str(text)) if !text.has_escapes() => Value::Hex(text.text),
        _ => value,
    }
}

/// Each log is an event; its fields are tags.
fn logs<'a>(place: Scanner<'a>, span: &mut Span<'a>) -> Result<(), RejectReason> {
    each(place, |item| {
        let Some(mut json) = item.inside else { return Ok(()) };
        let from = span.fields.len();
        let mut event = Event { time_unix_nano: 0, name: None, fields: from..from, dropped: 0 };
        while let Some(key) = json.key()? {
            let place = json;
            let at = json.position();
            let value = json.value()?;
            json.skip(value)?;
            if key.is(b"timestamp") {
                let nanos = nanoseconds(value).ok_or_else(|| RejectReason::value("a log's timestamp is not in microseconds", at))?;
                event.time_unix_nano = nanos as u64;
            } else if key.is(b"fields") {
                tags(place, &mut span.fields)?;
            }
        }
        event.fields.end = span.fields.len();
        span.events.push(event);
        Ok(())
    })
}

/// The first reference to a parent in the same trace is the parent, unless the span names one; all others are links.
fn links<'a>(place: Scanner<'a>, span: &mut Span<'a>) -> Result<(), RejectReason> {
    let mut parent = None;
    let named = span.parent_span_id;
    each(place, |item| {
        let Some(mut json) = item.inside else { return Ok(()) };
        let (mut kind, mut trace_id, mut span_id) = ("", None, None);
        while let Some(key) = json.key()? {
            let value = json.value()?;
            json.skip(value)?;
            match string(value).map(|text| text.text.bytes()) {
                Some(b"CHILD_OF") if key.is(b"refType") => kind = "child_of",
                Some(b"FOLLOWS_FROM") if key.is(b"refType") => kind = "follows_from",
                _ if key.is(b"traceID") => trace_id = id(value),
                _ if key.is(b"spanID") => span_id = id(value),
                _ => {}
            }
        }
        let (Some(trace_id), Some(span_id)) = (trace_id, span_id) else {
            return Err(RejectReason::value("a reference needs traceID and spanID", item.start));
        };
        if kind == "child_of" && trace_id == span.trace_id && parent.is_none() && (named == [0; 8] || named == span_id) {
            parent = Some(span_id);
        } else {
            span.links.push(Link { trace_id, span_id, kind, trace_state: Text::EMPTY, fields: 0..0 });
        }
        Ok(())
    })?;
    span.parent_span_id = parent.unwrap_or(named);
    Ok(())
}
