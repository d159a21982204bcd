//! PostgreSQL's log, of any `log_line_prefix`.

use std::sync::Arc;

use crate::{
    About, Format, OptionDoc, OptionError, Options, Spec,
    pattern::{self, Dialect, Part, Patterns},
    template::TemplateError,
};

/// The row of `postgresql`.
pub static SPEC: Spec = Spec {
    name: "postgresql",
    about: About {
        line: "PostgreSQL's log (stderr), of any log_line_prefix; without one, the usual ones are told apart line by line",
        page: "https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX",
        example: "2026-11-21 10:40:59.509 UTC [31225] app@shop LOG:  duration: 12.437 ms  statement: SELECT * FROM carts",
    },
    options: &[OptionDoc { name: "log_line_prefix", doc: "string: the setting of the server, such as `%m [%p] %q%u@%d `" }],
    compile,
};

/// What is said behind the prefix: the time that a statement took, then any message.
const MESSAGES: &[&str] = &[
    "{severity}:{ }{body>}duration: {postgresql.duration_ms:double} ms{ }{postgresql.query.step:word} {postgresql.query.name:word}: {db.query.text}",
    "{severity}:{ }{body>}duration: {postgresql.duration_ms:double} ms{ }{postgresql.query.step:word}: {db.query.text}",
    "{severity}:{ }{postgresql.sqlstate:sqlstate}: {body}",
    "{severity}:{ }{body}",
];

/// The prefixes of Debian, the default, those of Cloud SQL, RDS, Azure and pgBadger's manual.
const PREFIXES: &[&str] = &[
    "%m [%p] %q%u@%d ",
    "%m [%p] %h %u@%d ",
    "%I %m [%p] %q%u@%d ",
    "%m [%p] ",
    "%m [%p-%l] %q%u@%d ",
    "%m [%p]: [%l-1] db=%d,user=%u ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] user=%u,db=%d,client=%h ",
    "%t [%p]: db=%d,user=%u,app=%a,client=%h ",
    "%m [%p]: [%l-1] ",
    "%t:%r:%u@%d:[%p]:",
    "%t-%c-",
    "%m %u@%d [%p] ",
    "%m %d %u [%p] ",
    "[%p] ",
    "< %m >",
    "< %m %u > ",
    "%m ",
];

const ESCAPES: Dialect = Dialect {
    directives: &[
        ("a", "postgresql.application_name"),
        ("u", "user.name:word"),
        ("d", "db.namespace:word"),
        ("r", "client.address:remote"),
        ("h", "client.address:word"),
        // No escape of the server's: `%h` in a built-in prefix, where what goes on in the next line must not be taken for a host.
        ("I", "client.address:ip"),
        ("L", "server.address"),
        ("b", "postgresql.backend_type"),
        ("p", "process.pid:int"),
        ("P", "postgresql.leader_pid:int"),
        ("t", "time:iso"),
        ("m", "time:iso"),
        ("n", "time:epoch"),
        ("i", "postgresql.command_tag"),
        ("e", "postgresql.sqlstate:word"),
        ("c", "postgresql.session_id:word"),
        ("l", "postgresql.session_line:int"),
        ("s", "postgresql.session_start:time iso"),
        ("v", "postgresql.virtual_transaction_id:word"),
        ("x", "postgresql.transaction_id:int"),
        ("Q", "postgresql.query_id:signed"),
    ],
    by_rule: |_| None,
};

/// The parts of a prefix, once with what stands behind `%q`, as sessions write it, and once without, as other processes do.
fn prefixes(prefix: &str) -> Result<Vec<Vec<Part>>, TemplateError> {
    let mut parts: Vec<Part> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = prefix.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(escape) = rest.strip_prefix('%') else {
            let len = rest.find('%').unwrap_or(rest.len());
            parts.push(Part::Literal(rest.get(..len).unwrap_or_default().into()));
            at += len;
            continue;
        };
        let width = escape.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(escape.len());
        let name = escape.get(width..).and_then(|rest| rest.chars().next()).unwrap_or_default();
        match name {
            '%' => parts.push(Part::Literal("%".into())),
            'q' => found.push(parts.clone()),
            name => {
                // Padded to a width: `%5p` on the left, `%-8u` on the right.
                let padding = (width > 0).then_some(Part::Padding);
                let is_left = escape.starts_with('-');
                parts.extend(padding.clone().filter(|_| !is_left));
                parts.push(ESCAPES.part(name.encode_utf8(&mut [0; 4]), at)?);
                parts.extend(padding.filter(|_| is_left));
            }
        }
        at += 1 + width + name.len_utf8();
    }
    found.insert(0, parts);
    Ok(found)
}

/// Lines of these prefixes with each kind of message behind.
fn lines(prefix: &str) -> Result<Vec<Vec<Part>>, TemplateError> {
    let mut lines = Vec::new();
    for message in MESSAGES {
        for prefix in prefixes(prefix)? {
            for message in pattern::alternatives(message)? {
                lines.push(pattern::once(pattern::blanks_joined(prefix.iter().cloned().chain(message).collect())));
            }
        }
    }
    Ok(lines)
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    const OPTION: &str = "log_line_prefix";
    let compiled = |prefix: &str| lines(prefix).map_err(|e| OptionError::new(OPTION, e.message).at(e.at));
    if let Some(prefix) = options.str(OPTION)? {
        return Patterns::records_of_user(&SPEC, OPTION, compiled(prefix)?, 0, options);
    }
    let all = PREFIXES.iter().map(|prefix| compiled(prefix)).collect::<Result<Vec<_>, _>>()?;
    Patterns::records_of_user(&SPEC, OPTION, all.concat(), 93, options)
}
