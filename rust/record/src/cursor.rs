//! One record on its way into a Batch.

use crate::{
    Key, Scalar, Text,
    batch::{Entry, EntryFlags},
    proto::{put_varint, spread, varint_len},
    sink::{OpenRecord, Sink},
    status::http_status,
};

/// A position that no buffer reaches: once space ran out every later write fails too, and `finish` says so.
const OUT_OF_SPACE: usize = usize::MAX / 2;
/// Room that the fast paths ask for at once, so that one check serves a whole attribute.
const ROOM: usize = 160;

/// Where a length is still to be written.
#[derive(Clone, Copy, Debug)]
#[must_use = "a length that is not closed leaves the record malformed"]
pub struct LengthMark(usize);

/// What stands behind the attributes of a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tail<'a> {
    /// `flags`: the low 8 bits are the W3C trace flags.
    pub flags: u32,
    /// `trace_id`; `None` or zero where there is none.
    pub trace_id: Option<[u8; 16]>,
    /// `span_id`; `None` or zero where there is none.
    pub span_id: Option<[u8; 8]>,
    /// `event_name`; empty where there is none.
    pub event_name: &'a [u8],
}

/// One record, written in field order: `begin` (time, severity), body, attributes, `finish` (the [`Tail`]).
///
/// By value, so that its position stays in registers. Only [`finish`](Self::finish) makes the record part of
/// the Batch; a cursor that is dropped leaves nothing behind. A write that finds no space fails silently and
/// for good; the driver sees it on the writer, grows the buffer and runs the frame once more.
#[derive(Debug)]
#[must_use = "only `finish` makes the record part of the Batch"]
pub struct RecordCursor<'w> {
    buf: &'w mut [u8],
    pos: usize,
    sink: &'w mut Sink,
}

impl<'w> RecordCursor<'w> {
    #[inline(always)]
    pub(crate) fn begin(buf: &'w mut [u8], sink: &'w mut Sink, time_unix_nano: u64, severity: u8, severity_text: Text<'_>) -> Self {
        let pos = sink.pos;
        let time_unix_nano = if time_unix_nano == 0 { sink.envelope.time_unix_nano } else { time_unix_nano };
        let (severity, severity_text) = match sink.envelope.severity {
            (known, text) if known != 0 && severity == 0 && severity_text.is_empty() => (known, Text::from(text)),
            _ => (severity, severity_text),
        };
        let flags = if sink.envelope.is_repaired { EntryFlags::REPAIRED } else { 0 };
        sink.open = OpenRecord { start: pos + 3, time_unix_nano, severity, flags, attributes: 0, dropped: 0 };
        let mut cursor = Self { buf, pos, sink };
        // Field 2 of ScopeLogs; two bytes are kept for the length, which `finish` moves when it needs another size.
        if time_unix_nano == 0 {
            cursor.raw(&[0x12, 0, 0]);
        } else {
            let mut head = [0x12, 0, 0, 0x09, 0, 0, 0, 0, 0, 0, 0, 0];
            head[4..].copy_from_slice(&time_unix_nano.to_le_bytes());
            cursor.raw(&head);
        }
        if severity != 0 {
            cursor.raw(&[0x10, severity & 0x7f]);
        }
        if !severity_text.is_empty() {
            cursor.len_field(0x1a, severity_text);
        }
        cursor
    }

    pub(crate) fn rejected(self) -> Self {
        self.sink.open.flags |= EntryFlags::REJECT;
        self
    }

    /// The body as a string; none is written for an empty one of no meaning, so ask before.
    #[inline(always)]
    pub fn body(mut self, text: Text<'_>) -> Self {
        let n = text.len();
        let any = 1 + varint_len(n as u64) + n;
        self.raw(&[0x2a]);
        self.varint(any as u64);
        self.len_field(0x0a, text);
        self
    }

    /// The body as any scalar.
    pub fn body_scalar(mut self, value: Scalar<'_>) -> Self {
        let mark = self.open(0x2a);
        self.scalar(value);
        self.close(mark);
        self
    }

    /// A string attribute. Not counted against `attributes_max`: keys known beforehand are few.
    #[inline(always)]
    pub fn attr(mut self, key: &Key, value: Text<'_>) -> Self {
        let n = value.len();
        let name = usize::from(key.name_len) & 63;
        if n <= 64
            && n + name <= 121
            && let Some(out) = self.buf.get_mut(self.pos..).and_then(<[u8]>::first_chunk_mut::<ROOM>)
        {
            if name <= 24 {
                out[..32].copy_from_slice(&key.head[..32]);
            } else {
                out[..64].copy_from_slice(&key.head);
            }
            out[1] = (name + n + 6) as u8;
            out[5 + name] = (n + 2) as u8;
            out[7 + name] = n as u8;
            value.copy_short(&mut out[8 + name..]);
            self.pos += 8 + name + n;
            return self;
        }
        self.pos = if n <= 128 {
            medium_kv(self.buf, self.pos, key, value)
        } else {
            long_kv(self.buf, self.pos, 0x32, key.text(), Scalar::Str(value))
        };
        self
    }

    /// An integer attribute.
    #[inline(always)]
    pub fn attr_i64(mut self, key: &Key, value: i64) -> Self {
        let name = usize::from(key.name_len) & 63;
        if let Some(out) = self.buf.get_mut(self.pos..).and_then(<[u8]>::first_chunk_mut::<ROOM>) {
            if name <= 24 {
                out[..32].copy_from_slice(&key.head[..32]);
            } else {
                out[..64].copy_from_slice(&key.head);
            }
            out[6 + name] = 0x18;
            let n = varint_len(value as u64);
            if n <= 8 {
                out[7 + name..15 + name].copy_from_slice(&spread(value as u64, n).to_le_bytes());
            } else {
                put_varint(&mut out[7 + name..], value as u64);
            }
            out[1] = (name + n + 5) as u8;
            out[5 + name] = (n + 1) as u8;
            self.pos += 7 + name + n;
            return self;
        }
        self.pos = OUT_OF_SPACE;
        self
    }

    /// An attribute that is a list of one string, as the conventions have headers. Not counted against `attributes_max`.
    #[inline(always)]
    pub fn attr_list(mut self, key: &Key, value: Text<'_>) -> Self {
        let n = value.len();
        let name = usize::from(key.name_len) & 63;
        if n <= 64
            && n + name <= 117
            && let Some(out) = self.buf.get_mut(self.pos..).and_then(<[u8]>::first_chunk_mut::<ROOM>)
        {
            if name <= 24 {
                out[..32].copy_from_slice(&key.head[..32]);
            } else {
                out[..64].copy_from_slice(&key.head);
            }
            out[1] = (name + n + 10) as u8;
            let lengths = [(n + 6) as u8, 0x2a, (n + 4) as u8, 0x0a, (n + 2) as u8, 0x0a, n as u8];
            out[5 + name..12 + name].copy_from_slice(&lengths);
            value.copy_short(&mut out[12 + name..]);
            self.pos += 12 + name + n;
            return self;
        }
        self.pos = list_kv(self.buf, self.pos, key.name(), value);
        self
    }

    /// Like [`attr_list`](Self::attr_list), of any name.
    pub fn attr_list_named(mut self, name: Text<'_>, value: Text<'_>) -> Self {
        let (k, n) = (name.len(), value.len());
        if k <= 48
            && n <= 64
            && let Some(out) = self.buf.get_mut(self.pos..).and_then(<[u8]>::first_chunk_mut::<ROOM>)
        {
            out[..4].copy_from_slice(&[0x32, (k + n + 10) as u8, 0x0a, k as u8]);
            name.copy_short(&mut out[4..]);
            let lengths = [0x12, (n + 6) as u8, 0x2a, (n + 4) as u8, 0x0a, (n + 2) as u8, 0x0a, n as u8];
            out[4 + k..12 + k].copy_from_slice(&lengths);
            value.copy_short(&mut out[12 + k..]);
            self.pos += 12 + k + n;
            return self;
        }
        self.pos = list_kv(self.buf, self.pos, name.bytes(), value);
        self
    }

    /// A double attribute.
    pub fn attr_f64(self, key: &Key, value: f64) -> Self {
        self.attr_scalar(Text::from(key.name()), Scalar::Double(value))
    }

    /// A boolean attribute.
    pub fn attr_bool(self, key: &Key, value: bool) -> Self {
        self.attr_scalar(Text::from(key.name()), Scalar::Bool(value))
    }

    /// An attribute of any key and scalar; over `attributes_max` it is counted as dropped instead.
    #[inline]
    pub fn attr_scalar(mut self, name: Text<'_>, value: Scalar<'_>) -> Self {
        if self.admit() {
            self.scalar_entry(0x32, name, value);
        }
        self
    }

    /// A string attribute of any key; over `attributes_max` it is counted as dropped instead.
    #[inline(always)]
    pub fn attr_text(mut self, name: Text<'_>, value: Text<'_>) -> Self {
        if self.admit() {
            self.string_entry(0x32, name, value);
        }
        self
    }

    /// An integer attribute of any key; over `attributes_max` it is counted as dropped instead.
    #[inline(always)]
    pub fn attr_int(mut self, name: Text<'_>, value: i64) -> Self {
        if self.admit() {
            self.number_entry(0x32, name, 0x18, value as u64, varint_len(value as u64));
        }
        self
    }

    /// Counts attributes that the format itself left out.
    #[inline(always)]
    pub fn dropped(self, attributes: u32) -> Self {
        self.sink.open.dropped = self.sink.open.dropped.saturating_add(attributes);
        self
    }

    /// Whether one attribute more is allowed; counts it as written or as dropped. For attributes that are written
    /// piece by piece with [`open`](Self::open).
    #[inline]
    pub fn admit(&mut self) -> bool {
        let admitted = self.sink.open.attributes < self.sink.attributes_max;
        if admitted {
            self.sink.open.attributes += 1;
        } else {
            self.sink.open.dropped += 1;
        }
        admitted
    }

    /// Begins a length-delimited field of one tag byte, which [`close`](Self::close) ends. With it nested values are
    /// written piece by piece: an attribute is `open(0x32)`, `name`, `open(0x12)`, a value; a map is `open(0x32)` of entries
    /// `open(0x0a)`; an array is `open(0x2a)` of values `open(0x0a)`.
    #[inline]
    pub fn open(&mut self, tag: u8) -> LengthMark {
        self.raw(&[tag, 0]);
        LengthMark(self.pos)
    }

    /// Ends what `mark` began: fills in the length, moving the content where it takes more than one byte.
    #[inline]
    pub fn close(&mut self, mark: LengthMark) {
        let Some(len) = self.pos.checked_sub(mark.0).filter(|_| self.pos <= self.buf.len()) else {
            self.pos = OUT_OF_SPACE;
            return;
        };
        if len < 0x80 {
            if let Some(place) = self.buf.get_mut(mark.0 - 1) {
                *place = len as u8;
            }
            return;
        }
        let extra = varint_len(len as u64) - 1;
        if extra > 0 {
            if self.pos + extra > self.buf.len() {
                self.pos = OUT_OF_SPACE;
                return;
            }
            self.buf.copy_within(mark.0..self.pos, mark.0 + extra);
            self.pos += extra;
        }
        if let Some(out) = self.buf.get_mut(mark.0 - 1..) {
            put_varint(out, len as u64);
        }
    }

    /// Writes the key of a `KeyValue` that was opened.
    #[inline]
    pub fn name(&mut self, name: Text<'_>) {
        self.len_field(0x0a, name);
    }

    /// Writes the content of an `AnyValue` that was opened.
    #[inline]
    pub fn scalar(&mut self, value: Scalar<'_>) {
        match value {
            Scalar::Null => {}
            Scalar::Str(text) => self.len_field(0x0a, text),
            Scalar::Bool(value) => self.raw(&[0x10, u8::from(value)]),
            Scalar::Int(value) => {
                self.raw(&[0x18]);
                self.varint(value as u64);
            }
            Scalar::Double(value) => {
                self.raw(&[0x21]);
                self.raw(&value.to_le_bytes());
            }
            Scalar::Bytes(bytes) => self.len_field(0x3a, Text::from(bytes)),
        }
    }

    /// Writes a length-delimited field of one tag byte whose content is encoded already, such as an `AnyValue` that came as OTLP.
    #[inline]
    pub fn message(&mut self, tag: u8, content: &[u8]) {
        self.len_field(tag, Text::from(content));
    }

    /// Counts attributes that the sender left out, as it said.
    #[inline]
    pub fn count_dropped(&mut self, attributes: u32) {
        self.sink.open.dropped = self.sink.open.dropped.saturating_add(attributes);
    }

    /// Makes the record part of the Batch.
    #[inline(always)]
    pub fn finish(mut self, tail: &Tail<'_>) {
        let enveloped = self.sink.envelope.attributes.len();
        if enveloped > 0 {
            let end = self.pos + enveloped;
            match self.buf.get_mut(self.pos..end) {
                Some(out) => {
                    out.copy_from_slice(&self.sink.envelope.attributes);
                    self.pos = end;
                }
                None => self.pos = OUT_OF_SPACE,
            }
        }
        let sink = &self.sink;
        if sink.raw.is_some() || sink.open.dropped > 0 || sink.severity_of_status.is_some() || sink.places.is_some() {
            self = self.apart(marks);
        }
        if tail.flags != 0 {
            self.raw(&[0x45]);
            self.raw(&tail.flags.to_le_bytes());
        }
        let mut trace_id = [0; 16];
        if let Some(id) = tail.trace_id.filter(|id| *id != [0; 16]) {
            trace_id = id;
            self.raw(&[0x4a, 16]);
            self.raw(&id);
        }
        if let Some(id) = tail.span_id.filter(|id| *id != [0; 8]) {
            self.raw(&[0x52, 8]);
            self.raw(&id);
        }
        if let Some(observed) = self.sink.observed {
            self.raw(&observed);
        }
        if !tail.event_name.is_empty() {
            self.len_field(0x62, Text::from(tail.event_name));
        }
        let OpenRecord { start, time_unix_nano, severity, flags, .. } = self.sink.open;
        let len = self.pos.wrapping_sub(start);
        if self.pos > self.buf.len() {
            self.sink.overflowed = true;
            return;
        }
        let mut start = start;
        if (0x80..0x4000).contains(&len) {
            if let Some([a, b]) = self.buf.get_mut(start - 2..).and_then(<[u8]>::first_chunk_mut::<2>) {
                *a = len as u8 | 0x80;
                *b = (len >> 7) as u8;
            }
        } else {
            let Some(moved) = move_record(self.buf, self.sink, start, len) else { return };
            start = moved;
        }
        self.sink.index.push(Entry {
            group: self.sink.group,
            start: start as u32,
            end: (start + len) as u32,
            severity,
            flags: EntryFlags(flags),
            time_unix_nano: if time_unix_nano == 0 { self.sink.arrival_unix_nano } else { time_unix_nano },
            trace_id,
        });
        self.sink.pos = start + len;
    }

    /// Writes by a function that is not inlined. It gets a cursor of its own: one whose address is taken anywhere would be kept in
    /// memory everywhere, which costs a record a quarter of its time.
    #[inline(always)]
    pub fn apart(self, write: impl for<'a> FnOnce(RecordCursor<'a>) -> RecordCursor<'a>) -> Self {
        let Self { buf, pos, sink } = self;
        let pos = write(RecordCursor { buf: &mut *buf, pos, sink: &mut *sink }).pos;
        Self { buf, pos, sink }
    }

    /// A whole `KeyValue` with a string value as field `tag`: `0x0a` for the entries of a map that was opened.
    #[inline(always)]
    pub fn string_entry(&mut self, tag: u8, name: Text<'_>, value: Text<'_>) {
        let (k, n) = (name.len(), value.len());
        if k <= 56
            && n <= 64
            && let Some(out) = self.buf.get_mut(self.pos..).and_then(<[u8]>::first_chunk_mut::<ROOM>)
        {
            out[..4].copy_from_slice(&[tag, (k + n + 6) as u8, 0x0a, k as u8]);
            name.copy_short(&mut out[4..]);
            out[4 + k..8 + k].copy_from_slice(&[0x12, (n + 2) as u8, 0x0a, n as u8]);
            value.copy_short(&mut out[8 + k..]);
            self.pos += 8 + k + n;
            return;
        }
        self.pos = if n <= 128 {
            medium_entry(self.buf, self.pos, tag, name, value)
        } else {
            long_kv(self.buf, self.pos, tag, name, Scalar::Str(value))
        };
    }

    /// A whole `KeyValue` with any scalar as field `tag`: `0x0a` for the entries of a map that was opened.
    #[inline(always)]
    pub fn scalar_entry(&mut self, tag: u8, name: Text<'_>, value: Scalar<'_>) {
        let (number_tag, number, n) = match value {
            Scalar::Str(text) => return self.string_entry(tag, name, text),
            Scalar::Bool(value) => (0x10, u64::from(value), 1),
            Scalar::Int(value) => (0x18, value as u64, varint_len(value as u64)),
            Scalar::Double(value) => (0x21, value.to_bits(), 8),
            Scalar::Null | Scalar::Bytes(_) => {
                self.pos = long_kv(self.buf, self.pos, tag, name, value);
                return;
            }
        };
        self.number_entry(tag, name, number_tag, number, n);
    }

    /// A whole `KeyValue` with a number of `n` bytes: fixed ones behind the tag `0x21`, a varint behind others.
    #[inline(always)]
    fn number_entry(&mut self, tag: u8, name: Text<'_>, number_tag: u8, number: u64, n: usize) {
        let k = name.len();
        if k <= 56
            && let Some(out) = self.buf.get_mut(self.pos..).and_then(<[u8]>::first_chunk_mut::<ROOM>)
        {
            out[..4].copy_from_slice(&[tag, (k + n + 5) as u8, 0x0a, k as u8]);
            name.copy_short(&mut out[4..]);
            out[4 + k..7 + k].copy_from_slice(&[0x12, (n + 1) as u8, number_tag]);
            if number_tag == 0x21 {
                out[7 + k..15 + k].copy_from_slice(&number.to_le_bytes());
            } else if n <= 8 {
                out[7 + k..15 + k].copy_from_slice(&spread(number, n).to_le_bytes());
            } else {
                put_varint(&mut out[7 + k..17 + k], number);
            }
            self.pos += 7 + k + n;
            return;
        }
        let value = match number_tag {
            0x10 => Scalar::Bool(number != 0),
            0x18 => Scalar::Int(number as i64),
            _ => Scalar::Double(f64::from_bits(number)),
        };
        self.pos = long_kv(self.buf, self.pos, tag, name, value);
    }

    #[inline(always)]
    fn len_field(&mut self, tag: u8, text: Text<'_>) {
        let n = text.len();
        if n <= 64
            && let Some(out) = self.buf.get_mut(self.pos..).and_then(<[u8]>::first_chunk_mut::<66>)
        {
            out[0] = tag;
            out[1] = n as u8;
            text.copy_short(&mut out[2..]);
            self.pos += 2 + n;
            return;
        }
        self.raw(&[tag]);
        self.varint(n as u64);
        self.raw(text.bytes());
    }

    #[inline(always)]
    pub(crate) fn varint(&mut self, value: u64) {
        match self.buf.get_mut(self.pos..).and_then(|out| put_varint(out, value)) {
            Some(n) => self.pos += n,
            None => self.pos = OUT_OF_SPACE,
        }
    }

    #[inline(always)]
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let end = self.pos + bytes.len();
        match self.buf.get_mut(self.pos..end) {
            Some(out) => {
                out.copy_from_slice(bytes);
                self.pos = end;
            }
            None => self.pos = OUT_OF_SPACE,
        }
    }
}

/// What few records carry: a severity by their HTTP status, the bytes before repair, and how many attributes were dropped.
#[cold]
fn marks(mut cursor: RecordCursor<'_>) -> RecordCursor<'_> {
    if let Some(of) = cursor.sink.severity_of_status.filter(|_| cursor.sink.open.severity == 0)
        && let Some(severity) = cursor.buf.get(cursor.sink.open.start..cursor.pos).and_then(http_status).map(of).filter(|found| *found != 0)
    {
        cursor.sink.open.severity = severity;
        cursor.raw(&[0x10, severity]);
    }
    if let Some(raw) = cursor.sink.raw.take() {
        cursor.sink.open.flags |= EntryFlags::REPAIRED;
        let kv = cursor.open(0x32);
        cursor.name(Text::from("log.record.original"));
        let any = cursor.open(0x12);
        cursor.scalar(Scalar::Bytes(&raw));
        cursor.close(any);
        cursor.close(kv);
        cursor.sink.raw = Some(raw);
    }
    if let Some(places) = cursor.sink.places.take() {
        places.write(cursor.sink.index.len(), cursor.sink.frame_offset, &mut cursor);
        cursor.sink.places = Some(places);
    }
    if cursor.sink.open.dropped > 0 {
        cursor.raw(&[0x38]);
        cursor.varint(u64::from(cursor.sink.open.dropped));
    }
    cursor
}

/// The record's length takes another number of bytes than was kept for it; answers where the record then begins.
#[cold]
fn move_record(buf: &mut [u8], sink: &mut Sink, start: usize, len: usize) -> Option<usize> {
    let moved = start - 2 + varint_len(len as u64);
    if moved + len > buf.len() {
        sink.overflowed = true;
        return None;
    }
    buf.copy_within(start..start + len, moved);
    put_varint(buf.get_mut(start - 2..)?, len as u64);
    Some(moved)
}

/// A `KeyValue` of a string that is too long for the prepared lengths, up to 128 bytes, at `pos`; answers where it ends.
#[inline(never)]
fn medium_kv(buf: &mut [u8], pos: usize, key: &Key, value: Text<'_>) -> usize {
    let n = value.len();
    let name = usize::from(key.name_len) & 63;
    let (Some(out), Some(from)) = (buf.get_mut(pos..).and_then(<[u8]>::first_chunk_mut::<256>), value.tail().first_chunk::<128>()) else {
        return long_kv(buf, pos, 0x32, key.text(), Scalar::Str(value));
    };
    let any = 1 + varint_len(n as u64) + n;
    out[0] = 0x32;
    let mut at = 1 + put_varint(&mut out[1..], Key::kv_len(name, n) as u64).unwrap_or_default();
    out[at..at + 62].copy_from_slice(&key.head[2..]);
    at += 3 + name;
    at += put_varint(&mut out[at..], any as u64).unwrap_or_default();
    out[at] = 0x0a;
    at += 1;
    at += put_varint(&mut out[at..], n as u64).unwrap_or_default();
    out[at..at + 128].copy_from_slice(from);
    pos + at + n
}

/// The same of any name; one that is too long, and what lies too near the buffer's end, is written as any other.
#[inline(never)]
fn medium_entry(buf: &mut [u8], pos: usize, tag: u8, name: Text<'_>, value: Text<'_>) -> usize {
    let (k, n) = (name.len(), value.len());
    let out = buf.get_mut(pos..).and_then(<[u8]>::first_chunk_mut::<256>);
    let (Some(out), Some(from), true) = (out, value.tail().first_chunk::<128>(), k <= 56 && n <= 128) else {
        return long_kv(buf, pos, tag, name, Scalar::Str(value));
    };
    let any = 1 + varint_len(n as u64) + n;
    out[0] = tag;
    let mut at = 1 + put_varint(&mut out[1..], Key::kv_len(k, n) as u64).unwrap_or_default();
    out[at..at + 2].copy_from_slice(&[0x0a, k as u8]);
    name.copy_short(&mut out[at + 2..]);
    at += 2 + k;
    out[at] = 0x12;
    at += 1 + put_varint(&mut out[at + 1..], any as u64).unwrap_or_default();
    out[at] = 0x0a;
    at += 1 + put_varint(&mut out[at + 1..], n as u64).unwrap_or_default();
    out[at..at + 128].copy_from_slice(from);
    pos + at + n
}

/// A `KeyValue` of any length as field `tag`, at `pos`; answers where it ends. No method: a cursor whose address was taken would live in
/// memory, not in registers.
#[inline(never)]
fn long_kv(buf: &mut [u8], pos: usize, tag: u8, name: Text<'_>, value: Scalar<'_>) -> usize {
    let mut head = [0; 16];
    let (head_tag, number, rest): (u8, u64, &[u8]) = match value {
        Scalar::Null => (0, 0, &[]),
        Scalar::Str(text) => (0x0a, text.len() as u64, text.bytes()),
        Scalar::Bytes(bytes) => (0x3a, bytes.len() as u64, bytes),
        Scalar::Bool(value) => (0x10, u64::from(value), &[]),
        Scalar::Int(value) => (0x18, value as u64, &[]),
        Scalar::Double(value) => (0x21, value.to_bits(), &[]),
    };
    head[0] = head_tag;
    let head_len = match head_tag {
        0 => 0,
        0x21 => {
            head[1..9].copy_from_slice(&number.to_le_bytes());
            9
        }
        _ => 1 + put_varint(&mut head[1..], number).unwrap_or_default(),
    };
    let any = head_len + rest.len();
    let kv = 1 + varint_len(name.len() as u64) + name.len() + 1 + varint_len(any as u64) + any;
    let total = 1 + varint_len(kv as u64) + kv;
    let Some(out) = buf.get_mut(pos..).and_then(|out| out.get_mut(..total)) else { return OUT_OF_SPACE };
    let mut at = 0;
    let mut tagged = |out: &mut [u8], tag: u8, number: usize, bytes: &[u8]| {
        out[at] = tag;
        at += 1 + put_varint(&mut out[at + 1..], number as u64).unwrap_or_default();
        out[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
        at
    };
    tagged(out, tag, kv, &[]);
    tagged(out, 0x0a, name.len(), name.bytes());
    let at = tagged(out, 0x12, any, &head[..head_len]);
    out[at..].copy_from_slice(rest);
    pos + total
}

/// A `KeyValue` of a list of one string, at `pos`; answers where it ends.
#[cold]
fn list_kv(buf: &mut [u8], pos: usize, name: &[u8], value: Text<'_>) -> usize {
    let field = |content: usize| 1 + varint_len(content as u64) + content;
    let item = field(value.len());
    let list = field(item);
    let any = field(list);
    let mut head = [0; 64];
    let mut at = 0;
    let mut put = |tag: u8, len: usize| {
        head[at] = tag;
        at += 1 + put_varint(&mut head[at + 1..], len as u64).unwrap_or_default();
        at
    };
    put(0x32, field(name.len()) + field(any));
    let name_at = put(0x0a, name.len());
    put(0x12, any);
    put(0x2a, list);
    put(0x0a, item);
    let end = put(0x0a, value.len());
    parts(buf, pos, [&head[..name_at], name, &head[name_at..end], value.bytes()])
}

fn parts(buf: &mut [u8], mut pos: usize, parts: [&[u8]; 4]) -> usize {
    for part in parts {
        let Some(out) = buf.get_mut(pos..).and_then(|out| out.get_mut(..part.len())) else { return OUT_OF_SPACE };
        out.copy_from_slice(part);
        pos += part.len();
    }
    pos
}
