//! The logs of Couchbase Server.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `couchbase`.
pub static SPEC: Spec = Spec {
    name: "couchbase",
    about: About {
        line: "The logs of Couchbase Server: ns_server's and XDCR's",
        page: "https://docs.couchbase.com/server/current/manage/manage-logging/manage-logging.html",
        example: "[ns_server:info,2026-11-21T10:40:59.509Z,ns_1@node1.example:ns_server_sup<0.268.0>:menelaus_sup:start:12]Started",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    "[{log.logger:channel}:{severity},{time:iso},{couchbase.node:word}:{couchbase.process:class}<{erlang.pid:word}>:{erlang.module:class}:{code.function.name:class}:{code.line.number:int}]{body}",
    "[{log.logger:channel}:{severity},{time:iso},{couchbase.node}]{body}",
    "{time:iso} {severity} GOXDCR.{log.logger:class}: {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 95, options)
}
