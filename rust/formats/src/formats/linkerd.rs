//! Linkerd's proxy: its access log and what it logs itself.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `linkerd`.
pub static SPEC: Spec = Spec {
    name: "linkerd",
    about: About {
        line: "Linkerd's proxy: HTTP access log (apache), and its own log as text, whose times count from the start of the proxy",
        page: "https://linkerd.io/2/features/access-logging/",
        example: concat!(
            "10.42.0.63:51160 web.shop.serviceaccount.identity.linkerd.cluster.local - [2026-11-21T10:40:59.509512491Z] ",
            r#""GET http://cart:7000/items?item=7 HTTP/2.0" 200"#
        ),
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    "{client.address:address} {linkerd.client.id:word} - [{time:iso}] \"{request:request}\" {http.response.status_code:status}{? {http.response.body.size:int}?}",
    "[{~}{linkerd.uptime:double}s]{ }{severity} ThreadId({thread.id:int}) {log.logger:target}: {body}",
    "[{~}{linkerd.uptime:double}s]{ }{severity} ThreadId({thread.id:int}) {linkerd.span}: {log.logger:target}: {body}",
    "[{~}{linkerd.uptime:double}s]{ }{severity} {log.logger:target}: {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 96, options)
}
