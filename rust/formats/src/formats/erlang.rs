//! Logs of Erlang and Elixir programs: RabbitMQ, CouchDB, EMQX, OTP's own.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `erlang`.
pub static SPEC: Spec = Spec {
    name: "erlang",
    about: About {
        line: "Logs of Erlang and Elixir programs: RabbitMQ, CouchDB, EMQX, ejabberd, Lager, OTP's reports, Elixir's Logger",
        page: "https://www.rabbitmq.com/docs/logging",
        example: "2026-11-21 10:40:59.509123+00:00 [info] <0.222.0> Server startup complete; 4 plugins started.",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    // RabbitMQ before 3.9 and from it on; Lager.
    "{time:iso} [{severity}] <{erlang.pid:word}> {body>}HTTP access denied: user '{user.name}'{_}",
    "{time:iso} [{severity}] <{erlang.pid:word}>{?@{erlang.module:class}:{code.function.name:class}:{code.line.number:int}?} {body}",
    // CouchDB's requests, and what else it says.
    concat!(
        "[{severity}] {time:iso} {host.name:word} <{erlang.pid:word}> {couchdb.request_id:word} {server.address:word} {client.address:word} ",
        "{user.name:word} {http.request.method:word} {url.path:path} {http.response.status_code:int} {couchdb.outcome:word} {couchdb.duration_ms:int}"
    ),
    "[{severity}] {time:iso} {host.name:word} <{erlang.pid:word}> {couchdb.request_id:word} {body}",
    // What no process of its own says: the emulator's.
    "[{severity}] {time:iso} {host.name:word} {erlang.registered_name:class} -------- {body}",
    // OTP's reports, before and after version 21.
    "={severity} REPORT==== {time:%d-%b-%Y::%H:%M:%S} ===\n{body}",
    "={severity} REPORT==== {time:%d-%b-%Y::%H:%M:%S.%f} ===\n{body}",
    "={erlang.report.type:name} REPORT==== {time:%d-%b-%Y::%H:%M:%S} ===\n{body}{severity=INFO}",
    "={erlang.report.type:name} REPORT==== {time:%d-%b-%Y::%H:%M:%S.%f} ===\n{body}{severity=INFO}",
    // Elixir's Logger.
    "{time:%H:%M:%S.%3f} {?request_id={http.request.header.x-request-id:list} ?}[{severity}] {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 84, options)
}
