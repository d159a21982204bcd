//! Jaeger's spans in the JSON of its API and UI: an answer `{"data": [traces]}`, a trace, or a span with its process, as Elasticsearch keeps it.

mod items;
mod span;

use std::{collections::HashMap, ops::Range, sync::Arc};

use logloom_record::{BatchWriter, RejectReason, Text};

use items::{Source, each, reject};
use span::{Belongs, read, tags};

use crate::{
    About, Decoder, Elements, Format, Framing, Likely, OptionError, Options, Spec,
    json::{Scanner, Str, Value as Json},
    spans::{Original, Owner, Span, Tag},
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
        json.value()?;
        // This passes over the whole frame, and so checks it before anything of it is written: nothing has to be taken back.
        let (shape, mut rest) = object(json)?;
        rest.end()?;
        let raw = out.take_raw();
        let mut source = Source::new(raw.as_deref());
        let result = match shape {
            Shape::Answer(traces) => each(traces, |item| {
                if let Some(Ok((Shape::Trace(trace), _))) = item.inside.map(object) {
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

/// Tells what the object is whose bracket was just read, and comes back behind it.
fn object(mut json: Scanner<'_>) -> Result<(Shape<'_>, Scanner<'_>), RejectReason> {
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
    let shape = match (data, spans) {
        (Some(data), _) => Shape::Answer(data),
        (None, Some(spans)) => Shape::Trace(Trace { spans, processes, process }),
        (None, None) if is_span => Shape::Span,
        _ => return Err(RejectReason::syntax("expected an answer of Jaeger's API, a trace or a span", 0)),
    };
    Ok((shape, json))
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
                if key.is(b"tags") {
                    json = tags(json, &mut self.tags)?;
                    continue;
                }
                let value = json.value()?;
                match value {
                    Json::Str(name) if key.is(b"serviceName") => process.service = Some(name),
                    _ => json.skip(value)?,
                }
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

impl Trace<'_> {
    /// Reads its spans; one that is bad is a Reject beside the others.
    fn read(&self, source: &mut Source<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let mut processes = Processes::default();
        let common = self.process.map_or(Ok(None), |process| processes.add(process).map(Some))?;
        if let Some(all) = self.processes {
            processes.add_all(all)?;
        }
        each(self.spans, |item| {
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
            span.original = Original::Text(text);
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
