//! The standard patterns of grok, and what their fields are called.
//!
//! The definitions with Logstash's names of old come with the crate `grok`; the table below gives their fields the names that
//! OpenTelemetry's semantic conventions have, and those of ECS where they have none.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    Captured, Kind,
    library_names::{ECS, NAMES, OWN},
};

/// Reads definitions: `NAME definition`, one a line.
pub(super) fn read<'t>(text: &'t str, mut take: impl FnMut(&'t str, &'t str)) {
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        if let Some((name, definition)) = line.split_once([' ', '\t']).filter(|(name, _)| !name.is_empty() && !name.starts_with('#')) {
            take(name, definition.trim_start());
        }
    }
}

/// As they come.
pub(super) fn legacy() -> &'static HashMap<String, String> {
    static KNOWN: LazyLock<HashMap<String, String>> =
        LazyLock::new(|| grok::patterns().iter().map(|(name, definition)| ((*name).to_owned(), (*definition).to_owned())).collect());
    &KNOWN
}

/// With the names of the conventions.
pub(super) fn otel() -> &'static HashMap<String, String> {
    static KNOWN: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let mut known: HashMap<String, String> =
            legacy().iter().map(|(name, definition)| (name.clone(), renamed(name, definition))).collect();
        read(OWN, |name, definition| {
            known.insert(name.to_owned(), definition.to_owned());
        });
        known
    });
    &KNOWN
}

/// The definition with each field `%{PATTERN:field}` and `(?<field>` under its name of the table.
fn renamed(pattern: &str, definition: &str) -> String {
    let mut out = String::with_capacity(definition.len());
    let mut rest = definition;
    loop {
        let here = ["%{", "(?<"].into_iter().filter_map(|open| rest.find(open).map(|at| (at, open))).min();
        let Some((at, open)) = here else { break };
        let close = if open == "%{" { '}' } else { '>' };
        let inside = rest.get(at + open.len()..).unwrap_or_default();
        let Some((inner, behind)) = inside.split_once(close).filter(|_| !inside.starts_with(['=', '!'])) else {
            out.push_str(rest.get(..at + open.len()).unwrap_or_default());
            rest = inside;
            continue;
        };
        out.push_str(rest.get(..at + open.len()).unwrap_or_default());
        let (prefix, field) = match inner.split_once(':') {
            Some((name, field)) if open == "%{" => (format!("{name}:"), Some(field)),
            None if open == "%{" => (inner.to_owned(), None),
            _ => (String::new(), Some(inner)),
        };
        out.push_str(&prefix);
        if let Some(field) = field {
            out.push_str(name_of(pattern, field));
        }
        out.push(close);
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// What a field of this pattern is called: a row for the pattern goes before one for all.
fn name_of<'f>(pattern: &str, field: &'f str) -> &'f str {
    let field = field.split_once(':').map_or(field, |(field, _)| field);
    let rows = || NAMES.iter().filter(|(_, old, _)| *old == field);
    let own = rows().find(|(start, ..)| !start.is_empty() && pattern.starts_with(start));
    own.or_else(|| rows().find(|(start, ..)| start.is_empty())).map_or(field, |(_, _, new)| new)
}

/// Gives the fields of ECS the names, and where they have none the types, of the conventions. An IP address beside the name of its host is
/// the peer's.
pub(super) fn rename(names: &mut [Captured]) {
    let has = |wanted: &str| names.iter().any(|captured| captured.name == wanted);
    let both = [has("source.address"), has("destination.address")];
    for captured in names {
        let known = match captured.name.as_str() {
            "source.ip" if both[0] => Some("network.peer.address"),
            "destination.ip" if both[1] => Some("server.address"),
            name => ECS.iter().find(|(known, _)| *known == name).map(|(_, known)| *known),
        };
        if let Some(known) = known {
            let (name, kind) = known.split_once(':').unwrap_or((known, ""));
            name.clone_into(&mut captured.name);
            captured.kind = Kind::parse(kind).or(captured.kind);
        }
    }
}
