//! Keys: each journal file has a data key of its own, which a provider wraps.

use zeroize::Zeroizing;

/// The AES-256 key of one file. It is shown nowhere and wiped when dropped.
#[derive(Clone)]
pub struct DataKey(pub(crate) Zeroizing<[u8; 32]>);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(***)")
    }
}

/// A data key that only its provider can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// Which of the provider's keys wrapped it.
    pub key_id: String,
    /// What the provider needs to unwrap it.
    pub bytes: Vec<u8>,
}

/// Why a provider did not wrap or unwrap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// It cannot be reached now; the same may work later.
    Unavailable(String),
    /// It never will: another key, a wrong passphrase, damaged bytes.
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
