//! Keys: each journal file has a data key of its own, which a provider wraps.

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

mod file;
mod passphrase;
pub mod testing;
mod wrap;

pub use file::FileKey;
pub use passphrase::PassphraseKey;

/// The AES-256 key of one file. It is shown nowhere and wiped when dropped.
#[derive(Clone)]
pub struct DataKey(pub(crate) Zeroizing<[u8; 32]>);

/// A data key that nothing was sealed with: the only kind that a [`Sealer`](crate::format::Sealer) takes, as its nonces begin at 1.
#[derive(Debug)]
pub struct FreshKey(DataKey);

impl FreshKey {
    /// A new one, of the system's random numbers.
    pub fn random() -> Result<Self, KeyError> {
        let mut key = DataKey(Zeroizing::new([0; 32]));
        random(key.0.as_mut_slice())?;
        Ok(Self(key))
    }

    /// What a provider is to wrap.
    pub fn key(&self) -> &DataKey {
        &self.0
    }

    /// A known key, for files that must come out the same.
    #[cfg(test)]
    pub(crate) fn known(bytes: [u8; 32]) -> Self {
        Self(DataKey(Zeroizing::new(bytes)))
    }
}

fn random(into: &mut [u8]) -> Result<(), KeyError> {
    let failed = |_| KeyError::Unavailable("the system gives no random numbers: see getrandom(2)".to_owned());
    SystemRandom::new().fill(into).map_err(failed)
}

/// Lower-case hex.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(***)")
    }
}

/// A data key that only its provider can read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrapped {
    /// Which of the provider's keys wrapped it.
    pub key_id: String,
    /// What the provider needs to unwrap it.
    pub bytes: Vec<u8>,
}

/// Why a provider did not wrap or unwrap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// It cannot be had now; the same may work later.
    Unavailable(String),
    /// It does not work with what the provider has: another key, a wrong passphrase, damaged bytes. Somebody must see to it.
    Wrong(String),
}

impl std::fmt::Display for KeyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Unavailable(why) | Self::Wrong(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for KeyError {}

/// Wraps the data keys of files: a local key, a passphrase, a key service.
///
/// It is called from a thread of its own, ahead of need and never on the path of a push: it may block, on a network for instance, for as long
/// as it bounds itself.
pub trait KeyProvider: Send + Sync + std::fmt::Debug {
    /// Its word in the config: `file`, `passphrase`.
    fn name(&self) -> &'static str;
    /// Wraps `key`; `context` (the journal's id and the file's name) is authenticated with it.
    fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Wrapped, KeyError>;
    /// The key again, given the same context.
    fn unwrap(&self, wrapped: &Wrapped, context: &[u8]) -> Result<DataKey, KeyError>;
}
