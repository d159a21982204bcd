//! Logs of PHP, PHP-FPM, Monolog and Laravel.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `php`.
pub static SPEC: Spec = Spec {
    name: "php",
    about: About {
        line: "PHP's error log, PHP-FPM's log, and lines of Monolog and Laravel",
        page: "https://www.php.net/manual/en/errorfunc.configuration.php",
        example: "[21-Nov-2026 10:40:59 UTC] PHP Warning:  Undefined variable $cart in /srv/www/cart.php on line 12",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    // PHP itself.
    "[{time:%d-%b-%Y %H:%M:%S %Z}] PHP {severity}:{ }{body>}{_} in {code.file.path:word} on line {code.line.number:int}{?\n{_}?}",
    "[{time:%d-%b-%Y %H:%M:%S %Z}] PHP {severity}:{ }{body>}{_} in {code.file.path:word}:{code.line.number:int}{?\n{_}?}",
    "[{time:%d-%b-%Y %H:%M:%S %Z}] PHP {severity}:{ }{body}",
    "[{time:%d-%b-%Y %H:%M:%S %Z}] PHP {php.error.type}:{ }{body>}{_} in {code.file.path:word} on line {code.line.number:int}{?\n{_}?}{severity=ERROR}",
    "[{time:%d-%b-%Y %H:%M:%S %Z}] PHP {php.error.type}:{ }{body}{severity=ERROR}",
    "[{time:%d-%b-%Y %H:%M:%S %Z}] {body}",
    // PHP-FPM.
    "[{time:%d-%b-%Y %H:%M:%S.%f}] {severity}: {?pid {process.pid:int}, {code.function.name:class}(), line {code.line.number:int}: ?}{?[pool {php.fpm.pool:name}] ?}{body}",
    "[{time:%d-%b-%Y %H:%M:%S}] {severity}: {?pid {process.pid:int}, {code.function.name:class}(), line {code.line.number:int}: ?}{?[pool {php.fpm.pool:name}] ?}{body}",
    // Monolog and Laravel: channel, or environment, and level; context and extra behind.
    "[{time:iso}] {log.logger:channel}.{severity}: {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 90, options)
}
