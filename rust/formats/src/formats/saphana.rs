//! The traces of SAP HANA.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `saphana`.
pub static SPEC: Spec = Spec {
    name: "saphana",
    about: About {
        line: "The trace files of SAP HANA",
        page: "https://help.sap.com/docs/SAP_HANA_PLATFORM",
        example: "[18642]{-1}[-1/-1] 2026-11-21 10:40:59.509123 i Basis            TraceStream.cpp(00718) : ==== Starting hdbnameserver",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    "[{thread.id:int}]{{{saphana.connection.id:signed}}}[{saphana.transaction.id:signed}/{saphana.update_transaction.id:signed}] {time:%Y-%m-%d %H:%M:%S.%f} {severity}{ }{log.logger:class}{ }{code.file.path:class}({code.line.number:int}) : {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 97, options)
}
