//! Squid's access log in its own format.

use std::sync::Arc;

use crate::{
    About, Format, OptionDoc, OptionError, Options, Spec,
    pattern::{self, Patterns, clf_agent, clf_time, once},
};

mod logformat;

/// The row of `squid`.
pub static SPEC: Spec = Spec {
    name: "squid",
    about: About {
        line: "Squid's access log: its own format, common and combined with Squid's status behind them, or any logformat; the duration in milliseconds",
        page: "https://wiki.squid-cache.org/Features/LogFormat",
        example: "1795257659.509    921 203.0.113.9 TCP_MISS/200 507 GET http://shop.example/cart?item=7 ann HIER_DIRECT/198.51.100.7 text/html",
    },
    options: &[OptionDoc {
        name: "format_string",
        doc: "string: the format as in Squid's configuration (`logformat name …`, without the name); without it, the formats squid, common and combined",
    }],
    compile,
};

macro_rules! native {
    ($behind:literal) => {
        concat!(
            "{time:epoch}{ }{squid.duration_ms:int} {client.address:word} {squid.result:word}/{http.response.status_code:status} ",
            "{http.response.size:int} {http.request.method:word} {url.full:id} {user.name:id} {squid.hierarchy:word}/{server.address:word} ",
            "{http.response.header.content-type:list}",
            $behind
        )
    };
}

macro_rules! clf {
    () => {
        concat!(
            "{client.address:word} {squid.ident:word} {user.name:id} ",
            clf_time!(),
            " \"{request:request}\" {http.response.status_code:status} {http.response.size:int}"
        )
    };
}

/// The native format, with the headers that `log_mime_hdrs` adds or not; and Squid's kind of the common log.
const PATTERNS: &[&str] = &[
    native!(" [{squid.request.headers}] [{squid.response.headers}]"),
    native!(""),
    concat!(clf!(), clf_agent!(), " {squid.result:word}:{squid.hierarchy:word}"),
    concat!(clf!(), " {squid.result:word}:{squid.hierarchy:word}"),
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    const OPTION: &str = "format_string";
    if let Some(text) = options.str(OPTION)? {
        let parts = logformat::parts(text).map_err(|e| OptionError::new(OPTION, e.message).at(e.at))?;
        return Patterns::of_user(&SPEC, OPTION, vec![once(parts)], 0, options);
    }
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
