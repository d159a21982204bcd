//! How a source of lines is read, whatever the format of its lines: what the options in [`COMMON`](crate::COMMON) say.

use std::sync::Arc;

use encoding_rs::Encoding;
use regex::bytes::{Regex, RegexBuilder};

use crate::{OptionDoc, OptionError, OptionValue, Options};

/// The option on joining lines.
pub(crate) const MULTILINE: OptionDoc = OptionDoc {
    name: "multiline",
    doc: "Which lines make one record: `auto` (stack traces, and what the format says), `off`, or a map of regular expressions: `start` (a line \
          that matches begins a record), `continue` (one that matches belongs to the record before), `end` (one that matches ends the record)",
};

/// The option on what sources are written in.
pub(crate) const ENCODING: OptionDoc = OptionDoc {
    name: "encoding",
    doc: "string: what the source is written in, by its label in the WHATWG's standard: `utf-8` (the default; UTF-16 is known by its byte \
          order mark), `utf-16le`, `latin1`, `windows-1252`, `shift_jis`, `gbk`, ...",
};

/// The option on colours.
pub(crate) const STRIP_ANSI: OptionDoc = OptionDoc {
    name: "strip_ansi",
    doc: "true or false: whether colours and other escape sequences of terminals are taken out before a line is read (true); the line as it \
          came is kept",
};

/// The most memory that one compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// How a source of lines is read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Which lines make one record.
    pub multiline: Multiline,
    /// What the source is written in; none: UTF-8, or UTF-16 where the first bytes say so.
    pub encoding: Option<&'static Encoding>,
    /// Whether escape sequences of terminals are taken out.
    pub strip_ansi: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self { multiline: Multiline::Auto, encoding: None, strip_ansi: true }
    }
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
        let encoding = options.str(ENCODING.name)?.map(encoding).transpose()?.flatten();
        Ok(Self { multiline: Multiline::of(options)?, encoding, strip_ansi: options.bool(STRIP_ANSI.name)?.unwrap_or(true) })
    }

    /// Whether all is as by default.
    pub fn is_default(&self) -> bool {
        matches!(self.multiline, Multiline::Auto) && self.encoding.is_none() && self.strip_ansi
    }

    /// The first of the options that only sources of lines have.
    pub(crate) fn first_of(options: &Options) -> Option<&'static str> {
        [ENCODING.name, MULTILINE.name, STRIP_ANSI.name].into_iter().find(|name| options.0.contains_key(*name))
    }
}

/// The encoding of a label; none for UTF-8.
fn encoding(label: &str) -> Result<Option<&'static Encoding>, OptionError> {
    let wrong = |what: &str| OptionError::new(ENCODING.name, format!("'{label}' {what}"));
    // What operators write that the standard does not know.
    let known = match label.to_ascii_lowercase().as_str() {
        "utf8" | "utf-8" | "nop" => "utf-8",
        "iso8859-1" | "iso_8859-1" => "latin1",
        "utf16" => "utf-16",
        _ => label,
    };
    let found =
        Encoding::for_label(known.as_bytes()).ok_or_else(|| wrong("is no encoding: write utf-8, utf-16le, latin1, windows-1252, ..."))?;
    if found == encoding_rs::REPLACEMENT || found == encoding_rs::ISO_2022_JP {
        return Err(wrong("cannot be read: its lines do not tell by themselves what they say"));
    }
    Ok((found != encoding_rs::UTF_8).then_some(found))
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
