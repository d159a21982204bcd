//! A user's pattern as its scanner hands it over: text and directives, some of which are one value together.

use super::{Dialect, Part};
use crate::template::{Shape, TemplateError};

/// What stands in a user's pattern.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// Text that stands as it is in every line.
    Literal(String),
    /// A directive.
    Directive(Directive),
}

/// A directive of a user's pattern.
#[derive(Clone, Debug)]
pub(crate) struct Directive {
    /// Its name in the [`Dialect`]'s table.
    pub(crate) key: String,
    /// The byte of the pattern at which it stands.
    pub(crate) at: usize,
    /// Its [field](super::field), where it is not the table's.
    pub(crate) field: Option<String>,
    /// What stands around its value, as quotes and blanks.
    pub(crate) around: (Vec<Part>, Vec<Part>),
}

impl Directive {
    pub(crate) fn new(key: impl Into<String>, at: usize) -> Self {
        Self { key: key.into(), at, field: None, around: (Vec::new(), Vec::new()) }
    }

    fn is_bare(&self) -> bool {
        self.field.is_none() && self.around.0.is_empty() && self.around.1.is_empty()
    }
}

impl Dialect {
    /// The parts of a pattern. Directives that the table has as one, with what stands between them (`ci:cp`, `ts.tu`), are one value.
    pub(crate) fn parts(&self, items: &[Item]) -> Result<Vec<Part>, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = items;
        while let Some((first, after)) = rest.split_first() {
            let one = match first {
                Item::Literal(text) => {
                    parts.push(Part::Literal(text.clone()));
                    rest = after;
                    continue;
                }
                Item::Directive(one) => one,
            };
            if let Some((key, len)) = self.joined(one, after) {
                parts.push(self.part(&key, one.at)?);
                rest = after.get(len..).unwrap_or_default();
                continue;
            }
            parts.extend_from_slice(&one.around.0);
            parts.push(match &one.field {
                Some(field) => Self::field(field, one.at)?,
                None => self.part(&one.key, one.at)?,
            });
            parts.extend_from_slice(&one.around.1);
            rest = after;
        }
        Ok(blanks_joined(parts))
    }

    /// The key of the row that `one` and what follows it are together, and how many of those that follow it takes.
    fn joined(&self, one: &Directive, after: &[Item]) -> Option<(String, usize)> {
        let (between, other, len) = match after {
            [Item::Directive(other), ..] => ("", other, 1),
            [Item::Literal(between), Item::Directive(other), ..] => (between.as_str(), other, 2),
            _ => return None,
        };
        let key = format!("{}{between}{}", one.key, other.key);
        let is_row = one.is_bare() && other.is_bare() && self.directives.iter().any(|(name, _)| *name == key);
        is_row.then_some((key, len))
    }
}

/// Blanks that fill a value up, and those of the text behind them, are one run.
pub(crate) fn blanks_joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        // Text that is filled up before another text than a blank ends there: the blanks are taken off all values.
        if let ([.., Part::Field(spec, _), Part::Padding], Part::Literal(text)) = (joined.as_mut_slice(), &part)
            && matches!(spec.shape, Shape::Word | Shape::Identifier | Shape::Any | Shape::Escaped)
            && !text.starts_with(' ')
        {
            spec.shape = Shape::Any;
            joined.pop();
        }
        match (joined.last_mut(), part) {
            (Some(last @ Part::Padding), Part::Literal(text)) if text.starts_with(' ') => {
                *last = Part::Blanks;
                let text = text.trim_start_matches(' ');
                joined.extend((!text.is_empty()).then(|| Part::Literal(text.into())));
            }
            (Some(Part::Padding | Part::Blanks), Part::Padding) => {}
            (_, part) => joined.push(part),
        }
    }
    joined
}
