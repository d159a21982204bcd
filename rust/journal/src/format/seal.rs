//! Sealing entries with AES-256-GCM, and opening them.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use logloom_record::BlockPool;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

use super::{Damage, HEAD_BYTES_MAX, MARKER_AT, PREFIX_BYTES, Prefix, SEALED_BYTES_MAX, TAG_BYTES, TooLarge, body, head, read_head};
use crate::{
    entry::{Entry, Head},
    keys::{DataKey, FreshKey},
};

/// Seals the entries of one file. There is one for a file, it takes the file's key from who made it, and it counts the nonces: so none comes twice.
pub struct Sealer {
    opener: Opener,
    nonce: u64,
}

impl Sealer {
    /// For a file that nothing was written to yet.
    #[expect(clippy::needless_pass_by_value, reason = "taken, so that there is no second Sealer of this key")]
    pub fn new(key: FreshKey) -> Self {
        Self { opener: Opener::new(key.key()), nonce: 0 }
    }

    /// What opens the entries again.
    pub fn opener(&self) -> Opener {
        self.opener.clone()
    }

    /// Appends the sealed `entry` to `out`: how many bytes. The records are copied once, to where they are sealed.
    ///
    /// On error nothing is appended, and sealing it again will not help.
    pub fn seal(&mut self, entry: &Entry, out: &mut Vec<u8>) -> Result<usize, TooLarge> {
        let body = body::Body::new(entry);
        let sealed_len = body.len() + TAG_BYTES;
        if sealed_len > SEALED_BYTES_MAX {
            return Err(TooLarge { what: "a push", bytes: sealed_len, bytes_max: SEALED_BYTES_MAX });
        }
        let start = out.len();
        out.resize(start + PREFIX_BYTES, 0);
        head::write(entry, out);
        let head_len = out.len() - start - PREFIX_BYTES;
        if head_len > HEAD_BYTES_MAX {
            out.truncate(start);
            return Err(TooLarge { what: "a push's list of pipelines", bytes: head_len, bytes_max: HEAD_BYTES_MAX });
        }
        out.reserve(sealed_len);
        body.write(out);
        debug_assert_eq!(out.len() - start - PREFIX_BYTES - head_len, sealed_len - TAG_BYTES);

        self.nonce += 1;
        let (nonce, position) = (self.nonce, entry.position);
        let mut prefix = Prefix { position, nonce, head_len: head_len as u32, sealed_len: sealed_len as u32, head_crc: 0, sealed_crc: 0 };
        let tag = seal_in_place(&self.opener, &prefix, out.get_mut(start..).unwrap_or_default());
        let Some(tag) = tag else {
            out.truncate(start);
            return Err(TooLarge { what: "a push", bytes: sealed_len, bytes_max: SEALED_BYTES_MAX });
        };
        out.extend_from_slice(tag.as_ref());
        let entry = out.get_mut(start..).unwrap_or_default();
        prefix.sealed_crc = crc32fast::hash(entry.get(prefix.head_end()..).unwrap_or_default());
        put_prefix(&prefix, entry);
        prefix.head_crc = crc32fast::hash(entry.get(4..prefix.head_end()).unwrap_or_default());
        put_prefix(&prefix, entry);
        Ok(prefix.total_len())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("nonce", &self.nonce).finish_non_exhaustive()
    }
}

fn put_prefix(prefix: &Prefix, entry: &mut [u8]) {
    if let Some(place) = entry.first_chunk_mut() {
        prefix.put(place);
    }
}

/// `None` where AES-GCM cannot seal so much at once, which is far over our bound.
fn seal_in_place(opener: &Opener, prefix: &Prefix, entry: &mut [u8]) -> Option<Tag> {
    put_prefix(prefix, entry);
    let (clear, plain) = entry.split_at_mut_checked(prefix.head_end())?;
    opener.0.seal_in_place_separate_tag(nonce(prefix), Aad::from(clear.get(MARKER_AT..)?), plain).ok()
}

/// 96 bits: the number in the prefix, after zeros.
fn nonce(prefix: &Prefix) -> Nonce {
    let mut nonce = [0; 12];
    if let Some(last) = nonce.last_chunk_mut() {
        *last = prefix.nonce.to_be_bytes();
    }
    Nonce::assume_unique_for_key(nonce)
}

/// Opens the entries of one file.
#[derive(Clone)]
pub struct Opener(Arc<LessSafeKey>);

impl Opener {
    /// For the file with this key.
    pub fn new(key: &DataKey) -> Self {
        Self(Arc::new(key.aead()))
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener(***)")
    }
}

/// Verifies both checksums of the entry at the start of `bytes`, which hold all of it. No key is needed.
pub fn check(bytes: &[u8]) -> Result<Head, Damage> {
    let (prefix, head) = read_head(bytes)?;
    let sealed = bytes.get(prefix.head_end()..prefix.total_len()).ok_or(Damage::Cut)?;
    if crc32fast::hash(sealed) != prefix.sealed_crc {
        return Err(Damage::Broken("the checksum of its sealed part is another"));
    }
    Ok(head)
}

/// An entry whose bytes were decrypted where they lie.
#[derive(Clone, Debug)]
pub struct Opened(Prefix);

impl Opened {
    /// What stands before its head, now authentic.
    pub fn prefix(&self) -> &Prefix {
        &self.0
    }

    /// The entry, of the bytes that [`decrypt`] was given. Its records are views into them.
    pub fn read(&self, bytes: &Bytes) -> Result<Entry, Damage> {
        let (prefix, head) = read_head(bytes)?;
        if prefix != self.0 || bytes.len() < prefix.total_len() {
            return Err(Damage::Cut);
        }
        body::read(head, &bytes.slice(prefix.head_end()..prefix.total_len() - TAG_BYTES))
    }
}

/// Decrypts the entry at the start of `bytes`, which hold all of it, in place. After an error its sealed part is no longer what it was.
pub fn decrypt(opener: &Opener, bytes: &mut [u8]) -> Result<Opened, Damage> {
    let prefix = Prefix::read(bytes)?;
    let entry = bytes.get_mut(..prefix.total_len()).ok_or(Damage::Cut)?;
    // The tag vouches for all but the checksum, which is looked at only to tell why a tag does not hold.
    let crc = crc32fast::hash(entry.get(prefix.head_end()..).unwrap_or_default());
    let Some((clear, sealed)) = entry.split_at_mut_checked(prefix.head_end()) else { return Err(Damage::Cut) };
    let aad = Aad::from(clear.get(MARKER_AT..).unwrap_or_default());
    if opener.0.open_in_place(nonce(&prefix), aad, sealed).is_err() {
        if crc != prefix.sealed_crc {
            return Err(Damage::Broken("the checksum of its sealed part is another"));
        }
        read_head(bytes)?;
        return Err(Damage::Unsealed);
    }
    Ok(Opened(prefix))
}

/// Opens the entry at the start of `bytes`, which hold all of it; more may follow. A buffer of the [`BlockPool`] goes back to it when the last view
/// of the records is gone.
pub fn unseal(opener: &Opener, mut bytes: Vec<u8>) -> Result<Entry, Damage> {
    let opened = decrypt(opener, &mut bytes)?;
    opened.read(&BlockPool::global().freeze(bytes))
}

/// The key's cipher, with a schedule of its own.
impl DataKey {
    pub(crate) fn aead(&self) -> LessSafeKey {
        match UnboundKey::new(&AES_256_GCM, self.0.as_slice()) {
            Ok(key) => LessSafeKey::new(key),
            // ring asks at run time what the type says: 32 bytes.
            Err(_) => unreachable!("the key has the 32 bytes of its type"),
        }
    }
}
