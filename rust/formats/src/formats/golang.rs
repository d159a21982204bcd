//! Logs of Go programs as lines.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `golang`.
pub static SPEC: Spec = Spec {
    name: "golang",
    about: About {
        line: "Lines of Go programs: the standard library's log, zap's console encoder, Gin",
        page: "https://pkg.go.dev/log",
        example: "2026/11/21 10:40:59.509123 server.go:42: listening on :8080",
    },
    options: &[],
    compile,
};

/// zerolog's console writer: its level in three letters.
macro_rules! zerolog {
    ($level:literal) => {
        concat!(
            "{time:iso} ",
            $level,
            " {?{code.file.path:class}:{code.line.number:int} > ?}{body>}{_:pairs error>exception.message}{severity=",
            $level,
            "}"
        )
    };
}

/// zap's console; what was given beside the message stands behind it as JSON, and a stack below.
macro_rules! zap {
    ($head:literal) => {
        concat!($head, "\t{body}\t{{{_:members error>exception.message}}}{?\n{exception.stacktrace}?}")
    };
}

const PATTERNS: &[&str] = &[
    // zap's and controller-runtime's console.
    zap!("{time:iso}\t{severity}\t{log.logger:class}\t{code.file.path:class}:{code.line.number:int}"),
    zap!("{time:iso}\t{severity}\t{code.file.path:class}:{code.line.number:int}"),
    zap!("{time:iso}\t{severity}\t{log.logger:class}"),
    zap!("{time:iso}\t{severity}"),
    // Caddy's.
    zap!("{time:%Y/%m/%d %H:%M:%S.%f}\t{severity}\t{log.logger:class}"),
    zap!("{time:%Y/%m/%d %H:%M:%S.%f}\t{severity}"),
    "{time:%Y/%m/%d %H:%M:%S.%f}\t{severity}\t{log.logger:class}\t{body}",
    "{time:%Y/%m/%d %H:%M:%S.%f}\t{severity}\t{body}",
    "{time:iso}\t{severity}\t{log.logger:class}\t{code.file.path:class}:{code.line.number:int}\t{body}",
    "{time:iso}\t{severity}\t{code.file.path:class}:{code.line.number:int}\t{body}",
    "{time:iso}\t{severity}\t{log.logger:class}\t{body}",
    "{time:iso}\t{severity}\t{body}",
    zerolog!("TRC"),
    zerolog!("DBG"),
    zerolog!("INF"),
    zerolog!("WRN"),
    zerolog!("ERR"),
    zerolog!("FTL"),
    zerolog!("PNC"),
    // logrus on a terminal: the fields stand behind the message, which nothing ends.
    "{severity}[{time:iso}] {body>}{_:pairs error>exception.message}",
    "{severity}[{logrus.uptime_s:int}] {body>}{_:pairs error>exception.message}",
    // Gin.
    "[GIN] {time:%Y/%m/%d - %H:%M:%S} |{~}{http.response.status_code:int} |{~}{gin.duration} |{~}{client.address:word} | {http.request.method:word}{ }\"{url.path:path}\"{?{_}?}",
    "{time:iso} |{~}{http.response.status_code:int} |{~}{gin.duration} |{~}{client.address:word} | {http.request.method:word}{ }\"{url.path:path}\"{?{_}?}",
    // AdGuard Home's and Zoraxy's, which say who asked.
    "{time:%Y/%m/%d %H:%M:%S.%f} [{severity}] {body>}{http.request.method:word} {_:word} {url.path:word}: from ip {client.address:word}: {_}",
    "{time:%Y/%m/%d %H:%M:%S.%f} [{severity}] {body>}{http.request.method:word} {client.address:word} {url.path:word}: {_}",
    concat!(
        "{time:%Y/%m/%d %H:%M:%S} [{_:time %Y-%m-%d %H:%M:%S.%6f}] {body>}[{zoraxy.router:word}] [origin:{server.address:word}] [client: {client.address:word}] ",
        "[useragent: {user_agent.original}] {http.request.method:word} {url.path:path} {http.response.status_code:status}"
    ),
    "{time:%Y/%m/%d %H:%M:%S} [{_:time %Y-%m-%d %H:%M:%S.%6f}] {body>}[{log.logger}] [system:{severity}] {_}",
    // Gitea's and Forgejo's.
    concat!(
        "{time:%Y/%m/%d %H:%M:%S} {code.file.path:id}:{code.line.number:int}:{code.function.name:id}() [{severity}] ",
        "{?[{gitea.request.id:class}] ?}{body>}Failed authentication attempt for {user.name:id} from {client.address:address}: {_}"
    ),
    "{time:%Y/%m/%d %H:%M:%S} {code.file.path:id}:{code.line.number:int}:{code.function.name:id}() [{severity}] {?[{gitea.request.id:class}] ?}{body}",
    // The standard library.
    "{time:%Y/%m/%d %H:%M:%S.%f} {code.file.path:class}:{code.line.number:int}: {body}",
    "{time:%Y/%m/%d %H:%M:%S} {code.file.path:class}:{code.line.number:int}: {body}",
    "{time:%Y/%m/%d %H:%M:%S.%f} [{severity}] {body}",
    "{time:%Y/%m/%d %H:%M:%S} [{severity}] {body}",
    "{time:%Y/%m/%d %H:%M:%S} DEBUG: {body}{severity=DEBUG}",
    "{time:%Y/%m/%d %H:%M:%S} DEBUG {body>}{_:pairs err>exception.message}{severity=DEBUG}",
    "{time:%Y/%m/%d %H:%M:%S} INFO: {body}{severity=INFO}",
    "{time:%Y/%m/%d %H:%M:%S} INFO {body>}{_:pairs err>exception.message}{severity=INFO}",
    "{time:%Y/%m/%d %H:%M:%S} WARN: {body}{severity=WARN}",
    "{time:%Y/%m/%d %H:%M:%S} WARN {body>}{_:pairs err>exception.message}{severity=WARN}",
    "{time:%Y/%m/%d %H:%M:%S} WARNING: {body}{severity=WARNING}",
    "{time:%Y/%m/%d %H:%M:%S} WARNING {body}{severity=WARNING}",
    "{time:%Y/%m/%d %H:%M:%S} ERROR: {body}{severity=ERROR}",
    "{time:%Y/%m/%d %H:%M:%S} ERROR {body>}{_:pairs err>exception.message}{severity=ERROR}",
    "{time:%Y/%m/%d %H:%M:%S} FATAL: {body}{severity=FATAL}",
    "{time:%Y/%m/%d %H:%M:%S} FATAL {body}{severity=FATAL}",
    "{time:%Y/%m/%d %H:%M:%S.%f} {body}",
    "{time:%Y/%m/%d %H:%M:%S} {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 82, options)
}
