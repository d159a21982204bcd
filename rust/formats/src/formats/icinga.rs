//! The logs of Icinga 2.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `icinga`.
pub static SPEC: Spec = Spec {
    name: "icinga",
    about: About {
        line: "The main, debug and startup log of Icinga 2",
        page: "https://icinga.com/docs/icinga-2/latest/doc/14-features/",
        example: "[2026-11-21 10:40:59 +0000] warning/JsonRpcConnection: API client disconnected for identity 'node1'",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &["[{time:%Y-%m-%d %H:%M:%S %z}] {severity}/{log.logger:class}: {body}", "{severity}/{log.logger:class}: {body}"];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 92, options)
}
