//! One validating scan makes a Batch of OTLP bytes, which stay the very bytes that came.
//!
//! What is checked: each length lies within its message, each known field of `ExportLogsServiceRequest`, down to the last `AnyValue`, has its
//! wire type, and maps and arrays nest no deeper than [`Limits::depth_max`]. A known field of another wire type is refused, although Protobuf
//! would pass it over: such bytes are some other message (traces, mostly). Unknown fields stay and are not looked into. What is not checked:
//! whether strings are UTF-8 (only when something reads them: it would cost three times the scan itself), and the lengths of ids: one of a wrong length
//! counts as absent, as the specification asks, and leaves as it came.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    Batch, DataError, Limits,
    batch::{Block, Entry, EntryFlags, Group},
    merge, proto,
};

/// The deepest nesting that is read, in levels, as reading values is recursive: 256, the most that a limit may say, and a few that formats write
/// around a value. What they wrote must be read again from the journal.
const DEPTH_MAX: u32 = 272;

impl Batch {
    /// Adopts an OTLP `ExportLogsServiceRequest`; no bytes is the valid, empty request. The bytes become the Batch's one block.
    ///
    /// Where a message field that should stand once stands twice (Protobuf merges these), readers see a merged copy, and the bytes that came still
    /// are what [`to_otlp`](Self::to_otlp) gives.
    ///
    /// Of `limits` these hold here: `depth_max` (272 at most) and `batch_bytes_max` (4 GiB at most).
    pub fn from_otlp(bytes: Bytes, limits: &Limits) -> Result<Self, DataError> {
        if bytes.len() as u64 > limits.batch_bytes_max.min(u64::from(u32::MAX)) {
            return Err(DataError::limit("the message is larger than batch_bytes_max (or 4 GiB)", 0));
        }
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let mut scan = Scan::new(&bytes, limits);
        scan.request(Reader { bytes: &bytes, pos: 0 })?;
        let mut merged = None;
        if scan.merges {
            let copy = merge::merged(&bytes);
            scan = Scan::new(&copy, limits);
            scan.request(Reader { bytes: &copy, pos: 0 })?;
            merged = Some(Bytes::from(copy));
        }
        let (groups, index) = (scan.groups, scan.index.into());
        Ok(Self { blocks: vec![Block { bytes, head: 0, merged }], groups, index, ..Self::default() })
    }
}

/// Whether a `KeyValue` is a key and a text, each field of which stands once and has a length of one byte, as nearly all are.
#[inline(always)]
fn is_short_text(key_value: &[u8]) -> bool {
    let [0x0a, key @ 0..0x80, rest @ ..] = key_value else { return false };
    let Some([0x12, value @ 0..0x80, 0x0a, len @ 0..0x7e, text @ ..]) = rest.get(usize::from(*key)..) else { return false };
    usize::from(*len) == text.len() && *value == *len + 2
}

struct Scan {
    depth_max: u32,
    groups: Vec<Group>,
    index: Vec<Entry>,
    /// Some message field stands twice.
    merges: bool,
}

pub(crate) type Scanned<T = ()> = Result<T, DataError>;

/// The known fields of a message, bit n for field n.
const fn known(fields: &[u32]) -> u32 {
    let (mut mask, mut i) = (0, 0);
    while i < fields.len() {
        mask |= 1 << fields[i];
        i += 1;
    }
    mask
}
pub(crate) const REQUEST: u32 = known(&[1]);
pub(crate) const RESOURCE_LOGS: u32 = known(&[1, 2, 3]);
pub(crate) const SCOPE_LOGS: u32 = known(&[1, 2, 3]);
const RESOURCE: u32 = known(&[1, 2, 3]);
const SCOPE: u32 = known(&[1, 2, 3, 4]);
const LOG_RECORD: u32 = known(&[1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]);
const KEY_VALUE: u32 = known(&[1, 2]);
const ANY_VALUE: u32 = known(&[1, 2, 3, 4, 5, 6, 7]);
const VALUES: u32 = known(&[1]);

impl Scan {
    fn new(bytes: &[u8], limits: &Limits) -> Self {
        let index = Vec::with_capacity(bytes.len() / 384 + 1);
        Self { depth_max: limits.depth_max.min(DEPTH_MAX), groups: Vec::new(), index, merges: false }
    }

    fn request(&mut self, mut message: Reader<'_>) -> Scanned {
        while let Some(tag) = message.tag() {
            match tag {
                0x0a => self.resource_logs(message.enter()?)?,
                _ => message.other(REQUEST)?,
            }
        }
        Ok(())
    }

    fn resource_logs(&mut self, mut message: Reader<'_>) -> Scanned {
        let whole = message.range();
        let first = self.groups.len();
        let (mut resource, mut schema_url) = (None, 0..0);
        while let Some(tag) = message.tag() {
            match tag {
                0x0a => {
                    let part = message.enter()?;
                    self.merges |= resource.replace(part.range()).is_some();
                    self.resource(part)?;
                }
                0x12 => self.scope_logs(message.enter()?)?,
                0x1a => schema_url = message.enter()?.range(),
                _ => message.other(RESOURCE_LOGS)?,
            }
        }
        let resource = resource.unwrap_or_default();
        for group in self.groups.iter_mut().skip(first) {
            group.resource_logs = whole.clone();
            group.resource = resource.clone();
            group.resource_schema_url = schema_url.clone();
        }
        Ok(())
    }

    fn scope_logs(&mut self, mut message: Reader<'_>) -> Scanned {
        let group = self.groups.len();
        self.groups.push(Group { scope_logs: message.range(), ..Group::default() });
        let (mut scope, mut schema_url) = (None, 0..0);
        while let Some(tag) = message.tag() {
            match tag {
                0x12 => self.log_record(message.enter()?, group as u32)?,
                0x0a => {
                    let part = message.enter()?;
                    self.merges |= scope.replace(part.range()).is_some();
                    self.scope(part)?;
                }
                0x1a => schema_url = message.enter()?.range(),
                _ => message.other(SCOPE_LOGS)?,
            }
        }
        if let Some(group) = self.groups.get_mut(group) {
            group.scope = scope.unwrap_or_default();
            group.scope_schema_url = schema_url;
        }
        Ok(())
    }

    fn resource(&mut self, mut message: Reader<'_>) -> Scanned {
        while let Some(tag) = message.tag() {
            match tag {
                0x0a => self.key_value(message.enter()?, self.depth_max)?,
                0x10 => message.skip_varint()?,
                0x1a => message.skip_len()?,
                _ => message.other(RESOURCE)?,
            }
        }
        Ok(())
    }

    fn scope(&mut self, mut message: Reader<'_>) -> Scanned {
        while let Some(tag) = message.tag() {
            match tag {
                0x0a | 0x12 => message.skip_len()?,
                0x1a => self.key_value(message.enter()?, self.depth_max)?,
                0x20 => message.skip_varint()?,
                _ => message.other(SCOPE)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn log_record(&mut self, mut message: Reader<'_>, group: u32) -> Scanned {
        let Range { start, end } = message.range();
        let (mut time, mut observed, mut severity, mut trace_id) = (0, 0, 0, [0; 16]);
        let mut has_body = false;
        while let Some(tag) = message.tag() {
            match tag {
                0x32 => self.key_value(message.enter()?, self.depth_max)?,
                0x09 => time = message.fixed64()?,
                0x59 => observed = message.fixed64()?,
                0x10 => severity = message.varint()?,
                0x2a => {
                    self.merges |= has_body;
                    has_body = true;
                    self.any_value(message.enter()?, self.depth_max)?;
                }
                0x1a | 0x52 | 0x62 => message.skip_len()?,
                0x4a => {
                    let id = message.enter()?;
                    trace_id = id.rest().try_into().unwrap_or_default();
                }
                0x38 => message.skip_varint()?,
                0x45 => message.skip(4)?,
                _ => message.other(LOG_RECORD)?,
            }
        }
        let severity = (severity as i32).clamp(0, 255) as u8;
        let time_unix_nano = if time == 0 { observed } else { time };
        self.index.push(Entry { group, start, end, severity, flags: EntryFlags::default(), time_unix_nano, trace_id });
        Ok(())
    }

    #[inline(always)]
    fn key_value(&mut self, mut message: Reader<'_>, depth: u32) -> Scanned {
        if is_short_text(message.rest()) {
            return Ok(());
        }
        let mut has_value = false;
        while let Some(tag) = message.tag() {
            match tag {
                0x0a => message.skip_len()?,
                0x12 => {
                    self.merges |= has_value;
                    has_value = true;
                    self.any_value(message.enter()?, depth)?;
                }
                _ => message.other(KEY_VALUE)?,
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn any_value(&mut self, mut message: Reader<'_>, depth: u32) -> Scanned {
        let mut has_messages = false;
        while let Some(tag) = message.tag() {
            match tag {
                0x0a | 0x3a => message.skip_len()?,
                0x10 | 0x18 => message.skip_varint()?,
                0x21 => message.skip(8)?,
                0x2a | 0x32 => {
                    self.merges |= has_messages;
                    has_messages = true;
                    let at = message.pos;
                    let depth = depth.checked_sub(1).ok_or_else(|| DataError::limit("maps and arrays nest deeper than depth_max", at))?;
                    self.values(message.enter()?, tag == 0x32, depth)?;
                }
                _ => message.other(ANY_VALUE)?,
            }
        }
        Ok(())
    }

    /// The values of an `ArrayValue`, or the pairs of a `KeyValueList`.
    fn values(&mut self, mut message: Reader<'_>, pairs: bool, depth: u32) -> Scanned {
        while let Some(tag) = message.tag() {
            match tag {
                0x0a if pairs => self.key_value(message.enter()?, depth)?,
                0x0a => self.any_value(message.enter()?, depth)?,
                _ => message.other(VALUES)?,
            }
        }
        Ok(())
    }
}

/// A message: `bytes` ends where it ends and begins where the whole does, so that positions are those of the whole.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) pos: usize,
}

impl<'a> Reader<'a> {
    #[inline(always)]
    pub(crate) fn range(&self) -> Range<u32> {
        self.pos as u32..self.bytes.len() as u32
    }

    #[inline(always)]
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.pos..).unwrap_or_default()
    }

    /// The next tag, where it is one byte; `None` at the end of the message. A longer one starts with a byte that no known field has, so
    /// that it is for [`other`](Self::other).
    #[inline(always)]
    pub(crate) fn tag(&mut self) -> Option<u8> {
        let tag = self.bytes.get(self.pos).copied()?;
        self.pos += 1;
        Some(tag)
    }

    #[inline(always)]
    fn varint(&mut self) -> Scanned<u64> {
        let Some((value, len)) = proto::varint(self.rest()) else {
            return Err(DataError::syntax("expected a number, found one that is cut short or over 64 bits", self.pos));
        };
        self.pos += len;
        Ok(value)
    }

    #[inline(always)]
    fn skip_varint(&mut self) -> Scanned {
        self.varint().map(|_| ())
    }

    #[inline(always)]
    fn fixed64(&mut self) -> Scanned<u64> {
        let Some(bytes) = self.rest().first_chunk() else { return Err(self.cut()) };
        self.pos += 8;
        Ok(u64::from_le_bytes(*bytes))
    }

    #[inline(always)]
    fn skip(&mut self, len: usize) -> Scanned {
        if len > self.bytes.len() - self.pos {
            return Err(self.cut());
        }
        self.pos += len;
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn skip_len(&mut self) -> Scanned {
        let len = self.varint()?;
        self.skip(usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// A length-delimited field as a message.
    #[inline(always)]
    pub(crate) fn enter(&mut self) -> Scanned<Self> {
        let len = self.varint()?;
        let pos = self.pos;
        let end = usize::try_from(len).ok().and_then(|len| pos.checked_add(len));
        let Some(bytes) = end.and_then(|end| self.bytes.get(..end)) else { return Err(self.cut()) };
        self.pos = bytes.len();
        Ok(Self { bytes, pos })
    }

    #[cold]
    fn cut(&self) -> DataError {
        DataError::truncated("a field is longer than the message it stands in", self.pos)
    }

    /// Passes over a field whose first byte was just read, and which is none of the `known` fields in their wire types.
    #[cold]
    #[inline(never)]
    pub(crate) fn other(&mut self, known: u32) -> Scanned {
        self.pos -= 1;
        let at = self.pos;
        let tag = self.varint()?;
        let field = tag >> 3;
        if field == 0 || field > 0x1fff_ffff {
            return Err(DataError::syntax("a field has a number outside of 1 to 2^29-1: this is not protobuf", at));
        }
        if field < 32 && known & (1 << field) != 0 {
            return Err(DataError::syntax("a field has another wire type than OTLP logs give it: this is some other message", at));
        }
        match tag & 7 {
            0 => self.skip_varint(),
            1 => self.skip(8),
            2 => self.skip_len(),
            5 => self.skip(4),
            _ => Err(DataError::syntax("a field has a wire type that OTLP never uses: this is not an OTLP message", at)),
        }
    }
}
