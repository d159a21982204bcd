//! Authelia: its log.

use std::sync::Arc;

use super::json::KEYS;
use crate::{About, Format, Framing, OptionError, Options, Spec, fields::Rows, objects::Objects};

/// The row of `authelia`.
pub static SPEC: Spec = Spec {
    name: "authelia",
    about: About {
        line: "The log of Authelia, as text (key=value) and as JSON",
        page: "https://www.authelia.com/configuration/miscellaneous/logging/",
        example: r#"{"error":"user not found","level":"error","method":"POST","msg":"Unsuccessful 1FA authentication attempt by user 'ann'","path":"/api/firstfactor","remote_ip":"203.0.113.9","time":"2026-11-21T10:43:36+02:00"}"#,
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows {
        keys: ROWS,
        prefix: "authelia.",
        inside: &[("by user '", "'", "user.name"), ("username input '", "'", "user.name"), ("for user '", "'", "user.name")],
        ..Rows::NONE
    },
    signs: &[(3, &["remote_ip", "method", "\"path\":\"/api/"]), (3, &["remote_ip=", "method=", "path=/api/"])],
    lists: &[],
    pairs: true,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("time", "time"),
    ("level", "severity"),
    ("msg", "body"),
    ("error", "exception"),
    ("stack", "exception.stacktrace"),
    ("method", "http.request.method"),
    ("path", "url.path:path"),
    ("remote_ip", "client.address"),
];
