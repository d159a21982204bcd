//! What converters do with their values.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use ring::digest;
use vrl::{
    path::OwnedSegment,
    prelude::NotNan,
    value::{ObjectMap, Value},
};

use crate::transform::{fields::hex, values};

pub(super) fn kind(value: &Value) -> &str {
    if value.is_null() { "nil" } else { value.kind_str() }
}

/// A text, or what is wrong.
pub(super) fn text(value: &Value) -> Result<std::borrow::Cow<'_, str>, String> {
    values::text(value).map(String::from_utf8_lossy).ok_or_else(|| format!("expected a string, not {}", kind(value)))
}

pub(super) fn int(value: &Value) -> Result<i64, String> {
    if let Value::Integer(value) = value { Ok(*value) } else { Err(format!("expected an integer, not {}", kind(value))) }
}

pub(super) fn object(value: &Value) -> Result<&ObjectMap, String> {
    value.as_object().ok_or_else(|| format!("expected a map, not {}", kind(value)))
}

pub(super) fn math(left: &Value, sign: char, right: &Value) -> Result<Value, String> {
    if let (Value::Integer(left), Value::Integer(right)) = (left, right) {
        let made = match sign {
            '+' => left.checked_add(*right),
            '-' => left.checked_sub(*right),
            '*' => left.checked_mul(*right),
            _ => left.checked_div(*right),
        };
        return made.map(Value::Integer).ok_or_else(|| format!("{left} {sign} {right} is no integer"));
    }
    let number = |value: &Value| match value {
        Value::Integer(value) => Ok(*value as f64),
        Value::Float(value) => Ok(value.into_inner()),
        other => Err(format!("expected a number, not {}", kind(other))),
    };
    let (left, right) = (number(left)?, number(right)?);
    let made = match sign {
        '+' => left + right,
        '-' => left - right,
        '*' => left * right,
        _ => left / right,
    };
    NotNan::new(made).map(Value::Float).map_err(|_| format!("{left} {sign} {right} is no number"))
}

pub(super) fn to_bool(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::Null => Value::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => (*value != 0).into(),
        Value::Float(value) => (value.into_inner() != 0.0).into(),
        other => match &*text(other)? {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true.into(),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false.into(),
            other => return Err(format!("'{other}' is no boolean")),
        },
    })
}

pub(super) fn to_int(value: &Value) -> Value {
    match value {
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (value.into_inner() as i64).into(),
        Value::Boolean(value) => i64::from(*value).into(),
        other => {
            values::text(other).and_then(|text| std::str::from_utf8(text).ok()?.parse::<i64>().ok()).map_or(Value::Null, Value::Integer)
        }
    }
}

pub(super) fn to_double(value: &Value) -> Value {
    let double = match value {
        Value::Integer(value) => Some(*value as f64),
        Value::Float(value) => Some(value.into_inner()),
        Value::Boolean(value) => Some(f64::from(u8::from(*value))),
        other => values::text(other).and_then(|text| std::str::from_utf8(text).ok()?.parse::<f64>().ok()),
    };
    double.and_then(|double| NotNan::new(double).ok()).map_or(Value::Null, Value::Float)
}

pub(super) fn to_string(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::Null => Value::Null,
        Value::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => hex(bytes).into(),
        Value::Bytes(_) | Value::String(_) => value.clone(),
        Value::Timestamp(time) => values::time_text(*time).into(),
        Value::Integer(value) => value.to_string().into(),
        Value::Boolean(value) => value.to_string().into(),
        Value::Float(value) => value.to_string().into(),
        other => serde_json::to_string(other).map_err(|error| error.to_string())?.into(),
    })
}

pub(super) fn concat(values: &Value, delimiter: &Value) -> Result<Value, String> {
    let Value::Array(values) = values else { return Err("Concat takes a list".into()) };
    let delimiter = text(delimiter)?;
    let mut parts = Vec::with_capacity(values.len());
    for value in values {
        parts.push(if value.is_null() { "<nil>".to_owned() } else { text(&to_string(value)?)?.into_owned() });
    }
    Ok(parts.join(&delimiter).into())
}

pub(super) fn convert_case(target: &Value, to: &Value) -> Result<Value, String> {
    let (target, to) = (text(target)?, text(to)?);
    let words = || {
        let mut words: Vec<String> = Vec::new();
        let mut before = ' ';
        for c in target.chars() {
            if !c.is_alphanumeric() {
                before = ' ';
                continue;
            }
            if before == ' ' || (c.is_uppercase() && before.is_lowercase()) || words.is_empty() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
            before = c;
        }
        words
    };
    let capital = |word: &String| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
    };
    Ok(match &*to {
        "lower" => target.to_lowercase(),
        "upper" => target.to_uppercase(),
        "snake" => words().join("_"),
        "camel" => words().iter().map(capital).collect(),
        other => return Err(format!("no case '{other}': lower, upper, snake or camel")),
    }
    .into())
}

pub(super) fn hexed(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::Integer(value) => hex(&value.to_be_bytes()),
        Value::Float(value) => hex(&value.into_inner().to_be_bytes()),
        Value::Boolean(value) => hex(&[u8::from(*value)]),
        other => hex(text(other)?.as_bytes()),
    }
    .into())
}

pub(super) fn index(target: &Value, wanted: &Value) -> Result<Value, String> {
    let found = match target {
        Value::Array(values) => values.iter().position(|value| value == wanted),
        other => text(other)?.find(&*text(wanted)?),
    };
    Ok(found.map_or(-1, |at| at as i64).into())
}

pub(super) fn len(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::Array(values) => values.len(),
        Value::Object(pairs) => pairs.len(),
        other => values::text(other).ok_or_else(|| format!("Len takes a string, a map or a list, not {}", kind(other)))?.len(),
    }
    .into())
}

pub(super) fn log(value: &Value) -> Result<Value, String> {
    let Value::Float(number) = to_double(value) else { return Err("Log takes a number".into()) };
    let number = number.into_inner();
    if number <= 0.0 { Err(format!("{number} has no logarithm")) } else { Ok(Value::from_f64_or_zero(number.ln())) }
}

pub(super) fn parse_int(target: &Value, base: &Value) -> Result<Value, String> {
    let (target, base) = (text(target)?, int(base)?);
    let radix = u32::try_from(base).ok().filter(|base| (2..=36).contains(base)).ok_or_else(|| format!("no base {base}"))?;
    i64::from_str_radix(&target, radix).map(Value::Integer).map_err(|error| format!("'{target}': {error}"))
}

pub(super) fn parse_json(target: &Value) -> Result<Value, String> {
    // How deep it may go is bounded there.
    serde_json::from_str::<serde_json::Value>(&text(target)?).map(Value::from).map_err(|error| error.to_string())
}

pub(super) fn parse_key_value(target: &Value, delimiter: &Value, between: &Value) -> Result<Value, String> {
    let given =
        |value: &Value, default: &str| if value.is_null() { Ok(default.to_owned()) } else { text(value).map(std::borrow::Cow::into_owned) };
    let (delimiter, between, target) = (given(delimiter, "=")?, given(between, " ")?, text(target)?);
    if target.is_empty() || delimiter.is_empty() || between.is_empty() || delimiter == between {
        return Err("ParseKeyValue takes a text that is not empty, and two delimiters that differ".into());
    }
    let mut pairs = ObjectMap::new();
    // Between quotes, delimiters are text.
    let (mut rest, mut part, mut parts) = (&*target, String::new(), Vec::new());
    let mut quote = None;
    while let Some(c) = rest.chars().next() {
        if quote.is_none() && rest.starts_with(&*between) {
            parts.push(std::mem::take(&mut part));
            rest = rest.get(between.len()..).unwrap_or_default();
            continue;
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        part.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    parts.push(part);
    for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once(&*delimiter).ok_or_else(|| format!("'{part}' has no '{delimiter}'"))?;
        let plain = |text: &str| text.trim().trim_matches(|c| c == '"' || c == '\'').to_owned();
        pairs.insert(plain(key).into(), plain(value).into());
    }
    Ok(Value::Object(pairs))
}

pub(super) fn digested(algorithm: &'static digest::Algorithm, value: &Value) -> Result<Value, String> {
    Ok(hex(digest::digest(algorithm, text(value)?.as_bytes()).as_ref()).into())
}

pub(super) fn slice_to_map(target: &Value, keys: &Value) -> Result<Value, String> {
    let (Value::Array(items), Value::Array(keys)) = (target, keys) else { return Err("SliceToMap takes two lists".into()) };
    let path: Vec<_> = keys.iter().map(|key| Ok(OwnedSegment::field(&text(key)?))).collect::<Result<_, String>>()?;
    let mut made = ObjectMap::new();
    for item in items {
        let key = item.get(&path).ok_or("an item lacks the key")?;
        made.insert(text(key)?.into_owned().into(), item.clone());
    }
    Ok(Value::Object(made))
}

pub(super) fn substring(target: &Value, start: &Value, length: &Value) -> Result<Value, String> {
    let (target, start, length) = (text(target)?, int(start)?, int(length)?);
    let (start, length) =
        (usize::try_from(start).map_err(|_| "start is negative")?, usize::try_from(length).map_err(|_| "length is negative")?);
    // By bytes, as in the Collector; a character is never split.
    let part = start.checked_add(length).and_then(|end| target.get(start..end));
    part.map(Value::from).ok_or_else(|| format!("{start} and {length} are not within a text of {} bytes", target.len()))
}

pub(super) fn trim(target: &Value, of: &Value) -> Result<Value, String> {
    let target = text(target)?;
    if of.is_null() {
        return Ok(target.trim().into());
    }
    let of = text(of)?;
    Ok(target.trim_matches(|c| of.contains(c)).into())
}

pub(super) fn time(target: &Value, format: &Value) -> Result<Value, String> {
    let (target, format) = (text(target)?, text(format)?);
    // The Collector's %L are milliseconds, and its %z takes a Z.
    let format = format.replace("%L", "%3f").replace("%z", "%#z");
    let zoned = DateTime::parse_from_str(&target, &format).map(|time| time.with_timezone(&Utc));
    let local = || NaiveDateTime::parse_from_str(&target, &format).map(|time| time.and_utc());
    let day = || NaiveDate::parse_from_str(&target, &format).map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc());
    let time = zoned.or_else(|_| local()).or_else(|_| day());
    time.map(Value::Timestamp).map_err(|error| format!("'{target}' is no time of '{format}': {error}"))
}

pub(super) fn unix(seconds: &Value, nanoseconds: &Value) -> Result<Value, String> {
    let nanoseconds = if nanoseconds.is_null() { 0 } else { int(nanoseconds)? };
    let nanoseconds = u32::try_from(nanoseconds).map_err(|_| "nanoseconds are 0 to 999999999")?;
    DateTime::from_timestamp(int(seconds)?, nanoseconds).map(Value::Timestamp).ok_or_else(|| "no such time".into())
}

pub(super) fn nanos(value: &Value) -> Result<i64, String> {
    let Value::Timestamp(time) = value else { return Err(format!("expected a time, not {}", kind(value))) };
    time.timestamp_nanos_opt().ok_or_else(|| "the time is out of range".into())
}
