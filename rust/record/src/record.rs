//! One record: a view into a Batch.

use bytes::Bytes;

use crate::{
    AnyValue, Attributes, Batch, EntryFlags,
    batch::Entry,
    expr::{pair_of, value_of},
    proto::{Fields, Value, number_field, text_field},
};

/// One OpenTelemetry `LogRecord`, its fields in plain form; values, resource and scope are walked when asked for. Strings are the bytes as they
/// came, see [`lossy`](crate::lossy).
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    batch: &'a Batch,
    group: u32,
    bytes: &'a [u8],
    body: Option<&'a [u8]>,
    /// `time_unix_nano`; 0 where it is unknown.
    pub time_unix_nano: u64,
    /// `observed_time_unix_nano`; 0 where it is unknown.
    pub observed_time_unix_nano: u64,
    /// `severity_number`: 1 to 24, 0 where it is unspecified; whatever else came, too.
    pub severity_number: i32,
    /// `severity_text`; empty where there is none.
    pub severity_text: &'a [u8],
    /// `dropped_attributes_count`.
    pub dropped_attributes_count: u32,
    /// `flags`: the low 8 bits are the W3C trace flags.
    pub flags: u32,
    /// `trace_id`; `None` where there is none, or one that is invalid: not 16 bytes, or all zero.
    pub trace_id: Option<[u8; 16]>,
    /// `span_id`; `None` where there is none, or one that is invalid: not 8 bytes, or all zero.
    pub span_id: Option<[u8; 8]>,
    /// `event_name`; empty where there is none.
    pub event_name: &'a [u8],
    /// What is known besides: whether it is a Reject, whether it was repaired.
    pub entry_flags: EntryFlags,
}

impl Batch {
    /// The record at `position`; `None` past the end.
    pub fn record(&self, position: usize) -> Option<Record<'_>> {
        self.index().get(position).map(|entry| Record::read(self, entry))
    }

    /// All records, in order.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.index().iter().map(|entry| Record::read(self, entry))
    }
}

impl<'a> Record<'a> {
    fn read(batch: &'a Batch, entry: &Entry) -> Self {
        let bytes = batch.record_bytes(entry);
        let mut record = Self {
            batch,
            group: entry.group,
            bytes,
            body: None,
            time_unix_nano: 0,
            observed_time_unix_nano: 0,
            severity_number: 0,
            severity_text: &[],
            dropped_attributes_count: 0,
            flags: 0,
            trace_id: None,
            span_id: None,
            event_name: &[],
            entry_flags: entry.flags,
        };
        for field in Fields::new(bytes).flatten() {
            match field {
                (1, Value::Fixed64(time)) => record.time_unix_nano = time,
                (2, Value::Varint(number)) => record.severity_number = number as i32,
                (3, Value::Len(text)) => record.severity_text = text,
                (5, Value::Len(body)) => record.body = Some(body),
                (7, Value::Varint(count)) => record.dropped_attributes_count = count as u32,
                (8, Value::Fixed32(flags)) => record.flags = flags,
                (9, Value::Len(id)) => record.trace_id = id.try_into().ok().filter(|id| *id != [0; 16]),
                (10, Value::Len(id)) => record.span_id = id.try_into().ok().filter(|id| *id != [0; 8]),
                (11, Value::Fixed64(time)) => record.observed_time_unix_nano = time,
                (12, Value::Len(name)) => record.event_name = name,
                _ => {}
            }
        }
        record
    }

    /// The `LogRecord` message.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The body; `None` where the record has none (an `AnyValue` that is there but empty is [`AnyValue::Null`]).
    pub fn body(&self) -> Option<AnyValue<'a>> {
        self.body.map(AnyValue::read)
    }

    /// The attributes, in order.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::new(self.bytes, 6)
    }

    /// The value of the first attribute called `key`.
    pub fn attribute(&self, key: &str) -> Option<AnyValue<'a>> {
        pair_of(self.bytes, 6, key.as_bytes()).map(|pair| AnyValue::read(value_of(pair)))
    }

    /// The position in [`Batch::groups`] of what it shares with its neighbours.
    pub fn group(&self) -> u32 {
        self.group
    }

    /// The attributes of its resource, in order.
    pub fn resource_attributes(&self) -> Attributes<'a> {
        Attributes::new(self.batch.group_bytes(self.group, |group| group.resource.clone()), 1)
    }

    /// The `name` of its scope; empty where there is none.
    pub fn scope_name(&self) -> &'a [u8] {
        text_field(self.scope(), 1)
    }

    /// The `version` of its scope; empty where there is none.
    pub fn scope_version(&self) -> &'a [u8] {
        text_field(self.scope(), 2)
    }

    /// The attributes of its scope, in order.
    pub fn scope_attributes(&self) -> Attributes<'a> {
        Attributes::new(self.scope(), 3)
    }

    /// The `schema_url` of its resource; empty where there is none.
    pub fn resource_schema_url(&self) -> &'a [u8] {
        self.batch.group_bytes(self.group, |group| group.resource_schema_url.clone())
    }

    /// The `schema_url` of its scope; empty where there is none.
    pub fn scope_schema_url(&self) -> &'a [u8] {
        self.batch.group_bytes(self.group, |group| group.scope_schema_url.clone())
    }

    /// The `dropped_attributes_count` of its resource.
    pub fn resource_dropped_attributes_count(&self) -> u32 {
        number_field(self.batch.group_bytes(self.group, |group| group.resource.clone()), 2) as u32
    }

    /// The `dropped_attributes_count` of its scope.
    pub fn scope_dropped_attributes_count(&self) -> u32 {
        number_field(self.scope(), 4) as u32
    }

    /// Whether its Format could not read it, so that it holds the raw frame as its body.
    pub fn is_reject(&self) -> bool {
        self.entry_flags.is_reject()
    }

    /// The `Resource` message that it shares with others; empty where there is none.
    pub fn resource(&self) -> &'a [u8] {
        self.batch.group_bytes(self.group, |group| group.resource.clone())
    }

    /// The `InstrumentationScope` message that it shares with others; empty where there is none.
    pub fn scope(&self) -> &'a [u8] {
        self.batch.group_bytes(self.group, |group| group.scope.clone())
    }

    /// A part of it, or of what it shares, as a view that keeps the bytes of the Batch alive; a copy where it is no part of these.
    pub fn view(&self, part: &[u8]) -> Bytes {
        let group = self.batch.groups().get(self.group as usize);
        let Some(whole) = group.and_then(|group| self.batch.indexed(group)) else { return Bytes::copy_from_slice(part) };
        let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        match start.checked_add(part.len()) {
            Some(end) if end <= whole.len() => whole.slice(start..end),
            _ => Bytes::copy_from_slice(part),
        }
    }
}
