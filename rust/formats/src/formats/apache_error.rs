//! Apache httpd's error log.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `apache_error`.
pub static SPEC: Spec = Spec {
    name: "apache_error",
    about: About {
        line: "Apache httpd's error log, of 2.2 and of 2.4",
        page: "https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat",
        example: concat!(
            "[Sat Nov 21 10:40:59.509512 2026] [auth_basic:error] [pid 1234:tid 140120579262208] [client 203.0.113.9:50229] ",
            "AH01617: user ann: authentication failure for \"/private\": Password Mismatch, referer: https://shop.example/"
        ),
    },
    options: &[],
    compile,
};

/// When, and how bad: 2.4 names the module.
const HEADS: [&str; 3] = [
    "[{time:%a %b %d %H:%M:%E*S %Y}] [{apache.module:word}:{severity}] ",
    "[{time:%a %b %d %H:%M:%E*S %Y}] [{severity}] ",
    "[{time:iso}] [{apache.module:word}:{severity}] ",
];

const PROCESSES: [&str; 3] = ["[pid {process.pid:int}:tid {thread.id:int}] ", "[pid {process.pid:int}] ", ""];

const CLIENT: &str = "[client {client.address:address}] ";

/// Who was refused, where the message says so.
const MESSAGES: [&str; 4] = [
    "{body>}AH{_:int}: user {user.name} not found: {url.path}",
    "{body>}AH{_:int}: user {user.name}: authentication failure for \"{url.path}\": {apache.reason}",
    "{body>}user {user.name} not found: {url.path}",
    "{body>}user {user.name}: authentication failure for \"{url.path}\": {apache.reason}",
];

/// What may stand before the message: the place in the source, the system's error, the client; or the server behind a proxy.
const BEFORE: [&str; 6] = [
    "{code.file.path:word}({code.line.number:int}): [client {client.address:address}] ",
    "{apache.error.status}: [client {client.address:address}] ",
    "{apache.error.status} [client {client.address:address}] ",
    "[remote {server.address:address}] ",
    "{code.file.path:word}({code.line.number:int}): ",
    "",
];

/// Every line of it.
pub(super) fn patterns() -> Vec<String> {
    let mut patterns = Vec::new();
    for head in HEADS {
        for process in PROCESSES {
            let messages = MESSAGES.iter().chain(&["{body}"]).map(|message| format!("{head}{process}{CLIENT}{message}{REFERER}"));
            patterns.extend(messages);
            patterns.extend(BEFORE.iter().map(|before| format!("{head}{process}{before}{{body}}{REFERER}")));
        }
    }
    patterns
}

const REFERER: &str = "{?, referer: {http.request.header.referer:list}?}";

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, &patterns(), 95, options)
}
