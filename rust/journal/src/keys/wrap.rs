//! A data key sealed by another key: AES-256-GCM with a random nonce.

use ring::aead::{Aad, Nonce};
use zeroize::Zeroizing;

use super::{DataKey, KeyError, random};

const NONCE_BYTES: usize = 12;
/// Nonce, key, tag.
pub(super) const WRAPPED_BYTES: usize = NONCE_BYTES + 32 + 16;

/// Appends `key`, sealed by `by` and bound to `context`. The nonce is random: one key may wrap 2^32 times before that is no longer safe, which at
/// 64 MiB a file is more than anyone can store.
pub(super) fn wrap(by: &DataKey, key: &DataKey, context: &[u8], out: &mut Vec<u8>) -> Result<(), KeyError> {
    let mut nonce = [0; NONCE_BYTES];
    random(&mut nonce)?;
    let mut sealed = key.0.clone();
    let sealing = by.aead().seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), sealed.as_mut_slice());
    let tag = sealing.map_err(|_| KeyError::Wrong("the key cannot be sealed".to_owned()))?;
    out.extend_from_slice(&nonce);
    out.extend_from_slice(sealed.as_slice());
    out.extend_from_slice(tag.as_ref());
    Ok(())
}

/// The key again; `None` where another key sealed it, or for another context, or it is not what was sealed.
pub(super) fn unwrap(by: &DataKey, wrapped: &[u8; WRAPPED_BYTES], context: &[u8]) -> Option<DataKey> {
    let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_BYTES>()?;
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let plain = by.aead().open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), sealed.as_mut_slice()).ok()?;
    let mut key = DataKey(Zeroizing::new([0; 32]));
    key.0.copy_from_slice(plain.first_chunk::<32>()?);
    Some(key)
}
