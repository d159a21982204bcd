//! [OTLP's JSON](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hex, 64-bit integers as strings, enums as numbers,
//! keys in camelCase.
//!
//! What stands at its default is left out, as Protobuf's JSON does. JSON has no place for these: unknown fields are left out, bytes in a string
//! that are not UTF-8 become U+FFFD, an id that is not valid is left out, and so is a `ScopeLogs` without records.

use crate::{
    AnyValue, Attributes, Batch, Record,
    batch::Group,
    json_text::{Commas, push_base64, push_bool, push_double, push_hex, push_integer, push_string},
    proto::{Fields, Value, number_field, text_field},
};

impl Batch {
    /// The request as one line of OTLP JSON, without a line end.
    pub fn to_otlp_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.otlp_len() / 2 * 5 + 64);
        out.extend_from_slice(b"{\"resourceLogs\":[");
        let positions = self.positions_by_group();
        let mut resources = Commas::new();
        let group_of = |position: u32| self.index().get(position as usize).and_then(|entry| self.groups().get(entry.group as usize));
        let resource_of = |position: u32| group_of(position).map(|group| (group.block, group.resource_logs.clone()));
        for in_resource in positions.chunk_by(|a, b| resource_of(*a) == resource_of(*b)) {
            let Some(group) = in_resource.first().and_then(|position| group_of(*position)) else { continue };
            resources.next(&mut out);
            out.push(b'{');
            let mut keys = Commas::new();
            self.push_resource(&mut out, &mut keys, group);
            keys.key(&mut out, "scopeLogs");
            out.push(b'[');
            let mut scopes = Commas::new();
            for in_scope in in_resource.chunk_by(|a, b| group_of(*a) == group_of(*b)) {
                let Some(group) = in_scope.first().and_then(|position| group_of(*position)) else { continue };
                scopes.next(&mut out);
                self.push_scope_logs(&mut out, group, in_scope);
            }
            out.extend_from_slice(b"]}");
        }
        out.extend_from_slice(b"]}");
        out
    }

    /// The positions of all records, group by group as these stand in the bytes; in a group in order of arrival.
    fn positions_by_group(&self) -> Vec<u32> {
        let mut positions: Vec<_> = (0..self.len() as u32).collect();
        let places: Vec<_> = self.groups().iter().map(|group| (group.block, group.scope_logs.start)).collect();
        positions.sort_by_key(|position| self.index().get(*position as usize).and_then(|entry| places.get(entry.group as usize)));
        positions
    }

    fn part(&self, group: &Group, range: &std::ops::Range<u32>) -> &[u8] {
        self.indexed(group).and_then(|block| block.get(range.start as usize..range.end as usize)).unwrap_or_default()
    }

    fn push_resource(&self, out: &mut Vec<u8>, keys: &mut Commas, group: &Group) {
        let resource = self.part(group, &group.resource);
        push_object(out, keys, "resource", |out, keys| {
            push_attributes(out, keys, Attributes::new(resource, 1));
            push_count(out, keys, resource, 2);
            push_entity_refs(out, keys, resource);
        });
        push_text(out, keys, "schemaUrl", self.part(group, &group.resource_schema_url));
    }

    fn push_scope_logs(&self, out: &mut Vec<u8>, group: &Group, positions: &[u32]) {
        out.push(b'{');
        let mut keys = Commas::new();
        let scope = self.part(group, &group.scope);
        push_object(out, &mut keys, "scope", |out, keys| {
            push_text_field(out, keys, "name", scope, 1);
            push_text_field(out, keys, "version", scope, 2);
            push_attributes(out, keys, Attributes::new(scope, 3));
            push_count(out, keys, scope, 4);
        });
        keys.key(out, "logRecords");
        out.push(b'[');
        let mut records = Commas::new();
        for record in positions.iter().filter_map(|position| self.record(*position as usize)) {
            records.next(out);
            push_record(out, &record);
        }
        out.push(b']');
        push_text(out, &mut keys, "schemaUrl", self.part(group, &group.scope_schema_url));
        out.push(b'}');
    }
}

/// An object; nothing, where nothing stands in it.
fn push_object(out: &mut Vec<u8>, keys: &mut Commas, name: &str, content: impl FnOnce(&mut Vec<u8>, &mut Commas)) {
    let (before, mark) = (keys.clone(), out.len());
    keys.key(out, name);
    out.push(b'{');
    let empty = out.len();
    content(out, &mut Commas::new());
    if out.len() == empty {
        out.truncate(mark);
        *keys = before;
    } else {
        out.push(b'}');
    }
}

fn push_record(out: &mut Vec<u8>, record: &Record<'_>) {
    out.push(b'{');
    let mut keys = Commas::new();
    for (name, time) in [("timeUnixNano", record.time_unix_nano), ("observedTimeUnixNano", record.observed_time_unix_nano)] {
        if time != 0 {
            keys.key(out, name);
            push_quoted(out, time);
        }
    }
    for (name, number) in [
        ("severityNumber", i64::from(record.severity_number)),
        ("droppedAttributesCount", record.dropped_attributes_count.into()),
        ("flags", record.flags.into()),
    ] {
        if number != 0 {
            keys.key(out, name);
            push_integer(out, number);
        }
    }
    for (name, text) in [("severityText", record.severity_text), ("eventName", record.event_name)] {
        if !text.is_empty() {
            keys.key(out, name);
            push_string(out, text);
        }
    }
    if let Some(body) = record.body() {
        keys.key(out, "body");
        push_value(out, &body);
    }
    push_attributes(out, &mut keys, record.attributes());
    if let Some(id) = record.trace_id {
        keys.key(out, "traceId");
        push_hex(out, &id);
    }
    if let Some(id) = record.span_id {
        keys.key(out, "spanId");
        push_hex(out, &id);
    }
    out.push(b'}');
}

fn push_attributes(out: &mut Vec<u8>, keys: &mut Commas, attributes: Attributes<'_>) {
    let mut attributes = attributes.peekable();
    if attributes.peek().is_some() {
        keys.key(out, "attributes");
        push_pairs(out, attributes);
    }
}

fn push_pairs<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = (&'a [u8], AnyValue<'a>)>) {
    out.push(b'[');
    let mut commas = Commas::new();
    for (key, value) in pairs {
        commas.next(out);
        out.extend_from_slice(b"{\"key\":");
        push_string(out, key);
        out.extend_from_slice(b",\"value\":");
        push_value(out, &value);
        out.push(b'}');
    }
    out.push(b']');
}

fn push_value(out: &mut Vec<u8>, value: &AnyValue<'_>) {
    out.push(b'{');
    let mut commas = Commas::new();
    let mut kind = |out: &mut Vec<u8>, name| commas.key(out, name);
    match value {
        AnyValue::Null => {}
        AnyValue::Str(text) => {
            kind(out, "stringValue");
            push_string(out, text);
        }
        AnyValue::Bool(value) => {
            kind(out, "boolValue");
            push_bool(out, *value);
        }
        AnyValue::Int(value) => {
            kind(out, "intValue");
            push_quoted(out, *value);
        }
        AnyValue::Double(value) => {
            kind(out, "doubleValue");
            push_double(out, *value);
        }
        AnyValue::Bytes(bytes) => {
            kind(out, "bytesValue");
            push_base64(out, bytes);
        }
        AnyValue::Array(values) => {
            kind(out, "arrayValue");
            out.extend_from_slice(b"{\"values\":[");
            let mut commas = Commas::new();
            for value in values.clone() {
                commas.next(out);
                push_value(out, &value);
            }
            out.extend_from_slice(b"]}");
        }
        AnyValue::Map(pairs) => {
            kind(out, "kvlistValue");
            out.extend_from_slice(b"{\"values\":");
            push_pairs(out, pairs.clone());
            out.push(b'}');
        }
    }
    out.push(b'}');
}

fn push_quoted(out: &mut Vec<u8>, value: impl Into<i128>) {
    out.push(b'"');
    push_integer(out, value);
    out.push(b'"');
}

fn push_text(out: &mut Vec<u8>, keys: &mut Commas, name: &str, text: &[u8]) {
    if !text.is_empty() {
        keys.key(out, name);
        push_string(out, text);
    }
}

fn push_text_field(out: &mut Vec<u8>, keys: &mut Commas, name: &str, message: &[u8], number: u32) {
    push_text(out, keys, name, text_field(message, number));
}

fn push_count(out: &mut Vec<u8>, keys: &mut Commas, message: &[u8], number: u32) {
    let count = number_field(message, number) as u32;
    if count != 0 {
        keys.key(out, "droppedAttributesCount");
        push_integer(out, count);
    }
}

/// `Resource.entity_refs`: which of its attributes name which entity.
fn push_entity_refs(out: &mut Vec<u8>, keys: &mut Commas, resource: &[u8]) {
    let mut refs = Fields::new(resource)
        .flatten()
        .filter_map(|field| if let (3, Value::Len(entity)) = field { Some(entity) } else { None })
        .peekable();
    if refs.peek().is_none() {
        return;
    }
    keys.key(out, "entityRefs");
    out.push(b'[');
    let mut commas = Commas::new();
    for entity in refs {
        commas.next(out);
        out.push(b'{');
        let mut keys = Commas::new();
        push_text_field(out, &mut keys, "schemaUrl", entity, 1);
        push_text_field(out, &mut keys, "type", entity, 2);
        for (name, number) in [("idKeys", 3), ("descriptionKeys", 4)] {
            keys.key(out, name);
            out.push(b'[');
            let mut commas = Commas::new();
            for (_, value) in Fields::new(entity).flatten().filter(|(field, _)| *field == number) {
                let Value::Len(key) = value else { continue };
                commas.next(out);
                push_string(out, key);
            }
            out.push(b']');
        }
        out.push(b'}');
    }
    out.push(b']');
}
