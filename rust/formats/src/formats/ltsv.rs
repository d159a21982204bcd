//! Labelled tab-separated values.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use super::json::KEYS;
use crate::{
    About, Decoder, Format, Likely, OptionError, Options, Spec,
    fields::{Dialect, Fields, Known, Put, Rows, unescape_pair},
    json::Seen,
    open_framed,
    scan::{Finder, find},
};

/// The row of `ltsv`.
pub static SPEC: Spec = Spec {
    name: "ltsv",
    about: About {
        line: "Labelled tab-separated values: access logs and application logs",
        page: "http://ltsv.org/",
        example: "time:[21/Nov/2026:10:40:59 +0000]\thost:198.51.100.7\treq:GET /cart?id=7 HTTP/1.1\tstatus:200\tsize:5316\tua:curl/8.17",
    },
    options: &[KEYS],
    compile,
};

/// The labels that ltsv.org recommends; beside them those of the common logging libraries.
const ROWS: Rows = Rows {
    keys: &[
        ("time", "time"),
        ("host", "client.address"),
        ("forwardedfor", "http.request.header.x-forwarded-for:list"),
        ("xff", "http.request.header.x-forwarded-for:list"),
        ("user", "user.name"),
        ("method", "http.request.method"),
        ("uri", "url.original"),
        ("req.path", "url.path"),
        ("req.query", "url.query"),
        ("protocol", "network.protocol.version:protocol"),
        ("status", "http.response.status_code:int"),
        ("size", "http.response.body.size:int"),
        ("reqsize", "http.request.size:int"),
        ("referer", "http.request.header.referer:list"),
        ("ua", "user_agent.original"),
        ("vhost", "server.address"),
        ("pid", "process.pid:int"),
    ],
    general: true,
    times: &["[%d/%b/%Y:%H:%M:%S %z]", "%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S"],
    ..Rows::NONE
};

struct Ltsv {
    dialect: Dialect,
    request: Request,
}

/// What the parts of the label `req` are called.
struct Request {
    method: Known,
    path: Known,
    query: Known,
    protocol: Known,
}

impl Request {
    fn new(dialect: &Dialect) -> Self {
        let known = |key| Known::new(dialect, key);
        Self { method: known("method"), path: known("req.path"), query: known("req.query"), protocol: known("protocol") }
    }
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?);
    Ok(Arc::new(Ltsv { request: Request::new(&dialect), dialect }))
}

/// What a label is made of.
fn is_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@')
}

impl Format for Ltsv {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let labelled = |field: &[u8]| {
            let label = field.iter().take_while(|byte| is_label(**byte)).count();
            label > 0 && field.get(label) == Some(&b':')
        };
        let (all, good) = frame.split(|byte| *byte == b'\t').take(16).fold((0, 0), |(all, good), field| {
            let is_good = field.is_empty() || labelled(field);
            (all + 1, good + usize::from(is_good))
        });
        match (good == all, all) {
            (true, 3..) => Likely(92),
            (true, 2) => Likely(70),
            _ => Likely::NO,
        }
    }

    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a line has at most 4 GiB", 0));
        }
        Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
            self.gather(fields, frame)?;
            fields.write(&self.dialect, frame, frame, unescape_pair, out)
        })
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

impl Ltsv {
    /// Gathers the fields of a line. A value of `-` is absent, as is an empty one.
    #[inline(always)]
    fn gather(&self, fields: &mut Fields, line: Text<'_>) -> Result<(), RejectReason> {
        let mut seen = Seen::default();
        let (mut at, mut labels) = (0, 0);
        let mut tabs = Finder::new(line, b'\t');
        fields.labels_of(&self.dialect);
        while at < line.len() {
            let label = if let Some(label) = fields.label(labels, line, at) {
                label
            } else {
                let end = tabs.find(at);
                let Some(len) = find(line.slice(at..end), b':').filter(|len| *len > 0) else {
                    if end == at {
                        at += 1;
                        continue;
                    }
                    return Err(RejectReason::syntax("expected 'label:value'", at));
                };
                fields.new_label(&self.dialect, labels, line, at..at + len)
            };
            labels += 1;
            let value = at + label.len + 1;
            let end = tabs.find(value);
            match line.bytes().get(value..end).unwrap_or_default() {
                b"" | b"-" => {}
                text if label.len == 3 && line.slice(at..value).bytes() == b"req:" => self.request(fields, &mut seen, line, value, text),
                _ => fields.add_labelled(&mut seen, line, at, label, Put::Typed(value..end)),
            }
            at = end + 1;
        }
        if labels == 0 { Err(RejectReason::syntax("expected 'label:value'", 0)) } else { Ok(()) }
    }

    /// The parts of `GET /path?query HTTP/1.1`; anything else is the original URL.
    fn request(&self, fields: &mut Fields, seen: &mut Seen, line: Text<'_>, at: usize, text: &[u8]) {
        let end = at + text.len();
        let method = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        let protocol = memchr::memrchr(b' ', text).filter(|protocol| *protocol > method + 1);
        let Some(protocol) = protocol.filter(|protocol| {
            method > 0 && text.get(method) == Some(&b' ') && text.get(*protocol + 1..).is_some_and(|rest| rest.starts_with(b"HTTP/"))
        }) else {
            return fields.add_known(&self.dialect, seen, line, "uri", Put::Text(at..end));
        };
        let path = method + 1..protocol;
        let query = memchr::memchr(b'?', text.get(path.clone()).unwrap_or_default()).map_or(protocol, |query| path.start + query);
        fields.add_looked_up(seen, line, &self.request.method, Put::Text(at..at + method));
        fields.add_looked_up(seen, line, &self.request.path, Put::Text(at + path.start..at + query));
        if query + 1 < protocol {
            fields.add_looked_up(seen, line, &self.request.query, Put::Text(at + query + 1..at + protocol));
        }
        fields.add_looked_up(seen, line, &self.request.protocol, Put::Text(at + protocol + 1..end));
    }
}
