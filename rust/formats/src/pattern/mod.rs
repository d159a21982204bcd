//! The pattern language: what a line of text looks like and what its values mean, as data.
//!
//! A built-in text format is a list of patterns, the most specific first; the first that fits a line wins. A pattern is literal text with
//! fields in braces: `{time:%Y/%m/%d %H:%M:%S} [{severity}] {process.pid:int}#{thread.id:int}: {body}{?, client: {client.address}?}`.
//!
//! - `{NAME}` or `{NAME:KIND}`: an attribute, or a field of the record: `time`, `severity`, `body`, `event_name`, `trace_id`, `span_id`,
//!   `traceparent`; `_` is read and left out. [`field`] has the kinds.
//! - `{NAME=VALUE}`: nothing in the line; the record gets this attribute (or `event_name`, or `severity`, beside a field
//!   `severity` where that is absent).
//! - `{ }`: a space, and blanks and tabs behind it; `{~}`: blanks and tabs, or nothing. `{?` to `?}` may be absent as a whole. `{{` and `}}` are braces. `{body>}`: the body
//!   begins here and goes to the end of the line, beside the fields that follow.
//!
//! What users write as a pattern of their own (`log_format`, `LogFormat`, a layout) becomes the same [`Part`]s by a [`Dialect`], and all
//! are matched by the [`template`](crate::template) compiler.

mod choice;
mod clf;
mod dialect;
mod field;
mod format;
mod items;
mod line;
mod log_format;
mod pairs;
mod parse;
mod request;
mod write;

pub(crate) use clf::{clf_agent, clf_request, clf_time, lines as clf_lines};
pub(crate) use dialect::{Dialect, once};
pub(crate) use field::{Part, Use};
pub(crate) use format::{Patterns, compile, compile_records};
pub(crate) use items::{Directive, Item, blanks_joined};
pub(crate) use line::{Line, Values};
pub(crate) use log_format::LogFormat;
pub(crate) use parse::alternatives;

#[cfg(test)]
mod tests;
