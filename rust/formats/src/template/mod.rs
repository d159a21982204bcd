//! The template compiler: what users write as a pattern, compiled once into a matcher.
//!
//! A dialect (Envoy's format strings; others are tables too) parses its pattern into [`Piece`]s: literal text and fields, each with the
//! [`Shape`] of its values. [`Template::compile`] refuses what cannot be told apart. Reading a line has two steps:
//!
//! 1. [`Template::read`] goes from left to right once and hands each value to a [`Visit`]. A field ends where the next literal first
//!    stands, or where its shape says so; the last one must end with the line. This reads all lines but those in which a value holds the
//!    text that should end it.
//! 2. [`Template::search`] weighs, for such a line, all places where the literals stand (at most a bounded number) and takes the
//!    division in which the fewest values look unusual for their shape: a user agent may hold quotes, a status code may not. Its time is
//!    bounded by the line's length times the number of fields; nothing backtracks.

mod certain;
mod class;
mod compile;
mod nearly;
mod read;
mod search;
mod shape;
mod time;

pub(crate) use certain::{Head, HeadFound};
pub use compile::{FieldSpec, Piece, Template, TemplateError};
pub(crate) use read::quoted_end;
pub use read::{FoundTime, Visit, Wrong, is_absent};
pub use shape::Shape;
pub use time::TimeShape;

#[cfg(test)]
mod tests;
