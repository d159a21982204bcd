//! The Elastic Common Schema: events of Beats, Elastic Agent and Logstash, and what others write to Elasticsearch.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `ecs`.
pub static SPEC: Spec = Spec {
    name: "ecs",
    about: About {
        line: "Documents in the Elastic Common Schema (ECS) as JSON lines: events of Beats, Elastic Agent, Logstash, Vector, Fluent Bit",
        page: "https://www.elastic.co/docs/reference/ecs/ecs-field-reference",
        example: r#"{"@timestamp":"2026-11-21T10:40:59.509Z","message":"GET /cart","log":{"level":"warn","file":{"path":"/var/log/cart.log"}},"agent":{"type":"filebeat","version":"9.2.0"},"kubernetes":{"pod":{"name":"cart-7d4"},"labels":{"app":"cart"}}}"#,
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, general: true, ..Rows::NONE },
    signs: &[
        (2, &["@timestamp", "agent"]),
        (2, &["@timestamp", "@metadata"]),
        (2, &["@timestamp", "data_stream"]),
        (2, &["@timestamp", "kubernetes"]),
        (3, &["@timestamp", "input", "ecs"]),
    ],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

/// Where ECS and the semantic conventions differ; a key that both have keeps its name, and so does one that only ECS has. What the loggers write
/// is in the table of `json`.
const ROWS: &[(&str, &str)] = &[
    ("@timestamp", "time"),
    ("message", "body"),
    ("log.level", "severity"),
    ("event.original", "original"),
    ("log.original", "original"),
    // The fields that the conventions call otherwise, as Elastic's own relations have it.
    ("cloud.service.name", "cloud.platform"),
    ("container.image.tag", "container.image.tags:list"),
    ("container.image.hash.all", "container.image.repo_digests:any"),
    ("container.runtime", "container.runtime.name"),
    ("faas.execution", "faas.invocation_id"),
    ("faas.trigger.type", "faas.trigger"),
    ("file.target_path", "file.symbolic_link.target_path"),
    ("file.uid", "file.owner.id"),
    ("file.owner", "file.owner.name"),
    ("file.gid", "file.group.id"),
    ("file.group", "file.group.name"),
    ("file.mtime", "file.modified"),
    ("file.ctime", "file.changed"),
    ("geo.continent_code", "geo.continent.code"),
    ("geo.city_name", "geo.locality.name"),
    ("geo.country_iso_code", "geo.country.iso_code"),
    ("geo.region_iso_code", "geo.region.iso_code"),
    ("host", "host.name"),
    ("host.name", "host.name"),
    ("host.hostname", "host.name"),
    ("host.architecture", "host.arch"),
    ("host.os.name", "os.name"),
    ("host.os.version", "os.version"),
    ("host.os.type", "os.type"),
    ("host.os.full", "os.description"),
    ("host.os.build", "os.build_id"),
    ("os.full", "os.description"),
    ("network.protocol", "network.protocol.name"),
    ("process.args", "process.command_args:any"),
    ("process.executable", "process.executable.path"),
    ("process.name", "process.executable.name"),
    ("service.node.name", "service.instance.id"),
    ("destination.ip", "destination.address"),
    ("server.ip", "server.address"),
    ("log.syslog.facility.code", "syslog.facility.code:int"),
    ("log.syslog.priority", "syslog.priority:int"),
    ("stream", "log.iostream"),
    // Kubernetes, by Beats and Elastic Agent.
    ("kubernetes.namespace", "k8s.namespace.name"),
    ("kubernetes.namespace_uid", "k8s.namespace.uid"),
    ("kubernetes.namespace_labels", "k8s.namespace.label.*"),
    ("kubernetes.namespace_annotations", "k8s.namespace.annotation.*"),
    ("kubernetes.pod.name", "k8s.pod.name"),
    ("kubernetes.pod.uid", "k8s.pod.uid"),
    ("kubernetes.pod.ip", "k8s.pod.ip"),
    ("kubernetes.labels", "k8s.pod.label.*"),
    ("kubernetes.annotations", "k8s.pod.annotation.*"),
    ("kubernetes.node.name", "k8s.node.name"),
    ("kubernetes.node.uid", "k8s.node.uid"),
    ("kubernetes.node.labels", "k8s.node.label.*"),
    ("kubernetes.node.annotations", "k8s.node.annotation.*"),
    ("kubernetes.container.name", "k8s.container.name"),
    ("kubernetes.container.id", "container.id"),
    ("kubernetes.container.image", "container.image.name"),
    ("kubernetes.deployment.name", "k8s.deployment.name"),
    ("kubernetes.replicaset.name", "k8s.replicaset.name"),
    ("kubernetes.statefulset.name", "k8s.statefulset.name"),
    ("kubernetes.daemonset.name", "k8s.daemonset.name"),
    ("kubernetes.job.name", "k8s.job.name"),
    ("kubernetes.cronjob.name", "k8s.cronjob.name"),
    // By Fluent Bit and Fluentd.
    ("kubernetes.namespace_name", "k8s.namespace.name"),
    ("kubernetes.namespace_id", "k8s.namespace.uid"),
    ("kubernetes.pod_name", "k8s.pod.name"),
    ("kubernetes.pod_id", "k8s.pod.uid"),
    ("kubernetes.pod_ip", "k8s.pod.ip"),
    ("kubernetes.host", "k8s.node.name"),
    ("kubernetes.container_name", "k8s.container.name"),
    ("kubernetes.docker_id", "container.id"),
    ("kubernetes.container_image", "container.image.name"),
    ("kubernetes.container_hash", "container.image.repo_digests:list"),
    ("docker.container_id", "container.id"),
    // By Vector.
    ("kubernetes.container_id", "container.id"),
    ("kubernetes.pod_namespace", "k8s.namespace.name"),
    ("kubernetes.pod_node_name", "k8s.node.name"),
    ("kubernetes.pod_uid", "k8s.pod.uid"),
    ("kubernetes.pod_labels", "k8s.pod.label.*"),
    ("kubernetes.pod_annotations", "k8s.pod.annotation.*"),
    ("kubernetes.node_labels", "k8s.node.label.*"),
];
