//! Zipkin's spans in its JSON of version 2: a list of them, a list of traces, or one object after the other.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec, ids,
    json::{Scanner, Str, Value as Json},
    open_framed,
    spans::{self, Event, Kind, Owner, Span, Value},
};

/// The row of `zipkin`.
pub static SPEC: Spec = Spec {
    name: "zipkin",
    about: About {
        line: "Zipkin spans, JSON v2: each span and each of its annotations is a record",
        page: "https://zipkin.io/zipkin-api/#/default/post_spans",
        example: r#"[{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"48485a3953bb6124","kind":"SERVER","name":"get /cart","timestamp":1502787600000000,"duration":2500,"localEndpoint":{"serviceName":"cart"},"tags":{"http.method":"GET"}}]"#,
    },
    options: &[],
    compile,
};

#[derive(Debug)]
struct Zipkin;

#[allow(clippy::unnecessary_wraps)] // the shape of every row
fn compile(_: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(Zipkin))
}

impl Format for Zipkin {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Elements
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        likely(frame)
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let mut span = Span::begin();
        let result = read(frame, out.limits().depth_max, &mut span).map(|owner| {
            if out.keeps_original() {
                span.original = frame;
            }
            let mut scratch = out.take_scratch();
            span.use_lane(&owner, out);
            span.write(out, &mut scratch);
            out.give_scratch(scratch);
        });
        span.end();
        result
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// The names of the fields that every span has, and of those that a log line with ids in it would not have. The body may be cut.
fn likely(body: &[u8]) -> Likely {
    let first = body.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'['));
    let has = |name: &[u8]| memchr::memmem::find(body, name).is_some();
    if first == Some(&b'{') && has(b"\"traceId\"") && has(b"\"id\"") {
        let telling: [&[u8]; 3] = [b"\"localEndpoint\"", b"\"annotations\"", b"\"parentId\""];
        let timed = has(b"\"timestamp\"") && has(b"\"duration\"");
        let spans = telling.iter().filter(|name| has(name)).count() + usize::from(timed);
        return if spans > 0 { Likely(90 + spans as u8) } else { Likely(20) };
    }
    Likely::NO
}

/// Where a service was reached.
#[derive(Clone, Copy, Debug, Default)]
struct Endpoint<'a> {
    service: Option<Str<'a>>,
    ipv4: Option<Str<'a>>,
    ipv6: Option<Str<'a>>,
    port: Option<i64>,
}

/// The attributes of an endpoint: address, the other address where it has both, port.
const LOCAL: [&str; 3] = ["network.local.address", "zipkin.local.ipv6", "network.local.port"];
const REMOTE: [&str; 3] = ["network.peer.address", "zipkin.peer.ipv6", "network.peer.port"];

/// Reads one span; whose it is.
fn read<'a>(frame: Text<'a>, depth_max: u32, span: &mut Span<'a>) -> Result<Owner<'a, 'a>, RejectReason> {
    let mut json = Scanner::new(frame, depth_max);
    if !matches!(json.value()?, Json::Object) {
        return Err(RejectReason::syntax("expected an object: a span", 0));
    }
    let (mut local, mut remote) = (Endpoint::default(), Endpoint::default());
    let (mut has_trace_id, mut has_id, mut has_start) = (false, false, false);
    let (mut debug, mut shared, mut kind) = (false, false, None);
    let mut unescaped = Vec::new();
    while let Some(key) = json.key()? {
        let at = json.position();
        let value = json.value()?;
        if matches!(value, Json::Null) {
            continue;
        }
        match key.resolve(&mut unescaped).bytes() {
            b"traceId" => {
                span.trace_id = trace_id(value).ok_or_else(|| RejectReason::value("traceId is not 1 to 32 hexadecimal digits", at))?;
                has_trace_id = span.trace_id != [0; 16];
            }
            b"id" => {
                span.span_id = span_id(value).ok_or_else(|| RejectReason::value("id is not 1 to 16 hexadecimal digits", at))?;
                has_id = span.span_id != [0; 8];
            }
            b"parentId" => {
                span.parent_span_id =
                    span_id(value).ok_or_else(|| RejectReason::value("parentId is not 1 to 16 hexadecimal digits", at))?;
            }
            b"name" => span.name = Some(text(value).ok_or_else(|| RejectReason::value("name is not a string", at))?),
            b"kind" => kind = Some(text(value).ok_or_else(|| RejectReason::value("kind is not a string", at))?),
            b"timestamp" => {
                span.start_unix_nano =
                    nanoseconds(value).ok_or_else(|| RejectReason::value("timestamp is not in microseconds", at))? as u64;
                has_start = span.start_unix_nano != 0;
            }
            b"duration" => {
                span.duration_ns = Some(nanoseconds(value).ok_or_else(|| RejectReason::value("duration is not in microseconds", at))?);
            }
            b"localEndpoint" => (json, local) = endpoint(json, matches!(value, Json::Object), at)?,
            b"remoteEndpoint" => (json, remote) = endpoint(json, matches!(value, Json::Object), at)?,
            b"annotations" => json = annotations(json, matches!(value, Json::Array), at, span)?,
            b"tags" => json = tags(json, matches!(value, Json::Object), at, span)?,
            b"debug" => debug = matches!(value, Json::Bool(true)),
            b"shared" => shared = matches!(value, Json::Bool(true)),
            _ => json.skip(value)?,
        }
    }
    json.end()?;
    if !has_trace_id || !has_id {
        return Err(RejectReason::value("a span needs traceId and id, not all zeros", 0));
    }
    span.flags = u32::from(debug);
    if let Some(name) = kind {
        span.kind = Kind::of(name.text.bytes());
        if span.kind.is_none() {
            span.extra("zipkin.kind", Value::Str(name));
        }
    }
    let mut extra = |name, value| span.extra(name, value);
    for (name, flag) in [("otel.zipkin.absentField.startTime", !has_start), ("zipkin.debug", debug), ("zipkin.shared", shared)] {
        if flag {
            extra(name, Value::Bool(true));
        }
    }
    if let Some(service) = remote.service {
        extra("service.peer.name", Value::Str(service));
    }
    for (endpoint, [address, second, port]) in [(local, LOCAL), (remote, REMOTE)] {
        if let Some(ip) = endpoint.ipv4.or(endpoint.ipv6) {
            extra(address, Value::Str(ip));
        }
        if let (Some(_), Some(ipv6)) = (endpoint.ipv4, endpoint.ipv6) {
            extra(second, Value::Str(ipv6));
        }
        // Tracers write 0 for a port that they do not know.
        if let Some(number) = endpoint.port.filter(|port| *port != 0) {
            extra(port, Value::Int(number));
        }
    }
    span.settle();
    Ok(Owner { key: local.service.map_or(Text::EMPTY, |service| service.text), service: local.service, tags: &[] })
}

#[inline(always)]
fn text(value: Json<'_>) -> Option<Str<'_>> {
    if let Json::Str(text) = value { Some(text) } else { None }
}

#[inline(always)]
fn trace_id(value: Json<'_>) -> Option<[u8; 16]> {
    text(value).and_then(|digits| ids::trace_id(digits.text.bytes()).or_else(|| ids::padded(digits.text.bytes())))
}

#[inline(always)]
fn span_id(value: Json<'_>) -> Option<[u8; 8]> {
    text(value).and_then(|digits| ids::span_id(digits.text.bytes()).or_else(|| ids::padded(digits.text.bytes())))
}

/// Microseconds as nanoseconds, exactly. A sender in JavaScript may write them as `1.5e15`.
#[inline(always)]
fn nanoseconds(value: Json<'_>) -> Option<i64> {
    match value {
        Json::Int(micros) => micros.checked_mul(1000).filter(|nanos| *nanos >= 0),
        Json::Double(micros) if micros.fract() == 0.0 && (0.0..9e15).contains(&micros) => Some(micros as i64 * 1000),
        _ => None,
    }
}

// The scanner goes in and comes back by value: one whose address is taken lives in memory, not in registers.

fn endpoint(mut json: Scanner<'_>, is_object: bool, at: usize) -> Result<(Scanner<'_>, Endpoint<'_>), RejectReason> {
    let mut endpoint = Endpoint::default();
    if !is_object {
        return Err(RejectReason::value("an endpoint is not an object", at));
    }
    let mut unescaped = Vec::new();
    while let Some(key) = json.key()? {
        let value = json.value()?;
        match key.resolve(&mut unescaped).bytes() {
            b"serviceName" => endpoint.service = text(value).filter(|name| !name.text.is_empty()),
            b"ipv4" => endpoint.ipv4 = text(value).filter(|ip| !ip.text.is_empty()),
            b"ipv6" => endpoint.ipv6 = text(value).filter(|ip| !ip.text.is_empty()),
            b"port" => endpoint.port = if let Json::Int(port) = value { Some(port) } else { None },
            _ => {}
        }
        json.skip(value)?;
    }
    Ok((json, endpoint))
}

fn annotations<'a>(mut json: Scanner<'a>, is_array: bool, at: usize, span: &mut Span<'a>) -> Result<Scanner<'a>, RejectReason> {
    if !is_array {
        return Err(RejectReason::value("annotations are not an array", at));
    }
    span.events.clear();
    let mut unescaped = Vec::new();
    while json.item()? {
        let at = json.position();
        if !matches!(json.value()?, Json::Object) {
            return Err(RejectReason::value("an annotation is not an object", at));
        }
        let mut event = Event { time_unix_nano: 0, name: None, fields: 0..0, dropped: 0 };
        while let Some(key) = json.key()? {
            let at = json.position();
            let value = json.value()?;
            match key.resolve(&mut unescaped).bytes() {
                b"timestamp" if !matches!(value, Json::Null) => {
                    let nanos =
                        nanoseconds(value).ok_or_else(|| RejectReason::value("an annotation's timestamp is not in microseconds", at))?;
                    event.time_unix_nano = nanos as u64;
                }
                b"value" => event.name = text(value),
                _ => {}
            }
            json.skip(value)?;
        }
        span.events.push(event);
    }
    Ok(json)
}

fn tags<'a>(mut json: Scanner<'a>, is_object: bool, at: usize, span: &mut Span<'a>) -> Result<Scanner<'a>, RejectReason> {
    if !is_object {
        return Err(RejectReason::value("tags are not an object", at));
    }
    span.tags.clear();
    while let Some(name) = json.key()? {
        let value;
        (json, value) = spans::json_value(json)?;
        span.tag(name, value);
    }
    Ok(json)
}
