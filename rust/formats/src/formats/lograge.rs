//! Rails: requests as JSON.

use std::sync::Arc;

use super::json::KEYS;
use crate::{About, Format, Framing, OptionError, Options, Spec, fields::Rows, objects::Objects};

/// The row of `lograge`.
pub static SPEC: Spec = Spec {
    name: "lograge",
    about: About {
        line: "Requests of Rails applications as JSON lines (lograge), GitLab's production_json.log among them",
        page: "https://docs.gitlab.com/administration/logs/#production_jsonlog",
        example: concat!(
            r#"{"method":"POST","path":"/users/sign_in?x=1","format":"html","controller":"SessionsController","action":"create","status":200,"#,
            r#""time":"2026-11-21T10:43:36.195Z","params":[{"key":"utf8","value":"y"}],"remote_ip":"203.0.113.9","user_id":7,"username":"ann","#,
            r#""ua":"curl/8.9.1","correlation_id":"01J","db_duration_s":0.01,"view_duration_s":0.02,"duration_s":0.05}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, prefix: "rails.", ..Rows::NONE },
    signs: &[(5, &["method", "path", "controller", "action", "status"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("time", "time"),
    ("@timestamp", "time"),
    ("timestamp", "time"),
    ("severity", "severity"),
    ("level", "severity"),
    ("message", "body"),
    ("method", "http.request.method"),
    ("path", "url.path:path"),
    ("status", "http.response.status_code:status"),
    ("host", "server.address"),
    ("remote_ip", "client.address"),
    ("ip", "client.address"),
    ("ua", "user_agent.original"),
    ("user_agent", "user_agent.original"),
    ("username", "user.name"),
    ("user_id", "user.id"),
    ("referer", "http.request.header.referer:list"),
    ("exception.class", "exception.type"),
    ("exception.message", "exception.message"),
    ("exception.backtrace", "exception.stacktrace:lines"),
    ("exception", "."),
    ("params", "{}"),
];
