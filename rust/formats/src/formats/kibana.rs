//! Kibana: its log as JSON.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `kibana`.
pub static SPEC: Spec = Spec {
    name: "kibana",
    about: About {
        line: "The log of Kibana 5 to 7 as JSON lines, requests included; Kibana 8 writes ECS, which `json` reads",
        page: "https://www.elastic.co/docs/deploy-manage/monitor/logging-configuration/kibana-logging",
        example: concat!(
            r#"{"type":"response","@timestamp":"2026-11-21T10:43:36Z","tags":[],"pid":69410,"method":"get","statusCode":304,"#,
            r#""req":{"url":"/api/cart?item=7","method":"get","headers":{"host":"localhost:5601","user-agent":"curl/8.9.1"},"#,
            r#""remoteAddress":"203.0.113.9","userAgent":"203.0.113.9","referer":"http://localhost:5601/app/kibana"},"#,
            r#""res":{"statusCode":304,"responseTime":26,"contentLength":9},"message":"GET /api/cart?item=7 304 26ms - 9.0B"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, prefix: "kibana.", constants: &[("service.name", "kibana")], ..Rows::NONE },
    signs: &[(4, &["type", "@timestamp", "tags", "pid"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("@timestamp", "time"),
    ("message", "body"),
    ("pid", "process.pid:int"),
    ("req.method", "http.request.method"),
    ("req.url", "url.full:url"),
    ("req.headers.user-agent", "user_agent.original"),
    ("req.headers.x-forwarded-for", "http.request.header.x-forwarded-for:list"),
    ("req.referer", "http.request.header.referer:list"),
    ("req.headers.referer", "http.request.header.referer:list"),
    ("req.remoteAddress", "client.address"),
    ("res.statusCode", "http.response.status_code:status"),
    ("res.contentLength", "http.response.body.size:int"),
    ("res.responseTime", "kibana.response_time_ms:int"),
    ("error.name", "exception.type"),
    ("error.message", "exception.message"),
    ("error.stack", "exception.stacktrace"),
];
