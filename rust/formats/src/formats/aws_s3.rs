//! The server access logs of Amazon S3.

use std::sync::Arc;

use crate::{
    About, Format, OptionError, Options, Spec,
    pattern::{self, clf_time},
};

/// The row of `aws_s3`.
pub static SPEC: Spec = Spec {
    name: "aws_s3",
    about: About {
        line: "Server access log of Amazon S3; times in milliseconds",
        page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html",
        example: concat!(
            "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be shop-assets [21/Nov/2026:10:40:59 +0000] 203.0.113.9 ",
            "arn:aws:iam::123456789012:user/ann 3E57427F3EXAMPLE REST.GET.OBJECT img/7.png \"GET /img/7.png?versionId=2 HTTP/1.1\" 200 - 2750 2750 ",
            "17 16 \"https://shop.example/\" \"curl/8.9.1\" 2"
        ),
    },
    options: &[],
    compile,
};

macro_rules! first {
    () => {
        concat!(
            "{aws.s3.bucket_owner:word} {aws.s3.bucket:word} ",
            clf_time!(),
            " {client.address:word} {user.id:word} {aws.request_id:word} {aws.s3.operation:word} {aws.s3.key:word} \"{request:request}\" ",
            "{http.response.status_code:status} {error.type:word} {http.response.body.size:int} {aws.s3.object_size:int} {aws.s3.total_time_ms:int} ",
            "{aws.s3.turn_around_time_ms:int} \"{http.request.header.referer:header}\" \"{user_agent.original:escaped}\" {aws.s3.version_id:word}"
        )
    };
}

/// Since 2019 more stands behind, and a request line that is none is a dash without quotes.
const PATTERNS: &[&str] = &[
    concat!(
        first!(),
        " {aws.extended_request_id:word} {aws.s3.signature_version:word} {tls.cipher:word} {aws.s3.authentication:word} {server.address:word} ",
        "{tls.protocol.version:tls}{? {aws.s3.access_point.arn:word} {aws.s3.acl_required:word}?}{? {aws.s3.more}?}"
    ),
    concat!(first!(), "{? {aws.s3.more}?}"),
    concat!(
        "{aws.s3.bucket_owner:word} {aws.s3.bucket:word} ",
        clf_time!(),
        " {client.address:word} {user.id:word} {aws.request_id:word} {aws.s3.operation:word} {aws.s3.key:word} - {http.response.status_code:status} ",
        "{aws.s3.more}"
    ),
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
