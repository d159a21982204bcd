//! Microsoft SQL Server's error log.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `mssql`.
pub static SPEC: Spec = Spec {
    name: "mssql",
    about: About {
        line: "The error log of Microsoft SQL Server (ERRORLOG) as text",
        page: "https://learn.microsoft.com/sql/tools/configuration-manager/viewing-the-sql-server-error-log",
        example: "2026-11-21 10:40:59.50 Logon       Login failed for user 'sa'. Reason: Password did not match. [CLIENT: 203.0.113.9]",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    "{time:%Y-%m-%d %H:%M:%S.%f} {mssql.source:word}{ }{body>}Login failed for user '{user.name}'. {?Reason: {mssql.reason} ?}[CLIENT: {client.address}]",
    "{time:%Y-%m-%d %H:%M:%S.%f} {mssql.source:word}{ }{body>}Error: {mssql.error:int}, Severity: {mssql.severity:int}, State: {mssql.state:int}.{?{_}?}{severity=ERROR}",
    "{time:%Y-%m-%d %H:%M:%S.%f} {mssql.source:word}  {body}", // padded to twelve columns
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 80, options)
}
