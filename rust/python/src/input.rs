//! What Python hands over: bytes, text, options.

use bytes::Bytes;
use logloom_formats::{OptionValue, Options};
use logloom_record::Limits;
use pyo3::{
    buffer::PyBuffer,
    exceptions::PyTypeError,
    prelude::*,
    pybacked::{PyBackedBytes, PyBackedStr},
    types::{PyBool, PyBytes, PyDict, PyInt, PyMapping, PyString},
};

use crate::{errors::ConfigError, wire::WireMessage};

/// Bytes, text or any buffer of bytes. `bytes` and `str` are immutable and shared; others could change while the GIL is
/// released and are copied.
pub struct Input(pub Bytes);

impl<'a, 'py> FromPyObject<'a, 'py> for Input {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBytes>() {
            return Ok(Self(Bytes::from_owner(object.extract::<PyBackedBytes>()?)));
        }
        if let Ok(message) = object.cast::<WireMessage>() {
            return Ok(Self(message.get().chunk.clone()));
        }
        if object.is_instance_of::<PyString>() {
            let text: PyBackedStr = object.extract()?;
            return Ok(Self(Bytes::from_owner(TextOwner(text))));
        }
        if let Ok(buffer) = PyBuffer::<u8>::get(&object) {
            return Ok(Self(Bytes::from(buffer.to_vec(object.py())?)));
        }
        let out = if object.hasattr("read")? { ": give what its read() returns" } else { "" };
        let kind = object.get_type().name()?.to_string();
        Err(PyTypeError::new_err(format!("expected bytes, str or a contiguous buffer of bytes, not {kind}{out}")))
    }
}

struct TextOwner(PyBackedStr);

impl AsRef<[u8]> for TextOwner {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The keyword options of a format.
pub fn options(kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<Options> {
    let mut options = Options::default();
    for (name, value) in kwargs.into_iter().flatten() {
        let name: String = name.extract()?;
        let value = if value.is_instance_of::<PyBool>() {
            OptionValue::Bool(value.extract()?)
        } else if value.is_instance_of::<PyInt>() {
            OptionValue::Int(value.extract().map_err(|_| ConfigError::new_err(format!("{name}: the number is too large")))?)
        } else if value.is_instance_of::<PyString>() {
            OptionValue::Str(value.extract()?)
        } else if let Ok(map) = value.cast::<PyMapping>() {
            OptionValue::Map(pairs(map)?)
        } else {
            let kind = value.get_type().name()?;
            return Err(ConfigError::new_err(format!(
                "{name}: expected a string, a switch, a whole number or a map of strings, not {kind}"
            )));
        };
        options.0.insert(name, value);
    }
    Ok(options)
}

/// A mapping of strings, in its order.
pub fn pairs(map: &Bound<'_, PyMapping>) -> PyResult<Vec<(String, String)>> {
    map.items()?.iter().map(|pair| pair.extract()).collect()
}

/// The bounds that differ from the defaults.
pub fn limits(map: Option<&Bound<'_, PyMapping>>) -> PyResult<Limits> {
    let mut limits = Limits::DEFAULT;
    let Some(map) = map else { return Ok(limits) };
    for pair in map.items()?.iter() {
        let (name, value): (String, Bound<'_, PyAny>) = pair.extract()?;
        let Some(value) = value.extract::<u64>().ok().filter(|value| *value > 0) else {
            return Err(ConfigError::new_err(format!("limits.{name}: must be a whole number from 1 to {}", u64::MAX)));
        };
        let small = || u32::try_from(value).map_err(|_| ConfigError::new_err(format!("limits.{name}: at most {}", u32::MAX)));
        match name.as_str() {
            "frame_bytes_max" if value <= 1 << 20 => limits.frame_bytes_max = value as usize,
            "frame_bytes_max" => return Err(ConfigError::new_err("limits.frame_bytes_max: at most 1048576")),
            "depth_max" if value <= 256 => limits.depth_max = value as u32,
            "depth_max" => return Err(ConfigError::new_err("limits.depth_max: at most 256")),
            "attributes_max" => limits.attributes_max = small()?,
            "batch_bytes_max" => limits.batch_bytes_max = value,
            "lanes_max" => limits.lanes_max = small()? as usize,
            _ => {
                let known = "frame_bytes_max, depth_max, attributes_max, batch_bytes_max, lanes_max";
                return Err(ConfigError::new_err(format!("limits.{name}: unknown limit, limits are {known}")));
            }
        }
    }
    Ok(limits)
}
