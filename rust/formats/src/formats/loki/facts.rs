//! What labels and structured metadata say of a line.

use logloom_record::{RejectReason, Text, lossy, proto::push_string_attribute};

use crate::{
    ids,
    json::{Seen, hash},
    severity::{self, Scale},
};

/// Labels, or the structured metadata of one line, as attributes.
#[derive(Default)]
pub(super) struct Facts {
    /// Encoded as a record's.
    pub(super) attributes: Vec<u8>,
    pub(super) severity: u8,
    pub(super) severity_text: Vec<u8>,
    /// Of several words for the severity, the better one counts.
    pub(super) severity_rank: u8,
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) span_id: Option<[u8; 8]>,
    pub(super) service: Vec<u8>,
    seen: Seen,
    /// One behind the other.
    names: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

/// What a line's own label has behind its name where its stream has a label of that name: Loki's word for it.
const EXTRACTED: &[u8] = b"_extracted";

impl Facts {
    pub(super) fn clear(&mut self) {
        self.attributes.clear();
        (self.severity, self.severity_rank, self.trace_id, self.span_id) = (0, 0, None, None);
        self.severity_text.clear();
        self.service.clear();
        self.seen = Seen::default();
        self.names.clear();
        self.ends.clear();
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is one of this name.
    fn has(&self, name: &[u8]) -> bool {
        let mut start = 0;
        self.ends.iter().any(|&end| self.names.get(std::mem::replace(&mut start, end)..end) == Some(name))
    }

    /// Takes one more. `stream`: those of the stream, where these are a line's own. `with_ids`: ids become the record's.
    pub(super) fn add(&mut self, name: &[u8], value: &[u8], stream: Option<&Self>, with_ids: bool, most: u32) -> Result<(), RejectReason> {
        if self.len() + stream.map_or(0, Self::len) >= most as usize {
            return Err(RejectReason::limit("more labels than attributes_max", 0));
        }
        let (name, value) = (lossy(name), lossy(value));
        let (name, value) = (name.as_bytes(), value.as_bytes());
        if with_ids && self.is_id(name, value) {
            return Ok(());
        }
        self.learn(name, value);
        let key = hash(Text::from(name));
        let is_new = !self.seen.add(key) && stream.is_none_or(|stream| !stream.may_have(key));
        if is_new || !(self.has(name) || stream.is_some_and(|stream| stream.has(name))) {
            return self.put(name, value);
        }
        let mut other = name.to_vec();
        while self.has(&other) || stream.is_some_and(|stream| stream.has(&other)) {
            other.extend_from_slice(EXTRACTED);
        }
        self.seen.add(hash(Text::from(other.as_slice())));
        self.put(&other, value)
    }

    #[allow(clippy::unnecessary_wraps)] // ends `add`
    fn put(&mut self, name: &[u8], value: &[u8]) -> Result<(), RejectReason> {
        self.names.extend_from_slice(name);
        self.ends.push(self.names.len());
        push_string_attribute(&mut self.attributes, 0x32, name, value);
        Ok(())
    }

    fn may_have(&self, key: u32) -> bool {
        self.seen.has(key)
    }

    /// Whether it is an id as OpenTelemetry has them, under one of the usual names.
    fn is_id(&mut self, name: &[u8], value: &[u8]) -> bool {
        match name {
            b"trace_id" | b"traceid" | b"traceID" | b"traceId" | b"TraceId" | b"TraceID" if self.trace_id.is_none() => {
                self.trace_id = ids::trace_id(value);
                self.trace_id.is_some()
            }
            b"span_id" | b"spanid" | b"spanID" | b"spanId" | b"SpanId" | b"SpanID" if self.span_id.is_none() => {
                self.span_id = ids::span_id(value);
                self.span_id.is_some()
            }
            _ => false,
        }
    }

    /// What it says besides being an attribute.
    fn learn(&mut self, name: &[u8], value: &[u8]) {
        let rank = match name {
            b"service_name" => return self.service.extend_from_slice(value),
            b"severity_number" => 5,
            b"severity_text" => 4,
            b"level" | b"severity" | b"LEVEL" | b"Level" | b"SEVERITY" | b"Severity" => 3,
            b"lvl" | b"loglevel" | b"log_level" => 2,
            b"detected_level" => 1, // what Loki made of the line
            _ => return,
        };
        let number = |scale| std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).map(|n| severity::of_number(n, scale));
        let known = match rank {
            5 => number(Scale::OpenTelemetry).unwrap_or(0),
            _ => number(Scale::Level).unwrap_or_else(|| severity::of_text(Text::from(value))),
        };
        if known == 0 || rank < self.severity_rank {
            return;
        }
        (self.severity, self.severity_rank) = (known, rank);
        if rank < 5 {
            self.severity_text.clear();
            self.severity_text.extend_from_slice(value);
        }
    }
}
