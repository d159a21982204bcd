//! The condition language: `severity >= WARN and resource["service.name"] == "cart"`.
//!
//! Described for users in `docs/conditions.md`. One tree and one evaluator serve conditions, filters and routes; it walks the wire form
//! of a record and builds no values, and it asks what is cheap first: the Origin, then the index, then the bytes.

mod among;
mod eval;
mod expr_lang;
mod lexer;
mod lookup;
mod made;
mod ottl;
mod pairs;
mod parser;
mod pattern;
mod program;
mod statement;
#[cfg(test)]
mod tests;
mod tree;

use eval::Subject;
pub use expr_lang::go_pattern;
pub use lookup::Lookup;
pub(crate) use pairs::{key_of, pair_of, value_of};
pub use program::{Program, Reads};
pub use statement::{Call, Computed, Context, Path, Statement};
use tree::Expr;
pub use tree::Step;

use crate::{Batch, Origin};

/// A compiled condition: immutable, and shared by threads.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    expr: Expr,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What is wrong and the way out.
    pub message: String,
}

impl ConditionError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

impl std::fmt::Display for ConditionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (at byte {})", self.message, self.at)
    }
}

impl std::error::Error for ConditionError {}

impl Condition {
    /// Compiles a condition of at most 16 KiB.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        Ok(Self { text: text.into(), expr: parser::parse(text)? })
    }

    /// The same, of a condition in the Collector's language (OTTL), as far as it has counterparts here.
    pub fn parse_ottl(text: &str) -> Result<Self, ConditionError> {
        Ok(Self { text: text.into(), expr: parser::parse_ottl(text, Context::Log)? })
    }

    /// The condition of a route as the Collector writes it: `attributes["env"] == "prod"`, or `route() where …` before it. Where it `is_of_resource`,
    /// its context is the resource: `attributes` are the resource's. `None`: `route()` alone, which every record takes.
    pub fn parse_route(text: &str, is_of_resource: bool) -> Result<Option<Self>, ConditionError> {
        let Some(at) = ottl::after_route(text)? else { return Ok(None) };
        let own = text.get(at..).unwrap_or_default();
        let context = if is_of_resource { Context::Resource } else { Context::Log };
        let expr = parser::parse_ottl(own, context).map_err(|error| ConditionError { at: error.at + at, ..error })?;
        Ok(Some(Self { text: own.into(), expr }))
    }

    /// Whether it asks only for what the records of one [`Group`](crate::Group) share: so one of them speaks for all.
    pub fn is_of_group(&self) -> bool {
        self.expr.is_of_group()
    }

    /// Whether it holds for the record at `record` of the Batch's index; false where there is no such record.
    #[inline]
    pub fn matches(&self, batch: &Batch, record: usize) -> bool {
        // What the index alone tells is told without a look at the bytes.
        if let Some((field, comparison, wanted)) = self.expr.of_entry() {
            return batch.index().get(record).is_some_and(|entry| comparison.holds_of(field, entry, wanted));
        }
        Subject::of(batch, record).is_some_and(|subject| self.expr.holds(subject))
    }

    /// The same for a record whose messages (itself, its resource, its scope) were written anew, with what its statement computed: `AnyValue` messages.
    pub fn matches_now(&self, batch: &Batch, record: usize, now: [&[u8]; 3], given: &[Vec<u8>]) -> bool {
        Subject::of(batch, record).is_some_and(|subject| {
            let was = subject.entry();
            let entry = if std::ptr::eq(batch.record_bytes(was), now[0]) { *was } else { was.of(now[0]) };
            self.expr.holds(subject.now(&entry, now, given))
        })
    }

    /// Whether it holds for whatever comes from there; `None` where the records must be asked. Saves a router the walk over a
    /// Batch that is all of one receiver.
    pub fn known(&self, origin: &Origin) -> Option<bool> {
        self.expr.known(origin)
    }

    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }
}
