//! Texts that are replaced by patterns.

use logloom_record::expr::Computed;
use regex::Regex;
use vrl::value::Value;

use super::{
    Room, StatementError,
    converters::{Converter, Term, named},
    functions::text,
    wrong,
};

/// The most bytes that a text may become.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// What stands for what a pattern matches.
#[derive(Debug)]
pub(super) struct Replace {
    pub(super) pattern: Regex,
    pub(super) with: Term,
    function: Option<Converter>,
    /// What stands before and behind.
    around: (String, String),
}

impl Replace {
    pub(super) fn of(
        pattern: Regex,
        with: Term,
        function: Option<&Computed>,
        format: Option<&Computed>,
        at: usize,
    ) -> Result<Self, StatementError> {
        let function = match function {
            None => None,
            Some(Computed::Path(path)) => match path.names.as_slice() {
                [name] => Some(named(name).ok_or_else(|| wrong(path.at, format!("no converter '{name}' of one text")))?),
                _ => return Err(wrong(path.at, "expected the name of a converter, such as SHA256")),
            },
            Some(_) => return Err(wrong(at, "expected the name of a converter, such as SHA256")),
        };
        let around = match format {
            None => (String::new(), String::new()),
            Some(Computed::Text(format)) => match format.split_once("%s") {
                Some((before, behind)) => (before.to_owned(), behind.to_owned()),
                None => return Err(wrong(at, "the replacementFormat has one %s")),
            },
            Some(_) => return Err(wrong(at, "the replacementFormat is a text in quotes")),
        };
        Ok(Self { pattern, with, function, around })
    }

    /// What stands for a whole text.
    pub(super) fn whole(&self, room: &Room<'_, '_>) -> Result<Value, String> {
        let with = self.with.eval(room)?;
        self.made(text(&with)?.into_owned()).map(Value::from)
    }

    fn made(&self, with: String) -> Result<String, String> {
        let Some(function) = self.function else { return Ok(with) };
        let made = function(&[with.into(), Value::Null, Value::Null])?;
        Ok(format!("{}{}{}", self.around.0, text(&made)?, self.around.1))
    }

    /// The text with each match replaced; `None` where there is none.
    pub(super) fn all(&self, old: &str, with: &Value) -> Result<Option<Value>, String> {
        let (mut new, mut copied) = (String::new(), 0);
        for groups in self.pattern.captures_iter(old) {
            let Some(found) = groups.get(0) else { continue };
            let mut expanded = String::new();
            groups.expand(&text(with)?, &mut expanded);
            new.push_str(old.get(copied..found.start()).unwrap_or_default());
            new.push_str(&self.made(expanded)?);
            copied = found.end();
            if new.len() > TEXT_BYTES_MAX.max(old.len()) {
                return Err(format!("a text of more than {TEXT_BYTES_MAX} bytes"));
            }
        }
        if copied == 0 && new.is_empty() {
            return Ok(None);
        }
        new.push_str(old.get(copied..).unwrap_or_default());
        Ok(Some(new.into()))
    }
}

/// A glob as a pattern of the whole text: `*` for anything, `?` for one character.
pub(super) fn regex_of(glob: &str) -> String {
    let mut pattern = String::from("(?s)^");
    for c in glob.chars() {
        match c {
            '*' => pattern.push_str(".*"),
            '?' => pattern.push('.'),
            other => pattern.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    pattern.push('$');
    pattern
}
