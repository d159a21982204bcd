//! Cloudflare: Logpush.

use std::sync::Arc;

use super::json::KEYS;
use crate::{About, Format, Framing, OptionError, Options, Spec, fields::Rows, objects::Objects};

/// The row of `cloudflare`.
pub static SPEC: Spec = Spec {
    name: "cloudflare",
    about: About {
        line: "HTTP requests and firewall events that Cloudflare pushes, as JSON lines",
        page: "https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/",
        example: concat!(
            r#"{"ClientIP":"203.0.113.9","ClientRequestHost":"shop.example","ClientRequestMethod":"GET","ClientRequestURI":"/cart?item=7","#,
            r#""ClientRequestProtocol":"HTTP/2","ClientRequestUserAgent":"curl/8.9.1","ClientRequestReferer":"","EdgeStartTimestamp":1795257816826000000,"#,
            r#""EdgeEndTimestamp":1795257816829000000,"EdgeResponseBytes":1204,"EdgeResponseStatus":200,"RayID":"87a1b2c3d4e5f001"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, dash_is_absent: true, prefix: "cloudflare.", ..Rows::NONE },
    signs: &[(3, &["ClientIP", "ClientRequestHost", "ClientRequestMethod", "RayID", "EdgeResponseStatus"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("EdgeStartTimestamp", "time"),
    ("Datetime", "time"),
    ("EdgeEndTimestamp", "time"),
    ("ClientIP", "client.address"),
    ("ClientSrcPort", "client.port:int"),
    ("ClientRequestHost", "server.address:address"),
    ("ClientRequestMethod", "http.request.method"),
    ("ClientRequestURI", "url.full:url"),
    ("ClientRequestPath", "url.path:path"),
    ("ClientRequestQuery", "url.query"),
    ("ClientRequestProtocol", "network.protocol.version:protocol"),
    ("ClientRequestScheme", "url.scheme"),
    ("ClientRequestBytes", "http.request.size:int"),
    ("ClientRequestUserAgent", "user_agent.original"),
    ("ClientRequestReferer", "http.request.header.referer:list"),
    ("ClientSSLProtocol", "tls.protocol.version:tls"),
    ("ClientSSLCipher", "tls.cipher"),
    ("EdgeResponseStatus", "http.response.status_code:status"),
    ("EdgeResponseBytes", "http.response.size:int"),
];
