//! The log of Redis and Valkey.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `redis`.
pub static SPEC: Spec = Spec {
    name: "redis",
    about: About {
        line: "The log of Redis, Sentinel and Valkey, of all versions",
        page: "https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/",
        example: "1:M 21 Nov 2026 10:40:59.509 * Ready to accept connections tcp",
    },
    options: &[],
    compile,
};

/// The role is M (primary), S (replica), C (child that writes), X (Sentinel); the level `.` debug, `-` verbose (less than a notice: INFO), `*` notice, `#` warning.
/// Before 2.8 there was no role, before 4.0 no year. What a signal handler says has the epoch alone.
const PATTERNS: &[&str] = &[
    "{process.pid:int}:{redis.role.code:code redis.role M>master S>slave C>RDB/AOF_writing_child X>sentinel} {time:%e %b %Y %H:%M:%S.%3f} {severity} {body}{severity=INFO|-}",
    "[{process.pid:int}:{redis.role.code:code redis.role M>master S>slave C>RDB/AOF_writing_child X>sentinel}] {time:%e %b %Y %H:%M:%S.%3f} {severity} {body}{severity=INFO|-}",
    "{process.pid:int}:{redis.role.code:code redis.role M>master S>slave C>RDB/AOF_writing_child X>sentinel} {time:%e %b %H:%M:%S.%3f} {severity} {body}{severity=INFO|-}",
    "[{process.pid:int}] {time:%e %b %H:%M:%S.%3f} {severity} {body}{severity=INFO|-}",
    "[{process.pid:int}] {time:%e %b %H:%M:%S} {severity} {body}{severity=INFO|-}",
    "{time:%e %b %H:%M:%S} {severity} {body}{severity=INFO|-}",
    "{process.pid:int}:signal-handler ({time:epoch}) {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
