//! JSON: an answer of the API, `{"data": [traces]}`; a trace, or a batch of one process; a span, as Elasticsearch and Cassandra keep them.
//!
//! The brackets alone tell where traces and spans begin and end, so that each is read once. What is broken inside of a span is that span's Reject,
//! what is broken around spans their trace's.

use logloom_record::{BatchWriter, RejectReason, Text};

use super::{
    items::{Item, Source, collect, reject},
    json_span::{Belongs, read},
    process::Processes,
};
use crate::{
    Likely,
    json::{Scanner, Value as Json},
    spans::{Original, Repaired, Repairs, Span},
};

/// The names of the fields that every span has. The body may be cut.
pub(super) fn likely(body: &[u8]) -> Likely {
    let first = body.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'['));
    let has = |name: &[u8]| memchr::memmem::find(body, name).is_some();
    if first != Some(&b'{') {
        return Likely::NO;
    }
    let (api, other) = (has(b"\"traceID\"") && has(b"\"spanID\""), has(b"\"spanId\"") || has(b"\"SpanID\""));
    let named = |name: &[u8], time: &[u8]| has(name) && has(time);
    match (api || other, named(b"\"operationName\"", b"\"startTime\"") || named(b"\"OperationName\"", b"\"StartTime\"")) {
        (true, true) => Likely(96),
        _ if api => Likely(20),
        _ => Likely::NO,
    }
}

/// Reads one object of a body.
pub(super) fn parse(frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
    let depth_max = out.limits().depth_max;
    let mut items = Vec::new();
    let shape = object(Scanner::new(frame, depth_max), 0, &mut items)?;
    let raw = out.take_raw();
    let mut source = Source::new(raw.as_deref());
    let result = match shape {
        Shape::Answer => {
            let mut spans = Vec::new();
            for item in &items {
                let read = match object(Scanner::new(item.text, depth_max), item.start, &mut spans) {
                    Ok(Shape::Trace(trace)) => trace.read(&spans, &mut source, out),
                    Err(reason) => Err(reason),
                    Ok(_) => Err(RejectReason::syntax("expected an object: a trace with its spans", 0)),
                };
                if let Err(reason) = read {
                    reject(source.of(item), item, reason, out);
                }
            }
            Ok(())
        }
        Shape::Trace(trace) => trace.read(&items, &mut source, out),
        Shape::Span => {
            let repairs = Repairs::default();
            read_span(frame, source.raw, None, &mut Processes::default(), &mut Repaired::new(&repairs), out)
        }
    };
    out.set_raw(raw);
    result
}

/// What an object is; of answers and traces the items were gathered.
enum Shape<'a> {
    Answer,
    Trace(Trace<'a>),
    Span,
}

/// A trace with its processes, or a batch of spans of one process; the scanners stand before them.
struct Trace<'a> {
    processes: Option<Scanner<'a>>,
    process: Option<Scanner<'a>>,
}

/// Tells what the object is that stands next, `start` bytes into the frame. All around its items is checked, to the end of the text; a span is
/// checked when it is read.
fn object<'a>(mut json: Scanner<'a>, start: usize, items: &mut Vec<Item<'a>>) -> Result<Shape<'a>, RejectReason> {
    let wrong = || RejectReason::syntax("expected an answer of Jaeger's API, a trace or a span", 0);
    items.clear();
    if !matches!(json.value()?, Json::Object) {
        return Err(wrong());
    }
    let (mut is_answer, mut is_trace, mut processes, mut process) = (false, false, None, None);
    while let Some(key) = json.key()? {
        let place = json;
        let value = json.value()?;
        match (key.text.bytes(), value) {
            (b"data", Json::Array) => {
                is_answer = true;
                items.clear();
                json = collect(json, start, items)?;
                continue;
            }
            (b"spans" | b"Spans", Json::Array) if !is_answer => {
                is_trace = true;
                items.clear();
                json = collect(json, start, items)?;
                continue;
            }
            (b"processes", Json::Object) => processes = Some(place),
            (b"process" | b"Process", Json::Object) => process = Some(place),
            (b"spanID" | b"spanId" | b"SpanID" | b"operationName" | b"OperationName", _) if !is_answer && !is_trace => {
                return Ok(Shape::Span);
            }
            _ => {}
        }
        json.skip(value)?;
    }
    json.end()?;
    match (is_answer, is_trace) {
        (true, _) => Ok(Shape::Answer),
        (false, true) => Ok(Shape::Trace(Trace { processes, process })),
        (false, false) => Err(wrong()),
    }
}

impl<'a> Trace<'a> {
    /// Reads its spans; one that is bad is a Reject beside the others.
    fn read(&self, items: &[Item<'a>], source: &mut Source<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let repairs = Repairs::default();
        self.read_into(items, source, &mut Repaired::new(&repairs), out)
    }

    fn read_into<'m>(
        &self,
        items: &[Item<'m>],
        source: &mut Source<'_>,
        made: &mut Repaired<'m>,
        out: &mut BatchWriter,
    ) -> Result<(), RejectReason>
    where
        'a: 'm,
    {
        let mut processes = Processes::default();
        let common = self.process.map_or(Ok(None), |process| processes.add(process, made).map(Some))?;
        if let Some(all) = self.processes {
            processes.add_all(all, made)?;
        }
        for item in items {
            let frame_bytes_max = out.limits().frame_bytes_max;
            let raw = source.of(item);
            let result = if item.text.len() > frame_bytes_max {
                Err(RejectReason::limit("the span is longer than frame_bytes_max", frame_bytes_max))
            } else {
                // Most spans of a frame that was repaired were good.
                let repaired = raw.map(|(_, bytes)| bytes).filter(|bytes| *bytes != item.text.bytes());
                read_span(item.text, repaired, common, &mut processes, made, out)
            };
            if let Err(reason) = result {
                reject(raw, item, reason, out);
            }
            // One answer may have spans of any number of processes: here the lanes are kept under their bound.
            out.end_frame();
        }
        Ok(())
    }
}

/// Reads one span into its records. `raw` is it before it was repaired, `common` the process of spans that name none.
fn read_span<'a>(
    text: Text<'a>,
    raw: Option<&[u8]>,
    common: Option<usize>,
    processes: &mut Processes<'a>,
    made: &mut Repaired<'a>,
    out: &mut BatchWriter,
) -> Result<(), RejectReason> {
    let mut span = Span::begin();
    let known = processes.list.len();
    let result = read(text, out.limits().depth_max, &mut span, made).and_then(|process| match process {
        Belongs::Inline(place) => processes.add(place, made).map(Some),
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
