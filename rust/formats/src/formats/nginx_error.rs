//! NGINX's error log.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

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

/// A message may hold commas; what NGINX adds stands at the end, in this order.
const PATTERNS: &[&str] = &[concat!(
    "{time:%Y/%m/%d %H:%M:%S} [{severity}] {process.pid:int}#{thread.id:int}: {?*{nginx.connection.id:int} ?}{body}",
    "{?, client: {client.address:word}, server: {server.address}?}{?, request: \"{request:request}\"?}",
    "{?, upstream: \"{nginx.upstream.url}\"?}{?, host: \"{http.request.header.host:list}\"?}{?, referrer: \"{http.request.header.referer:list}\"?}"
)];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
