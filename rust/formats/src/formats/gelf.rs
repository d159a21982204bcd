//! Graylog: GELF.

use std::sync::Arc;

use super::json::KEYS;
use crate::{About, Format, Framing, OptionError, Options, Spec, fields::Rows, objects::Objects};

/// The row of `gelf`.
pub static SPEC: Spec = Spec {
    name: "gelf",
    about: About {
        line: "Graylog Extended Log Format (GELF), as JSON lines",
        page: "https://go2docs.graylog.org/current/getting_in_log_data/gelf.html",
        example: r#"{"version":"1.1","host":"node-1","short_message":"cart is slow","full_message":"cart is slow\nmain.go:12","timestamp":1795257816.826,"level":4,"_user_id":9001}"#,
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, strips_underscore: true, general: true, ..Rows::NONE },
    signs: &[(3, &["version", "host", "short_message"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("timestamp", "time"),
    ("level", "severity"),
    ("short_message", "body"),
    ("host", "host.name"),
    ("facility", "log.logger"),
    ("file", "code.file.path"),
    ("line", "code.line.number:int"),
    ("full_message", "gelf.full_message"),
    ("version", "gelf.version"),
];
