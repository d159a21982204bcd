//! Time, severity, trace and scope, read of fields: operators of their own, and blocks in parsers.

use std::collections::HashMap;

use super::{
    config::{Place, Result},
    entry::{Base, Entry, Field, Root},
    times::TimeRule,
    value::{Str, Value},
};
use crate::{ids::decode_into, severity::of_text};

/// Why an operator could not do its work, for people.
pub(super) type Failed = &'static str;

pub(super) const MISSING: Failed = "the field is not there";

/// What a parser reads of the fields that it found.
#[derive(Debug, Default)]
pub(super) struct Facts {
    time: Option<TimeRule>,
    severity: Option<SeverityRule>,
    trace: Option<TraceRule>,
    scope: Option<ScopeRule>,
}

impl Facts {
    pub(super) fn compile(place: &Place<'_>) -> Result<Self> {
        fn block<T>(place: &Place<'_>, key: &'static str, compile: fn(&Place<'_>) -> Result<T>) -> Result<Option<T>> {
            let Some(inner) = place.inner(key)? else { return Ok(None) };
            let rule = compile(&inner)?;
            inner.finish()?;
            Ok(Some(rule))
        }
        Ok(Self {
            time: block(place, "timestamp", TimeRule::compile)?,
            severity: block(place, "severity", SeverityRule::compile)?,
            trace: block(place, "trace", TraceRule::compile)?,
            scope: block(place, "scope_name", ScopeRule::compile)?,
        })
    }

    /// Reads all; what failed first.
    pub(super) fn read<'a>(&'a self, entry: &mut Entry<'a>, base: &'a Base, arrival: u64) -> std::result::Result<(), Failed> {
        let time = self.time.as_ref().map_or(Ok(()), |rule| rule.read(entry, base, arrival));
        let severity = self.severity.as_ref().map_or(Ok(()), |rule| rule.read(entry, base));
        let trace = self.trace.as_ref().map_or(Ok(()), |rule| rule.read(entry, base));
        let scope = self.scope.as_ref().map_or(Ok(()), |rule| rule.read(entry, base));
        time.and(severity).and(trace).and(scope)
    }
}

#[derive(Debug)]
pub(super) struct SeverityRule {
    from: Field,
    /// In small letters.
    words: HashMap<Box<[u8]>, u8>,
    /// Whole numbers, from and to.
    ranges: Vec<(i64, i64, u8)>,
    overwrites: bool,
}

const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "fatal"];

/// The number of `warn`, `warn2`, `13`.
fn level(word: &str) -> Option<u8> {
    let word = word.to_ascii_lowercase();
    if let Ok(number @ 1..=24) = word.parse::<u8>() {
        return Some(number);
    }
    let (base, step) = match word.as_bytes().last() {
        Some(digit @ b'2'..=b'4') => (word.get(..word.len() - 1)?, digit - b'1'),
        _ => (&*word, 0),
    };
    let at = LEVELS.iter().position(|level| *level == base)?;
    Some(at as u8 * 4 + 1 + step)
}

/// As the Collector writes them.
fn level_name(number: u8) -> String {
    let base = LEVELS.get(usize::from(number.saturating_sub(1) / 4)).copied().unwrap_or("default").to_ascii_uppercase();
    let step = number.saturating_sub(1) % 4;
    if step == 0 { base } else { format!("{base}{}", step + 1) }
}

impl SeverityRule {
    pub(super) fn compile(place: &Place<'_>) -> Result<Self> {
        let from = place.needed_field("parse_from")?;
        let preset = place.text("preset")?.unwrap_or("default");
        let mut words: HashMap<Box<[u8]>, u8> = HashMap::new();
        if preset != "none" {
            for number in 1..=24 {
                words.insert(level_name(number).to_ascii_lowercase().as_bytes().into(), number);
                words.insert(number.to_string().as_bytes().into(), number);
            }
        }
        if !matches!(preset, "none" | "otel" | "aliases") {
            for step in 0..4 {
                let digit = if step == 0 { String::new() } else { (step + 1).to_string() };
                words.insert(format!("warning{digit}").as_bytes().into(), 13 + step);
                words.insert(format!("err{digit}").as_bytes().into(), 17 + step);
            }
        }
        let mut rule = Self { from, words, ranges: Vec::new(), overwrites: place.bool("overwrite_text")?.unwrap_or(false) };
        if let Some(mapping) = place.inner("mapping")? {
            for (key, value) in mapping.pairs() {
                // The Collector takes any word, and those that it does not know for no severity.
                let number = level(key).or_else(|| Some(of_text(key.into())).filter(|number| *number > 0)).ok_or_else(|| {
                    mapping.error(key, "is no severity: there are trace, debug, info, warn, error and fatal, with 2 to 4 behind them")
                })?;
                let one = std::slice::from_ref(value);
                for value in if let Value::Array(values) = value { values } else { one } {
                    rule.map(value, number).map_err(|message| mapping.error(key, message))?;
                }
            }
        }
        Ok(rule)
    }

    fn map(&mut self, value: &Value<'_>, number: u8) -> std::result::Result<(), &'static str> {
        match value {
            Value::Int(value) => self.ranges.push((*value, *value, number)),
            Value::Str(text) => match text.bytes() {
                [first @ b'2'..=b'5', b'x', b'x'] => {
                    let from = i64::from(first - b'0') * 100;
                    self.ranges.push((from, from + 99, number));
                }
                word => {
                    self.words.insert(word.to_ascii_lowercase().into(), number);
                }
            },
            Value::Map(range) => {
                let (Some(Value::Int(min)), Some(Value::Int(max))) = (range.get("min"), range.get("max")) else {
                    return Err("a range has min and max, both whole numbers");
                };
                self.ranges.push(((*min).min(*max), (*min).max(*max), number));
            }
            _ => return Err("expected a text, a whole number, a range of min and max, or a list of them"),
        }
        Ok(())
    }

    /// The severity of a word; 0 where it has none.
    fn of(&self, word: &[u8]) -> u8 {
        if !self.ranges.is_empty()
            && let Some(value) = whole(word)
            && let Some((.., number)) = self.ranges.iter().rev().find(|(min, max, _)| (*min..=*max).contains(&value))
        {
            return *number;
        }
        let mut small = [0; 32];
        let found = match small.get_mut(..word.len()) {
            Some(small) if word.is_ascii() => {
                small.copy_from_slice(word);
                small.make_ascii_lowercase();
                self.words.get(&*small)
            }
            _ => self.words.get(String::from_utf8_lossy(word).to_lowercase().as_bytes()),
        };
        found.copied().unwrap_or(0)
    }

    pub(super) fn read<'a>(&self, entry: &mut Entry<'a>, base: &'a Base) -> std::result::Result<(), Failed> {
        let text = match entry.get(&self.from, base).ok_or(MISSING)? {
            Value::Str(text) => text.clone(),
            Value::Int(value) => Str::own(value.to_string()),
            Value::Double(value) if value.fract() == 0.0 && value.abs() < 9e18 => Str::own((*value as i64).to_string()),
            _ => return Err("the field is no text and no whole number"),
        };
        entry.severity = self.of(text.bytes());
        let name = (self.overwrites && entry.severity != 0).then(|| Str::own(level_name(entry.severity)));
        entry.severity_text = Some(name.unwrap_or(text));
        Ok(())
    }
}

/// The number that these digits write as numbers are written.
fn whole(word: &[u8]) -> Option<i64> {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    if digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) || matches!(digits, [] | [b'0', _, ..]) {
        return None;
    }
    let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Some(if word.len() > digits.len() { -value } else { value })
}

#[derive(Debug)]
pub(super) struct TraceRule {
    trace_id: Field,
    span_id: Field,
    flags: Field,
}

impl TraceRule {
    pub(super) fn compile(place: &Place<'_>) -> Result<Self> {
        let field = |key: &'static str| -> Result<Field> {
            let given = match place.inner(key)? {
                Some(inner) => {
                    let field = inner.one_field("parse_from")?;
                    inner.finish()?;
                    field
                }
                None => None,
            };
            Ok(given.unwrap_or_else(|| Field::of(Root::Body, &[key])))
        };
        Ok(Self { trace_id: field("trace_id")?, span_id: field("span_id")?, flags: field("trace_flags")? })
    }

    pub(super) fn read<'a>(&self, entry: &mut Entry<'a>, base: &'a Base) -> std::result::Result<(), Failed> {
        let hex = |field: &Field| -> std::result::Result<Option<Vec<u8>>, Failed> {
            let digits = match entry.get(field, base) {
                None => return Ok(None),
                Some(Value::Str(text)) => text.clone(),
                Some(Value::Int(value)) => Str::own(value.to_string()),
                Some(_) => return Err("the field is no hexadecimal digits"),
            };
            let mut bytes = Vec::new();
            decode_into(&mut bytes, digits.bytes()).then_some(Some(bytes)).ok_or("the field is no hexadecimal digits")
        };
        let (trace_id, span_id, flags) = (hex(&self.trace_id), hex(&self.span_id), hex(&self.flags));
        // Each that can be read is.
        entry.trace_id = trace_id.clone().ok().flatten().map(|id| sized(&id));
        entry.span_id = span_id.clone().ok().flatten().map(|id| sized(&id));
        entry.flags = flags.clone().ok().flatten().and_then(|flags| flags.first().copied()).unwrap_or(0).into();
        trace_id.and(span_id).and(flags).map(|_| ())
    }
}

/// An id of `N` bytes: cut off, or filled up behind, as the Collector does.
fn sized<const N: usize>(id: &[u8]) -> [u8; N] {
    let mut sized = [0; N];
    sized.iter_mut().zip(id).for_each(|(to, from)| *to = *from);
    sized
}

#[derive(Debug)]
pub(super) struct ScopeRule {
    from: Field,
}

impl ScopeRule {
    pub(super) fn compile(place: &Place<'_>) -> Result<Self> {
        Ok(Self { from: place.needed_field("parse_from")? })
    }

    pub(super) fn read<'a>(&self, entry: &mut Entry<'a>, base: &'a Base) -> std::result::Result<(), Failed> {
        match entry.get(&self.from, base).ok_or(MISSING)? {
            Value::Str(text) => entry.scope_name = Some(text.clone()),
            _ => return Err("the field is no text"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_numbers_and_names() {
        for (word, number) in [("trace", 1), ("WARN", 13), ("warn4", 16), ("fatal4", 24), ("17", 17)] {
            assert_eq!(level(word), Some(number));
        }
        assert_eq!((level("warning"), level("info5"), level("25"), level("")), (None, None, None, None));
        assert_eq!((level_name(1), level_name(16), level_name(21)), ("TRACE".into(), "WARN4".into(), "FATAL".into()));
    }

    #[test]
    fn numbers_are_as_numbers_are_written() {
        for (word, value) in [("0", Some(0)), ("404", Some(404)), ("-1", Some(-1)), ("0404", None), ("4x4", None), ("", None), ("-", None)]
        {
            assert_eq!(whole(word.as_bytes()), value, "{word}");
        }
    }
}
