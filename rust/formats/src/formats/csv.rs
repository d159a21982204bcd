//! Comma-separated values.

use std::sync::Arc;

use super::json::KEYS;
use crate::{
    About, Format, OptionError, Options, Spec,
    delimited::{COLUMNS, DELIMITER, HEADER, NULL, QUOTE, TIME_FORMAT, compile as compile_table},
    fields::{Dialect, Rows},
};

/// The row of `csv`.
pub static SPEC: Spec = Spec {
    name: "csv",
    about: About {
        line: "Comma-separated values with a header or columns that options name; quoted values over several lines",
        page: "https://www.rfc-editor.org/rfc/rfc4180",
        example: "timestamp,level,message,user.id,took_ms\n2026-11-21T10:40:59.509Z,warn,\"slow query, again\",alice,812",
    },
    options: &[COLUMNS, HEADER, DELIMITER, QUOTE, NULL, TIME_FORMAT, KEYS],
    compile,
};

/// The keys of the common logging libraries, and times as web servers write them.
pub(super) const ROWS: Rows =
    Rows { general: true, times: &["%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S", "%b %d %Y %H:%M:%S", "%m/%d/%Y %H:%M:%S"], ..Rows::NONE };

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?);
    compile_table(&SPEC, dialect, b',', Some(b'"'), options)
}
