//! What Envoy's gRPC access log service is sent: `StreamAccessLogsMessage`, as protobuf or as protobuf's JSON.
//!
//! A frame is one message. Only the first of a stream says who sends it: a [`Decoder`] keeps that for those behind it.

mod entry;
mod node;
mod operators;
mod schema;
mod structure;

use std::sync::{Arc, Mutex, PoisonError};

use logloom_record::{
    BatchWriter, RejectReason, Text,
    proto::{Fields, Value as Wire, varint},
};

use crate::{
    About, Decoder, Format, Framing, Likely, OptionDoc, OptionError, Options, Spec, open_framed,
    proto_json::{Message, shape::enter, transcode},
    spans::choice::{Choice, is_binary},
};
use entry::{Original, What};

/// The row of `envoy_als`.
pub static SPEC: Spec = Spec {
    name: "envoy_als",
    about: About {
        line: "Envoy's access log over gRPC (ALS), HTTP and TCP: StreamAccessLogsMessage as protobuf or as its JSON",
        page: "https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/accesslog/v3/als.proto",
        example: r#"{"identifier":{"node":{"id":"sidecar~10.44.2.55~cart-7d9","cluster":"cart.shop"},"logName":"als"},"httpLogs":{"logEntry":[{"commonProperties":{"startTime":"2026-11-21T10:43:36.826Z","upstreamCluster":"inbound|8080||"},"protocolVersion":"HTTP11","request":{"requestMethod":"GET","authority":"cart:8080","path":"/cart/7"},"response":{"responseCode":200}}]}}"#,
    },
    options: &[OptionDoc { name: "serialization", doc: "string: `json` or `proto`; without it, the first bytes of each message tell" }],
    compile,
};

/// One message holds many entries: it may have this many times the bytes of a frame.
const MESSAGE_FRAMES_MAX: usize = 64;

/// The identifier of a stream, once it was sent.
type Identifier = Arc<Mutex<Vec<u8>>>;

/// Messages as JSON.
#[derive(Debug, Default)]
struct EnvoyAls {
    identifier: Identifier,
    encoding: Option<Encoding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Json,
    Proto,
}

/// Messages as protobuf.
#[derive(Debug, Default)]
struct Binary {
    identifier: Identifier,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let encoding = match options.str("serialization")? {
        None => None,
        Some("json") => Some(Encoding::Json),
        Some("proto") => Some(Encoding::Proto),
        Some(other) => return Err(OptionError::new("serialization", format!("expected json or proto, not '{other}'"))),
    };
    Ok(Arc::new(EnvoyAls { identifier: Identifier::default(), encoding }))
}

/// Whether what an identifier of the length that was read may begin with stands here: its node, which begins with its id, its cluster or its
/// metadata; or the name of the log. `None` where that begins later.
fn is_identifier(content: &[u8]) -> Option<bool> {
    match content.first()? {
        0x0a => match varint(content.get(1..)?) {
            Some((0, _)) => Some(true),
            Some((_, used)) => content.get(1 + used..)?.first().map(|tag| matches!(tag, 0x0a | 0x12 | 0x1a)),
            None if content.len() < 11 => None,
            None => Some(false),
        },
        tag => Some(*tag == 0x12),
    }
}

impl Format for EnvoyAls {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Elements
    }

    fn passes_over(&self, between: &[u8]) -> bool {
        between.starts_with(b"#") || between.starts_with(b"//")
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let has = |name: &[u8]| crate::scan::find_bytes(frame, name).is_some();
        if is_binary(frame, is_identifier) == Some(false) {
            let entries = has(b"\"logEntry\"") || has(b"\"log_entry\"");
            let common = has(b"\"commonProperties\"") || has(b"\"common_properties\"");
            return if entries && common {
                Likely(97)
            } else if common {
                Likely(60)
            } else {
                Likely::NO
            };
        }
        if leads_to_entry(frame).is_some() { Likely(96) } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        parse_json(frame, &self.identifier, out)
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        let identifier = Identifier::default();
        let text = Arc::new(Self { identifier: Arc::clone(&identifier), encoding: self.encoding });
        let binary = Arc::new(Binary { identifier });
        let text_bytes_max = frame_bytes_max.saturating_mul(MESSAGE_FRAMES_MAX);
        match self.encoding {
            Some(Encoding::Json) => open_framed(text, text_bytes_max),
            Some(Encoding::Proto) => open_framed(binary, frame_bytes_max),
            None => Box::new(Choice::new(text, text_bytes_max, binary, frame_bytes_max, |first| is_binary(first, is_identifier))),
        }
    }
}

impl Format for Binary {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn is_text(&self) -> bool {
        false
    }

    fn likely(&self, _: &[u8]) -> Likely {
        Likely::NO
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        let entries = message(frame.bytes(), &self.identifier)?;
        let identifier = identity(&self.identifier);
        for (what, start, end) in entries {
            let raw = frame.slice(start..end);
            if let Err(reason) = entry::write(what, raw, Original::Bytes, &identifier, out) {
                out.reject(raw.bytes(), reason, out.frame_offset() + start as u64, SPEC.name);
            }
        }
        Ok(())
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

fn identity(identifier: &Identifier) -> Vec<u8> {
    identifier.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Goes through a message: keeps its identifier, and finds its entries: of which protocol each is, where it begins and ends.
fn message(bytes: &[u8], identifier: &Identifier) -> Result<Vec<(What, usize, usize)>, RejectReason> {
    let cut = |at: usize| RejectReason::syntax("the message is cut, or no protobuf", at);
    let mut entries = Vec::new();
    let mut known = 0;
    let mut fields = Fields::new(bytes);
    while let Some(field) = fields.next() {
        let (number, value) = field.map_err(|bad| cut(bad.at))?;
        let (1..=3, Wire::Len(part)) = (number, value) else { continue };
        known += 1;
        let what = match number {
            1 => {
                node::check(part)?;
                *identifier.lock().unwrap_or_else(PoisonError::into_inner) = part.to_vec();
                continue;
            }
            2 => What::Http,
            _ => What::Tcp,
        };
        let start = fields.position() - part.len();
        let mut inner = Fields::new(part);
        while let Some(field) = inner.next() {
            if let (1, Wire::Len(entry)) = field.map_err(|bad| cut(start + bad.at))? {
                let end = start + inner.position();
                entries.push((what, end - entry.len(), end));
            }
        }
    }
    if known == 0 && !bytes.is_empty() {
        return Err(RejectReason::value("the message has none of the fields of an access log", 0));
    }
    Ok(entries)
}

/// A message as JSON; or an entry by itself, as tests and tools have them.
fn parse_json(frame: Text<'_>, identifier: &Identifier, out: &mut BatchWriter) -> Result<(), RejectReason> {
    if out.is_repairing() {
        return Err(RejectReason::syntax("the message is not UTF-8, which JSON must be", 0));
    }
    let has = |name: &[u8]| crate::scan::find_bytes(frame.bytes(), name).is_some();
    let depth_max = out.limits().depth_max;
    let is_entry =
        !has(b"\"httpLogs\"") && !has(b"\"tcpLogs\"") && !has(b"\"http_logs\"") && !has(b"\"tcp_logs\"") && !has(b"\"identifier\"");
    if is_entry {
        let is_tcp = has(b"\"connectionProperties\"") || has(b"\"connection_properties\"");
        let (what, table): (_, &'static Message) = if is_tcp { (What::Tcp, &schema::TCP_ENTRY) } else { (What::Http, &schema::HTTP_ENTRY) };
        let read = transcode(frame, table, depth_max)?;
        return entry::write(what, Text::from(read.bytes.as_slice()), Original::Text(frame), &identity(identifier), out);
    }
    let read = transcode(frame, &schema::MESSAGE, depth_max)?;
    let entries = message(&read.bytes, identifier)?;
    let whole = Text::from(read.bytes.as_slice());
    let identifier = identity(identifier);
    for ((what, start, end), unit) in entries.into_iter().zip(read.units) {
        let json = frame.slice(unit.clone());
        if let Err(reason) = entry::write(what, whole.slice(start..end), Original::Text(json), &identifier, out) {
            out.reject(json.bytes(), reason, out.frame_offset() + unit.start as u64, SPEC.name);
        }
    }
    for bad in read.bad {
        let entry = frame.slice(bad.start..bad.end);
        out.reject(entry.bytes(), bad.reason, out.frame_offset() + bad.start as u64, SPEC.name);
    }
    Ok(())
}

/// Goes down to the common properties of the first entry, which begin with an address, a time or a sample rate. The message may be cut.
fn leads_to_entry(frame: &[u8]) -> Option<()> {
    let mut rest = frame;
    if let Some((inside, len)) = enter(rest, 0x0a) {
        // Its node, whose first field is text.
        let (node, _) = enter(inside, 0x0a)?;
        matches!(node.first()?, 0x0a | 0x12 | 0x1a).then_some(())?;
        rest = inside.get(len..)?;
    }
    let (logs, _) = enter(rest, 0x12).or_else(|| enter(rest, 0x1a))?;
    let (entry, _) = enter(logs, 0x0a)?;
    let (common, _) = enter(entry, 0x0a)?;
    // A sample rate, or an address: a socket's, a pipe's, an internal one; or the time.
    let first = common.first()?;
    (matches!(first, 0x09 | 0x2a) || (matches!(first, 0x12 | 0x1a) && matches!(enter(common, *first)?.0.first()?, 0x0a | 0x12 | 0x1a)))
        .then_some(())
}
