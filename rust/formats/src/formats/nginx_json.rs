//! NGINX: an access log as JSON.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `nginx_json`.
pub static SPEC: Spec = Spec {
    name: "nginx_json",
    about: About {
        line: "An access log of NGINX or ingress-nginx as JSON lines whose keys are called as the variables",
        page: "https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format",
        example: concat!(
            r#"{"time_iso8601":"2026-11-21T10:43:36+00:00","remote_addr":"203.0.113.9","remote_user":"","request":"GET /cart?item=7 HTTP/1.1","#,
            r#""status":"200","body_bytes_sent":"1204","request_time":"0.012","http_referer":"-","http_user_agent":"curl/8.9.1","#,
            r#""upstream_addr":"10.0.0.4:8080","upstream_response_time":"0.011"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows {
        keys: ROWS,
        nested: Container::Dotted,
        dash_is_absent: true,
        prefix: "nginx.",
        times: &["%d/%b/%Y:%H:%M:%S %z"],
        ..Rows::NONE
    },
    signs: &[(
        3,
        &[
            "remote_addr",
            "body_bytes_sent",
            "request_time",
            "http_user_agent",
            "http_referer",
            "upstream_addr",
            "upstream_response_time",
            "time_iso8601",
            "time_local",
            "request_uri",
            "request_length",
            "server_protocol",
        ],
    )],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("msec", "time"),
    ("time_iso8601", "time"),
    ("time_local", "time"),
    ("timestamp", "time"),
    ("@timestamp", "time"),
    ("time", "time"),
    ("ts", "time"),
    ("trace_id", "trace_id"),
    ("span_id", "span_id"),
    ("http_traceparent", "traceparent"),
    ("remote_addr", "client.address"),
    ("remote_port", "client.port:int"),
    ("remote_user", "user.name"),
    ("request", "http.request.method:request"),
    ("request_method", "http.request.method"),
    ("method", "http.request.method"),
    ("request_uri", "url.full:url"),
    ("uri", "url.path:path"),
    ("path", "url.path:path"),
    ("args", "url.query"),
    ("query_string", "url.query"),
    ("request_query", "url.query"),
    ("server_protocol", "network.protocol.version:protocol"),
    ("request_proto", "network.protocol.version:protocol"),
    ("scheme", "url.scheme"),
    ("status", "http.response.status_code:status"),
    ("body_bytes_sent", "http.response.body.size:int"),
    ("bytes_sent", "http.response.size:int"),
    ("request_length", "http.request.size:int"),
    ("http_referer", "http.request.header.referer:list"),
    ("http_referrer", "http.request.header.referer:list"),
    ("http_user_agent", "user_agent.original"),
    ("http_x_forwarded_for", "http.request.header.x-forwarded-for:list"),
    ("x_forwarded_for", "http.request.header.x-forwarded-for:list"),
    ("http_x_request_id", "http.request.header.x-request-id:list"),
    ("http_host", "server.address:address"),
    ("host", "server.address:address"),
    ("vhost", "server.address:address"),
    ("server_name", "nginx.server_name"),
    ("server_port", "server.port:int"),
    ("server_addr", "network.local.address"),
    ("hostname", "host.name"),
    ("ssl_protocol", "tls.protocol.version:tls"),
    ("ssl_cipher", "tls.cipher"),
    ("pid", "process.pid:int"),
    ("connection", "nginx.connection:int"),
    ("connection_requests", "nginx.connection_requests:int"),
    ("request_time", "nginx.request_time:double"),
    ("upstream_response_time", "nginx.upstream_response_time:double"),
    ("upstream_connect_time", "nginx.upstream_connect_time:double"),
    ("upstream_header_time", "nginx.upstream_header_time:double"),
    ("upstream_status", "nginx.upstream_status:int"),
];
