//! Kubernetes: the audit log of its API server.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `k8s_audit`.
pub static SPEC: Spec = Spec {
    name: "k8s_audit",
    about: About {
        line: "The audit log of the Kubernetes API server: events, one a line or in an EventList",
        page: "https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/",
        example: concat!(
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"9f0d6b7c-33f4-4a35-8a5e-0c1c2a4f7b11","#,
            r#""stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods?limit=500","verb":"list","user":{"username":"ann"},"#,
            r#""sourceIPs":["203.0.113.9"],"userAgent":"kubectl/v1.34.1","objectRef":{"resource":"pods","namespace":"shop"},"#,
            r#""responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-21T10:43:36.826191Z","stageTimestamp":"2026-11-21T10:43:36.831402Z"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, prefix: "k8s.audit.", ..Rows::NONE },
    signs: &[(2, &["\"audit.k8s.io/", "auditID"]), (3, &["auditID", "stage", "requestURI"])],
    lists: &["items"],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    // When the event was made; the request came before.
    ("stageTimestamp", "time"),
    ("requestReceivedTimestamp", "time"),
    ("timestamp", "time"),
    ("level", "+"),
    ("user.username", "user.name"),
    ("user.uid", "user.id"),
    ("user.extra", "{}"),
    ("impersonatedUser.extra", "{}"),
    ("sourceIPs", "client.address:first"),
    ("userAgent", "user_agent.original"),
    ("requestURI", "url.path:path"),
    ("objectRef.namespace", "k8s.namespace.name"),
    ("responseStatus.code", "http.response.status_code:status"),
    ("responseStatus.metadata", "{}"),
    ("responseStatus.details", "{}"),
    ("requestObject", "{}"),
    ("responseObject", "{}"),
];
