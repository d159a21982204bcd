//! Elasticsearch: its own logs as JSON.

use std::sync::Arc;

use super::json::KEYS;
use crate::{About, Format, Framing, OptionError, Options, Spec, fields::Rows, objects::Objects};

/// The row of `elasticsearch_json`.
pub static SPEC: Spec = Spec {
    name: "elasticsearch_json",
    about: About {
        line: "The logs of Elasticsearch 7 and its audit log as JSON: server, slow log, deprecation, audit",
        page: "https://www.elastic.co/docs/deploy-manage/monitor/logging-configuration/elasticsearch-log4j-configuration-self-managed",
        example: concat!(
            r#"{"type": "server", "timestamp": "2026-11-21T10:43:36,826Z", "level": "WARN", "component": "o.e.c.r.a.DiskThresholdMonitor", "#,
            r#""cluster.name": "shop", "node.name": "node-0", "message": "high disk watermark [90%] exceeded", "cluster.uuid": "oqKkg2eoQh2P", "#,
            r#""node.id": "U7rdLkcqR9eR"  }"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, prefix: "elasticsearch.", ..Rows::NONE },
    signs: &[
        (3, &["cluster.name", "node.name", "component"]),
        (3, &["node.id", "event.type", "event.action"]),
        (3, &["node.name", "event.type", "event.action"]),
    ],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("timestamp", "time"),
    ("@timestamp", "time"),
    ("level", "severity"),
    ("message", "body"),
    ("trace.id", "trace_id"),
    ("component", "log.logger"),
    ("stacktrace", "exception.stacktrace:lines"),
    ("user.name", "user.name"),
    ("authentication.token.name", "+"),
    ("origin.address", "client.address:address"),
    ("x_forwarded_for", "http.request.header.x-forwarded-for:list"),
    ("request.method", "http.request.method"),
    ("url.path", "url.path"),
    ("url.query", "url.query"),
];
