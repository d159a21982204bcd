//! A provider for tests: it wraps by a key in memory and can be switched off.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use zeroize::Zeroizing;

use super::{
    DataKey, KeyError, KeyProvider, Wrapped,
    wrap::{self, WRAPPED_BYTES},
};

/// Wraps by a key that is the same in every process; switched off, it says `Unavailable`.
#[derive(Debug, Default)]
pub struct Switch {
    is_off: AtomicBool,
    calls: AtomicU64,
}

impl Switch {
    /// One that is on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Switches it on or off.
    pub fn set_available(&self, available: bool) {
        self.is_off.store(!available, SeqCst);
    }

    /// How often it was asked, also in vain.
    pub fn calls(&self) -> u64 {
        self.calls.load(SeqCst)
    }

    fn key(&self) -> Result<DataKey, KeyError> {
        self.calls.fetch_add(1, SeqCst);
        let is_off = self.is_off.load(SeqCst);
        if is_off {
            Err(KeyError::Unavailable("the key provider is switched off".to_owned()))
        } else {
            Ok(DataKey(Zeroizing::new([7; 32])))
        }
    }
}

impl KeyProvider for Switch {
    fn name(&self) -> &'static str {
        "switch"
    }

    fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Wrapped, KeyError> {
        let mut bytes = Vec::with_capacity(WRAPPED_BYTES);
        wrap::wrap(&self.key()?, key, context, &mut bytes)?;
        Ok(Wrapped { key_id: "7".to_owned(), bytes })
    }

    fn unwrap(&self, wrapped: &Wrapped, context: &[u8]) -> Result<DataKey, KeyError> {
        let by = self.key()?;
        let bytes = <&[u8; WRAPPED_BYTES]>::try_from(wrapped.bytes.as_slice()).ok();
        bytes.and_then(|bytes| wrap::unwrap(&by, bytes, context)).ok_or_else(|| KeyError::Wrong("another key wrapped it".to_owned()))
    }
}
