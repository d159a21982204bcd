//! Squid's access log in its own format.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `squid`.
pub static SPEC: Spec = Spec {
    name: "squid",
    about: About {
        line: "Squid's native access log; the duration in milliseconds",
        page: "https://wiki.squid-cache.org/Features/LogFormat",
        example: "1795257659.509    921 203.0.113.9 TCP_MISS/200 507 GET http://shop.example/cart?item=7 ann HIER_DIRECT/198.51.100.7 text/html",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[concat!(
    "{time:epoch}{ }{squid.duration_ms:int} {client.address:word} {squid.result:word}/{http.response.status_code:status} {http.response.size:int} ",
    "{http.request.method:word} {url.full:id} {user.name:id} {squid.hierarchy:word}/{server.address:word} {http.response.header.content-type:list}"
)];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
