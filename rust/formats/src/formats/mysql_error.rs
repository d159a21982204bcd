//! The error log of MySQL, MariaDB and Percona Server, and their general log.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `mysql_error`.
pub static SPEC: Spec = Spec {
    name: "mysql_error",
    about: About {
        line: "The error log of MySQL, MariaDB and Percona Server, of all versions, and their general log",
        page: "https://dev.mysql.com/doc/refman/8.4/en/error-log-format.html",
        example: "2026-11-21T10:40:59.509123Z 0 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    // Who was not let in.
    concat!(
        "{time:iso} {mysql.thread_id:int} [{severity}] {body>}{?[{mysql.error_code:word}] [{mysql.subsystem:word}] ?}",
        "Access denied for user '{user.name}'@'{client.address}' (using password: {_:word}){?{_}?}"
    ),
    "{time:%Y-%m-%d %k:%M:%S} {mysql.thread_id:int} [{severity}] {body>}Access denied for user '{user.name}'@'{client.address}' (using password: {_:word}){?{_}?}",
    // 8.0, with an error code; 5.7; MariaDB.
    "{time:iso} {mysql.thread_id:int} [{severity}] {body>}[{mysql.error_code:word}] [{mysql.subsystem:word}] {_}",
    "{time:iso} {mysql.thread_id:int} [{severity}] {body}",
    "{time:%Y-%m-%d %k:%M:%S} {mysql.thread_id:int} [{severity}] {body}",
    "{time:iso}{ }{mysql.thread_id:int} {mysql.command:word}{ }{body>}Access denied for user '{user.name}'@'{client.address}' (using password: {_:word}){?{_}?}",
    "{time:iso}{ }{mysql.thread_id:int} {mysql.command:word}\t{body}",
    "{time:iso}{ }{mysql.thread_id:int} {mysql.command:word}   {body}",
    "{time:iso}\t{~}{mysql.thread_id:int} {mysql.command:word}\t{body}",
    "{time:iso} {body>}mysqld_safe {_}",
    // 5.5 and before, and the general log of then.
    "{time:%y%m%d %k:%M:%S}{ }[{severity}] {body}",
    "{time:%y%m%d %k:%M:%S}\t{~}{mysql.thread_id:int} {body}",
    "{time:%y%m%d %k:%M:%S}{ }{body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 86, options)
}
