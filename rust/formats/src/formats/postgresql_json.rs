//! `PostgreSQL`: jsonlog.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Framing, OptionError, Options, Spec,
    fields::{Container, Rows},
    objects::Objects,
};

/// The row of `postgresql_json`.
pub static SPEC: Spec = Spec {
    name: "postgresql_json",
    about: About {
        line: "The log of PostgreSQL 15 and later as JSON (`log_destination = jsonlog`)",
        page: "https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-JSONLOG",
        example: concat!(
            r#"{"timestamp":"2026-11-21 10:43:36.826 UTC","user":"ann","dbname":"shop","pid":4711,"remote_host":"10.0.0.4","remote_port":41026,"#,
            r#""session_id":"67ff1e00.1267","line_num":2,"ps":"SELECT","session_start":"2026-11-21 10:43:30 UTC","vxid":"3/7","txid":0,"#,
            r#""error_severity":"ERROR","state_code":"42P01","message":"relation \"carts\" does not exist","statement":"select * from carts","#,
            r#""application_name":"psql","backend_type":"client backend","query_id":0}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, nested: Container::Dotted, prefix: "postgresql.", ..Rows::NONE },
    signs: &[(3, &["error_severity", "backend_type", "session_id", "line_num", "vxid"])],
    lists: &[],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("timestamp", "time"),
    ("error_severity", "severity"),
    ("message", "body"),
    ("user", "user.name"),
    ("dbname", "db.namespace"),
    ("pid", "process.pid:int"),
    ("remote_host", "client.address"),
    ("remote_port", "client.port:int"),
    ("session_id", "session.id"),
    ("state_code", "db.response.status_code"),
    ("statement", "db.query.text"),
    ("func_name", "code.function.name"),
    ("file_name", "code.file.path"),
    ("file_line_num", "code.line.number:int"),
    // CloudNativePG's, around a row of the server's csvlog.
    ("record", "."),
    ("record.log_time", "time"),
    ("record.error_severity", "severity"),
    ("record.message", "body"),
    ("record.user_name", "user.name"),
    ("record.database_name", "db.namespace"),
    ("record.process_id", "process.pid:int"),
    ("record.connection_from", "client.address:address"),
    ("record.session_id", "session.id"),
    ("record.sql_state_code", "db.response.status_code"),
    ("record.query", "db.query.text"),
    ("ts", "time"),
    ("level", "severity"),
    ("logger", "log.logger"),
    ("msg", "body"),
];
