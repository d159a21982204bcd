//! What is known of a frame besides its bytes.

use crate::{
    BatchWriter, Key,
    proto::{push_field, push_string_attribute, push_varint, varint_len},
    sink::observed,
};

/// What a frame's records get from what it came in, such as a line of a container's log or a trace that was joined: attributes behind the
/// format's own, the time where the format finds none, and the original that stands for what the format would keep. Its memory stays from
/// frame to frame.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a fact by itself
pub struct Envelope {
    /// Fields `attributes` of a `LogRecord`, encoded.
    pub(crate) attributes: Vec<u8>,
    pub(crate) time_unix_nano: u64,
    pub(crate) severity: (u8, &'static str),
    pub(crate) has_original: bool,
    /// The original is among the attributes.
    pub(crate) carries_original: bool,
    pub(crate) keep_original: bool,
    /// What came was not UTF-8.
    pub(crate) is_repaired: bool,
}

const ORIGINAL: Key = Key::new("log.record.original");
/// What is kept of the memory from frame to frame, at most.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// What an [`Envelope`] had at some point.
#[derive(Clone, Copy, Debug)]
pub struct Outer {
    attributes_len: usize,
    time_unix_nano: u64,
    severity: (u8, &'static str),
    has_original: bool,
    carries_original: bool,
}

impl Envelope {
    /// The time of records that have none of their own.
    #[inline(always)]
    pub fn time(&mut self, unix_nano: u64) -> &mut Self {
        self.time_unix_nano = unix_nano;
        self
    }

    /// A string attribute of each record. Not counted against `attributes_max`: what adds one bounds them.
    pub fn attr(&mut self, name: &[u8], value: &[u8]) -> &mut Self {
        push_string_attribute(&mut self.attributes, 0x32, name, value);
        self
    }

    /// An integer attribute of each record.
    pub fn attr_int(&mut self, name: &[u8], value: i64) -> &mut Self {
        let any = 1 + varint_len(value as u64);
        let kv = 1 + varint_len(name.len() as u64) + name.len() + 2 + any;
        let out = &mut self.attributes;
        out.push(0x32);
        push_varint(out, kv as u64);
        push_field(out, 0x0a, name);
        out.extend_from_slice(&[0x12, any as u8, 0x18]);
        push_varint(out, value as u64);
        self
    }

    /// An attribute of each record, whose value is the content of an `AnyValue`.
    pub fn attr_of(&mut self, name: &[u8], any: &[u8]) -> &mut Self {
        let kv = 1 + varint_len(name.len() as u64) + name.len() + 1 + varint_len(any.len() as u64) + any.len();
        let out = &mut self.attributes;
        out.push(0x32);
        push_varint(out, kv as u64);
        push_field(out, 0x0a, name);
        push_field(out, 0x12, any);
        self
    }

    /// The attributes so far, encoded as a record's; they stand behind its own.
    pub fn attributes(&self) -> &[u8] {
        &self.attributes
    }

    /// Attributes that are encoded already, as [`push_string_attribute`] does with tag 0x32.
    #[inline(always)]
    pub fn encoded(&mut self, attributes: &[u8]) -> &mut Self {
        self.attributes.extend_from_slice(attributes);
        self
    }

    /// What the frame was cut out of, as it came: it is kept in place of what the format would keep, unless originals are not kept. What is
    /// not UTF-8 is kept as bytes; `checked`: it is known to be.
    #[inline(always)]
    pub fn original(&mut self, raw: &[u8], checked: bool) -> &mut Self {
        self.has_original = true;
        if !checked && std::str::from_utf8(raw).is_err() {
            self.bytes(ORIGINAL.name(), raw);
            self.carries_original = true;
        } else if self.keep_original {
            self.attr(ORIGINAL.name(), raw);
            self.carries_original = true;
        }
        self
    }

    /// A bytes attribute of each record. Those that the frame was before its repair are always kept.
    #[cold]
    fn bytes(&mut self, name: &[u8], value: &[u8]) {
        let any = 1 + varint_len(value.len() as u64) + value.len();
        let kv = 1 + varint_len(name.len() as u64) + name.len() + 1 + varint_len(any as u64) + any;
        let out = &mut self.attributes;
        out.push(0x32);
        push_varint(out, kv as u64);
        push_field(out, 0x0a, name);
        out.push(0x12);
        push_varint(out, any as u64);
        push_field(out, 0x3a, value);
        self.is_repaired = true;
    }

    /// There is no original: the frame came in parts, each of which is a value of its own.
    pub fn no_original(&mut self) -> &mut Self {
        self.has_original = true;
        self
    }

    /// The severity, and its spelling, of records that have none of their own.
    pub fn severity(&mut self, number: u8, text: &'static str) -> &mut Self {
        self.severity = (number, text);
        self
    }

    /// What the envelope has so far, for a format that reads a part of its frame by another one: what it adds for that is
    /// [taken out](Self::restore) again.
    #[must_use]
    pub fn outer(&self) -> Outer {
        let Self { time_unix_nano, severity, has_original, carries_original, .. } = *self;
        Outer { attributes_len: self.attributes.len(), time_unix_nano, severity, has_original, carries_original }
    }

    /// Takes out what was added since.
    pub fn restore(&mut self, outer: &Outer) {
        self.attributes.truncate(outer.attributes_len);
        (self.time_unix_nano, self.severity, self.has_original) = (outer.time_unix_nano, outer.severity, outer.has_original);
        self.carries_original = outer.carries_original;
    }

    /// Whether there is an original already.
    pub fn has_original(&self) -> bool {
        self.has_original
    }

    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.attributes.clear();
        (self.time_unix_nano, self.severity, self.has_original, self.is_repaired) = (0, (0, ""), false, false);
        self.carries_original = false;
        if self.attributes.capacity() > KEPT_BYTES_MAX {
            self.attributes = Vec::new();
        }
    }
}

impl BatchWriter {
    /// What is known of the next frame from where it came in, such as a container's log: it is added to each of its records, and to its
    /// Reject. Filled in by who cuts the frame out, before the frame is read, and [emptied](Self::end_envelope) after.
    #[inline(always)]
    pub fn envelope(&mut self) -> &mut Envelope {
        self.sink.envelope.keep_original = self.keep_original && self.sink.raw.is_none();
        &mut self.sink.envelope
    }

    /// The frames that follow came as they are.
    #[inline(always)]
    pub fn end_envelope(&mut self) {
        self.sink.envelope.clear();
        self.sink.observed = observed(self.sink.arrival_unix_nano);
    }

    /// When the frames of this [envelope](Self::envelope) were first seen, such as by a container's runtime: their observed time, which is
    /// the arrival otherwise. 0: not known.
    #[inline(always)]
    pub fn observed_at(&mut self, unix_nano: u64) {
        if unix_nano != 0 {
            self.sink.observed = observed(unix_nano);
        }
    }
}
