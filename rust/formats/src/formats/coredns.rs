//! `CoreDNS`: the queries of its plugin `log`, and what other plugins say.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `coredns`.
pub static SPEC: Spec = Spec {
    name: "coredns",
    about: About {
        line: "CoreDNS: queries, as the plugin log writes them, and messages of plugins; the duration in seconds",
        page: "https://coredns.io/plugins/log/",
        example: r#"[INFO] 10.42.0.63:33512 - 12345 "A IN shop.example. udp 40 false 512" NOERROR qr,aa,rd,ra 106 0.000123s"#,
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    concat!(
        "{?{time:iso} ?}[{severity}] {client.address:address} - {dns.id:int} \"{dns.question.type:word} {dns.question.class:word} ",
        "{dns.question.name:word} {network.transport:word} {dns.request.size:int} {dns.dnssec_ok:bool} {dns.udp_size:int}\" ",
        "{dns.response_code:word} {dns.flags:word} {dns.response.size:int} {coredns.duration_s:double}s"
    ),
    "{?{time:iso} ?}[{severity}] plugin/{log.logger:word}: {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
