//! What can be wrong with the bytes of a file, and with what is to be written to one.

use std::fmt;

use super::VERSION;

/// Why bytes cannot be read. Where they stand is known to who read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// They end inside of it.
    Cut,
    /// There are only zeros: the file was allocated and its header never written.
    Blank,
    /// A later format version wrote the file.
    Newer {
        /// Its version.
        version: u16,
    },
    /// They are not what was written: what does not hold.
    Broken(&'static str),
    /// The checksums hold and the seal does not: another key sealed them, or somebody changed them on purpose.
    Unsealed,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("the bytes end inside of it"),
            Self::Blank => f.write_str("it holds only zeros: it was allocated and never written"),
            Self::Newer { version } => {
                write!(f, "a later logloom wrote it, in format version {version}; this one reads up to {VERSION}: run the later one")
            }
            Self::Broken(what) => f.write_str(what),
            Self::Unsealed => f.write_str("its checksum holds but its seal does not: another key sealed it, or it was changed on purpose"),
        }
    }
}

impl std::error::Error for Damage {}

/// It is too large for the format, and always will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// What.
    pub what: &'static str,
    /// Its length in bytes.
    pub bytes: usize,
    /// The longest that can be written, in bytes.
    pub bytes_max: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, bytes, bytes_max } = self;
        write!(f, "{what} takes {bytes} bytes, and the journal holds {bytes_max} at most in one: send less at once")
    }
}

impl std::error::Error for TooLarge {}
