//! The log of the NATS server.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `nats`.
pub static SPEC: Spec = Spec {
    name: "nats",
    about: About {
        line: "The log of the NATS server",
        page: "https://docs.nats.io/running-a-nats-service/configuration/logging",
        example: "[1] 2026/11/21 10:40:59.509123 [INF] Server is ready",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    "[{process.pid:int}] {time:%Y/%m/%d %H:%M:%S.%f} [{severity}] {client.address:address} - {nats.connection.type:channel}:{nats.connection.id:int} - {body}",
    "[{process.pid:int}] {time:%Y/%m/%d %H:%M:%S.%f} [{severity}] {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 95, options)
}
