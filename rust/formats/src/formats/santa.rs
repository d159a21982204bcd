//! The decisions of Santa, which allows and blocks programs on macOS.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `santa`.
pub static SPEC: Spec = Spec {
    name: "santa",
    about: About {
        line: "The decisions of Santa, which allows and blocks programs on macOS",
        page: "https://santa.dev/",
        example: "[2026-11-21T10:40:59.509Z] I santad: action=EXEC|decision=ALLOW|reason=CERT|sha256=ab12|path=/usr/bin/curl|pid=29678|ppid=1|uid=501|user=ann|args=curl",
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    "[{time:iso}] {severity} {process.executable.name:class}: {body>}{santa.:bars decision>santa.decision path>process.executable.path pid>process.pid ppid>process.parent_pid user>user.name uid>user.id sha256>file.hash.sha256 args>process.command_line}",
    "[{time:iso}] {severity} {process.executable.name:class}: {body}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 95, options)
}
