//! Tab-separated values.

use std::sync::Arc;

use super::{csv::ROWS, json::KEYS};
use crate::{
    About, Format, OptionError, Options, Spec,
    delimited::{COLUMNS, DELIMITER, HEADER, NULL, QUOTE, TIME_FORMAT, compile as compile_table},
    fields::Dialect,
};

/// The row of `tsv`.
pub static SPEC: Spec = Spec {
    name: "tsv",
    about: About {
        line: "Tab-separated values with a header or columns that options name",
        page: "https://www.iana.org/assignments/media-types/text/tab-separated-values",
        example: "timestamp\tlevel\tmessage\tuser.id\n2026-11-21T10:40:59.509Z\twarn\tslow query\talice",
    },
    options: &[COLUMNS, HEADER, DELIMITER, QUOTE, NULL, TIME_FORMAT, KEYS],
    compile,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?);
    compile_table(&SPEC, dialect, b'\t', None, options)
}
