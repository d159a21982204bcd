//! Whose spans they are: the lane of their service, process and scope.

use std::{collections::HashMap, sync::Arc};

use logloom_record::{Attributes, BatchWriter, Text, proto};

use super::{Span, Tag, Value, push_address};
use crate::{ids, json::Str};

/// The service or process that spans belong to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a, 't> {
    /// Bytes that tell it from others: the text that it was read from.
    pub(crate) key: Text<'a>,
    /// Becomes `service.name`.
    pub(crate) service: Option<Str<'a>>,
    /// Become attributes of the resource, as they are.
    pub(crate) tags: &'t [Tag<'a>],
}

impl<'a> Span<'a> {
    /// Makes the lane of this span's owner and scope the current one. The Origin's resource attributes are part of each resource, unless the
    /// owner has others under the same names.
    #[inline]
    pub(crate) fn use_lane(&self, owner: &Owner<'a, '_>, out: &mut BatchWriter) {
        if self.scope_name.is_none() && self.scope_version.is_none() {
            return use_lane(owner.key.bytes(), owner, [None; 2], out);
        }
        let mut key = out.take_scratch();
        key.extend_from_slice(owner.key.bytes());
        for part in [self.scope_name, self.scope_version] {
            key.push(0);
            key.extend_from_slice(part.map_or(b"", |part| part.text.bytes()));
        }
        use_lane(&key, owner, [self.scope_name, self.scope_version], out);
        out.give_scratch(key);
    }
}

#[inline]
fn use_lane(key: &[u8], owner: &Owner<'_, '_>, scope_fields: [Option<Str<'_>>; 2], out: &mut BatchWriter) {
    if out.enter_resource(key) {
        return;
    }
    let origin = Arc::clone(out.origin());
    out.use_resource(key, |resource, scope| {
        build(owner, &origin.resource, resource);
        for (tag, text) in [0x0a, 0x12].into_iter().zip(scope_fields) {
            if let Some(text) = text {
                proto::push_field(scope, tag, text.resolve(&mut Vec::new()).bytes());
            }
        }
    });
}

/// The content of the `Resource`; a name that stands twice keeps its last value.
#[cold]
fn build(owner: &Owner<'_, '_>, channel: &[(String, String)], out: &mut Vec<u8>) {
    let mut order: Vec<Vec<u8>> = Vec::new();
    let mut values: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    let mut put = |name: Vec<u8>, value: Vec<u8>| {
        if values.insert(name.clone(), value).is_none() {
            order.push(name);
        }
    };
    for (name, value) in channel {
        put(name.as_bytes().to_vec(), string(value.as_bytes()));
    }
    if let Some(service) = owner.service.filter(|service| !service.text.is_empty()) {
        put(b"service.name".to_vec(), string(service.resolve(&mut Vec::new()).bytes()));
    }
    for tag in owner.tags {
        let mut name = Vec::new();
        tag.name().unescape_into(&mut name);
        put(name, any_value(tag.value()));
    }
    for name in order {
        let mut pair = Vec::new();
        proto::push_field(&mut pair, 0x0a, &name);
        proto::push_field(&mut pair, 0x12, values.get(&name).map(Vec::as_slice).unwrap_or_default());
        proto::push_field(out, 0x0a, &pair);
    }
}

/// Makes the lane of an OTLP `Resource` and `InstrumentationScope`, which were checked, the current one.
pub(super) fn use_encoded_lane(resource: &[u8], scope: &[u8], out: &mut BatchWriter) {
    let mut key = out.take_scratch();
    // Never empty, as the Origin's lane is: its resource may be another.
    proto::push_varint(&mut key, resource.len() as u64);
    key.extend_from_slice(resource);
    key.extend_from_slice(scope);
    let origin = Arc::clone(out.origin());
    out.use_resource(&key, |to_resource, to_scope| {
        to_resource.extend_from_slice(resource);
        for (name, value) in &origin.resource {
            if Attributes::new(resource, 1).all(|(key, _)| key != name.as_bytes()) {
                proto::push_string_attribute(to_resource, 0x0a, name.as_bytes(), value.as_bytes());
            }
        }
        to_scope.extend_from_slice(scope);
    });
    out.give_scratch(key);
}

fn string(text: &[u8]) -> Vec<u8> {
    let mut any = Vec::new();
    proto::push_field(&mut any, 0x0a, text);
    any
}

/// The content of an `AnyValue`. Nested JSON, which processes do not have, stays its own text.
fn any_value(value: Value<'_>) -> Vec<u8> {
    match value {
        Value::Null => Vec::new(),
        Value::Bool(value) => vec![0x10, u8::from(value)],
        Value::Int(value) => {
            let mut any = vec![0x18];
            proto::push_varint(&mut any, value as u64);
            any
        }
        Value::Double(value) => {
            let mut any = vec![0x21];
            any.extend_from_slice(&value.to_le_bytes());
            any
        }
        Value::Str(text) => string(text.resolve(&mut Vec::new()).bytes()),
        Value::Hex(digits) => {
            let mut bytes = Vec::new();
            if !ids::binary_into(&mut bytes, digits.bytes()) {
                return string(digits.bytes());
            }
            let mut any = Vec::new();
            proto::push_field(&mut any, 0x3a, &bytes);
            any
        }
        Value::Bytes(bytes) => {
            let mut any = Vec::new();
            proto::push_field(&mut any, 0x3a, bytes.bytes());
            any
        }
        Value::Address(bytes) => {
            let mut text = Vec::new();
            push_address(&mut text, bytes.bytes());
            string(&text)
        }
        Value::Json(text, _) => string(text.bytes().trim_ascii()),
        Value::Encoded(any) => any.bytes().to_vec(),
    }
}
