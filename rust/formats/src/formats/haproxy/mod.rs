//! HAProxy's log: of HTTP, of TCP, of connections and of errors.

use std::sync::Arc;

use crate::{
    About, Format, OptionDoc, OptionError, Options, Spec,
    pattern::{self, Patterns},
};

mod log_format;

/// The row of `haproxy`.
pub static SPEC: Spec = Spec {
    name: "haproxy",
    about: About {
        line: "HAProxy's log without a syslog header: option httplog, httpslog, tcplog, tcpslog, the default, errors, or any log-format; all times in milliseconds",
        page: "https://docs.haproxy.org/3.2/configuration.html#8.2",
        example: concat!(
            "203.0.113.9:50229 [21/Nov/2026:10:40:59.509] https-in~ shop/web1 0/0/1/12/13 200 2750 - - ---- 5/3/1/1/0 0/0 ",
            r#"{shop.example|curl/8.9.1} {} "GET /cart?item=7 HTTP/1.1""#
        ),
    },
    options: &[OptionDoc {
        name: "format_string",
        doc: "string: the format as in HAProxy's configuration (`log-format \"…\"`, without its outer quotes); without it, the formats that HAProxy has itself",
    }],
    compile,
};

/// From the client to the server, which each line but the errors' begins with.
macro_rules! head {
    () => {
        "{client.address:address} [{time:%d/%b/%Y:%H:%M:%S.%3f}] {haproxy.frontend.name:word} {haproxy.backend.name:word}/{haproxy.server.name:word} "
    };
}

/// How many connections there were, and how long the queues.
macro_rules! load {
    () => {
        concat!(
            "{haproxy.connections.active:int}/{haproxy.connections.frontend:int}/{haproxy.connections.backend:int}/",
            "{haproxy.connections.server:int}/{haproxy.connections.retries:signed} {haproxy.queue.server:int}/{haproxy.queue.backend:int}"
        )
    };
}

macro_rules! http {
    ($captured:literal, $behind:literal) => {
        concat!(
            head!(),
            "{haproxy.request_time_ms:signed}/{haproxy.queue_time_ms:signed}/{haproxy.connect_time_ms:signed}/{haproxy.response_time_ms:signed}/",
            "{haproxy.total_time_ms:signed} {http.response.status_code:signed_status} {http.response.size:signed} {haproxy.cookie.request:word} ",
            "{haproxy.cookie.response:word} {haproxy.termination_state:word} ",
            load!(),
            $captured,
            " \"{request:request}",
            $behind
        )
    };
}

macro_rules! tcp {
    ($behind:literal) => {
        concat!(
            head!(),
            "{haproxy.queue_time_ms:signed}/{haproxy.connect_time_ms:signed}/{haproxy.total_time_ms:signed} {haproxy.bytes_read:signed} ",
            "{haproxy.termination_state:word} ",
            load!(),
            $behind
        )
    };
}

/// Option `httpslog` adds how the handshake went.
macro_rules! tls {
    () => {
        concat!(
            "{haproxy.connection.error:signed}/{haproxy.tls.error:word}/{haproxy.tls.client.error:word}/{haproxy.tls.client.ca_error:word}/",
            "{haproxy.tls.resumed:bool} {tls.client.server_name:word}/{tls.protocol.version:tls}/{tls.cipher:word}"
        )
    };
}

/// What a user captures of the request and of the answer stands in braces; of one only, it is taken for the request's. Also for messages behind a syslog header. A request that is longer than the line is cut, without its quote.
pub(crate) const PATTERNS: &[&str] = &[
    http!("", "\""),
    concat!(http!("", "\" "), tls!()),
    http!(" {{{haproxy.request.captured:pipes}}} {{{haproxy.response.captured:pipes}}}", "\""),
    concat!(http!(" {{{haproxy.request.captured:pipes}}} {{{haproxy.response.captured:pipes}}}", "\" "), tls!()),
    http!(" {{{haproxy.request.captured:pipes}}}", "\""),
    concat!(http!(" {{{haproxy.request.captured:pipes}}}", "\" "), tls!()),
    http!("", ""),
    http!(" {{{haproxy.request.captured:pipes}}} {{{haproxy.response.captured:pipes}}}", ""),
    http!(" {{{haproxy.request.captured:pipes}}}", ""),
    tcp!(""),
    concat!(tcp!(" "), tls!()),
    tcp!(" {{{haproxy.request.captured:pipes}}}"),
    "{client.address:address} [{time:%d/%b/%Y:%H:%M:%S.%3f}] {haproxy.frontend.name:word}/{haproxy.bind.name:word}: {body}",
    "{body>}Connect from {client.address:address} to {destination.address:address} ({haproxy.frontend.name:word}/{haproxy.mode:word})",
    "{body>}Server {haproxy.backend.name:word}/{haproxy.server.name:word} is {haproxy.server.state:word}, reason: {haproxy.reason}{severity=WARN}",
    "{body>}backend {haproxy.backend.name:word} has no server available!{severity=ERROR}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    const OPTION: &str = "format_string";
    if let Some(text) = options.str(OPTION)? {
        let alternatives = log_format::alternatives(text).map_err(|e| OptionError::new(OPTION, e.message).at(e.at))?;
        return Patterns::of_user(&SPEC, OPTION, alternatives, 0, options);
    }
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
