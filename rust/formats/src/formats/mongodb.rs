//! MongoDB's log before version 4.4.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `mongodb`.
pub static SPEC: Spec = Spec {
    name: "mongodb",
    about: About {
        line: "MongoDB's log as text, before version 4.4; later ones are `mongodb_json`",
        page: "https://www.mongodb.com/docs/v4.2/reference/log-messages/",
        example: "2026-11-21T10:40:59.509+0000 I  NETWORK  [conn12] received client metadata from 203.0.113.9:51324 conn12",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    "{time:iso} {severity}{ }{mongodb.component:class}{ }[{mongodb.context:name}] {body}",
    "{time:iso} {severity}{ }-{ }[{mongodb.context:name}] {body}",
    "{time:iso} [conn{mongodb.connection.id:int}] {body}",
    "{time:iso} [initandlisten] {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 85, options)
}
