//! One entry of a message: what it says, by the operator of the text log that says the same.

mod any;
mod parts;

use std::collections::BTreeMap;

use logloom_record::{
    BatchWriter, RecordCursor, RejectReason, Scalar, Text,
    proto::{Fields, Value as Wire},
};

use any::{double, int, string};

use super::{
    node,
    operators::{COUNT, Op, TARGETS},
    schema::ACCESS_LOG_TYPES,
    structure,
};
use crate::{
    envoy::{Operator, Target, Trace, write},
    spans::{Repaired, Repairs},
};
pub(super) use any::of as any_of;

/// Which protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Http,
    Tcp,
}

/// How an entry is kept as it came.
#[derive(Clone, Copy, Debug)]
pub(super) enum Original<'a> {
    /// The bytes that are read.
    Bytes,
    /// The JSON that they were made from.
    Text(Text<'a>),
}

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Text(Text<'a>),
    Int(i64),
}

/// What was read of an entry.
struct Entry<'a> {
    start_unix_nano: u64,
    values: [Option<Value<'a>>; COUNT],
    /// Nanoseconds from the start to the byte after which the text log counts the response's sending.
    first_upstream_rx: Option<i64>,
    last_downstream_tx: Option<i64>,
    duration: Option<i64>,
    /// Headers: the operator that asks for one, its name and value.
    headers: Vec<(&'static str, Text<'a>, Text<'a>)>,
    /// Attributes that no operator has: name and encoded value.
    others: BTreeMap<Vec<u8>, Vec<u8>>,
    dropped: u32,
    texts: Repaired<'a>,
}

/// The most headers that are kept of an entry.
const HEADERS_MAX: usize = 512;

/// How often an unknown field is kept; what is over is counted.
pub(super) const UNKNOWN_MAX: usize = 64;

type Result<T> = std::result::Result<T, RejectReason>;

/// Writes the record of an entry into the lane of its stream.
pub(super) fn write(what: What, raw: Text<'_>, original: Original<'_>, identifier: &[u8], out: &mut BatchWriter) -> Result<()> {
    if raw.len() > out.limits().frame_bytes_max {
        return Err(RejectReason::limit("the entry is longer than frame_bytes_max", 0));
    }
    let repairs = Repairs::default();
    let mut entry = Entry {
        start_unix_nano: 0,
        values: [None; COUNT],
        first_upstream_rx: None,
        last_downstream_tx: None,
        duration: None,
        headers: Vec::new(),
        others: BTreeMap::new(),
        dropped: 0,
        texts: Repaired::new(&repairs),
    };
    entry.read(what, raw)?;
    let is_repaired = entry.texts.is_repaired;
    if is_repaired {
        out.set_raw(Some(raw.bytes().to_vec()));
    }
    let keeps_original = out.keeps_original();
    let result = out.attempt(|out| {
        node::use_lane(identifier, out);
        let mut trace = Trace::default();
        let mut rec = out.begin(entry.start_unix_nano, 0, Text::EMPTY);
        rec = entry.values(rec, &mut trace);
        rec = entry.headers(rec, &mut trace);
        for (name, value) in &entry.others {
            if rec.admit() {
                let pair = rec.open(0x32);
                rec.name(Text::from(name.as_slice()));
                rec.message(0x12, value);
                rec.close(pair);
            }
        }
        if keeps_original {
            let value = match original {
                Original::Bytes => Scalar::Bytes(raw.bytes()),
                Original::Text(text) => Scalar::Str(text),
            };
            rec = rec.attr_scalar(Text::from("log.record.original"), value);
        }
        rec.dropped(entry.dropped).finish(&trace.tail());
        Ok(())
    });
    out.set_raw(None);
    // One source may have any number of streams: here the lanes are kept under their bound.
    out.end_frame();
    result
}

/// Goes through the fields of `part`; each string as a text that knows what follows it.
fn each<'a>(part: Text<'a>, mut read: impl FnMut(u32, Field<'a>) -> Result<()>) -> Result<()> {
    let mut fields = Fields::new(part.bytes());
    while let Some(field) = fields.next() {
        let (number, value) = field.map_err(|bad| RejectReason::syntax("the entry is cut, or no protobuf", bad.at))?;
        let field = match value {
            Wire::Varint(value) => Field::Number(value),
            Wire::Fixed64(value) => Field::Bits(value),
            Wire::Len(inner) => Field::Part(part.slice(fields.position() - inner.len()..fields.position())),
            Wire::Fixed32(value) => Field::Word(value),
        };
        read(number, field)?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Number(u64),
    Bits(u64),
    Word(u32),
    Part(Text<'a>),
}

/// Seconds and nanoseconds in nanoseconds.
fn nanoseconds(part: Text<'_>) -> Result<i64> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    each(part, |number, field| {
        match (number, field) {
            (1, Field::Number(value)) => seconds = value as i64,
            (2, Field::Number(value)) => nanos = i64::from(value as i32),
            _ => {}
        }
        Ok(())
    })?;
    let all = seconds.checked_mul(1_000_000_000).and_then(|all| all.checked_add(nanos));
    all.ok_or_else(|| RejectReason::value("a time or duration is too large", 0))
}

/// The value of a `UInt32Value`.
fn wrapped(part: Text<'_>) -> Result<i64> {
    let mut found = 0;
    each(part, |number, field| {
        if let (1, Field::Number(value)) = (number, field) {
            found = i64::from(value as u32);
        }
        Ok(())
    })?;
    Ok(found)
}

impl<'a> Entry<'a> {
    fn put(&mut self, op: Op, value: Value<'a>) {
        if let Some(place) = self.values.get_mut(op as usize) {
            *place = Some(value);
        }
    }

    fn int(&mut self, op: Op, value: i64) {
        self.put(op, Value::Int(value));
    }

    fn text(&mut self, op: Op, text: Text<'a>) {
        if !text.is_empty() {
            let text = self.texts.text(text);
            self.put(op, Value::Text(text));
        }
    }

    fn made(&mut self, op: Op, text: Vec<u8>) {
        if !text.is_empty() {
            let text = self.texts.keep(text);
            self.text(op, text);
        }
    }

    fn read(&mut self, what: What, raw: Text<'a>) -> Result<()> {
        each(raw, |number, field| match (what, number, field) {
            (_, 1, Field::Part(common)) => self.common(common),
            (What::Http, 2, Field::Number(version)) => {
                self.named_number(Op::Protocol, &["", "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"], version, "entry", number);
                Ok(())
            }
            (What::Http, 3, Field::Part(request)) => self.request(request),
            (What::Http, 4, Field::Part(response)) => self.response(response),
            (What::Tcp, 2, Field::Part(connection)) => each(connection, |number, field| {
                match (number, field) {
                    (1, Field::Number(bytes)) => self.int(Op::BytesReceived, bytes as i64),
                    (2, Field::Number(bytes)) => self.int(Op::BytesSent, bytes as i64),
                    _ => self.unknown("connection", number, field),
                }
                Ok(())
            }),
            _ => {
                self.unknown("entry", number, field);
                Ok(())
            }
        })?;
        // Protobuf leaves out what is zero, and the text log does not.
        for op in [Op::BytesReceived, Op::BytesSent] {
            if self.values.get(op as usize).is_some_and(Option::is_none) {
                self.int(op, 0);
            }
        }
        // A path that was not rewritten is the only one.
        if self.values.get(Op::OriginalPath as usize).is_some_and(Option::is_none) {
            self.values.swap(Op::OriginalPath as usize, Op::Path as usize);
        }
        if let Some(nanos) = self.duration.or(self.last_downstream_tx) {
            self.int(Op::Duration, nanos / 1_000_000);
        }
        if let (Some(begin), Some(end)) = (self.first_upstream_rx, self.last_downstream_tx) {
            self.int(Op::ResponseTxDuration, end.saturating_sub(begin) / 1_000_000);
        }
        Ok(())
    }

    fn common(&mut self, common: Text<'a>) -> Result<()> {
        each(common, |number, field| {
            match (number, field) {
                (1, Field::Bits(bits)) => self.other("envoy.sample_rate", double(f64::from_bits(bits))),
                (2, Field::Part(part)) => self.address("downstream_remote", Op::DownstreamRemote, None, part)?,
                (3, Field::Part(part)) => self.address("downstream_local", Op::DownstreamLocal, None, part)?,
                (4, Field::Part(part)) => self.tls(part)?,
                (5, Field::Part(part)) => {
                    let nanos = u64::try_from(nanoseconds(part)?);
                    self.start_unix_nano = nanos.map_err(|_| RejectReason::value("start_time is before 1970", 0))?;
                }
                (6..=12, Field::Part(part)) => self.moment(number, nanoseconds(part)?),
                (13, Field::Part(part)) => {
                    self.address("upstream_remote", Op::UpstreamHost, Some([Op::UpstreamRemote, Op::UpstreamRemotePort]), part)?;
                }
                (14, Field::Part(part)) => self.address("upstream_local", Op::UpstreamLocal, None, part)?,
                (15, Field::Part(text)) => self.text(Op::UpstreamCluster, text),
                (16, Field::Part(part)) => self.flags(part)?,
                (17, Field::Part(part)) => self.metadata(part)?,
                (18, Field::Part(text)) => self.text(Op::UpstreamFailure, text),
                (19, Field::Part(text)) => self.text(Op::RouteName, text),
                (20, Field::Part(part)) => self.address("downstream_direct_remote", Op::DownstreamDirectRemote, None, part)?,
                (21, Field::Part(entry)) => {
                    let (key, any) = structure::pair(entry.bytes())?;
                    let mut value = Vec::new();
                    logloom_record::proto::push_field(&mut value, 0x3a, any);
                    self.named("envoy.filter_state.", key, value);
                }
                (22, Field::Part(entry)) => {
                    let (key, text) = structure::pair(entry.bytes())?;
                    self.named("envoy.custom_tags.", key, string(text));
                }
                (23, Field::Part(part)) => self.duration = Some(nanoseconds(part)?),
                (24, Field::Number(count)) => self.int(Op::Attempts, i64::from(count as u32)),
                (25, Field::Part(text)) => self.text(Op::TerminationDetails, text),
                (26, Field::Part(text)) => self.text(Op::StreamId, text),
                (27, Field::Number(flag)) if flag != 0 => self.other("envoy.intermediate_log_entry", vec![0x10, 1]),
                (28, Field::Part(text)) => self.text(Op::DownstreamFailure, text),
                (29, Field::Number(bytes)) => self.int(Op::DownstreamWireSent, bytes as i64),
                (30, Field::Number(bytes)) => self.int(Op::DownstreamWireReceived, bytes as i64),
                (31, Field::Number(bytes)) => self.int(Op::UpstreamWireSent, bytes as i64),
                (32, Field::Number(bytes)) => self.int(Op::UpstreamWireReceived, bytes as i64),
                (33, Field::Number(kind)) => self.named_number(Op::LogType, ACCESS_LOG_TYPES, kind, "common", number),
                _ => self.unknown("common", number, field),
            }
            Ok(())
        })
    }

    /// One of the times since the start: exact, and in the text log's milliseconds where that has it.
    fn moment(&mut self, number: u32, nanos: i64) {
        let (op, millis) = match number {
            6 => (Op::LastRx, Some(Op::RequestDuration)),
            7 => (Op::FirstUpstreamTx, None),
            8 => (Op::LastUpstreamTx, Some(Op::RequestTxDuration)),
            9 => (Op::FirstUpstreamRx, Some(Op::ResponseDuration)),
            10 => (Op::LastUpstreamRx, None),
            11 => (Op::FirstDownstreamTx, None),
            _ => (Op::LastDownstreamTx, None),
        };
        self.int(op, nanos);
        if let Some(op) = millis {
            self.int(op, nanos / 1_000_000);
        }
        match number {
            9 => self.first_upstream_rx = Some(nanos),
            12 => self.last_downstream_tx = Some(nanos),
            _ => {}
        }
    }

    /// A number that stands for a name; one that no name is known for is kept as it is.
    fn named_number(&mut self, op: Op, names: &[&'static str], value: u64, part: &str, number: u32) {
        match usize::try_from(value).ok().and_then(|value| names.get(value)) {
            Some(name) => self.text(op, Text::from(*name)),
            None => self.unknown(part, number, Field::Number(value)),
        }
    }

    /// A field of a later version of the messages, by its number.
    #[cold]
    fn unknown(&mut self, part: &str, number: u32, field: Field<'_>) {
        let value = any_of(match field {
            Field::Number(value) => Wire::Varint(value),
            Field::Bits(bits) => Wire::Fixed64(bits),
            Field::Word(word) => Wire::Fixed32(word),
            Field::Part(part) => Wire::Len(part.bytes()),
        });
        let name = format!("envoy.als.{part}.{number}");
        // A repeated one stands under its name once more.
        let mut names = std::iter::once(name.clone()).chain((2..=UNKNOWN_MAX).map(|nth| format!("{name}.{nth}")));
        match names.find(|name| !self.others.contains_key(name.as_bytes())) {
            Some(name) => self.other(&name, value),
            None => self.dropped += 1,
        }
    }

    fn other(&mut self, name: &str, value: Vec<u8>) {
        self.others.insert(name.as_bytes().to_vec(), value);
    }

    /// An attribute of the entry's own name; of equal ones the last counts.
    fn named(&mut self, prefix: &str, name: &[u8], value: Vec<u8>) {
        let name = [prefix.as_bytes(), logloom_record::lossy(name).as_bytes()].concat();
        self.others.insert(name, value);
    }

    #[inline]
    fn values<'w>(&self, mut rec: RecordCursor<'w>, trace: &mut Trace) -> RecordCursor<'w> {
        for (value, target) in self.values.iter().zip(TARGETS.iter()) {
            let (Some(value), Some(target)) = (value, target) else { continue };
            rec = match value {
                Value::Text(text) => write::text(rec, target, *text, trace),
                Value::Int(number) => write::number(rec, target, *number),
            };
        }
        rec
    }

    /// Headers under the names that the text log's operators give them; one that an attribute above has already is named by rule.
    fn headers<'w>(&self, mut rec: RecordCursor<'w>, trace: &mut Trace) -> RecordCursor<'w> {
        let mut written: Vec<Vec<u8>> = Vec::new();
        if !self.headers.is_empty() {
            let there = self.values.iter().zip(TARGETS.iter()).filter(|(value, _)| value.is_some());
            written.extend(there.filter_map(|(_, target)| Some(target.as_ref()?.name.bytes().to_vec())));
        }
        for (operator, name, value) in &self.headers {
            let argument = std::str::from_utf8(name.bytes()).unwrap_or_default();
            let operator = Operator { name: operator, argument: Some(argument), cut_bytes: None };
            let own = Target::of(&operator);
            let target = if written.iter().any(|name| name == own.name.bytes()) { Target::by_rule(&operator) } else { own };
            if write::is_absent(*value) || written.iter().any(|name| name == target.name.bytes()) {
                continue;
            }
            written.push(target.name.bytes().to_vec());
            rec = write::text(rec, &target, *value, trace);
        }
        rec
    }
}
