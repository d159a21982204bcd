//! Traefik: its access log as JSON.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `traefik_json`.
pub static SPEC: Spec = Spec {
    name: "traefik_json",
    about: About {
        line: "The access log of Traefik, as JSON lines",
        page: "https://doc.traefik.io/traefik/reference/install-configuration/observability/logs-and-accesslogs/",
        example: concat!(
            r#"{"ClientAddr":"203.0.113.9:41026","ClientHost":"203.0.113.9","ClientPort":"41026","ClientUsername":"-","DownstreamContentSize":1204,"#,
            r#""DownstreamStatus":200,"Duration":2337683,"OriginDuration":2201043,"OriginStatus":200,"Overhead":136640,"RequestHost":"shop.example","#,
            r#""RequestMethod":"GET","RequestPath":"/cart?item=7","RequestProtocol":"HTTP/1.1","RequestScheme":"https","RouterName":"cart@docker","#,
            r#""ServiceName":"cart@docker","StartUTC":"2026-11-21T10:43:36.826191415Z","entryPointName":"websecure","level":"info","msg":"","#,
            r#""time":"2026-11-21T10:43:36Z"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, dash_is_absent: true, general: true, prefix: "traefik.", ..Rows::NONE },
    signs: &[(3, &["DownstreamStatus", "RequestMethod", "RequestPath", "ClientAddr", "ClientHost", "RouterName"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("StartUTC", "time"),
    ("time", "time"),
    ("StartLocal", "time"),
    ("level", "severity"),
    ("msg", "body"),
    ("TraceId", "trace_id"),
    ("SpanId", "span_id"),
    ("ClientHost", "client.address"),
    ("ClientPort", "client.port:int"),
    ("ClientAddr", "network.peer.address:address"),
    ("ClientUsername", "user.name"),
    ("RequestHost", "server.address"),
    ("RequestPort", "server.port:int"),
    ("RequestMethod", "http.request.method"),
    ("RequestPath", "url.full:url"),
    ("RequestProtocol", "network.protocol.version:protocol"),
    ("RequestScheme", "url.scheme"),
    ("RequestContentSize", "http.request.body.size:int"),
    ("DownstreamStatus", "http.response.status_code:status"),
    ("DownstreamContentSize", "http.response.body.size:int"),
    ("TLSVersion", "tls.protocol.version:tls"),
    ("TLSCipher", "tls.cipher"),
    ("TLSClientSubject", "tls.client.subject"),
    ("request_User-Agent", "user_agent.original"),
    ("request_Referer", "http.request.header.referer:list"),
    ("request_X-Forwarded-For", "http.request.header.x-forwarded-for:list"),
    ("request_X-Request-Id", "http.request.header.x-request-id:list"),
    ("ServiceURL", "{}"),
    ("BackendURL", "{}"),
];
