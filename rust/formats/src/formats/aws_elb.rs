//! The access logs of AWS's classic and network load balancers.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `aws_elb`.
pub static SPEC: Spec = Spec {
    name: "aws_elb",
    about: About {
        line: "Access log of an AWS classic load balancer (times in seconds), or of a network load balancer's TLS listener (in milliseconds)",
        page: "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html#access-log-entry-format",
        example: concat!(
            "2026-11-21T10:40:59.509512Z shop 203.0.113.9:50229 10.0.2.1:8080 0.000073 0.001048 0.000057 200 200 0 29 ",
            r#""GET http://shop.example:80/cart?item=7 HTTP/1.1" "curl/8.9.1" - -"#
        ),
    },
    options: &[],
    compile,
};

macro_rules! classic {
    () => {
        concat!(
            "{time:iso} {aws.elb.name:word} {client.address:address} {aws.elb.target.address:address} {aws.elb.request_time_s:double} ",
            "{aws.elb.target_time_s:double} {aws.elb.response_time_s:double} {http.response.status_code:status} {aws.elb.target.status_code:status} ",
            "{http.request.size:int} {http.response.size:int} \"{request:request}\""
        )
    };
}

/// A request of TCP is `- - - `.
const PATTERNS: &[&str] = &[
    concat!(classic!(), " \"{user_agent.original:escaped}\" {tls.cipher:word} {tls.protocol.version:tls}"),
    classic!(),
    concat!(
        "{aws.elb.type:word} {aws.elb.log_version:word} {time:iso} {aws.elb.name:word} {aws.elb.listener:word} {client.address:address} ",
        "{aws.elb.target.address:address} {aws.elb.connection_time_ms:signed} {aws.elb.tls_handshake_time_ms:signed} {aws.elb.bytes_received:int} ",
        "{aws.elb.bytes_sent:int} {aws.elb.tls.alert:word} {aws.elb.certificate.arn:word} {aws.elb.certificate.serial:word} {tls.cipher:word} ",
        "{tls.protocol.version:tls} {tls.curve:word} {tls.client.server_name:word} {aws.elb.alpn.client:word} {aws.elb.alpn.target:word} ",
        "{aws.elb.alpn.preferences}{? {aws.elb.connection.created:time %Y-%m-%dT%H:%M:%S}?}"
    ),
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
