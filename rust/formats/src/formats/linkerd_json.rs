//! Linkerd: the access log of its proxy as JSON.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `linkerd_json`.
pub static SPEC: Spec = Spec {
    name: "linkerd_json",
    about: About {
        line: "The access log of the Linkerd proxy, as JSON lines",
        page: "https://linkerd.io/2/features/access-logging/",
        example: concat!(
            r#"{"client.addr":"10.42.0.63:51160","client.id":"default.shop.serviceaccount.identity.linkerd.cluster.local","host":"cart:8080","#,
            r#""method":"GET","processing_ns":"39826","request_bytes":"","response_bytes":"19","status":200,"#,
            r#""timestamp":"2026-11-21T10:43:36.826191415Z","total_ns":"2337683","trace_id":"","uri":"http://cart:8080/items?page=2","#,
            r#""user_agent":"curl/8.9.1","version":"HTTP/2.0"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, dash_is_absent: true, prefix: "linkerd.", ..Rows::NONE },
    signs: &[(3, &["client.addr", "client.id", "processing_ns", "total_ns"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("timestamp", "time"),
    ("trace_id", "trace_id"),
    ("client.addr", "client.address:address"),
    ("client.id", "linkerd.client.id"),
    ("host", "server.address:address"),
    ("method", "http.request.method"),
    ("uri", "url.full:url"),
    ("version", "network.protocol.version:protocol"),
    ("status", "http.response.status_code:status"),
    ("request_bytes", "http.request.body.size:int"),
    ("response_bytes", "http.response.body.size:int"),
    ("user_agent", "user_agent.original"),
    ("total_ns", "linkerd.total_ns:int"),
    ("processing_ns", "linkerd.processing_ns:int"),
];
