//! Who sent a stream: the identifier in its first message, as attributes of the resource.

use logloom_record::{
    Attributes, BatchWriter, RejectReason, lossy,
    proto::{Fields, Value as Wire, push_field, push_string_attribute},
};

use super::structure;

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
    let mut metadata = None;
    let mut text = |name: &str, value: &[u8]| {
        if !value.is_empty() {
            push_string_attribute(out, 0x0a, name.as_bytes(), lossy(value).as_bytes());
        }
    };
    each(identifier, |field| match field {
        (1, Wire::Len(node)) => each(node, |field| {
            match field {
                (1, Wire::Len(id)) => text("service.instance.id", id),
                (2, Wire::Len(cluster)) => text("service.name", cluster),
                (3, Wire::Len(structure)) => metadata = Some(structure),
                (4, Wire::Len(locality)) => each(locality, |field| {
                    match field {
                        (1, Wire::Len(region)) => text("cloud.region", region),
                        (2, Wire::Len(zone)) => text("cloud.availability_zone", zone),
                        (3, Wire::Len(sub_zone)) => text("envoy.node.sub_zone", sub_zone),
                        _ => {}
                    }
                    Ok(())
                })?,
                (6, Wire::Len(name)) => text("envoy.node.user_agent.name", name),
                (7, Wire::Len(version)) => text("envoy.node.user_agent.version", version),
                _ => {}
            }
            Ok(())
        }),
        (2, Wire::Len(log_name)) => {
            text("envoy.log_name", log_name);
            Ok(())
        }
        _ => Ok(()),
    })?;
    let mut known: Vec<Vec<u8>> = Vec::new();
    structure::fields(metadata.unwrap_or_default(), |key, value| {
        let convention = METADATA.iter().find(|(name, _)| *name == key).map(|row| row.1.as_bytes().to_vec());
        let own = || [b"envoy.node.metadata.", lossy(key).as_bytes()].concat();
        let name = convention.filter(|name| !known.contains(name)).unwrap_or_else(own);
        if known.len() < attributes_max && !known.contains(&name) {
            let mut pair = Vec::new();
            push_field(&mut pair, 0x0a, &name);
            push_field(&mut pair, 0x12, &value);
            push_field(out, 0x0a, &pair);
            known.push(name);
        }
    })
}

/// Goes through the fields of a message.
fn each<'a>(bytes: &'a [u8], mut read: impl FnMut((u32, Wire<'a>)) -> Result<(), RejectReason>) -> Result<(), RejectReason> {
    for field in Fields::new(bytes) {
        read(field.map_err(|bad| RejectReason::syntax("the identifier is cut, or no protobuf", bad.at))?)?;
    }
    Ok(())
}
