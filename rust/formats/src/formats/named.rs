//! The log files of BIND's name server.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern, syslog::NAMED};

/// The row of `named`.
pub static SPEC: Spec = Spec {
    name: "named",
    about: About {
        line: "The log files of BIND's name server: queries, what it denied, and the rest",
        page: "https://bind9.readthedocs.io/en/latest/reference.html#logging-block-grammar",
        example: "21-Nov-2026 10:40:59.509 queries: info: client @0x7f65100ee4d8 198.51.100.23#40022 (www.example.org): query: www.example.org IN AAAA +E(0)K (192.0.2.53)",
    },
    options: &[],
    compile,
};

/// What stands in front of the message, as the channel's `print-time`, `print-category` and `print-severity` say.
const HEADS: [&str; 8] = [
    "{time:%d-%b-%Y %H:%M:%S.%3f} {named.category:word}: {severity}: ",
    "{time:%d-%b-%Y %H:%M:%S.%3f} {severity}: ",
    "{time:%d-%b-%Y %H:%M:%S.%3f} {named.category:word}: ",
    "{time:%d-%b-%Y %H:%M:%S.%3f} ",
    "{time:iso} {named.category:word}: {severity}: ",
    "{time:iso} {named.category:word}: ",
    "{named.category:word}: ",
    "",
];

/// The heads that are enough to know a line by.
const HEADS_WITH_TIME: usize = 4;

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let known = HEADS.iter().flat_map(|head| NAMED.iter().map(move |message| format!("{head}{message}")));
    let other = HEADS.iter().take(HEADS_WITH_TIME).map(|head| format!("{head}{{body}}"));
    let patterns: Vec<String> = known.chain(other).collect();
    pattern::compile(&SPEC, &patterns.iter().map(String::as_str).collect::<Vec<_>>(), 90, options)
}
