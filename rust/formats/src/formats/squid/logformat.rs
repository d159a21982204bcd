//! Squid's [`logformat`](https://www.squid-cache.org/Doc/config/logformat/): `%ts.%03tu %6tr %>a %Ss/%03>Hs "%{Referer}>h"`.

use crate::{
    pattern::{Dialect, Directive, Item, Part},
    template::TemplateError,
};

/// Codes without `http::`, which all of HTTP may have before them. A directive with an argument is by rule where no row has it.
const DIALECT: Dialect = Dialect {
    directives: &[
        (">a", "client.address:word"),
        (">A", "squid.client.name:word"),
        (">p", "client.port:int"),
        (">eui", "squid.client.eui:word"),
        (">la", "network.local.address:word"),
        (">lp", "network.local.port:int"),
        (">qos", "squid.client.qos:word"),
        (">nfmark", "squid.client.nfmark:word"),
        ("la", "squid.listener.address:word"),
        ("lp", "squid.listener.port:int"),
        ("<a", "server.address:word"),
        ("<A", "squid.server.name:word"),
        ("<p", "server.port:int"),
        ("<la", "squid.outgoing.address:word"),
        ("oa", "squid.outgoing.address:word"),
        ("<lp", "squid.outgoing.port:int"),
        ("<qos", "squid.server.qos:word"),
        ("<nfmark", "squid.server.nfmark:word"),
        (">handshake", "squid.client.handshake:word"),
        ("transport::>connection_id", "squid.connection.id:int"),
        ("ts.tu", "time:epoch"),
        ("ts", "time:epoch"),
        ("tS", "time:epoch"),
        ("tu", "squid.time_ms:int"),
        ("tl", "time:%d/%b/%Y:%H:%M:%S %z"),
        ("tg", "time:%d/%b/%Y:%H:%M:%S %z"),
        ("tr", "squid.duration_ms:int"),
        ("dt", "squid.dns_time_ms:int"),
        ("busy_time", "squid.busy_time_ns:int"),
        ("et", "squid.acl.tag:id"),
        ("ea", "squid.acl.log:id"),
        ("un", "user.name:id"),
        ("ul", "squid.user.authenticated:id"),
        ("ue", "squid.user.acl:id"),
        ("us", "squid.user.tls:id"),
        ("ui", "squid.ident:word"),
        ("credentials", "squid.credentials:id"),
        ("sn", "squid.sequence:int"),
        ("err_code", "squid.error.code:word"),
        ("err_detail", "squid.error.detail:word"),
        ("note", "squid.notes"),
        ("master_xaction", "squid.transaction.id:int"),
        ("rm", "http.request.method:word"),
        (">rm", "http.request.method:word"),
        ("<rm", "squid.server.request.method:word"),
        ("ru", "url.full:id"),
        (">ru", "url.full:id"),
        ("<ru", "squid.server.request.url:id"),
        (">rs", "url.scheme:word"),
        ("<rs", "squid.server.request.scheme:word"),
        (">rd", "url.domain:word"),
        ("<rd", "squid.server.request.domain:word"),
        (">rP", "url.port:int"),
        ("<rP", "squid.server.request.port:int"),
        ("rp", "url.path:path"),
        (">rp", "url.path:path"),
        ("<rp", "squid.server.request.path:id"),
        ("rv", "network.protocol.version:word"),
        (">rv", "network.protocol.version:word"),
        ("<rv", "squid.server.protocol.version:word"),
        (">h", "squid.request.headers"),
        (">ha", "squid.request.adapted_headers"),
        ("<h", "squid.response.headers"),
        (">Hs", "http.response.status_code:status"),
        ("Hs", "http.response.status_code:status"),
        ("<Hs", "squid.server.response.status_code:status"),
        ("mt", "http.response.header.content-type:list"),
        ("st", "squid.transferred_bytes:int"),
        (">st", "http.request.size:int"),
        ("<st", "http.response.size:int"),
        (">sh", "squid.request.header.size:int"),
        ("<sh", "squid.response.header.size:int"),
        ("<sH", "squid.response.high_offset:int"),
        ("<sS", "squid.server.object.size:int"),
        ("<bs", "squid.server.response.body.size:int"),
        ("<pt", "squid.server.response_time_ms:int"),
        ("<tt", "squid.forwarding_time_ms:int"),
        ("Ss", "squid.result:word"),
        ("Sh", "squid.hierarchy:word"),
        ("request_attempts", "squid.request_attempts:int"),
        ("ssl::bump_mode", "squid.tls.bump_mode:word"),
        ("ssl::>sni", "tls.client.server_name:word"),
        ("ssl::>cert_subject", "tls.client.subject"),
        ("ssl::>cert_issuer", "tls.client.issuer"),
        ("ssl::<cert_subject", "tls.server.subject"),
        ("ssl::<cert_issuer", "tls.server.issuer"),
        ("ssl::<cert", "tls.server.certificate:id"),
        ("ssl::<cert_errors", "squid.tls.server.errors:id"),
        ("ssl::>negotiated_version", "tls.protocol.version:tls"),
        ("ssl::<negotiated_version", "squid.tls.server.version:word"),
        ("ssl::>received_hello_version", "squid.tls.client.hello_version:word"),
        ("ssl::<received_hello_version", "squid.tls.server.hello_version:word"),
        ("ssl::>received_supported_version", "squid.tls.client.supported_version:word"),
        ("ssl::<received_supported_version", "squid.tls.server.supported_version:word"),
        ("ssl::>negotiated_cipher", "tls.cipher:word"),
        ("ssl::<negotiated_cipher", "squid.tls.server.cipher:word"),
        ("icap::tt", "squid.icap.time_ms:int"),
        ("adapt::<last_h", "squid.adaptation.headers"),
        ("adapt::sum_trs", "squid.adaptation.times_ms:id"),
        ("adapt::all_trs", "squid.adaptation.attempt_times_ms:id"),
        ("proxy_protocol::>h", "squid.proxy_protocol.headers"),
        ("{user-agent}>h", "user_agent.original:escaped"),
        ("{x-forwarded-for}>h", "http.request.header.x-forwarded-for:forwarded"),
        ("{traceparent}>h", "traceparent"),
    ],
    by_rule,
};

/// What has an argument: `%{Referer}>h` is the request's header `referer`.
fn by_rule(key: &str) -> Option<String> {
    let (argument, code) = key.strip_prefix('{')?.rsplit_once('}')?;
    let name = argument.split(':').find(|part| !part.is_empty())?.to_ascii_lowercase();
    Some(match code {
        ">h" | ">ha" => format!("http.request.header.{name}:header"),
        "<h" => format!("http.response.header.{name}:header"),
        "note" => format!("squid.note.{name}:id"),
        "proxy_protocol::>h" => format!("squid.proxy_protocol.{name}:id"),
        _ => format!("squid.{}.{name}:id", code.rsplit("::").next()?.trim_start_matches(['<', '>'])),
    })
}

/// The parts of a format: text, and `%`, an encoding, a width, an argument and a code.
pub(super) fn parts(text: &str) -> Result<Vec<Part>, TemplateError> {
    let mut items: Vec<Item> = Vec::new();
    let literal = |items: &mut Vec<Item>, text: &str| match items.last_mut() {
        Some(Item::Literal(before)) => before.push_str(text),
        _ => items.push(Item::Literal(text.into())),
    };
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(behind) = rest.strip_prefix('%') else {
            let len = rest.find('%').unwrap_or(rest.len());
            literal(&mut items, rest.get(..len).unwrap_or_default());
            at += len;
            continue;
        };
        if behind.starts_with('%') {
            literal(&mut items, "%");
            at += 2;
            continue;
        }
        let Some(number) = behind.strip_prefix("byte{").and_then(|inner| inner.split_once('}')).map(|(number, _)| number) else {
            let (one, len) = directive(rest, at)?;
            items.push(Item::Directive(one));
            at += len;
            continue;
        };
        let byte = number.parse::<u8>().ok().filter(u8::is_ascii);
        let byte = byte.ok_or_else(|| TemplateError { message: format!("'byte{{{number}}}' is no character of ASCII"), at })?;
        literal(&mut items, &char::from(byte).to_string());
        at += 1 + "byte{}".len() + number.len();
    }
    DIALECT.parts(&items)
}

/// The directive that `rest` begins with, and its length.
fn directive(rest: &str, at: usize) -> Result<(Directive, usize), TemplateError> {
    let error = |message: String| TemplateError { message, at };
    let behind = rest.get(1..).unwrap_or_default();
    // How a value is encoded does not change where it ends, unless it comes in quotes.
    let (encoding, behind) = behind.split_at_checked(usize::from(behind.starts_with(['"', '[', '#', '/', '\'']))).unwrap_or_default();
    let (is_left, behind) = behind.strip_prefix('-').map_or((false, behind), |behind| (true, behind));
    let width = behind.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (width, behind) = behind.split_at_checked(width).unwrap_or_default();
    let (before, behind) = argument(behind).ok_or_else(|| error("an argument has no '}'".into()))?;
    let len = code_len(behind).ok_or_else(|| {
        let code: String = behind.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '<' | '>' | '_' | ':')).collect();
        let known: Vec<_> = DIALECT.directives.iter().map(|(name, _)| *name).collect();
        let hint = logloom_record::nearest(&code, &known).map_or(String::new(), |near| format!(", did you mean '{near}'?"));
        error(if code.is_empty() { "a '%' needs a code behind it".into() } else { format!("unknown '{code}'{hint}") })
    })?;
    let (code, behind) = behind.split_at_checked(len).unwrap_or_default();
    let (after, behind) =
        if before.is_none() { argument(behind).ok_or_else(|| error("an argument has no '}'".into()))? } else { (None, behind) };
    let code = code.strip_prefix("http::").unwrap_or(code);
    let given = before.or(after);
    let mut one = Directive::new(code, at);
    match given {
        Some(strftime) if matches!(code, "tl" | "tg") => one.field = Some(format!("time:{strftime}")),
        Some(name) => one.key = format!("{{{}}}{code}", name.to_ascii_lowercase()),
        None => {}
    }
    let row = DIALECT.directives.iter().find(|(name, _)| *name == one.key).map(|(_, field)| *field);
    let (name, kind) = row.unwrap_or_default().split_once(':').unwrap_or_default();
    if encoding == "/" && matches!(kind, "" | "id" | "word") && !name.is_empty() {
        one.field = Some(format!("{name}:quoted"));
    }
    // Zeros fill a number; blanks come before a value, or behind one that stands on the left.
    if !width.starts_with('0') && width.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
        if is_left {
            one.around.1.push(Part::Padding);
        } else {
            one.around.0.push(Part::Padding);
        }
    }
    Ok((one, rest.len() - behind.len()))
}

/// The argument in braces that `text` begins with, if any, and what follows; `None` where it has no end.
fn argument(text: &str) -> Option<(Option<&str>, &str)> {
    let Some(inner) = text.strip_prefix('{') else { return Some((None, text)) };
    inner.split_once('}').map(|(argument, behind)| (Some(argument), behind))
}

/// The length of the longest code that `text` begins with.
fn code_len(text: &str) -> Option<usize> {
    let bare = text.strip_prefix("http::").unwrap_or(text);
    let codes = DIALECT.directives.iter().map(|(name, _)| *name).filter(|name| !name.contains(['{', '.']));
    codes.filter(|code| bare.starts_with(code)).map(str::len).max().map(|len| text.len() - bare.len() + len)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parts;

    #[test]
    fn the_manual_s_formats_compile() {
        for format in [
            "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt",
            r#"%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh"#,
            "%ts.%03tu %>a %{Referer}>h %ru",
            "%tl{%Y-%m-%d %H:%M:%S} %http::>rm %-20un|%ssl::>sni %{my_service}adapt::sum_trs %note{tag} 100%%%byte{9}%sn",
        ] {
            parts(format).unwrap_or_else(|why| panic!("{format}: {}", why.message));
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let said = |text: &str| parts(text).map(|_| ()).unwrap_err().message;
        assert_eq!(said("%>a %<Hx"), "unknown '<Hx', did you mean '<Hs'?");
        assert_eq!(said("%>a %"), "a '%' needs a code behind it");
        assert_eq!(said("%{Referer>h"), "an argument has no '}'");
        assert_eq!(said("%byte{200}"), "'byte{200}' is no character of ASCII");
    }

    proptest! {
        #[test]
        fn no_format_is_too_strange(format in "([%{}<>:\"\\[#/'0-9.a-zA-Z\u{e9}-]|%[<>]?[a-zA-Z]{1,3}|%[{][a-z:%]{0,5}[}]>h){0,20}") {
            let _ = parts(&format);
        }
    }
}
