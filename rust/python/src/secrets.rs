//! What a password becomes.

use argon2::{Algorithm, Argon2, Params, Version};
use pyo3::{prelude::*, types::PyBytes};

use crate::errors::ConfigError;

/// argon2id of a password, version 1.3: so many bytes, at this cost.
#[pyfunction]
#[pyo3(signature = (password, salt, *, memory_kib, passes, lanes, length))]
pub fn argon2id<'py>(
    py: Python<'py>,
    password: &[u8],
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    length: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let derive = || {
        let mut derived = vec![0; length];
        let params = Params::new(memory_kib, passes, lanes, Some(length))?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(password, salt, &mut derived)?;
        Ok(derived)
    };
    let derived = py.detach(derive).map_err(|error: argon2::Error| ConfigError::new_err(format!("argon2id: {error}")))?;
    Ok(PyBytes::new(py, &derived))
}
