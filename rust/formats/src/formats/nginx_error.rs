//! NGINX's error log.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// When, how bad, where, and on which connection.
macro_rules! head {
    () => {
        "{time:%Y/%m/%d %H:%M:%S} [{severity}] {process.pid:int}#{thread.id:int}: {?*{nginx.connection.id:int} ?}"
    };
}

/// What was asked of which server.
macro_rules! request {
    () => {
        concat!(
            "server: {server.address}, request: \"{request:request}\"{?, upstream: \"{nginx.upstream.url}\"?}",
            "{?, host: \"{http.request.header.host:list}\"?}{?, referrer: \"{http.request.header.referer:list}\"?}"
        )
    };
}

/// The row of `nginx_error`.
pub static SPEC: Spec = Spec {
    name: "nginx_error",
    about: About {
        line: "NGINX's and OpenResty's error log",
        page: "https://nginx.org/en/docs/ngx_core_module.html#error_log",
        example: concat!(
            r#"2026/11/21 10:40:59 [error] 1234#5: *67 open() "/srv/www/favicon.ico" failed (2: No such file or directory), "#,
            r#"client: 203.0.113.9, server: shop.example, request: "GET /favicon.ico HTTP/1.1", host: "shop.example""#
        ),
    },
    options: &[],
    compile,
};

/// A message may hold commas; what NGINX adds stands at the end, in this order: of a request, of a stream, of mail, of a timer.
/// First who was refused.
pub(super) const PATTERNS: &[&str] = &[
    concat!(head!(), "{body>}user \"{user.name}\": password mismatch, client: {client.address:word}, ", request!()),
    concat!(head!(), "{body>}user \"{user.name}\" was not found in \"{file.path}\", client: {client.address:word}, ", request!()),
    concat!(
        head!(),
        "{body}, client: {client.address:word}, server: {server.address}, request: \"{request:request}\"{?, subrequest: \"{nginx.subrequest:escaped}\"?}",
        "{?, upstream: \"{nginx.upstream.url}\"?}{?, host: \"{http.request.header.host:list}\"?}{?, referrer: \"{http.request.header.referer:list}\"?}"
    ),
    // Kong's.
    concat!(head!(), "{body}, client: {client.address:word}, ", request!(), ", request_id: \"{kong.request_id:word}\""),
    concat!(
        head!(),
        "{body}, client: {client.address:word}, server: {server.address}, upstream: \"{nginx.upstream.url}\", ",
        "bytes from/to client:{nginx.client.bytes_received:int}/{nginx.client.bytes_sent:int}, ",
        "bytes from/to upstream:{nginx.upstream.bytes_received:int}/{nginx.upstream.bytes_sent:int}"
    ),
    concat!(
        head!(),
        "{body}, client: {client.address:word}{?, server: {server.address}?}{?, login: \"{user.name}\"?}{?, upstream: \"{nginx.upstream.url}\"?}",
        "{?, host: \"{http.request.header.host:list}\"?}"
    ),
    concat!(head!(), "{body}{?, context: {nginx.context}?}"),
    "nginx: [{severity}] {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
