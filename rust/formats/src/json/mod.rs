//! An own reader of [JSON (RFC 8259)](https://www.rfc-editor.org/rfc/rfc8259): one pass over the bytes, no tree, nothing allocated.
//!
//! A [`Scanner`] is pulled: [`value`](Scanner::value) reads what stands next; of an object or array only the opening bracket. Then
//! [`key`](Scanner::key) and [`item`](Scanner::item) lead through it, or [`skip`](Scanner::skip) passes over the rest. All that is passed
//! over is checked as strictly as what is read; a scanner is `Copy`, so that a place can be kept and read again later.
//! ```
//! # use logloom_formats::json::{Scanner, Value};
//! # use logloom_record::Text;
//! # fn main() -> Result<(), logloom_record::RejectReason> {
//! let mut json = Scanner::new(Text::from(r#"{"name": "get", "n": 2, "tags": ["a"]}"#), 64);
//! let mut n = 0;
//! if matches!(json.value()?, Value::Object) {
//!     while let Some(key) = json.key()? {
//!         match json.value()? {
//!             Value::Int(i) if key.is(b"n") => n = i,
//!             other => json.skip(other)?,
//!         }
//!     }
//! }
//! json.end()?;
//! assert_eq!(n, 2);
//! # Ok(())
//! # }
//! ```
//! Numbers are exact: an integer of 64 bits is an [`Int`](Value::Int); larger ones, and numbers that no double can hold (`1e400`), come as
//! their [`Digits`](Value::Digits). Text is a span of the source; [`Str::unescape_into`] resolves its escapes, where a lone surrogate
//! becomes U+FFFD. Of two equal keys in an object the last counts, as most readers have it: see [`write_value`].

mod number;
mod scanner;
mod string;
#[cfg(test)]
mod tests;
mod value;

pub use scanner::{Scanner, Value};
pub use string::{Escapes, Str};
pub use value::{write_attribute, write_value};

pub(crate) use number::TENS;
pub(crate) use scanner::Seen;
pub(crate) use string::{hash, is_plain, long_string, unescape};
