//! Apache httpd's access log, of any `LogFormat`; others, such as Tomcat and lighttpd, write the same.

use std::sync::Arc;

use super::apache_error;
use crate::{
    About, Format, OptionDoc, OptionError, Options, Spec,
    pattern::{self, Dialect, LogFormat, Patterns, clf_agent, clf_request, clf_time},
};

/// The row of `apache`.
pub static SPEC: Spec = Spec {
    name: "apache",
    about: About {
        line: "Apache httpd's access log: common, combined, with virtual hosts, or any LogFormat; also Tomcat's and lighttpd's",
        page: "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats",
        example: r#"shop.example:443 203.0.113.9 - ann [21/Nov/2026:10:40:59 +0000] "GET /cart?item=7 HTTP/1.1" 200 612 "https://shop.example/" "curl/8.9.1""#,
    },
    options: &[OptionDoc {
        name: "format_string",
        doc: "string: the format as in Apache's or Tomcat's configuration (`LogFormat \"…\"`, without its nickname and outer quotes); \
              without it, common and combined, with a virtual host before them or not, and lines of the error log among them",
    }],
    compile,
};

const USER: &str = "{apache.ident:word} {user.name:word} ";
/// A user whose name has blanks, as Basic authentication allows.
const BLANK_USER: &str = "{client.address:word} - {user.name} ";

/// What follows the client.
const BEHIND: [&str; 5] = [
    concat!(clf_request!(), clf_agent!()),
    concat!(clf_request!()),
    concat!(clf_request!(), clf_agent!(), " \"{http.request.header.x-forwarded-for:addresses}\""),
    concat!(clf_request!(), clf_agent!(), " {apache.more}"),
    // Tomcat's `%D` and its kind.
    concat!(clf_request!(), " {apache.duration:double}"),
];

/// `mod_ssl`'s own log, as distributions configure it.
const SSL: &str = concat!(
    clf_time!(),
    " {client.address:word} {tls.protocol.version:tls} {tls.cipher:word} \"{request:request}\" {http.response.body.size:int}"
);

/// Those of others: cPanel's month is a number, Couchbase puts no quotes around a referer that is none.
const OTHERS: [&str; 2] = [
    concat!(
        "{client.address:word} {apache.ident:word} {user.name:id} [{time:%m/%d/%Y:%H:%M:%S %z}] \"{request:request}\" ",
        "{http.response.status_code:status} {http.response.body.size:int}",
        clf_agent!(),
        " {apache.more}"
    ),
    concat!(
        "{client.address:word} {server.address:word} {user.name:word} ",
        clf_request!(),
        " - \"{user_agent.original:escaped}\" {apache.more}"
    ),
];

/// Directives without what limits them to some statuses. What is measured has its unit in its name.
const DIRECTIVES: Dialect = Dialect {
    directives: &[
        ("h", "client.address:word"),
        ("a", "client.address:word"),
        ("{c}a", "network.peer.address:word"),
        ("A", "network.local.address:word"),
        ("l", "apache.ident:word"),
        ("u", "user.name:id"),
        ("r", "request:request"),
        ("m", "http.request.method:word"),
        ("U", "url.path:id"),
        ("q", "url.query:query"),
        ("Uq", "url.path:path"),
        ("H", "network.protocol.version:protocol"),
        ("s", "http.response.status_code:status"),
        (">s", "http.response.status_code:status"),
        ("<s", "apache.status.original:status"),
        ("b", "http.response.body.size:int"),
        ("B", "http.response.body.size:int"),
        ("I", "http.request.size:int"),
        ("O", "http.response.size:int"),
        ("S", "apache.transferred_bytes:int"),
        ("D", "apache.duration_us:int"),
        ("T", "apache.duration_s:double"),
        ("{s}T", "apache.duration_s:double"),
        ("{ms}T", "apache.duration_ms:int"),
        ("{us}T", "apache.duration_us:int"),
        ("{UNIT}T", "apache.duration_us:int"),
        ("F", "apache.time_to_commit_ms:int"),
        ("v", "server.address:word"),
        ("V", "server.address:word"),
        ("p", "server.port:int"),
        ("{canonical}p", "server.port:int"),
        ("{local}p", "network.local.port:int"),
        ("{remote}p", "client.port:int"),
        ("P", "process.pid:int"),
        ("{pid}P", "process.pid:int"),
        ("{tid}P", "thread.id:int"),
        ("k", "apache.connection.requests:int"),
        ("X", "apache.connection.state:word"),
        ("f", "apache.file:id"),
        ("R", "apache.handler:id"),
        ("L", "apache.log_id:word"),
        ("{user-agent}i", "user_agent.original:escaped"),
        ("{x-forwarded-for}i", "http.request.header.x-forwarded-for:forwarded"),
        ("{traceparent}i", "traceparent"),
        ("{SSL_PROTOCOL}x", "tls.protocol.version:tls"),
        ("{SSL_CIPHER}x", "tls.cipher:word"),
        ("{unique_id}e", "http.request.header.x-request-id:list"),
    ],
    by_rule,
};

/// `%{X-Tenant}i` is the request's header `x-tenant`, `%{…}o` the response's; what else has an argument is named by its letter's meaning.
fn by_rule(directive: &str) -> Option<String> {
    let (argument, letter) = directive.strip_prefix('{')?.rsplit_once('}')?;
    let lower = argument.to_ascii_lowercase();
    Some(match letter {
        "i" => format!("http.request.header.{lower}:header"),
        "o" => format!("http.response.header.{lower}:header"),
        "C" | "c" => format!("apache.cookie.{argument}:escaped"),
        "e" => format!("apache.env.{argument}:escaped"),
        "n" => format!("apache.note.{argument}:escaped"),
        "x" => format!("apache.variable.{argument}:escaped"),
        "^ti" => format!("http.request.trailer.{lower}:header"),
        "^to" => format!("http.response.trailer.{lower}:header"),
        "P" => format!("apache.thread.{lower}:word"),
        "r" | "s" | "S" => format!("apache.{letter}.{argument}:escaped"),
        "a" => "network.peer.address:word".into(),
        _ => return None,
    })
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    const OPTION: &str = "format_string";
    if let Some(text) = options.str(OPTION)? {
        let parts = LogFormat { dialect: &DIRECTIVES }.parts(text).map_err(|e| OptionError::new(OPTION, e.message).at(e.at))?;
        return Patterns::of_user(&SPEC, OPTION, vec![pattern::once(parts)], 0, options);
    }
    let mut patterns = pattern::clf_lines(&BEHIND.map(|behind| format!("{USER}{behind}")));
    patterns.push(SSL.into());
    patterns.extend(OTHERS.map(String::from));
    patterns.extend(BEHIND.iter().take(2).map(|behind| format!("{BLANK_USER}{behind}")));
    patterns.extend(apache_error::patterns());
    pattern::compile(&SPEC, &patterns, 91, options)
}
