//! Suricata: EVE.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `suricata`.
pub static SPEC: Spec = Spec {
    name: "suricata",
    about: About {
        line: "Suricata EVE: alerts, flows and protocol transactions as JSON lines",
        page: "https://docs.suricata.io/en/latest/output/eve/eve-json-format.html",
        example: concat!(
            r#"{"timestamp":"2026-11-21T10:43:36.826191+0000","flow_id":1258832998001901,"in_iface":"eth0","event_type":"alert","src_ip":"203.0.113.9","#,
            r#""src_port":52812,"dest_ip":"10.0.0.4","dest_port":80,"proto":"TCP","alert":{"action":"allowed","gid":1,"signature_id":2034125,"rev":4,"#,
            r#""signature":"Path traversal","category":"Attempted Administrator Privilege Gain","severity":1},"http":{"hostname":"shop.example","#,
            r#""url":"/cgi-bin/x","http_user_agent":"curl/8.9.1","http_method":"GET","protocol":"HTTP/1.1","status":404,"length":196}}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, prefix: "suricata.", ..Rows::NONE },
    signs: &[(3, &["timestamp", "event_type", "flow_id", "src_ip"]), (1, &["\"event_type\":\"stats\""])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("timestamp", "time"),
    ("src_ip", "source.address"),
    ("src_port", "source.port:int"),
    ("dest_ip", "destination.address"),
    ("dest_port", "destination.port:int"),
    ("alert.metadata", "{}"),
    ("http.hostname", "server.address"),
    ("http.http_port", "server.port:int"),
    ("http.url", "url.full:url"),
    ("http.http_method", "http.request.method"),
    ("http.http_user_agent", "user_agent.original"),
    ("http.http_refer", "http.request.header.referer:list"),
    ("http.protocol", "network.protocol.version:protocol"),
    ("http.status", "http.response.status_code:status"),
    ("http.length", "http.response.body.size:int"),
    ("tls.version", "tls.protocol.version:tls"),
    ("tls.subject", "tls.server.subject"),
    ("tls.issuerdn", "tls.server.issuer"),
    ("dns.rrname", "dns.question.name"),
    ("stats", "{}"),
    ("metadata", "{}"),
];
