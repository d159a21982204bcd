//! One conversion from Rust's errors to Python's, at the border.

use logloom_formats::OptionError;
use logloom_wire::ContentError;
use pyo3::{PyErr, create_exception, exceptions::PyException};

create_exception!(logloom, LogloomError, PyException, "Root of all errors of logloom; the tree is drawn in logloom.errors.");
create_exception!(logloom, ConfigError, LogloomError, "A setting is wrong: the text names where, what and the way out.");
create_exception!(logloom, DataError, LogloomError, "Bytes are not what they were said to be: the text names what and where.");
create_exception!(logloom, LimitError, LogloomError, "A bound was reached: the text names it and the way out.");

/// Rust's errors as Python's.
pub trait IntoPy {
    /// The exception.
    fn into_py(self) -> PyErr;
}

impl IntoPy for OptionError {
    fn into_py(self) -> PyErr {
        ConfigError::new_err(self.to_string())
    }
}

impl IntoPy for ContentError {
    fn into_py(self) -> PyErr {
        match self {
            Self::TooLarge(_) => LimitError::new_err(self.to_string()),
            Self::Damaged(_) => DataError::new_err(self.to_string()),
        }
    }
}

impl IntoPy for logloom_record::DataError {
    fn into_py(self) -> PyErr {
        if self.is_limit() { LimitError::new_err(self.to_string()) } else { DataError::new_err(self.to_string()) }
    }
}
