//! `MongoDB`: its log as JSON.

use std::sync::Arc;

use super::json::KEYS;
use crate::{About, Format, Framing, OptionError, Options, Spec, fields::Rows, objects::Objects};

/// The row of `mongodb_json`.
pub static SPEC: Spec = Spec {
    name: "mongodb_json",
    about: About {
        line: "The log of MongoDB 4.4 and later: structured JSON",
        page: "https://www.mongodb.com/docs/manual/reference/log-messages/",
        example: concat!(
            r#"{"t":{"$date":"2026-11-21T10:43:36.826+00:00"},"s":"I","c":"COMMAND","id":51803,"ctx":"conn162095","msg":"Slow query","#,
            r#""attr":{"type":"command","ns":"shop.users","remote":"10.29.42.162:56982","planSummary":"IXSCAN { name: 1 }","durationMillis":120}}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, prefix: "mongodb.", ..Rows::NONE },
    signs: &[(4, &["t", "s", "c", "ctx", "\"$date\""])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("t", "."),
    ("t.$date", "time"),
    ("s", "severity"),
    ("c", "log.logger"),
    ("ctx", "thread.name"),
    ("msg", "body"),
    ("attr", "."),
    ("attr.remote", "network.peer.address:address"),
    ("attr.durationMillis", "mongodb.duration_ms:int"),
];
