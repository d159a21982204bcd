//! Logs of Rust programs as lines.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `rust`.
pub static SPEC: Spec = Spec {
    name: "rust",
    about: About {
        line: "Lines of Rust programs: tracing's and env_logger's",
        page: "https://docs.rs/tracing-subscriber/latest/tracing_subscriber/fmt/index.html",
        example: "2026-11-21T10:40:59.509123Z  INFO shop::cart: request handled items=3",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    // tracing, with its spans before the target; env_logger.
    "{time:iso}{ }{severity} {?{tracing.spans:spans}: ?}{log.logger:target}: {body}",
    "[{time:iso} {severity}{ }{log.logger:target}] {body}",
    "{time:iso} {severity}{ }[{log.logger:target}] {body}",
    // fern, as its manual has it; Vaultwarden.
    "[{time:iso}][{log.logger:target}][{severity}] {body>}Username or password is incorrect. Try again. IP: {client.address:word}. Username: {user.name}.",
    "[{time:iso}][{log.logger:target}][{severity}] {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 86, options)
}
