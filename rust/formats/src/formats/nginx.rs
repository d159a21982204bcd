//! NGINX's access log, of any `log_format`.

use std::sync::Arc;

use super::nginx_error;
use crate::{
    About, Format, OptionDoc, OptionError, Options, Spec,
    pattern::{self, Dialect, Part, Patterns, clf_agent, clf_request, clf_time},
    template::TemplateError,
};

/// The row of `nginx`.
pub static SPEC: Spec = Spec {
    name: "nginx",
    about: About {
        line: "NGINX's access log: combined, or any log_format",
        page: "https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format",
        example: r#"203.0.113.9 - ann [21/Nov/2026:10:40:59 +0000] "GET /cart?item=7 HTTP/1.1" 200 612 "https://shop.example/" "curl/8.9.1""#,
    },
    options: &[OptionDoc {
        name: "format_string",
        doc: "string: the format as in NGINX's configuration (`log_format main '…'`, without name and quotes); without it, `combined`, with a host \
              before it or more behind it, ingress-nginx's and Nginx Proxy Manager's formats, and lines of the error log among them",
    }],
    compile,
};

/// What follows the client: *combined*; with the list of proxies, as the manual's `main`; ingress-nginx's; Kong's; with what a user added; without
/// the user.
const BEHIND: [&str; 6] = [
    concat!("- {user.name:id} ", clf_request!(), clf_agent!()),
    concat!("- {user.name:id} ", clf_request!(), clf_agent!(), " \"{http.request.header.x-forwarded-for:addresses}\""),
    concat!(
        "- {user.name:id} ",
        clf_request!(),
        clf_agent!(),
        " {http.request.size:int} {nginx.request_time:double} [{nginx.proxy_upstream_name:word}] [{nginx.proxy_alternative_upstream_name:word}] ",
        "{nginx.upstream.address} {nginx.upstream.response_length} {nginx.upstream.response_time} {nginx.upstream.status} ",
        "{http.request.header.x-request-id:list}"
    ),
    concat!("- {user.name:id} ", clf_request!(), clf_agent!(), " kong_request_id: \"{kong.request_id:word}\""),
    concat!("- {user.name:id} ", clf_request!(), clf_agent!(), " {nginx.more}"),
    concat!("- ", clf_request!(), clf_agent!()),
];

/// Nginx Proxy Manager's two formats, and `NPMplus`'s.
const PROXY_MANAGER: [&str; 3] = [
    concat!(
        clf_time!(),
        " {nginx.upstream.cache_status:word} {nginx.upstream.status:word} {http.response.status_code:status} - {http.request.method:word} ",
        "{url.scheme:word} {server.address:word} \"{url.path:path}\" [Client {client.address:word}] [Length {http.response.body.size:int}] ",
        "[Gzip {nginx.gzip_ratio:double}] {?[Sent-to {nginx.server}] ?}\"{user_agent.original:escaped}\" \"{http.request.header.referer:header}\""
    ),
    concat!(
        clf_time!(),
        " {http.response.status_code:status} - {http.request.method:word} {url.scheme:word} {server.address:word} \"{url.path:path}\" ",
        "[Client {client.address:word}] [Length {http.response.body.size:int}] [Gzip {nginx.gzip_ratio:double}] {?[Sent-to {nginx.server}] ?}",
        "\"{user_agent.original:escaped}\" \"{http.request.header.referer:header}\""
    ),
    concat!(
        clf_time!(),
        " {server.address:host} {client.address:ip} {nginx.request_time:double} \"{request:request}\" {http.response.status_code:status} ",
        "{http.response.size:int} {http.request.size:int} {http.request.header.referer:list} {user_agent.original}"
    ),
];

/// Variables that have a name in the conventions, or a type. What is measured in seconds stays so, with a fraction.
const VARIABLES: Dialect = Dialect {
    directives: &[
        ("remote_addr", "client.address:word"),
        ("remote_port", "client.port:int"),
        ("remote_user", "user.name:id"),
        ("time_local", "time:%d/%b/%Y:%H:%M:%S %z"),
        ("time_iso8601", "time:iso"),
        ("msec", "time:epoch"),
        ("request", "request:request"),
        ("request_method", "http.request.method:word"),
        ("request_uri", "url.path:path"),
        ("uri", "url.path:id"),
        ("args", "url.query:id"),
        ("query_string", "url.query:id"),
        ("scheme", "url.scheme:word"),
        ("server_protocol", "network.protocol.version:protocol"),
        ("status", "http.response.status_code:status"),
        ("body_bytes_sent", "http.response.body.size:int"),
        ("bytes_sent", "http.response.size:int"),
        ("request_length", "http.request.size:int"),
        ("content_length", "http.request.header.content-length:list"),
        ("request_time", "nginx.request_time:double"),
        ("request_id", "http.request.header.x-request-id:list"),
        ("host", "server.address:id"),
        ("server_name", "nginx.server_name:id"),
        ("server_addr", "network.local.address:word"),
        ("server_port", "server.port:int"),
        ("hostname", "host.name:word"),
        ("pid", "process.pid:int"),
        ("connection", "nginx.connection.id:int"),
        ("connection_requests", "nginx.connection.requests:int"),
        ("gzip_ratio", "nginx.gzip_ratio:double"),
        ("pipe", "nginx.pipe:word"),
        ("ssl_protocol", "tls.protocol.version:tls"),
        ("ssl_cipher", "tls.cipher:word"),
        ("http_x_forwarded_for", "http.request.header.x-forwarded-for:forwarded"),
        ("proxy_add_x_forwarded_for", "http.request.header.x-forwarded-for:forwarded"),
        ("http_user_agent", "user_agent.original:escaped"),
        ("http_traceparent", "traceparent"),
        // Several upstreams stand in one value, with commas and colons between.
        ("upstream_addr", "nginx.upstream.address"),
        ("upstream_status", "nginx.upstream.status"),
        ("upstream_response_time", "nginx.upstream.response_time"),
        ("upstream_connect_time", "nginx.upstream.connect_time"),
        ("upstream_header_time", "nginx.upstream.header_time"),
        ("upstream_response_length", "nginx.upstream.response_length"),
        ("upstream_cache_status", "nginx.upstream.cache_status"),
    ],
    by_rule,
};

/// `$http_x_tenant` is the request's header `x-tenant`, `$sent_http_…` the response's; any other variable is `nginx.` and its name.
#[allow(clippy::unnecessary_wraps)] // the shape of every dialect's
fn by_rule(name: &str) -> Option<String> {
    Some(match (name.strip_prefix("http_"), name.strip_prefix("sent_http_")) {
        (Some(header), _) => format!("http.request.header.{}:header", header.replace('_', "-")),
        (_, Some(header)) => format!("http.response.header.{}:header", header.replace('_', "-")),
        _ => format!("nginx.{name}"),
    })
}

/// The parts of a `log_format`: text, `$name` and `${name}`.
fn parts(text: &str) -> Result<Vec<Part>, TemplateError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(behind) = rest.strip_prefix('$') else {
            let len = rest.find('$').unwrap_or(rest.len());
            parts.push(Part::Literal(rest.get(..len).unwrap_or_default().into()));
            at += len;
            continue;
        };
        let braced = behind.strip_prefix('{').and_then(|inner| inner.split_once('}')).map(|(name, _)| name);
        let bare = || behind.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        let name = braced.unwrap_or_else(bare);
        if name.is_empty() {
            return Err(TemplateError { message: "a '$' needs the name of a variable behind it".into(), at });
        }
        parts.push(VARIABLES.part(name, at)?);
        at += 1 + name.len() + if braced.is_some() { 2 } else { 0 };
    }
    Ok(parts)
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    const OPTION: &str = "format_string";
    if let Some(text) = options.str(OPTION)? {
        let parts = parts(text).map_err(|e| OptionError::new(OPTION, e.message).at(e.at))?;
        return Patterns::of_user(&SPEC, OPTION, vec![pattern::once(parts)], 0, options);
    }
    let mut patterns = pattern::clf_lines(&BEHIND.map(String::from));
    patterns.extend(PROXY_MANAGER.map(String::from));
    patterns.extend(nginx_error::PATTERNS.iter().map(|pattern| (*pattern).to_owned()));
    pattern::compile(&SPEC, &patterns, 92, options)
}
