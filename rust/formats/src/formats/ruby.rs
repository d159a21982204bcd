//! Logs of Ruby programs, and of Rails.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `ruby`.
pub static SPEC: Spec = Spec {
    name: "ruby",
    about: About {
        line: "Lines of Ruby's Logger, and of Rails: each request one record",
        page: "https://docs.ruby-lang.org/en/master/Logger.html",
        example: "I, [2026-11-21T10:40:59.509123 #1234]  INFO -- : Completed 200 OK in 12ms",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    // Ruby's Logger, the severity as a letter and a word.
    "D, [{time:%Y-%m-%dT%H:%M:%S.%f} #{process.pid:int}]{ }{severity} -- {log.logger}: {body}",
    "I, [{time:%Y-%m-%dT%H:%M:%S.%f} #{process.pid:int}]{ }{severity} -- {log.logger}: {body}",
    "W, [{time:%Y-%m-%dT%H:%M:%S.%f} #{process.pid:int}]{ }{severity} -- {log.logger}: {body}",
    "E, [{time:%Y-%m-%dT%H:%M:%S.%f} #{process.pid:int}]{ }{severity} -- {log.logger}: {body}",
    "F, [{time:%Y-%m-%dT%H:%M:%S.%f} #{process.pid:int}]{ }{severity} -- {log.logger}: {body}",
    "U, [{time:%Y-%m-%dT%H:%M:%S.%f} #{process.pid:int}]{ }{_:word} -- {log.logger}: {body}",
    "A, [{time:%Y-%m-%dT%H:%M:%S.%f} #{process.pid:int}]{ }{_:word} -- {log.logger}: {body}",
    // Rails in production without a Logger's prefix.
    "Started {http.request.method:word} \"{url.path:path}\" for {client.address:word} at {time:%Y-%m-%d %H:%M:%S %z}\nProcessing by {rails.controller:class}#{rails.action:word} as {rails.format:word}\n{rails.log}Completed {http.response.status_code:int} {_} in {rails.duration_ms:double}ms{? ({_}?}",
    "Started {http.request.method:word} \"{url.path:path}\" for {client.address:word} at {time:%Y-%m-%d %H:%M:%S %z}{?\n{rails.log}?}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 90, options)
}
