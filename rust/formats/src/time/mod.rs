//! Times as logs write them, to the nanosecond.
//!
//! [`parse`] and [`prefix`] read RFC 3339 and its relatives, [`epoch`] numbers since 1970, and a [`TimePattern`] whatever a pattern of
//! strftime's, Java's or Go's kind writes. All give nanoseconds since the Unix epoch, exact, from 1970-01-01T00:00:00Z to 2262-04-11T23:47:16.854775807Z (the
//! end of an `i64`); what lies outside is an error, as is each part out of its range. A leap second, 23:59:60, is the second after it.
//! Digits beyond the ninth of a fraction are cut off.

mod bsd;
mod civil;
mod clf;
pub mod epoch;
mod fixed;
mod go;
mod iso;
mod java;
mod pattern;
mod read;
mod usual;
mod zone;

use logloom_record::RejectReason;

pub(crate) use bsd::prefix as bsd;
pub use civil::{Civil, days_from_civil};
pub use iso::{is_millis_z, millis_z, parse, parse_in, prefix};
pub use pattern::{PatternError, TimePattern};
pub use read::Context;
pub use usual::usual;
pub use zone::Zone;

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeError {
    /// What was expected or wrong, for people.
    pub what: &'static str,
    /// Where in the text, in bytes.
    pub at: usize,
    /// Whether the text has the shape of a time and only a part of it is out of range.
    pub is_value: bool,
}

impl TimeError {
    pub(crate) const fn new(what: &'static str, at: usize) -> Self {
        Self { what, at, is_value: false }
    }

    pub(crate) const fn out_of_range(what: &'static str, at: usize) -> Self {
        Self { what, at, is_value: true }
    }

    /// The reject for a frame in which the text begins at byte `offset`.
    #[cold]
    pub fn reject(self, offset: usize) -> RejectReason {
        RejectReason::value(self.what, offset + self.at)
    }
}

#[cfg(test)]
mod pattern_tests;
#[cfg(test)]
mod tests;
