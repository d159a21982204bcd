//! The one error of this crate.

use std::fmt;

use crate::{RejectKind, RejectReason};

/// Bytes that are not what they should be: where, what, and of which kind. Sending them again will not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataError {
    /// Why in general.
    pub kind: RejectKind,
    /// What was expected or wrong, for people.
    pub what: &'static str,
    /// Where, in bytes from the start of what was read.
    pub at: usize,
}

impl DataError {
    /// The bytes do not have the right shape at byte `at`.
    #[cold]
    pub fn syntax(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Syntax, what, at }
    }

    /// A value at byte `at` is of the wrong type or range.
    #[cold]
    pub fn value(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Value, what, at }
    }

    /// A bound of [`Limits`](crate::Limits) was exceeded at byte `at`.
    #[cold]
    pub fn limit(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Limit, what, at }
    }

    /// The bytes end at byte `at`, inside something.
    #[cold]
    pub fn truncated(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Truncated, what, at }
    }

    /// Whether a bound was exceeded, so that a smaller message may pass.
    pub fn is_limit(&self) -> bool {
        self.kind == RejectKind::Limit
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.what, self.at)
    }
}

impl std::error::Error for DataError {}

impl From<DataError> for RejectReason {
    fn from(error: DataError) -> Self {
        Self { kind: error.kind, what: error.what, at: u32::try_from(error.at).unwrap_or(u32::MAX) }
    }
}
