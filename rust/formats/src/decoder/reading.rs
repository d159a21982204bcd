//! How a source of lines is read, whatever the format of its lines: what the options in [`COMMON`](crate::COMMON) say.

use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};

use crate::{OptionDoc, OptionError, OptionValue, Options};

/// The option on joining lines.
pub(crate) const MULTILINE: OptionDoc = OptionDoc {
    name: "multiline",
    doc: "Which lines make one record: `auto` (stack traces, and what the format says), `off`, or a map of regular expressions: `start` (a line \
          that matches begins a record), `continue` (one that matches belongs to the record before), `end` (one that matches ends the record)",
};

/// The most memory that one compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// How a source of lines is read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Which lines make one record.
    pub multiline: Multiline,
}

/// Which lines make one record.
#[derive(Clone, Debug, Default)]
pub enum Multiline {
    /// What the format says, and stack traces.
    #[default]
    Auto,
    /// Each line is a record.
    Off,
    /// What the user's patterns say.
    Patterns(Arc<Patterns>),
}

/// Patterns of a user on which lines make one record.
#[derive(Debug)]
pub struct Patterns {
    start: Option<Regex>,
    goes_on: Option<Regex>,
    end: Option<Regex>,
}

impl Reading {
    /// What the options say; what they do not is as by default.
    pub fn of(options: &Options) -> Result<Self, OptionError> {
        Ok(Self { multiline: Multiline::of(options)? })
    }

    /// Whether all is as by default.
    pub fn is_default(&self) -> bool {
        matches!(self.multiline, Multiline::Auto)
    }

    /// The first of the options that only sources of lines have.
    pub(crate) fn first_of(options: &Options) -> Option<&'static str> {
        [MULTILINE.name].into_iter().find(|name| options.0.contains_key(*name))
    }
}

impl Multiline {
    fn of(options: &Options) -> Result<Self, OptionError> {
        let expected = "expected auto, off, or a map of start, continue or end to a regular expression";
        match options.0.get(MULTILINE.name) {
            None | Some(OptionValue::Bool(true)) => Ok(Self::Auto),
            Some(OptionValue::Bool(false)) => Ok(Self::Off), // what YAML makes of `off`
            Some(OptionValue::Str(word)) if word == "auto" => Ok(Self::Auto),
            Some(OptionValue::Str(word)) if word == "off" => Ok(Self::Off),
            Some(OptionValue::Map(given)) if !given.is_empty() => Ok(Self::Patterns(Arc::new(Patterns::compile(given)?))),
            _ => Err(OptionError::new(MULTILINE.name, expected)),
        }
    }
}

impl Patterns {
    fn compile(given: &[(String, String)]) -> Result<Self, OptionError> {
        let mut patterns = Self { start: None, goes_on: None, end: None };
        for (name, text) in given {
            let wrong = |what: String| OptionError::new(MULTILINE.name, format!("{name}: {what}"));
            let pattern = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build().map_err(|error| wrong(error.to_string()))?;
            *match name.as_str() {
                "start" => &mut patterns.start,
                "continue" => &mut patterns.goes_on,
                "end" => &mut patterns.end,
                _ => return Err(wrong("no such pattern: there are start, continue and end".into())),
            } = Some(pattern);
        }
        Ok(patterns)
    }

    /// Whether `line` belongs to the record before it, which `ended` or not by its last line.
    pub(crate) fn continues(&self, line: &[u8], ended: bool) -> bool {
        let is = |pattern: &Option<Regex>| pattern.as_ref().map(|pattern| pattern.is_match(line));
        !ended && is(&self.goes_on).unwrap_or(self.start.is_some() || self.end.is_some()) && !is(&self.start).unwrap_or(false)
    }

    /// Whether the record ends with `line`.
    pub(crate) fn ends(&self, line: &[u8]) -> bool {
        self.end.as_ref().is_some_and(|pattern| pattern.is_match(line))
    }
}
