//! What a user may say about a format.

use std::collections::BTreeMap;

use logloom_record::nearest;

use crate::{
    FORMATS, Spec,
    decoder::{ENCODING, MULTILINE, STRIP_ANSI},
    find,
    inside::INSIDE,
    time::Zone,
};

/// The options that every format takes, as far as it is made of lines.
pub static COMMON: &[OptionDoc] = &[
    ENCODING,
    MULTILINE,
    STRIP_ANSI,
    OptionDoc {
        name: "severity_from_status",
        doc: "true or false: whether a record that has no severity but an HTTP status gets one by it: 4xx is a warning, 5xx an error, all \
              others are information (false)",
    },
    OptionDoc {
        name: "timezone",
        doc: "string: the zone of times that name none, as an offset (`-02:00`) or an IANA name (`Europe/Berlin`); UTC where it is not given",
    },
];

/// The options of one format, as typed by the user: `format_string`, `keys`, …
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options(pub BTreeMap<String, OptionValue>);

/// The value of an option.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// A text.
    Str(String),
    /// A switch.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A table of names, in the order given.
    Map(Vec<(String, String)>),
}

impl OptionValue {
    fn kind(&self) -> &'static str {
        match self {
            Self::Str(_) => "a string",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Map(_) => "a map of strings",
        }
    }
}

/// The documentation of one option.
#[derive(Clone, Copy, Debug)]
pub struct OptionDoc {
    /// Its name.
    pub name: &'static str,
    /// Its type and what it does, one sentence.
    pub doc: &'static str,
}

/// What is wrong with an option: where, what and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionError {
    /// The option's name; empty when the format itself is unknown.
    pub option: String,
    /// What is wrong and the way out.
    pub message: String,
    /// Where in the option's text, in bytes, for a pattern.
    pub at: Option<usize>,
}

impl std::fmt::Display for OptionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.option.is_empty() {
            write!(f, "{}: ", self.option)?;
        }
        f.write_str(&self.message)?;
        self.at.map_or(Ok(()), |at| write!(f, " (at byte {at})"))
    }
}

impl std::error::Error for OptionError {}

impl OptionError {
    /// `option` is wrong: `message` says what and the way out.
    pub fn new(option: &str, message: impl Into<String>) -> Self {
        Self { option: option.into(), message: message.into(), at: None }
    }

    /// The same, with the place in the option's text.
    #[must_use]
    pub fn at(mut self, at: usize) -> Self {
        self.at = Some(at);
        self
    }

    pub(crate) fn unknown_format(name: &str) -> Self {
        let names: Vec<_> = FORMATS.iter().map(|spec| spec.name).collect();
        let hint = nearest(name, &names).map_or_else(|| format!("formats are {}", names.join(", ")), |n| format!("did you mean '{n}'?"));
        Self::new("", format!("unknown format '{name}', {hint}"))
    }
}

impl Options {
    /// The text of an option.
    pub fn str(&self, name: &str) -> Result<Option<&str>, OptionError> {
        self.get(name, "a string", |value| if let OptionValue::Str(s) = value { Some(s.as_str()) } else { None })
    }

    /// The switch of an option.
    pub fn bool(&self, name: &str) -> Result<Option<bool>, OptionError> {
        self.get(name, "true or false", |value| if let OptionValue::Bool(b) = value { Some(*b) } else { None })
    }

    /// The number of an option.
    pub fn int(&self, name: &str) -> Result<Option<i64>, OptionError> {
        self.get(name, "a whole number", |value| if let OptionValue::Int(i) = value { Some(*i) } else { None })
    }

    /// The table of an option.
    pub fn map(&self, name: &str) -> Result<Option<&[(String, String)]>, OptionError> {
        self.get(name, "a map of strings", |value| if let OptionValue::Map(m) = value { Some(m.as_slice()) } else { None })
    }

    /// The zone of times that name none: the option `timezone`.
    pub fn zone(&self) -> Result<Zone, OptionError> {
        self.str("timezone")?.map_or(Ok(Zone::UTC), |name| Zone::parse(name).map_err(|message| OptionError::new("timezone", message)))
    }

    fn get<'a, T>(&'a self, name: &str, wanted: &str, pick: impl Fn(&'a OptionValue) -> Option<T>) -> Result<Option<T>, OptionError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        pick(value).map(Some).ok_or_else(|| OptionError::new(name, format!("expected {wanted}, not {}", value.kind())))
    }

    /// Refuses options that the format does not take.
    pub fn check(&self, spec: &Spec) -> Result<(), OptionError> {
        // What is inside something else has its options beside those of that.
        let inside = if spec.options.iter().any(|doc| doc.name == INSIDE.name) { self.str(INSIDE.name)?.and_then(find) } else { None };
        let own = spec.options.iter().chain(inside.map_or(&[][..], |inside| inside.options));
        let known: Vec<_> = own.chain(COMMON).map(|doc| doc.name).collect();
        for name in self.0.keys() {
            if !known.contains(&name.as_str()) {
                let hint = match nearest(name, &known) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None if known.is_empty() => "it takes none".into(),
                    None => format!("it takes {}", known.join(", ")),
                };
                return Err(OptionError::new(name, format!("format '{}' has no such option, {hint}", spec.name)));
            }
        }
        Ok(())
    }
}
