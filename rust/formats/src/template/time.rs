//! How the times of a template are written.

use crate::time::{Context, TimeError, TimePattern, epoch, prefix};

/// How a time is written.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeShape {
    /// By a pattern.
    Pattern(TimePattern),
    /// As RFC 3339 and its relatives.
    Iso,
    /// As a number of seconds, milliseconds, microseconds or nanoseconds since 1970; a fraction may follow.
    Epoch,
}

impl From<TimePattern> for TimeShape {
    fn from(pattern: TimePattern) -> Self {
        Self::Pattern(pattern)
    }
}

impl TimeShape {
    /// The time that `text` begins with, in nanoseconds since the epoch, and its length; see [`TimePattern::prefix`].
    pub(super) fn prefix(&self, text: &[u8], context: &Context) -> Result<(Option<u64>, usize), TimeError> {
        match self {
            Self::Pattern(pattern) => pattern.prefix(text, context),
            Self::Iso => prefix(text, context.zone).map(|(time, len)| (Some(time), len)),
            Self::Epoch => {
                let len = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
                let text = text.get(..len).unwrap_or_default();
                let text = text.strip_suffix(b".").unwrap_or(text);
                epoch::parse(text).map(|time| (Some(time), text.len()))
            }
        }
    }

    /// Whether the signs of `text` show already that it begins with no such time. False says nothing.
    pub(super) fn is_out(&self, text: &[u8]) -> bool {
        matches!(self, Self::Pattern(pattern) if pattern.is_out(text))
    }

    /// Whether it is `2026-11-21T10:40:59.509Z`.
    pub(super) fn is_millis_z(&self) -> bool {
        matches!(self, Self::Pattern(pattern) if pattern.is_millis_z())
    }

    /// Whether it names a moment by itself or beside the arrival.
    pub fn names_a_moment(&self) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.names_a_moment(),
            Self::Iso | Self::Epoch => true,
        }
    }

    pub(super) fn starts_with_digit(&self) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.starts_with_digit(),
            Self::Iso | Self::Epoch => true,
        }
    }

    /// What may stand behind it and still be read as a part of it.
    pub(super) fn may_go_on_with(&self) -> &'static [u8] {
        match self {
            Self::Pattern(pattern) => pattern.may_go_on_with(),
            Self::Iso => b"0123456789.,:+-Zz T",
            Self::Epoch => b"0123456789.",
        }
    }
}
