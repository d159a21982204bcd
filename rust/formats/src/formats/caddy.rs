//! Caddy: its access log.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `caddy`.
pub static SPEC: Spec = Spec {
    name: "caddy",
    about: About {
        line: "The access log of Caddy, as JSON lines",
        page: "https://caddyserver.com/docs/caddyfile/directives/log",
        example: concat!(
            r#"{"level":"info","ts":1795257816.826191,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"10.0.0.4","#,
            r#""remote_port":"41026","client_ip":"203.0.113.9","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/cart?item=7","#,
            r#""headers":{"User-Agent":["curl/8.9.1"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"shop.example"}},"#,
            r#""bytes_read":0,"user_id":"","duration":0.0175,"size":3768,"status":200,"resp_headers":{"Server":["Caddy"]}}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, dash_is_absent: true, general: true, prefix: "caddy.", ..Rows::NONE },
    signs: &[(3, &["resp_headers", "request", "duration"]), (3, &["\"http.log.access", "request", "status"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("ts", "time"),
    ("request.client_ip", "client.address"),
    ("request.remote_ip", "network.peer.address"),
    ("request.remote_port", "network.peer.port:int"),
    // Before 2.5.
    ("request.remote_addr", "client.address:address"),
    ("request.method", "http.request.method"),
    ("request.host", "server.address:address"),
    ("request.uri", "url.full:url"),
    ("request.proto", "network.protocol.version:protocol"),
    ("request.headers.User-Agent", "user_agent.original"),
    ("request.headers.Referer", "http.request.header.referer:list"),
    ("request.headers.X-Forwarded-For", "http.request.header.x-forwarded-for:list"),
    ("request.headers.X-Request-Id", "http.request.header.x-request-id:list"),
    ("request.headers.Traceparent", "traceparent"),
    ("status", "http.response.status_code:status"),
    ("size", "http.response.body.size:int"),
    ("bytes_read", "http.request.body.size:int"),
    ("user_id", "user.name"),
    ("common_log", "-"),
    ("traceID", "trace_id"),
    ("spanID", "span_id"),
];
