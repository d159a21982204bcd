//! Kubernetes: events of its objects.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `k8s_events`.
pub static SPEC: Spec = Spec {
    name: "k8s_events",
    about: About {
        line: "Kubernetes events as JSON: one a line, of a watch, or in a list",
        page: "https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/",
        example: concat!(
            r#"{"kind":"Event","apiVersion":"v1","metadata":{"name":"cart-0.17a9","namespace":"shop","uid":"0d5b","creationTimestamp":"2026-11-21T10:43:36Z"},"#,
            r#""involvedObject":{"kind":"Pod","namespace":"shop","name":"cart-0","uid":"77aa"},"reason":"BackOff","#,
            r#""message":"Back-off restarting failed container","source":{"component":"kubelet","host":"node-1"},"#,
            r#""firstTimestamp":"2026-11-21T10:40:00Z","lastTimestamp":"2026-11-21T10:43:36Z","count":7,"type":"Warning"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, prefix: "k8s.event.", ..Rows::NONE },
    signs: &[(2, &["involvedObject", "reason"]), (2, &["regarding", "reason"])],
    lists: &["items"],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    // What a watch, and those who pass it on, put around the event.
    ("object", "^"),
    ("event", "^"),
    ("old_event", "{}"),
    ("lastTimestamp", "time"),
    ("series.lastObservedTime", "time"),
    ("eventTime", "time"),
    ("deprecatedLastTimestamp", "time"),
    ("firstTimestamp", "time"),
    ("metadata.creationTimestamp", "time"),
    ("message", "body"),
    ("note", "body"),
    ("type", "severity"),
    ("reason", "k8s.event.reason"),
    ("action", "k8s.event.action"),
    ("count", "k8s.event.count:int"),
    ("deprecatedCount", "k8s.event.count:int"),
    ("metadata.name", "k8s.event.name"),
    ("metadata.uid", "k8s.event.uid"),
    ("metadata.namespace", "k8s.namespace.name"),
    ("source.host", "k8s.node.name"),
    ("deprecatedSource.host", "k8s.node.name"),
    ("involvedObject.kind", "k8s.object.kind"),
    ("involvedObject.name", "k8s.object.name"),
    ("involvedObject.uid", "k8s.object.uid"),
    ("involvedObject.fieldPath", "k8s.object.fieldpath"),
    ("involvedObject.apiVersion", "k8s.object.api_version"),
    ("involvedObject.resourceVersion", "k8s.object.resource_version"),
    ("regarding.kind", "k8s.object.kind"),
    ("regarding.name", "k8s.object.name"),
    ("regarding.uid", "k8s.object.uid"),
    ("regarding.fieldPath", "k8s.object.fieldpath"),
    ("regarding.apiVersion", "k8s.object.api_version"),
    ("regarding.resourceVersion", "k8s.object.resource_version"),
    ("metadata.labels", "{}"),
    ("metadata.annotations", "{}"),
];
