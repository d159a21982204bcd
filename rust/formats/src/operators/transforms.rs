//! What changes a record: fields are moved, added, taken away, made flat, written anew.

use logloom_record::{AnyValue, Program, expr::go_pattern};
use regex::Regex;

use super::{
    config::{Place, Result},
    entry::{Base, Entry, Field, Root},
    facts::{Failed, MISSING},
    run::Run,
    value::{Map, Str, Value},
};

/// What escape sequences of terminals look like.
const ANSI: &str = r"\x1B\[[\x30-\x3F]*[\x20-\x2F]*[\x40-\x7E]";
/// The most memory that a compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// The longest text that a replacement may make, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// One change.
#[derive(Debug)]
pub(super) enum Transform {
    Add(Field, Added),
    Copy(Field, Field),
    Move(Field, Field),
    Remove(Field),
    Retain(Vec<Field>),
    Flatten(Field, Field),
    AssignKeys(Field, Vec<String>),
    Replace(Field, Regex, String),
    Unquote(Field),
    /// All texts are UTF-8 here: it has nothing to do.
    Noop,
}

/// What is added.
#[derive(Debug)]
pub(super) enum Added {
    Value(Value<'static>),
    Program(Box<Program>),
    /// Texts with expressions between them.
    Template(Vec<Piece>),
}

#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Program(Box<Program>),
}

impl Added {
    fn compile(value: &Value<'static>, place: &Place<'_>) -> std::result::Result<Self, String> {
        match value {
            Value::Str(text) => match text.str().strip_prefix("EXPR(").and_then(|text| text.strip_suffix(')')) {
                Some(inside) => Ok(Self::Program(Box::new(place.program(inside)?))),
                None => Ok(Self::Value(value.clone())),
            },
            other => Ok(Self::Value(other.clone())),
        }
    }

    /// A text with `EXPR(…)` in it, each of which gives a text.
    fn template(text: &str, place: &Place<'_>) -> std::result::Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("EXPR(") {
            let (before, behind) = rest.split_at_checked(start).unwrap_or((rest, ""));
            let behind = behind.get(5..).unwrap_or_default();
            // Up to the last bracket before the next one.
            let until = behind.find("EXPR(").unwrap_or(behind.len());
            let Some(end) = behind.get(..until).and_then(|inside| inside.rfind(')')) else { break };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Program(Box::new(place.program(behind.get(..end).unwrap_or_default())?)));
            rest = behind.get(end + 1..).unwrap_or_default();
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self::Template(pieces))
    }

    fn make<'a>(&'a self, entry: &Entry<'a>, run: &mut Run<'a, '_>) -> std::result::Result<Value<'a>, Failed> {
        const NIL: Failed = "the expression gives nothing";
        match self {
            Self::Value(value) => Ok(value.lend()),
            Self::Program(program) => {
                let made = run.compute(program, entry).ok_or(NIL)?;
                Ok(Value::of(AnyValue::read(&made)))
            }
            Self::Template(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(part) => text.push_str(part),
                        Piece::Program(program) => match AnyValue::read(&run.compute(program, entry).ok_or(NIL)?) {
                            AnyValue::Str(part) => text.push_str(&String::from_utf8_lossy(part)),
                            _ => return Err("the expression gives no text"),
                        },
                    }
                }
                Ok(Value::own(text))
            }
        }
    }
}

impl Transform {
    /// By its type; `None` where that is none of these.
    pub(super) fn compile(name: &str, place: &Place<'_>) -> Result<Option<Self>> {
        let needed = |key: &'static str| place.field(key)?.ok_or_else(|| place.error("", format!("'{key}' is missing")));
        Ok(Some(match name {
            "add" => {
                let value = place.get("value").ok_or_else(|| place.error("", "'value' is missing"))?;
                Self::Add(place.needed_field("field")?, Added::compile(value, place).map_err(|message| place.error("value", message))?)
            }
            "copy" => Self::Copy(needed("from")?, needed("to")?),
            "move" => Self::Move(needed("from")?, needed("to")?),
            "remove" => Self::Remove(needed("field")?),
            "retain" => {
                let mut fields = Vec::new();
                for (path, item) in place.items("fields")?.unwrap_or_default() {
                    let wrong = |message: String| crate::OptionError::new(&path, message);
                    let Value::Str(text) = item else { return Err(wrong("expected a field".into())) };
                    fields.push(Field::parse(text.str()).map_err(wrong)?);
                }
                if fields.is_empty() {
                    return Err(place.error("", "'fields' is missing: a list of what is kept"));
                }
                Self::Retain(fields)
            }
            "flatten" => {
                let field = place.needed_field("field")?;
                let above = field.above();
                Self::Flatten(field, above)
            }
            "assign_keys" => {
                let keys = place.texts("keys")?;
                if keys.is_empty() {
                    return Err(place.error("", "'keys' is missing: a list of names"));
                }
                Self::AssignKeys(place.needed_field("field")?, keys)
            }
            "regex_replace" => {
                let pattern = match (place.text("regex")?, place.text("regex_name")?) {
                    (Some(pattern), None) => pattern,
                    (None, Some("ansi_control_sequences")) => ANSI,
                    (None, Some(_)) => return Err(place.error("regex_name", "there is ansi_control_sequences")),
                    _ => return Err(place.error("", "needs 'regex' or 'regex_name', one of them")),
                };
                let regex = regex::RegexBuilder::new(&go_pattern(pattern)).size_limit(PATTERN_BYTES_MAX).build();
                let regex = regex.map_err(|error| place.error("regex", error.to_string()))?;
                Self::Replace(place.needed_field("field")?, regex, place.text("replace_with")?.unwrap_or_default().to_owned())
            }
            "unquote" => Self::Unquote(place.needed_field("field")?),
            "sanitize_utf8" => {
                place.one_field("field")?;
                Self::Noop
            }
            "noop" => Self::Noop,
            _ => return Ok(None),
        }))
    }

    /// Sets an attribute, or one of the resource, to a template.
    pub(super) fn set((root, key): (Root, &str), text: &str, place: &Place<'_>) -> std::result::Result<Self, String> {
        Ok(Self::Add(Field::of(root, &[key]), Added::template(text, place)?))
    }

    pub(super) fn apply<'a>(&'a self, entry: &mut Entry<'a>, run: &mut Run<'a, '_>) -> std::result::Result<(), Failed> {
        const NO_MAP: Failed = "attributes and the resource are maps";
        let base = run.base;
        let done = match self {
            Self::Add(field, added) => {
                let value = added.make(entry, run)?;
                entry.set(field, value, base)
            }
            Self::Copy(from, to) => {
                let value = whole(entry, from, base).ok_or(MISSING)?;
                entry.set(to, value, base)
            }
            Self::Move(from, to) => {
                let value = entry.take(from, base).ok_or(MISSING)?;
                entry.set(to, value, base)
            }
            Self::Remove(field) => {
                entry.take(field, base).ok_or(MISSING)?;
                true
            }
            Self::Retain(fields) => {
                retain(entry, fields, base);
                true
            }
            Self::Flatten(field, above) => match entry.take(field, base).ok_or(MISSING)? {
                Value::Map(map) => entry.set(above, Value::Map(map), base),
                other => {
                    entry.set(field, other, base);
                    return Err("the field is no map");
                }
            },
            Self::AssignKeys(field, keys) => match entry.get(field, base).ok_or(MISSING)? {
                Value::Array(values) if values.len() == keys.len() => {
                    let pairs = keys.iter().map(|key| Str::from(key.as_str())).zip(values.iter().cloned());
                    let map = Map::of(pairs.collect());
                    entry.take(field, base);
                    entry.set(field, Value::Map(map), base)
                }
                _ => return Err("the field is no list of as many values as there are keys"),
            },
            Self::Replace(field, regex, with) => {
                let replaced = match entry.get(field, base) {
                    None => return Ok(()),
                    Some(Value::Str(text)) => match regex.replace_all(text.str(), with.as_str()) {
                        std::borrow::Cow::Borrowed(_) => return Ok(()),
                        std::borrow::Cow::Owned(text) => text,
                    },
                    Some(_) => return Err("the field is no text"),
                };
                if replaced.len() > TEXT_BYTES_MAX {
                    return Err("the text would be too long");
                }
                entry.set(field, Value::own(replaced), base)
            }
            Self::Unquote(field) => match entry.get(field, base) {
                None => return Ok(()),
                Some(Value::Str(text)) => {
                    let text = unquote(text.str()).ok_or("the text does not stand in quotes")?;
                    entry.set(field, Value::own(text), base)
                }
                Some(_) => return Err("the field is no text"),
            },
            Self::Noop => true,
        };
        if done { Ok(()) } else { Err(NO_MAP) }
    }
}

/// A value, or all attributes, or the whole resource.
fn whole<'a>(entry: &Entry<'a>, field: &Field, base: &'a Base) -> Option<Value<'a>> {
    match (field.root, field.is_root()) {
        (Root::Attributes, true) => Some(Value::Map(entry.attributes.clone())),
        (Root::Resource, true) => Some(Value::Map(entry.resource.clone().unwrap_or_else(|| base.resource.lend()))),
        _ => entry.get(field, base).cloned(),
    }
}

/// Keeps the fields; of a part that none of them lies in, all.
fn retain<'a>(entry: &mut Entry<'a>, fields: &'a [Field], base: &'a Base) {
    let kept: Vec<_> = fields.iter().map(|field| (field, whole(entry, field, base))).collect();
    for root in [Root::Body, Root::Attributes, Root::Resource] {
        if fields.iter().any(|field| field.root == root) {
            match root {
                Root::Body => entry.body = Value::Null,
                Root::Attributes => entry.attributes = Map::default(),
                Root::Resource => entry.resource = Some(Map::default()),
            }
        }
    }
    for (field, value) in kept {
        if let Some(value) = value {
            entry.set(field, value, base);
        }
    }
}

/// A text of Go in its quotes, without them.
fn unquote(text: &str) -> Option<String> {
    let quote = text.chars().next()?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    match quote {
        '`' => return (!inside.contains('`')).then(|| inside.replace('\r', "")),
        '"' | '\'' => {}
        _ => return None,
    }
    let (mut out, mut count) = (Vec::new(), 0);
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        count += 1;
        if c == quote || c == '\n' {
            return None;
        }
        let c = match c {
            '\\' => match chars.next()? {
                'a' => '\u{7}',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                '\\' => '\\',
                escaped if escaped == quote => quote,
                // Bytes, which may make a character together.
                'x' => {
                    out.push(u8::try_from(number(&mut chars, 2, 16)?).ok()?);
                    continue;
                }
                first @ '0'..='3' => {
                    let rest = number(&mut chars, 2, 8)?;
                    out.push(u8::try_from(first.to_digit(8)? * 64 + rest).ok()?);
                    continue;
                }
                'u' => char::from_u32(number(&mut chars, 4, 16)?)?,
                'U' => char::from_u32(number(&mut chars, 8, 16)?)?,
                _ => return None,
            },
            c => c,
        };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    (quote == '"' || count == 1).then(|| String::from_utf8_lossy(&out).into_owned())
}

fn number(chars: &mut std::str::Chars<'_>, digits: usize, radix: u32) -> Option<u32> {
    (0..digits).try_fold(0_u32, |value, _| value.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_gos() {
        for (text, plain) in [
            (r#""a b""#, Some("a b")),
            (r#""a\n\"b\"\x41\101\u00e9""#, Some("a\n\"b\"AA\u{e9}")),
            (r"`a\n`", Some(r"a\n")),
            ("'x'", Some("x")),
            ("'xy'", None),
            (r#""a"#, None),
            ("a", None),
            (r#""\q""#, None),
            ("", None),
            ("\"", None),
        ] {
            assert_eq!(unquote(text).as_deref(), plain, "{text}");
        }
    }
}
