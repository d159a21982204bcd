//! Google Cloud: log entries.

use std::sync::Arc;

use super::json::KEYS;
use crate::{About, Format, Framing, OptionError, Options, Spec, fields::Rows, objects::Objects};

/// The row of `gcp`.
pub static SPEC: Spec = Spec {
    name: "gcp",
    about: About {
        line: "Google Cloud Logging entries (LogEntry) as JSON, audit logs included",
        page: "https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry",
        example: concat!(
            r#"{"insertId":"1x9","logName":"projects/shop/logs/requests","resource":{"type":"k8s_container","labels":{"project_id":"shop","pod_name":"cart-0"}},"#,
            r#""timestamp":"2026-11-21T10:43:36.826191Z","severity":"WARNING","jsonPayload":{"message":"slow","took_ms":812},"#,
            r#""httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example/cart","status":200,"responseSize":"1204","latency":"0.812s"},"#,
            r#""trace":"projects/shop/traces/0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","receiveTimestamp":"2026-11-21T10:43:37Z"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, general: true, prefix: "gcp.", ..Rows::NONE },
    signs: &[(3, &["logName", "insertId", "resource", "receiveTimestamp"])],
    lists: &["entries"],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("timestamp", "time"),
    ("jsonPayload.message", "body"),
    ("jsonPayload.msg", "body"),
    ("textPayload", "body"),
    ("severity", "severity"),
    ("trace", "trace_id"),
    ("spanId", "span_id"),
    ("traceSampled", "trace_flags"),
    ("insertId", "log.record.uid"),
    ("resource.labels.project_id", "cloud.account.id"),
    ("resource.labels.zone", "cloud.availability_zone"),
    ("resource.labels.instance_id", "host.id"),
    ("resource.labels.cluster_name", "k8s.cluster.name"),
    ("resource.labels.namespace_name", "k8s.namespace.name"),
    ("resource.labels.pod_name", "k8s.pod.name"),
    ("resource.labels.container_name", "k8s.container.name"),
    ("sourceLocation.file", "code.file.path"),
    ("sourceLocation.line", "code.line.number:int"),
    ("sourceLocation.function", "code.function.name"),
    ("protoPayload.authenticationInfo.principalEmail", "user.email"),
    ("protoPayload.requestMetadata.callerIp", "client.address"),
    ("protoPayload.requestMetadata.callerSuppliedUserAgent", "user_agent.original"),
    ("jsonPayload", ".."),
    ("resource", "."),
    ("resource.labels", "."),
    ("labels", "."),
    ("operation", "."),
    ("sourceLocation", "."),
    ("protoPayload", "."),
    ("protoPayload.status", "."),
    ("protoPayload.authenticationInfo", "."),
    ("protoPayload.requestMetadata", "."),
];
