//! Frames that a Format could not read.

/// Why in general; what a metric is labelled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RejectKind {
    /// The frame does not have the format's shape.
    Syntax,
    /// A value is not of the type or range that its place asks for.
    Value,
    /// A bound of [`Limits`](crate::Limits) was exceeded.
    Limit,
    /// The source ended inside the frame.
    Truncated,
}

impl RejectKind {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Value => "value",
            Self::Limit => "limit",
            Self::Truncated => "truncated",
        }
    }
}

/// What a Format says of a frame that it cannot read. Small and free to make: bad lines may come at line rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectReason {
    /// Why in general.
    pub kind: RejectKind,
    /// What was expected or wrong, for people: "expected '[' before the start time".
    pub what: &'static str,
    /// Where in the frame, in bytes.
    pub at: u32,
}

impl RejectReason {
    /// The frame does not have the format's shape at byte `at`.
    #[cold]
    pub fn syntax(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Syntax, what, at: u32::try_from(at).unwrap_or(u32::MAX) }
    }

    /// A value at byte `at` is of the wrong type or range.
    #[cold]
    pub fn value(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Value, ..Self::syntax(what, at) }
    }

    /// A bound was exceeded at byte `at`.
    #[cold]
    pub fn limit(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Limit, ..Self::syntax(what, at) }
    }

    /// The source ended at byte `at`, inside the frame.
    #[cold]
    pub fn truncated(what: &'static str, at: usize) -> Self {
        Self { kind: RejectKind::Truncated, ..Self::syntax(what, at) }
    }
}

/// A frame that its Format could not read. It still is a record, with the raw bytes as its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The record that keeps it: its position in the Batch.
    pub record: u32,
    /// Where the frame began in its source, in bytes.
    pub offset: u64,
    /// The frame's length in bytes.
    pub len: u32,
    /// Which Format refused it.
    pub format: &'static str,
    /// Why, and where in the frame.
    pub reason: RejectReason,
}
