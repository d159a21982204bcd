//! What statements do to a record. What an editor does is told in the Collector's
//! [ottlfuncs](https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/main/pkg/ottl/ottlfuncs/README.md).

use logloom_record::expr::{Call, Computed, Context};
use regex::Regex;
use vrl::value::{ObjectMap, Value};

use super::{
    Path, Room, StatementError,
    converters::{Term, compiled, ordered, pattern},
    functions::{int, object, text},
    replace::{Replace, regex_of},
    wrong,
};
use crate::transform::values;

/// An editor with its arguments.
#[derive(Debug)]
pub(super) enum Editor {
    Set(Path, Term),
    Append(Path, Term, Term),
    DeleteIndex(Path, Term, Term),
    DeleteKey(Path, Path),
    DeleteMatchingKeys(Path, Regex),
    Flatten(Path, Term, Term),
    KeepKeys(Path, Term),
    KeepMatchingKeys(Path, Regex),
    Limit(Path, Term, Term),
    MergeMaps(Path, Term, Strategy),
    /// One value, or each one of a map; all of a text that the pattern matches.
    ReplaceMatch(Path, Replace, bool),
    /// Of a value; of each one of a map; of each key of a map.
    ReplacePattern(Path, Replace, Where),
    TruncateAll(Path, Term),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    Insert,
    Update,
    Upsert,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Value,
    Values,
    Keys,
}

/// Name, parameters, and how many of them must be given.
const EDITORS: [(&str, &[&str], usize); 15] = [
    ("append", &["target", "value", "values"], 1),
    ("delete_index", &["target", "startIndex", "endIndex"], 2),
    ("delete_key", &["target", "key"], 2),
    ("delete_matching_keys", &["target", "pattern"], 2),
    ("flatten", &["target", "prefix", "depth"], 1),
    ("keep_keys", &["target", "keys"], 2),
    ("keep_matching_keys", &["target", "pattern"], 2),
    ("limit", &["target", "limit", "priority_keys"], 3),
    ("merge_maps", &["target", "source", "strategy"], 3),
    ("replace_all_matches", &["target", "pattern", "replacement", "function", "replacementFormat"], 3),
    ("replace_all_patterns", &["target", "mode", "regex", "replacement", "function", "replacementFormat"], 4),
    ("replace_match", &["target", "pattern", "replacement", "function", "replacementFormat"], 3),
    ("replace_pattern", &["target", "regex", "replacement", "function", "replacementFormat"], 3),
    ("set", &["target", "value"], 2),
    ("truncate_all", &["target", "limit"], 2),
];

impl Editor {
    pub(super) fn of(call: &Call, context: Context, paths: &mut Vec<Path>) -> Result<Self, StatementError> {
        let row = EDITORS.iter().find(|row| row.0 == call.name).copied();
        let Some((_, parameters, needed)) = row else {
            let names: Vec<_> = EDITORS.iter().map(|row| row.0).collect();
            let near = logloom_record::nearest(&call.name, &names);
            let hint = near.map_or_else(|| format!("there are {}", names.join(", ")), |near| format!("did you mean '{near}'?"));
            return Err(wrong(call.at, format!("the editor '{}' has no counterpart here: {hint}", call.name)));
        };
        let arguments = ordered(call, parameters, needed)?;
        let argument = |at: usize| arguments.get(at).copied().flatten();
        let Some(Computed::Path(target)) = argument(0) else {
            return Err(wrong(call.at, format!("{} takes a path first", call.name)));
        };
        let target = Path::of(target, context)?;
        let mut term = |at: usize| Term::of(argument(at).unwrap_or(&Computed::Nil), context, paths);
        let made = match call.name.as_str() {
            "append" => Self::Append(target.clone(), term(1)?, term(2)?),
            "delete_index" => Self::DeleteIndex(target.clone(), term(1)?, term(2)?),
            "delete_key" => {
                let Some(Computed::Text(key)) = argument(1) else { return Err(wrong(call.at, "the key is a text in quotes")) };
                let inner = target.with(key);
                paths.push(inner.clone());
                return Ok(Self::DeleteKey(target, inner));
            }
            "delete_matching_keys" => Self::DeleteMatchingKeys(target.clone(), pattern(argument(1), call.at)?),
            "flatten" => Self::Flatten(target.clone(), term(1)?, term(2)?),
            "keep_keys" => Self::KeepKeys(target.clone(), term(1)?),
            "keep_matching_keys" => Self::KeepMatchingKeys(target.clone(), pattern(argument(1), call.at)?),
            "limit" => Self::Limit(target.clone(), term(1)?, term(2)?),
            "merge_maps" => {
                let strategy = match argument(2) {
                    Some(Computed::Text(text)) if text == "insert" => Strategy::Insert,
                    Some(Computed::Text(text)) if text == "update" => Strategy::Update,
                    Some(Computed::Text(text)) if text == "upsert" => Strategy::Upsert,
                    _ => return Err(wrong(call.at, "the strategy is \"insert\", \"update\" or \"upsert\"")),
                };
                Self::MergeMaps(target.clone(), term(1)?, strategy)
            }
            "replace_match" | "replace_all_matches" => {
                let Some(Computed::Text(glob)) = argument(1) else { return Err(wrong(call.at, "the pattern is a text in quotes")) };
                let replace = Replace::of(compiled(&regex_of(glob), call.at)?, term(2)?, argument(3), argument(4), call.at)?;
                Self::ReplaceMatch(target.clone(), replace, call.name == "replace_all_matches")
            }
            "replace_pattern" => {
                let replace = Replace::of(pattern(argument(1), call.at)?, term(2)?, argument(3), argument(4), call.at)?;
                Self::ReplacePattern(target.clone(), replace, Where::Value)
            }
            "replace_all_patterns" => {
                let place = match argument(1) {
                    Some(Computed::Text(mode)) if mode == "key" => Where::Keys,
                    Some(Computed::Text(mode)) if mode == "value" => Where::Values,
                    _ => return Err(wrong(call.at, "the mode is \"key\" or \"value\"")),
                };
                let replace = Replace::of(pattern(argument(2), call.at)?, term(3)?, argument(4), argument(5), call.at)?;
                Self::ReplacePattern(target.clone(), replace, place)
            }
            "truncate_all" => Self::TruncateAll(target.clone(), term(1)?),
            "set" => Self::Set(target.clone(), term(1)?),
            other => return Err(wrong(call.at, format!("the editor '{other}' has no counterpart here"))),
        };
        paths.push(target);
        Ok(made)
    }

    pub(super) fn run(&self, room: &mut Room<'_, '_>) -> Result<(), String> {
        match self {
            Self::Set(path, value) => match value.eval(room)? {
                // As in the Collector: nil sets nothing.
                Value::Null => Ok(()),
                value => room.set(path, value),
            },
            Self::Append(path, value, values) => {
                let mut all = match room.get(path) {
                    Value::Null => Vec::new(),
                    Value::Array(all) => all,
                    one => vec![one],
                };
                match value.eval(room)? {
                    Value::Null => {}
                    Value::Array(more) => all.extend(more),
                    one => all.push(one),
                }
                if let Value::Array(more) = values.eval(room)? {
                    all.extend(more);
                }
                room.set(path, Value::Array(all))
            }
            Self::DeleteIndex(path, start, end) => {
                let Value::Array(mut all) = room.get(path) else { return Err("delete_index takes a list".into()) };
                let start = usize::try_from(int(&start.eval(room)?)?).map_err(|_| "startIndex is negative")?;
                let end = match end.eval(room)? {
                    Value::Null => start + 1,
                    end => usize::try_from(int(&end)?).map_err(|_| "endIndex is negative")?,
                };
                if start > end || end > all.len() {
                    return Err(format!("{start} to {end} is not within a list of {}", all.len()));
                }
                all.drain(start..end);
                room.set(path, Value::Array(all))
            }
            Self::DeleteKey(path, inner) => {
                if !matches!(path, Path::Record(..)) || is_map(room, path, inner) {
                    room.remove(inner);
                }
                Ok(())
            }
            Self::DeleteMatchingKeys(path, pattern) => edit(room, path, |map| {
                map.retain(|key, _| !pattern.is_match(key.as_str()));
                Ok(())
            }),
            Self::KeepMatchingKeys(path, pattern) => edit(room, path, |map| {
                map.retain(|key, _| pattern.is_match(key.as_str()));
                Ok(())
            }),
            Self::KeepKeys(path, keys) => {
                let keys = texts(&keys.eval(room)?)?;
                edit(room, path, |map| {
                    map.retain(|key, _| keys.iter().any(|kept| kept == key.as_str()));
                    Ok(())
                })
            }
            Self::Limit(path, limit, keys) => {
                let (limit, keys) =
                    (usize::try_from(int(&limit.eval(room)?)?).map_err(|_| "the limit is negative")?, texts(&keys.eval(room)?)?);
                if keys.len() > limit {
                    return Err("there are more priority keys than the limit".into());
                }
                edit(room, path, |map| {
                    let mut left = limit.saturating_sub(map.keys().filter(|key| keys.iter().any(|kept| kept == key.as_str())).count());
                    map.retain(|key, _| {
                        let is_kept = keys.iter().any(|kept| kept == key.as_str());
                        let stays = is_kept || left > 0;
                        left -= usize::from(!is_kept && left > 0);
                        stays
                    });
                    Ok(())
                })
            }
            Self::MergeMaps(path, source, strategy) => {
                let source = source.eval(room)?;
                let source = object(&source)?;
                edit(room, path, |map| {
                    for (key, value) in source {
                        let wanted = match strategy {
                            Strategy::Insert => !map.contains_key(key),
                            Strategy::Update => map.contains_key(key),
                            Strategy::Upsert => true,
                        };
                        if wanted {
                            map.insert(key.clone(), value.clone());
                        }
                    }
                    Ok(())
                })
            }
            Self::Flatten(path, prefix, depth) => {
                let prefix = match prefix.eval(room)? {
                    Value::Null => String::new(),
                    prefix => text(&prefix)?.into_owned(),
                };
                let depth = match depth.eval(room)? {
                    Value::Null => i64::MAX,
                    depth => int(&depth)?,
                };
                edit(room, path, |map| {
                    let mut flat = ObjectMap::new();
                    for (key, value) in std::mem::take(map) {
                        let key = if prefix.is_empty() { key.as_str().to_owned() } else { format!("{prefix}.{}", key.as_str()) };
                        flatten(key, value, depth, &mut flat);
                    }
                    *map = flat;
                    Ok(())
                })
            }
            Self::TruncateAll(path, limit) => {
                let limit = usize::try_from(int(&limit.eval(room)?)?).map_err(|_| "the limit is negative")?;
                edit(room, path, |map| {
                    for value in map.values_mut() {
                        if let Some(whole) = values::text(value).filter(|whole| whole.len() > limit) {
                            let whole = String::from_utf8_lossy(whole).into_owned();
                            let end = (0..=limit.min(whole.len())).rev().find(|end| whole.is_char_boundary(*end)).unwrap_or_default();
                            *value = whole.get(..end).unwrap_or_default().into();
                        }
                    }
                    Ok(())
                })
            }
            Self::ReplaceMatch(path, replace, true) => {
                let with = replace.whole(room)?;
                edit(room, path, |map| {
                    for value in map.values_mut() {
                        if values::text(value).is_some_and(|text| replace.pattern.is_match(&String::from_utf8_lossy(text))) {
                            *value = with.clone();
                        }
                    }
                    Ok(())
                })
            }
            Self::ReplaceMatch(path, replace, false) => match values::text(&room.get(path)) {
                Some(old) if replace.pattern.is_match(&String::from_utf8_lossy(old)) => {
                    let with = replace.whole(room)?;
                    room.set(path, with)
                }
                _ => Ok(()),
            },
            Self::ReplacePattern(path, replace, Where::Value) => {
                let with = replace.with.eval(room)?;
                match values::text(&room.get(path)) {
                    Some(old) => match replace.all(&String::from_utf8_lossy(old), &with)? {
                        Some(new) => room.set(path, new),
                        None => Ok(()),
                    },
                    None => Ok(()),
                }
            }
            Self::ReplacePattern(path, replace, place) => {
                let with = replace.with.eval(room)?;
                edit(room, path, |map| {
                    if *place == Where::Values {
                        for value in map.values_mut() {
                            let Some(old) = values::text(value) else { continue };
                            if let Some(new) = replace.all(&String::from_utf8_lossy(old), &with)? {
                                *value = new;
                            }
                        }
                        return Ok(());
                    }
                    for (key, value) in std::mem::take(map) {
                        let key = match replace.all(key.as_str(), &with)? {
                            Some(new) => text(&new)?.into_owned().into(),
                            None => key,
                        };
                        map.insert(key, value);
                    }
                    Ok(())
                })
            }
        }
    }
}

/// Whether what holds the key is a map: of attributes always.
fn is_map(room: &Room<'_, '_>, path: &Path, inner: &Path) -> bool {
    match (path, inner) {
        (Path::Record(outer, _), Path::Record(inner, _)) => {
            let of = |path: &vrl::path::OwnedTargetPath| super::super::fields::Place::of(&path.path.segments).map(|(_, taken)| taken);
            of(inner) != of(outer) || room.get(path).is_object()
        }
        _ => true,
    }
}

/// Changes a map; what is there and is none is an error.
fn edit(room: &mut Room<'_, '_>, path: &Path, change: impl FnOnce(&mut ObjectMap) -> Result<(), String>) -> Result<(), String> {
    let old = match room.get(path) {
        Value::Null if matches!(path, Path::Cache(_)) => Value::Object(ObjectMap::new()),
        other => other,
    };
    let mut map = object(&old)?.clone();
    change(&mut map)?;
    let new = Value::Object(map);
    if new == old { Ok(()) } else { room.set(path, new) }
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    let Value::Array(items) = value else { return Err("expected a list of keys".into()) };
    items.iter().map(|item| text(item).map(std::borrow::Cow::into_owned)).collect()
}

fn flatten(key: String, value: Value, depth: i64, flat: &mut ObjectMap) {
    match value {
        Value::Object(map) if depth > 0 => {
            for (inner, value) in map {
                flatten(format!("{key}.{}", inner.as_str()), value, depth - 1, flat);
            }
        }
        Value::Array(items) if depth > 0 => {
            for (at, value) in items.into_iter().enumerate() {
                flatten(format!("{key}.{at}"), value, depth - 1, flat);
            }
        }
        other => drop(flat.insert(key.into(), other)),
    }
}
