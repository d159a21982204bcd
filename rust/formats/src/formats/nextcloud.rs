//! Nextcloud: its log.

use std::sync::Arc;

use super::json::KEYS;
use crate::{About, Format, Framing, OptionError, Options, Spec, fields::Rows, objects::Objects};

/// The row of `nextcloud`.
pub static SPEC: Spec = Spec {
    name: "nextcloud",
    about: About {
        line: "The log of Nextcloud, as JSON lines",
        page: "https://docs.nextcloud.com/server/stable/admin_manual/configuration_server/logging_configuration.html",
        example: concat!(
            r#"{"reqId":"U1rsiIxFtovEqTt77CJN","level":2,"time":"2026-11-21T10:43:36+00:00","remoteAddr":"203.0.113.9","user":"--","app":"core","#,
            r#""method":"POST","url":"/login","message":"Login failed: ann (Remote IP: 203.0.113.9)","userAgent":"curl/8.9.1","version":"31.0.0.10"}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows {
        keys: ROWS,
        dash_is_absent: true,
        prefix: "nextcloud.",
        inside: &[("Login failed: ", " (Remote IP", "nextcloud.target_user")],
        // 0 to 4: debug, info, warning, error, fatal.
        levels: &[("0", 5), ("1", 9), ("2", 13), ("3", 17), ("4", 21)],
        times: &["%B %d, %Y %H:%M:%S"],
        ..Rows::NONE
    },
    signs: &[(4, &["reqId", "remoteAddr", "app", "userAgent"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("time", "time"),
    ("level", "severity"),
    ("message", "body"),
    ("app", "log.logger"),
    ("user", "user.name"),
    ("remoteAddr", "client.address"),
    ("method", "http.request.method"),
    ("url", "url.full:url"),
    ("userAgent", "user_agent.original"),
    ("exception.Exception", "exception.type"),
    ("exception.Message", "exception.message"),
    ("exception.File", "code.file.path"),
    ("exception.Line", "code.line.number:int"),
    ("exception", "."),
];
