//! What is known of a frame besides its bytes.

use crate::{
    Key, Text,
    proto::{push_string_attribute, push_varint, varint_len},
};

/// What a frame's records get from what it came in, such as a line of a container's log or a trace that was joined: attributes behind the
/// format's own, the time where the format finds none, and the original that stands for what the format would keep. Its memory stays from
/// frame to frame.
#[derive(Debug, Default)]
pub struct Envelope {
    /// Fields `attributes` of a `LogRecord`, encoded.
    pub(crate) attributes: Vec<u8>,
    pub(crate) time_unix_nano: u64,
    pub(crate) has_original: bool,
    pub(crate) keep_original: bool,
}

const ORIGINAL: Key = Key::new("log.record.original");
/// What is kept of the memory from frame to frame, at most.
const KEPT_BYTES_MAX: usize = 1 << 20;

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
        crate::proto::push_field(out, 0x0a, name);
        out.extend_from_slice(&[0x12, any as u8, 0x18]);
        push_varint(out, value as u64);
        self
    }

    /// What the frame was cut out of, as it came: it is kept in place of what the format would keep, unless originals are not kept.
    #[inline(always)]
    pub fn original(&mut self, raw: Text<'_>) -> &mut Self {
        if self.keep_original {
            self.attr(ORIGINAL.name(), raw.bytes());
        }
        self.has_original = true;
        self
    }

    /// Whether there is an original already.
    pub fn has_original(&self) -> bool {
        self.has_original
    }

    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.attributes.clear();
        (self.time_unix_nano, self.has_original) = (0, false);
        if self.attributes.capacity() > KEPT_BYTES_MAX {
            self.attributes = Vec::new();
        }
    }
}
