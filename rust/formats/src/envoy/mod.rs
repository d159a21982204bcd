//! What Envoy's access-log operators mean, for its text and its JSON alike.
//!
//! [`FIELDS`] is the one table: which operator becomes which attribute, of which type, by which convention; `docs/envoy.md` is written
//! from it. [`Operator`] reads an operator as a format string has it, [`Target`] is what the table says of it, [`write`] writes a value.

mod address;
pub mod docs;
mod fields;
mod format_string;
mod json;
mod operator;
mod status;
mod target;
mod trace;
pub mod write;

pub use fields::{FIELDS, Field, Role};
pub use format_string::{Line, parse_format_string};
pub(crate) use json::JsonKeys;
pub use operator::{Operator, OperatorSyntax};
pub use target::{Name, Target};
pub use trace::{Trace, parse_trace_id};

#[cfg(test)]
mod tests;
