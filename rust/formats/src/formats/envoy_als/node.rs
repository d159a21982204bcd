//! Who sent a stream: the identifier in its first message, as attributes of the resource.

use logloom_record::{
    Attributes, BatchWriter, RejectReason, lossy,
    proto::{Fields, Value as Wire, push_field, push_string_attribute},
};

use super::{
    entry::{UNKNOWN_MAX, any_of},
    structure,
};

/// What Istio's metadata has names in the conventions for.
const METADATA: [(&[u8], &str); 5] = [
    (b"POD_NAME", "k8s.pod.name"),
    (b"NAME", "k8s.pod.name"),
    (b"NAMESPACE", "k8s.namespace.name"),
    (b"CONFIG_NAMESPACE", "k8s.namespace.name"),
    (b"CLUSTER_ID", "k8s.cluster.name"),
];

/// Makes the lane of the stream with this identifier the current one.
pub(super) fn use_lane(identifier: &[u8], out: &mut BatchWriter) {
    let origin = std::sync::Arc::clone(out.origin());
    let attributes_max = out.limits().attributes_max as usize;
    out.use_resource(identifier, |resource, _| {
        let mut attributes = Vec::new();
        // What is wrong in it was seen when the message was read.
        let _ = build(identifier, attributes_max, &mut attributes);
        for (name, value) in &origin.resource {
            if Attributes::new(&attributes, 1).all(|(key, _)| key != name.as_bytes()) {
                push_string_attribute(resource, 0x0a, name.as_bytes(), value.as_bytes());
            }
        }
        resource.extend_from_slice(&attributes);
    });
}

/// Whether it can be read.
pub(super) fn check(identifier: &[u8]) -> Result<(), RejectReason> {
    build(identifier, usize::MAX, &mut Vec::new())
}

fn build(identifier: &[u8], attributes_max: usize, out: &mut Vec<u8>) -> Result<(), RejectReason> {
    let mut metadata = Vec::new();
    let mut is_named = false;
    let mut features = Vec::new();
    each(identifier, |field| match field {
        (1, Wire::Len(node)) => each(node, |(number, value)| {
            match (number, value) {
                (1, Wire::Len(id)) => is_named |= text(out, "service.instance.id", id),
                (2, Wire::Len(cluster)) => is_named |= text(out, "service.name", cluster),
                (3, Wire::Len(structure)) => metadata.push((&b"envoy.node.metadata."[..], structure)),
                (4, Wire::Len(locality)) => each(locality, |(number, value)| {
                    match (number, value) {
                        (1, Wire::Len(region)) => _ = text(out, "cloud.region", region),
                        (2, Wire::Len(zone)) => _ = text(out, "cloud.availability_zone", zone),
                        (3, Wire::Len(sub_zone)) => _ = text(out, "envoy.node.sub_zone", sub_zone),
                        _ => unknown(out, "locality", number, value),
                    }
                    Ok(())
                })?,
                // Of version 2.
                (5, Wire::Len(version)) => _ = text(out, "envoy.node.build_version", version),
                (6, Wire::Len(name)) => _ = text(out, "envoy.node.user_agent.name", name),
                (7, Wire::Len(version)) => _ = text(out, "envoy.node.user_agent.version", version),
                (8, Wire::Len(build)) => each(build, |(number, value)| {
                    match (number, value) {
                        (1, Wire::Len(version)) => _ = text(out, "envoy.node.user_agent.version", semantic(version)?.as_bytes()),
                        (2, Wire::Len(structure)) => metadata.push((&b"envoy.node.build."[..], structure)),
                        _ => unknown(out, "build_version", number, value),
                    }
                    Ok(())
                })?,
                // What that build can do: tens of thousands of bytes, the same for each Envoy of a version.
                (9, Wire::Len(_)) => {}
                (10, Wire::Len(feature)) => push_field(&mut features, 0x0a, &string(feature)),
                _ => unknown(out, "node", number, value),
            }
            Ok(())
        }),
        (2, Wire::Len(log_name)) => {
            is_named |= text(out, "envoy.log_name", log_name);
            Ok(())
        }
        (number, value) => {
            unknown(out, "identifier", number, value);
            Ok(())
        }
    })?;
    if !features.is_empty() {
        let mut list = Vec::new();
        push_field(&mut list, 0x2a, &features);
        attribute(out, b"envoy.node.client_features", &list);
    }
    if !is_named && !identifier.is_empty() {
        attribute(out, b"envoy.node.unknown", &[0x10, 1]);
    }
    let mut known: Vec<Vec<u8>> = Vec::new();
    for (prefix, structure) in metadata {
        structure::fields(structure, |key, value| {
            let convention = METADATA.iter().find(|(name, _)| *name == key).map(|row| row.1.as_bytes().to_vec());
            let own = || [prefix, lossy(key).as_bytes()].concat();
            let name = convention.filter(|name| !known.contains(name)).unwrap_or_else(own);
            if known.len() < attributes_max && !known.contains(&name) {
                attribute(out, &name, &value);
                known.push(name);
            }
        })?;
    }
    Ok(())
}

/// Adds an attribute; `any` is its encoded value.
fn attribute(out: &mut Vec<u8>, name: &[u8], any: &[u8]) {
    let mut pair = Vec::new();
    push_field(&mut pair, 0x0a, name);
    push_field(&mut pair, 0x12, any);
    push_field(out, 0x0a, &pair);
}

/// Adds an attribute where there is a value; whether there is.
fn text(out: &mut Vec<u8>, name: &str, value: &[u8]) -> bool {
    if !value.is_empty() && !has(out, name.as_bytes()) {
        attribute(out, name.as_bytes(), &string(value));
    }
    !value.is_empty()
}

fn string(value: &[u8]) -> Vec<u8> {
    let mut any = Vec::new();
    push_field(&mut any, 0x0a, lossy(value).as_bytes());
    any
}

/// A field of a later version of the messages, by its number.
#[cold]
fn unknown(out: &mut Vec<u8>, part: &str, number: u32, value: Wire<'_>) {
    let name = format!("envoy.als.{part}.{number}");
    let mut names = std::iter::once(name.clone()).chain((2..=UNKNOWN_MAX).map(|nth| format!("{name}.{nth}")));
    if let Some(name) = names.find(|name| !has(out, name.as_bytes())) {
        attribute(out, name.as_bytes(), &any_of(value));
    }
}

fn has(out: &[u8], name: &[u8]) -> bool {
    Attributes::new(out, 1).any(|(key, _)| key == name)
}

/// A `SemanticVersion` as people write it.
fn semantic(version: &[u8]) -> Result<String, RejectReason> {
    let mut parts = [0; 3];
    each(version, |(number, value)| {
        if let (Wire::Varint(value), Some(part)) = (value, (number as usize).checked_sub(1).and_then(|at| parts.get_mut(at))) {
            *part = value;
        }
        Ok(())
    })?;
    let [major, minor, patch] = parts;
    Ok(format!("{major}.{minor}.{patch}"))
}

/// Goes through the fields of a message.
fn each<'a>(bytes: &'a [u8], mut read: impl FnMut((u32, Wire<'a>)) -> Result<(), RejectReason>) -> Result<(), RejectReason> {
    for field in Fields::new(bytes) {
        read(field.map_err(|bad| RejectReason::syntax("the identifier is cut, or no protobuf", bad.at))?)?;
    }
    Ok(())
}
