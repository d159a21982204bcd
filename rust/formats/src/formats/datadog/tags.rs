//! `ddtags`: `env:prod,version:5.1`.

use logloom_record::{RejectReason, Text, proto};

use crate::json::{Seen, hash};

/// Tags that say whose the log is: attributes of the resource, as OpenTelemetry and the Collector's receiver name them.
const RESOURCE: &[(&[u8], &[u8])] = &[
    (b"cloud_provider", b"cloud.provider"),
    (b"container_id", b"container.id"),
    (b"container_name", b"container.name"),
    (b"env", b"deployment.environment.name"),
    (b"host", b"host.name"),
    (b"image_name", b"container.image.name"),
    (b"kube_cluster_name", b"k8s.cluster.name"),
    (b"kube_container_name", b"k8s.container.name"),
    (b"kube_cronjob", b"k8s.cronjob.name"),
    (b"kube_daemon_set", b"k8s.daemonset.name"),
    (b"kube_deployment", b"k8s.deployment.name"),
    (b"kube_job", b"k8s.job.name"),
    (b"kube_namespace", b"k8s.namespace.name"),
    (b"kube_node", b"k8s.node.name"),
    (b"kube_replica_set", b"k8s.replicaset.name"),
    (b"kube_stateful_set", b"k8s.statefulset.name"),
    (b"pod_name", b"k8s.pod.name"),
    (b"region", b"cloud.region"),
    (b"service", b"service.name"),
    (b"version", b"service.version"),
    (b"zone", b"cloud.availability_zone"),
];

/// Pairs of names and values; a name may stand more than once.
#[derive(Default)]
pub(super) struct Tags<'t> {
    pairs: Vec<(&'t [u8], Vec<&'t [u8]>)>,
    seen: Seen,
}

impl<'t> Tags<'t> {
    /// Takes all of a list: separated by commas, blank ones passed over; what stands before the first colon is the name.
    pub(super) fn add(&mut self, list: &'t [u8], most: u32) -> Result<(), RejectReason> {
        let mut count = self.pairs.len() as u32;
        for tag in list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|tag| !tag.is_empty()) {
            let (name, value) = match memchr::memchr(b':', tag) {
                Some(at) => (tag.get(..at).unwrap_or_default(), tag.get(at + 1..).unwrap_or_default()),
                None => (tag, b"".as_slice()),
            };
            let is_old = self.seen.add(hash(Text::from(name)));
            let place = self.pairs.iter().position(|(other, _)| is_old && *other == name);
            match place.and_then(|place| self.pairs.get_mut(place)) {
                Some((_, values)) if values.contains(&value) => {}
                Some((_, values)) if values.len() < most as usize => values.push(value),
                None if place.is_none() && count < most => {
                    self.pairs.push((name, vec![value]));
                    count += 1;
                }
                _ => return Err(RejectReason::limit("more tags than attributes_max", 0)),
            }
        }
        Ok(())
    }

    /// Moves what says whose the log is into `resource`, which has the better ones already, and writes the rest as attributes of a record.
    pub(super) fn split(&self, resource: &mut Vec<(&'t [u8], &'t [u8])>, attributes: &mut Vec<u8>) {
        for (name, values) in &self.pairs {
            let known = RESOURCE.iter().find(|(tag, _)| tag == name).map(|(_, attribute)| *attribute);
            let (Some(attribute), Some(first)) = (known, values.first().filter(|value| !value.is_empty())) else {
                put(name, values, attributes);
                continue;
            };
            let better = resource.iter().find(|(other, _)| *other == attribute).map(|(_, value)| *value);
            if better.is_none() {
                resource.push((attribute, first));
            }
            if values.len() > 1 || better.is_some_and(|better| better != *first) {
                put(name, values, attributes);
            }
        }
    }
}

/// An attribute: a text, or a list of them.
fn put(name: &[u8], values: &[&[u8]], out: &mut Vec<u8>) {
    let mut any = Vec::new();
    if let [value] = values {
        proto::push_field(&mut any, 0x0a, value);
    } else {
        let mut list = Vec::new();
        for value in values {
            let mut item = Vec::new();
            proto::push_field(&mut item, 0x0a, value);
            proto::push_field(&mut list, 0x0a, &item);
        }
        proto::push_field(&mut any, 0x2a, &list);
    }
    let mut pair = Vec::new();
    proto::push_field(&mut pair, 0x0a, name);
    proto::push_field(&mut pair, 0x12, &any);
    proto::push_field(out, 0x32, &pair);
}
