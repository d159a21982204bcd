//! The access logs of AWS's application load balancers.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `aws_alb`.
pub static SPEC: Spec = Spec {
    name: "aws_alb",
    about: About {
        line: "Access log of an AWS application load balancer; times in seconds",
        page: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#access-log-entry-format",
        example: concat!(
            "https 2026-11-21T10:40:59.509512Z app/shop/50dc6c495c0c9188 203.0.113.9:50229 10.0.2.1:8080 0.001 0.012 0.000 200 200 412 612 ",
            r#""GET https://shop.example:443/cart?item=7 HTTP/1.1" "curl/8.9.1" TLS_AES_128_GCM_SHA256 TLSv1.3 "#,
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/73e2d6bc24d8a067 ",
            r#""Root=1-6740c17b-36d228ad5d99923122bbe354" "shop.example" "session-reused" 1 2026-11-21T10:40:59.496000Z "forward" "-" "-" "#,
            r#""10.0.2.1:8080" "200" "-" "-" TID_1234abcd5678ef90"#
        ),
    },
    options: &[],
    compile,
};

/// As it was in 2016; later fields were added at the end.
macro_rules! first {
    () => {
        concat!(
            "{aws.elb.type:word} {time:iso} {aws.elb.name:word} {client.address:address} {aws.elb.target.address:address} ",
            "{aws.elb.request_time_s:double} {aws.elb.target_time_s:double} {aws.elb.response_time_s:double} {http.response.status_code:status} ",
            "{aws.elb.target.status_code:status} {http.request.size:int} {http.response.size:int} \"{request:request}\" ",
            "\"{user_agent.original:escaped}\" {tls.cipher:word} {tls.protocol.version:tls} {aws.elb.target_group.arn:word} ",
            "\"{http.request.header.x-amzn-trace-id:header}\""
        )
    };
}

macro_rules! domain {
    () => {
        concat!(first!(), " \"{server.address:escaped}\" \"{aws.elb.certificate.arn:escaped}\" {aws.elb.rule.priority:signed}")
    };
}

macro_rules! actions {
    () => {
        concat!(
            domain!(),
            " {aws.elb.request.created:word} \"{aws.elb.actions:escaped}\" \"{aws.elb.redirect_url:escaped}\" \"{error.type:escaped}\""
        )
    };
}

macro_rules! targets {
    () => {
        concat!(
            actions!(),
            " \"{aws.elb.target.list:escaped}\" \"{aws.elb.target.status_codes:escaped}\" \"{aws.elb.classification:escaped}\" ",
            "\"{aws.elb.classification_reason:escaped}\""
        )
    };
}

const PATTERNS: &[&str] = &[
    concat!(
        targets!(),
        " {aws.elb.connection.trace_id:word} \"{aws.elb.transformed.host:escaped}\" \"{aws.elb.transformed.uri:escaped}\" ",
        "\"{aws.elb.transformed.status:escaped}\"{? {aws.elb.more}?}"
    ),
    concat!(targets!(), "{? {aws.elb.connection.trace_id:word}?}{? {aws.elb.more}?}"),
    concat!(actions!(), "{? {aws.elb.more}?}"),
    concat!(domain!(), "{? {aws.elb.more}?}"),
    concat!(first!(), "{? {aws.elb.more}?}"),
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 96, options)
}
