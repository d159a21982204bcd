//! PostgreSQL's log as CSV.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, Likely, OptionError, Options, Spec,
    delimited::{Columns, Delimited, Header, Shape, undouble},
    fields::{Dialect, Rows},
    severity,
};
use logloom_record::Text;

/// The row of `postgresql_csv`.
pub static SPEC: Spec = Spec {
    name: "postgresql_csv",
    about: About {
        line: "The log of PostgreSQL 9 to 18 as CSV (log_destination = csvlog)",
        page: "https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-CSVLOG",
        example: r#"2026-11-21 10:43:36.826 UTC,"ann","shop",4711,"10.0.0.4:41026",67ff1e00.1267,2,"SELECT",2026-11-21 10:43:30 UTC,3/7,0,ERROR,42P01,"relation ""carts"" does not exist",,,,,,"select * from carts",15,,"psql","client backend",,0"#,
    },
    options: &[KEYS],
    compile,
};

const ROWS: Rows = Rows {
    keys: &[
        ("log_time", "time"),
        ("error_severity", "severity"),
        ("message", "body"),
        ("user_name", "user.name"),
        ("database_name", "db.namespace"),
        ("process_id", "process.pid:int"),
        ("connection_from", "client.address:address"),
        ("session_id", "session.id"),
        ("session_line_num", "postgresql.line_num:int"),
        ("command_tag", "postgresql.ps"),
        ("session_start_time", "postgresql.session_start"),
        ("virtual_transaction_id", "postgresql.vxid"),
        ("transaction_id", "postgresql.txid:int"),
        ("sql_state_code", "db.response.status_code"),
        ("query", "db.query.text"),
        ("query_pos", "postgresql.cursor_position:int"),
        ("internal_query_pos", "postgresql.internal_position:int"),
        ("leader_pid", "postgresql.leader_pid:int"),
        ("query_id", "postgresql.query_id:int"),
    ],
    prefix: "postgresql.",
    ..Rows::NONE
};

/// The columns of version 14 and later; 13 has two fewer, 9 to 12 three fewer.
const COLUMNS: &str = "log_time user_name database_name process_id connection_from session_id session_line_num command_tag session_start_time virtual_transaction_id transaction_id error_severity sql_state_code message detail hint internal_query internal_query_pos context query query_pos location application_name backend_type leader_pid query_id";

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let zone = options.zone()?;
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(zone);
    let mut versions = Vec::new();
    for count in [26, 24, 23] {
        versions.push(Columns::new(&dialect, COLUMNS.split(' ').take(count)).map_err(|reason| OptionError::new("", reason.what))?);
    }
    let shape = Shape { delimiter: b',', quote: Some(b'"'), runs: false };
    let header = Header::ByCount(versions);
    Ok(Arc::new(Delimited { spec: &SPEC, dialect, shape, header, nulls: Vec::new(), zone, unescape: undouble::<b'"'>, likely }))
}

/// A row of one of the versions: its time first, its severity twelfth.
fn likely(format: &Delimited, sample: &[u8]) -> Likely {
    let Some(end) = format.row_end(sample) else { return Likely::NO };
    let row = Text::of(sample, 0..end);
    let Header::ByCount(versions) = &format.header else { return Likely::NO };
    let has_time = row.bytes().first_chunk::<5>().is_some_and(|year| year.starts_with(b"2") && year.ends_with(b"-"));
    let known = has_time && format.by_count(versions, row).is_ok();
    let word = known.then(|| format.value(row, 11)).flatten();
    if word.is_some_and(|word| severity::of_text(word) != 0) { Likely::SURE } else { Likely::NO }
}
