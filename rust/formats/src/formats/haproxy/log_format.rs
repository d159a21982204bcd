//! HAProxy's [`log-format`](https://docs.haproxy.org/3.2/configuration.html#8.2.6): `%ci:%cp [%tr] %ft %{+Q}r %[ssl_fc_sni]`.

use crate::{
    pattern::{Dialect, Directive, Item, Part, once},
    template::TemplateError,
};

/// Aliases and sample expressions, these in brackets. What has another meaning without HTTP is there a second time.
const DIALECT: Dialect = Dialect {
    directives: &[
        ("ci:cp", "client.address:address"),
        ("ci", "client.address:word"),
        ("cp", "client.port:signed"),
        ("[src]", "client.address:word"),
        ("[src_port]", "client.port:int"),
        ("fi:fp", "network.local.address:address"),
        ("fi", "network.local.address:word"),
        ("fp", "network.local.port:signed"),
        ("[dst]", "network.local.address:word"),
        ("[dst_port]", "network.local.port:int"),
        ("bi", "haproxy.backend.source.address:word"),
        ("bp", "haproxy.backend.source.port:signed"),
        ("si", "server.address:word"),
        ("sp", "server.port:signed"),
        ("T", "time:%d/%b/%Y:%H:%M:%S %z"),
        ("Tl", "time:%d/%b/%Y:%H:%M:%S %z"),
        ("trg", "time:%d/%b/%Y:%H:%M:%S %z"),
        ("trl", "time:%d/%b/%Y:%H:%M:%S %z"),
        ("t", "time:%d/%b/%Y:%H:%M:%S.%3f"),
        ("tr", "time:%d/%b/%Y:%H:%M:%S.%3f"),
        ("Ts.ms", "time:epoch"),
        ("Ts", "time:epoch"),
        ("[accept_date]", "time:epoch"),
        ("[accept_date(ms)]", "time:epoch"),
        ("[accept_date(us)]", "time:epoch"),
        ("[date]", "time:epoch"),
        ("[request_date]", "time:epoch"),
        ("[request_date(ms)]", "time:epoch"),
        ("[request_date(us)]", "time:epoch"),
        ("ms", "haproxy.accept_date_ms:int"),
        ("TR", "haproxy.request_time_ms:signed"),
        ("Tw", "haproxy.queue_time_ms:signed"),
        ("Tc", "haproxy.connect_time_ms:signed"),
        ("Tr", "haproxy.response_time_ms:signed"),
        ("Ta", "haproxy.total_time_ms:signed"),
        ("Tt", "haproxy.session_time_ms:signed"),
        ("Td", "haproxy.data_time_ms:signed"),
        ("Th", "haproxy.handshake_time_ms:signed"),
        ("Ti", "haproxy.idle_time_ms:signed"),
        ("Tq", "haproxy.query_time_ms:signed"),
        ("Tu", "haproxy.user_time_ms:signed"),
        ("tcp Tt", "haproxy.total_time_ms:signed"),
        ("B", "http.response.size:signed"),
        ("U", "http.request.size:signed"),
        ("tcp B", "haproxy.bytes_read:signed"),
        ("tcp U", "haproxy.bytes_uploaded:signed"),
        ("ST", "http.response.status_code:signed_status"),
        ("[status]", "http.response.status_code:signed_status"),
        ("[txn.status]", "http.response.status_code:signed_status"),
        ("r", "request:request"),
        ("HM", "http.request.method:word"),
        ("[method]", "http.request.method:word"),
        ("HPHQ", "url.path:path"),
        ("HPOHQ", "url.path:path"),
        ("HP", "url.path:id"),
        ("HPO", "url.path:id"),
        ("[path]", "url.path:id"),
        ("HQ", "url.query:query"),
        ("[query]", "url.query:id"),
        ("HU", "url.path:path"),
        ("[pathq]", "url.path:path"),
        ("[url]", "url.path:path"),
        ("HV", "network.protocol.version:version"),
        ("[req.ver]", "network.protocol.version:word"),
        ("[base]", "haproxy.base:id"),
        ("CC", "haproxy.cookie.request:word"),
        ("CS", "haproxy.cookie.response:word"),
        ("H", "host.name:word"),
        ("[hostname]", "host.name:word"),
        ("ID", "haproxy.unique_id:id"),
        ("[unique-id]", "haproxy.unique_id:id"),
        ("ac", "haproxy.connections.active:int"),
        ("fc", "haproxy.connections.frontend:int"),
        ("bc", "haproxy.connections.backend:int"),
        ("sc", "haproxy.connections.server:int"),
        ("rc", "haproxy.connections.retries:signed"),
        ("sq", "haproxy.queue.server:int"),
        ("bq", "haproxy.queue.backend:int"),
        ("b", "haproxy.backend.name:word"),
        ("[be_name]", "haproxy.backend.name:word"),
        ("f", "haproxy.frontend.name:word"),
        ("ft", "haproxy.frontend.name:word"),
        ("[fe_name]", "haproxy.frontend.name:word"),
        ("s", "haproxy.server.name:word"),
        ("[srv_name]", "haproxy.server.name:word"),
        ("lc", "haproxy.frontend.log_counter:int"),
        ("rt", "haproxy.request_counter:int"),
        ("hr", "haproxy.request.captured:pipes"),
        ("hs", "haproxy.response.captured:pipes"),
        ("hrl", "haproxy.request.captured"),
        ("hsl", "haproxy.response.captured"),
        ("OG", "haproxy.log_origin:word"),
        ("pid", "process.pid:int"),
        ("[pid]", "process.pid:int"),
        ("ts", "haproxy.termination_state:word"),
        ("tsc", "haproxy.termination_state:word"),
        ("[fc_err]", "haproxy.connection.error:signed"),
        ("[ssl_fc_err,hex]", "haproxy.tls.error:word"),
        ("[ssl_c_err]", "haproxy.tls.client.error:word"),
        ("[ssl_c_ca_err]", "haproxy.tls.client.ca_error:word"),
        ("[ssl_fc_is_resumed]", "haproxy.tls.resumed:bool"),
        ("[ssl_fc_sni]", "tls.client.server_name:word"),
        ("[req.ssl_sni]", "tls.client.server_name:word"),
        ("[ssl_fc_protocol]", "tls.protocol.version:tls"),
        ("sslv", "tls.protocol.version:tls"),
        ("[ssl_fc_cipher]", "tls.cipher:word"),
        ("sslc", "tls.cipher:word"),
        ("[ssl_c_s_dn]", "tls.client.subject"),
        ("[ssl_c_i_dn]", "tls.client.issuer"),
    ],
    by_rule,
};

/// Aliases of mode http: with one of them in it, a format is that of HTTP.
const HTTP_ONLY: &[&str] = &[
    "tr", "trg", "trl", "Ta", "Ti", "Tq", "TR", "Tr", "CC", "CS", "HM", "HP", "HPO", "HQ", "HU", "HV", "ST", "hr", "hrl", "hs", "hsl", "r",
    "tsc",
];
/// Texts that no quotes stand around, whatever the flags.
const NEVER_QUOTED: &[&str] = &["ts", "tsc"];
/// What the flag `+X` writes in hexadecimal digits.
const HEX: &[&str] = &["ci", "cp", "fi", "fp", "bi", "bp", "si", "sp", "Ts", "ms", "rt", "pid"];
/// What takes a header's name.
const HEADERS: &[(&str, &str)] = &[
    ("req.hdr", "request"),
    ("req.fhdr", "request"),
    ("hdr", "request"),
    ("fhdr", "request"),
    ("capture.req.hdr", ""),
    ("res.hdr", "response"),
    ("res.fhdr", "response"),
    ("shdr", "response"),
];

/// A sample expression: a header, or by what it says.
fn by_rule(key: &str) -> Option<String> {
    let expression = key.strip_prefix('[')?.strip_suffix(']')?;
    let (fetch, converters) = expression.split_once(',').unwrap_or((expression, ""));
    let (name, argument) = fetch.split_once('(').map_or((fetch, ""), |(name, rest)| (name, rest.trim_end_matches(')')));
    let is_plain = converters.split(',').all(|word| matches!(word, "" | "lower" | "upper"));
    let side = HEADERS.iter().find(|(known, _)| *known == name).map_or("", |(_, side)| *side);
    if is_plain && !side.is_empty() && !argument.is_empty() && !argument.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(match (side, argument.to_ascii_lowercase().as_str()) {
            ("request", "user-agent") => "user_agent.original:escaped".into(),
            ("request", "host") => "server.address:host".into(),
            ("request", "x-forwarded-for") => "http.request.header.x-forwarded-for:forwarded".into(),
            ("request", "traceparent") => "traceparent".into(),
            (side, header) => format!("http.{side}.header.{header}:header"),
        });
    }
    // Named as it is written, with dots and underscores for the rest.
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')));
    let name = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    (!name.is_empty()).then(|| format!("haproxy.{name}:id"))
}

#[derive(Clone, Copy, Default)]
struct Flags {
    quotes: bool,
    hex: bool,
    escapes: bool,
}

impl Flags {
    /// The flags of `+Q,-E`, from these on.
    fn with(mut self, arguments: &str, at: usize) -> Result<Self, TemplateError> {
        for word in arguments.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (sign, name) = word.split_at_checked(usize::from(word.starts_with(['+', '-']))).unwrap_or_default();
            match name {
                "Q" => self.quotes = sign != "-",
                "X" => self.hex = sign != "-",
                "E" => self.escapes = sign != "-",
                "json" | "cbor" if sign != "-" => {
                    return Err(TemplateError {
                        message: format!("'{word}' writes {name}, not text: lines of JSON are read by format json"),
                        at,
                    });
                }
                _ => {}
            }
        }
        Ok(self)
    }
}

/// The patterns of a format: with and without what HAProxy writes only where something was captured, and the blank behind it.
pub(super) fn alternatives(text: &str) -> Result<Vec<Vec<Part>>, TemplateError> {
    let items = items(text)?;
    let is_captured = |item: &Item| matches!(item, Item::Directive(one) if matches!(one.key.as_str(), "hr" | "hs" | "hrl" | "hsl"));
    let captured: Vec<_> = items.iter().enumerate().filter(|(_, item)| is_captured(item)).map(|(i, _)| i).take(3).collect();
    let mut all = Vec::new();
    for absent in 0..1_usize << captured.len() {
        let is_absent = |i: usize| captured.iter().rev().position(|at| *at == i).is_some_and(|bit| absent >> bit & 1 == 1);
        let mut kept: Vec<Item> = Vec::new();
        for (_, item) in items.iter().enumerate().filter(|(i, _)| !is_absent(*i)) {
            match (kept.last_mut(), item) {
                // Blanks are merged.
                (Some(Item::Literal(before)), Item::Literal(text)) => {
                    before.push_str(if before.ends_with(' ') { text.trim_start_matches(' ') } else { text });
                }
                _ => kept.push(item.clone()),
            }
        }
        all.push(kept);
    }
    // A request that is longer than the line is cut, with its quote.
    if let Some(Item::Directive(last)) = items.last()
        && last.key == "r"
        && !last.around.1.is_empty()
    {
        let cut = |mut kept: Vec<Item>| {
            if let Some(Item::Directive(last)) = kept.last_mut() {
                last.around.1.clear();
            }
            kept
        };
        all.extend(all.clone().into_iter().map(cut));
    }
    all.iter().map(|items| Ok(once(DIALECT.parts(items)?))).collect()
}

/// The items of a format: text, of which blanks are merged, and `%alias`, `%{+Q}alias`, `%(name)alias`, `%[expression]`.
fn items(text: &str) -> Result<Vec<Item>, TemplateError> {
    let mut items = Vec::new();
    let mut literal = String::new();
    let mut global = Flags::default();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        // A backslash takes what stands behind it as it is, as everywhere in the configuration.
        let (plain, len) = match (first, rest.get(1..).and_then(|behind| behind.chars().next())) {
            ('\\', Some(escaped)) => (escaped, 1 + escaped.len_utf8()),
            ('%', Some('%')) => ('%', 2),
            ('%', _) => ('\0', 0),
            _ => (first, first.len_utf8()),
        };
        if len > 0 {
            if !(matches!(plain, ' ' | '\t') && literal.ends_with(' ')) {
                literal.push(if plain == '\t' { ' ' } else { plain });
            }
            at += len;
            continue;
        }
        let (key, flags, len) = directive(rest, global, at)?;
        if key == "o" {
            global = flags;
            // The item itself writes nothing: blanks on both sides of it are one, and none at the beginning of a line.
            let blanks = text.get(at + len..).unwrap_or_default().bytes().take_while(|byte| *byte == b' ').count();
            at += len + if literal.ends_with(' ') || (literal.is_empty() && items.is_empty()) { blanks } else { 0 };
            continue;
        }
        if !literal.is_empty() {
            items.push(Item::Literal(std::mem::take(&mut literal)));
        }
        items.push(Item::Directive(finished(&key, flags, at)));
        at += len;
    }
    if !literal.trim_end().is_empty() {
        items.push(Item::Literal(literal));
    }
    let is_http = items.iter().any(|item| matches!(item, Item::Directive(one) if HTTP_ONLY.contains(&one.key.as_str())));
    for item in &mut items {
        if let Item::Directive(one) = item
            && !is_http
            && matches!(one.key.as_str(), "B" | "U" | "Tt")
        {
            one.key.insert_str(0, "tcp ");
        }
    }
    Ok(items)
}

/// The name, the flags and the length of the item that `rest` begins with.
fn directive(rest: &str, global: Flags, at: usize) -> Result<(String, Flags, usize), TemplateError> {
    let error = |message: &str| TemplateError { message: message.into(), at };
    let mut behind = rest.get(1..).unwrap_or_default();
    if let Some(inner) = behind.strip_prefix('(') {
        behind = inner.split_once(')').ok_or_else(|| error("the name of an item has no ')'"))?.1;
    }
    let mut flags = global;
    if let Some(inner) = behind.strip_prefix('{') {
        let (arguments, after) = inner.split_once('}').ok_or_else(|| error("the flags have no '}'"))?;
        (flags, behind) = (global.with(arguments, at)?, after);
    }
    let len = if behind.starts_with('[') {
        expression_len(behind).ok_or_else(|| error("the expression has no ']'"))?
    } else {
        behind.bytes().take_while(u8::is_ascii_alphanumeric).count()
    };
    let key = behind.get(..len).filter(|key| !key.is_empty()).ok_or_else(|| error("a '%' needs an alias or an expression behind it"))?;
    Ok((key.to_owned(), flags, rest.len() - behind.len() + len))
}

/// The length of an expression in brackets, in which quoted text and arguments may hold some.
fn expression_len(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (i, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) => quote = Some(open).filter(|open| *open != byte),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'[') => depth += 1,
            (None, b']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(i + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// A directive with what its flags make of its value.
fn finished(key: &str, flags: Flags, at: usize) -> Directive {
    let row = DIALECT.directives.iter().find(|(name, _)| *name == key).map(|(_, field)| *field);
    let (name, kind) = row.unwrap_or_default().split_once(':').unwrap_or_default();
    let is_text =
        key.starts_with('[') || (!matches!(kind, "int" | "signed" | "signed_status") && name != "time" && !NEVER_QUOTED.contains(&key));
    let mut one = Directive::new(key, at);
    if flags.hex && HEX.contains(&key) {
        one.field = Some(format!("{}_hex:word", if name == "time" { "haproxy.accept_date" } else { name }));
    } else if flags.quotes && flags.escapes && matches!(kind, "id" | "word") {
        one.field = Some(format!("{name}:escaped"));
    }
    if matches!(key, "hr" | "hs") {
        one.around = (vec![Part::Literal("{".into())], vec![Part::Literal("}".into())]);
    }
    if flags.quotes && is_text {
        one.around.0.insert(0, Part::Literal("\"".into()));
        one.around.1.push(Part::Literal("\"".into()));
    }
    one
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::alternatives;

    #[test]
    fn what_is_wrong_is_told() {
        let said = |text: &str| alternatives(text).map(|_| ()).unwrap_err().message;
        assert_eq!(said("%ci:%cp %tX"), "unknown 'tX', did you mean 't'?");
        assert_eq!(said("%{+json}o %(a)ci"), "'+json' writes json, not text: lines of JSON are read by format json");
        assert_eq!(said("%ci %"), "a '%' needs an alias or an expression behind it");
        assert_eq!(said("%[src,map(a"), "the expression has no ']'");
    }

    proptest! {
        #[test]
        fn no_format_is_too_strange(format in "([%{}()+,QXEo a-zA-Z\\[\\]\\\\\u{e9}-]|%[a-zA-Z]{1,3}|%[{][+]Q[}]r|%\\[[a-z.(),]{0,9}\\]){0,20}") {
            let _ = alternatives(&format);
        }
    }
}
