//! Kong: its logs as JSON.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `kong_json`.
pub static SPEC: Spec = Spec {
    name: "kong_json",
    about: About {
        line: "The requests that Kong logs as JSON (file-log, http-log, tcp-log, udp-log)",
        page: "https://developer.konghq.com/plugins/file-log/",
        example: concat!(
            r#"{"client_ip":"203.0.113.9","started_at":1795257816826,"request":{"method":"GET","uri":"/cart?item=7","url":"https://shop.example:443/cart?item=7","#,
            r#""size":"166","querystring":{"item":"7"},"headers":{"host":"shop.example","user-agent":"curl/8.9.1"},"tls":{"version":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384"}},"#,
            r#""response":{"status":200,"size":"1204","headers":{"server":"kong"}},"latencies":{"request":12,"kong":1,"proxy":11},"#,
            r#""upstream_uri":"/cart","service":{"name":"cart"},"route":{"name":"cart"},"tries":[]}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, prefix: "kong.", ..Rows::NONE },
    signs: &[(3, &["latencies", "request", "response", "started_at"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("started_at", "time"),
    ("client_ip", "client.address"),
    ("request.method", "http.request.method"),
    ("request.url", "url.full:url"),
    ("request.uri", "url.path:path"),
    ("request.size", "http.request.size:int"),
    ("request.querystring", "{}"),
    ("request.headers.host", "server.address:address"),
    ("request.headers.user-agent", "user_agent.original"),
    ("request.headers.referer", "http.request.header.referer:list"),
    ("request.headers.x-forwarded-for", "http.request.header.x-forwarded-for:list"),
    ("request.headers.x-request-id", "http.request.header.x-request-id:list"),
    ("request.headers.traceparent", "traceparent"),
    ("request.tls.version", "tls.protocol.version:tls"),
    ("request.tls.cipher", "tls.cipher"),
    ("response.status", "http.response.status_code:status"),
    ("response.size", "http.response.size:int"),
    ("consumer.username", "user.name"),
    ("consumer.id", "user.id"),
    ("trace_id.w3c", "trace_id"),
];
