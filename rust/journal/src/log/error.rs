//! Why a journal does not open.

use std::{fmt, io};

/// Why a journal does not open.
#[derive(Debug)]
pub enum LogError {
    /// The system said no.
    Io {
        /// To what.
        what: String,
        /// Its words.
        error: io::Error,
    },
    /// A later logloom wrote a file: run that, or a later one.
    Newer {
        /// The file.
        file: String,
        /// Its format version.
        version: u16,
    },
    /// A file is of another journal.
    Foreign {
        /// The file.
        file: String,
    },
    /// The system gives no random numbers.
    Random,
}

impl LogError {
    pub(super) fn io(what: &str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { what: what.to_owned(), error }
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { what, error } => write!(f, "the journal does not open: {what}: {error}"),
            Self::Newer { file, version } => {
                write!(
                    f,
                    "the journal does not open: {file} was written by a later logloom (format version {version}): run that one, or a later"
                )
            }
            Self::Foreign { file } => {
                write!(f, "the journal does not open: {file} is of another journal: move the files of one of them to a folder of their own")
            }
            Self::Random => f.write_str("the journal does not open: the system gives no random numbers (getrandom)"),
        }
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
