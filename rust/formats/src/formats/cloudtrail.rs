//! AWS `CloudTrail`.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `cloudtrail`.
pub static SPEC: Spec = Spec {
    name: "cloudtrail",
    about: About {
        line: "AWS CloudTrail events: one a line, or the files of a trail (`{\"Records\":[…]}`)",
        page: "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html",
        example: concat!(
            r#"{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/ann","accountId":"123456789012","userName":"ann"},"#,
            r#""eventTime":"2026-11-21T10:43:36Z","eventSource":"s3.amazonaws.com","eventName":"DeleteBucket","awsRegion":"eu-central-1","#,
            r#""sourceIPAddress":"203.0.113.9","userAgent":"aws-cli/2.31.0","errorCode":"AccessDenied","errorMessage":"Access Denied","#,
            r#""requestParameters":{"bucketName":"prices"},"responseElements":null,"requestID":"ZX1","eventID":"6d1c","readOnly":false,"#,
            r#""eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, prefix: "aws.cloudtrail.", ..Rows::NONE },
    signs: &[(3, &["eventVersion", "eventSource", "eventName", "awsRegion"])],
    lists: &["Records"],
    pairs: false,
    framing: Framing::Elements,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("eventTime", "time"),
    ("eventID", "log.record.uid"),
    ("awsRegion", "cloud.region"),
    ("recipientAccountId", "cloud.account.id"),
    ("userIdentity.userName", "user.name"),
    ("userIdentity.sessionContext.sessionIssuer.userName", "user.name"),
    ("userIdentity.sessionContext.webIdFederationData", "{}"),
    ("sourceIPAddress", "client.address"),
    ("userAgent", "user_agent.original"),
    ("errorCode", "error.type"),
    ("requestID", "aws.request_id"),
    ("tlsDetails.tlsVersion", "tls.protocol.version:tls"),
    ("tlsDetails.cipherSuite", "tls.cipher"),
    ("requestParameters", "{}"),
    ("responseElements", "{}"),
    ("additionalEventData", "{}"),
    ("serviceEventDetails", "{}"),
    ("insightDetails", "{}"),
];
