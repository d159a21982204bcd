//! URIs taken apart: `https://user:pass@host:443/path?a=1&a=2`, `/path?a=1`, `?a=1`.

use std::collections::HashMap;

use logloom_record::Text;

use super::{
    facts::Failed,
    value::{Map, Str, Value},
};

const BAD: Failed = "the text is no URI";

/// The parts that are there: `scheme`, `user`, `host`, `port`, `path`, and `query` with a list of values for each name.
pub(super) fn parse(text: Text<'_>) -> Result<Value<'_>, Failed> {
    let str = std::str::from_utf8(text.bytes()).map_err(|_| BAD)?;
    let mut map = Map::default();
    if let Some(query) = str.strip_prefix('?') {
        add_query(query, &mut map);
        return Ok(Value::Map(map));
    }
    if str.is_empty() || str.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err(BAD);
    }
    let mut own = |name: &'static str, value: &str| {
        if !value.is_empty() {
            map.push(name.into(), Value::own(value));
        }
    };
    let (rest, query) = str.split_once('?').unwrap_or((str, ""));
    let path = match scheme(rest) {
        Some((scheme, behind)) => {
            own("scheme", &scheme.to_ascii_lowercase());
            match behind.strip_prefix("//") {
                Some(behind) => {
                    let (authority, path) = behind.split_at_checked(behind.find('/').unwrap_or(behind.len())).unwrap_or((behind, ""));
                    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
                    own("user", &decoded(user.split(':').next().unwrap_or_default(), false)?);
                    let (host, port) = match host.rsplit_once(':') {
                        Some((host, port)) if !port.contains(']') => (host, port),
                        _ => (host, ""),
                    };
                    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
                        return Err(BAD);
                    }
                    own("host", host.trim_start_matches('[').trim_end_matches(']'));
                    own("port", port);
                    path
                }
                None if behind.starts_with('/') => behind,
                // What follows the scheme is no path: `mailto:`.
                None => "",
            }
        }
        // What is requested begins with a slash.
        None if rest.starts_with('/') => rest,
        None => return Err(BAD),
    };
    decoded(path, false)?;
    own("path", path);
    add_query(query, &mut map);
    Ok(Value::Map(map))
}

/// The scheme, and what follows its colon.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

fn add_query(query: &str, map: &mut Map<'_>) {
    let mut places = HashMap::<String, usize>::new();
    let mut parameters: Vec<(Str<'_>, Vec<Value<'_>>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name, true), decoded(value, true));
        // A pair that is not well written is left out, as the Collector does.
        let (Ok(name), Ok(value)) = (name, value) else { continue };
        let at = *places.entry(name.clone()).or_insert(parameters.len());
        match parameters.get_mut(at) {
            Some((_, values)) => values.push(Value::own(value)),
            None => parameters.push((Str::own(name), vec![Value::own(value)])),
        }
    }
    if !parameters.is_empty() {
        let lists = parameters.into_iter().map(|(name, values)| (name, Value::Array(values)));
        map.push("query".into(), Value::Map(Map::of(lists.collect())));
    }
}

/// With its `%41` resolved; in a query a plus is a blank.
fn decoded(text: &str, is_query: bool) -> Result<String, Failed> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' if is_query => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit(bytes.next()).ok_or(BAD)?, digit(bytes.next()).ok_or(BAD)?);
                (high << 4 | low) as u8
            }
            byte => byte,
        });
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// One line may name many: what it takes grows with the line alone.
    #[test]
    fn a_query_of_very_many_names() {
        let mut line = "?a=0".to_owned();
        for number in 0..200_000 {
            write!(line, "&n{number}=1").unwrap();
        }
        line += "&a=1";
        let Ok(Value::Map(mut map)) = parse(Text::from(line.as_str())) else { panic!("no map") };
        let Some(Value::Map(query)) = map.get_mut("query") else { panic!("no query") };
        assert_eq!(query.iter().count(), 200_001);
        assert!(matches!(query.get("a"), Some(Value::Array(values)) if values.len() == 2));
    }
}
