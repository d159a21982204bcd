//! The bytes of a journal file, as [docs/journal.md](../../../../docs/journal.md) has them: functions without I/O.
//!
//! ```text
//! file   = header (a block of 4,096 bytes, twice) | entry … | footer, or zeros where the file is not finished
//! entry  = prefix (36 bytes) | head (protobuf, in clear) | sealed bytes (AES-256-GCM: ciphertext and tag)
//! prefix = head_crc u32 | sealed_crc u32 | "LJE1" | head_len u32 | sealed_len u32 | position u64 | nonce u64
//! footer = crc u32 | len u32 | "LJF1" | message (protobuf) | len u32 | "LJFE"
//! ```
//!
//! Numbers are little-endian. `head_crc` is of all that follows it up to the end of the head, `sealed_crc` of the sealed bytes: so a head can be
//! trusted, and the entry's lengths with it, before anything else is read. Authenticated with the sealed bytes is all from the marker to the end
//! of the head. Whatever the bytes, nothing here panics, and no length is believed before it was checked.

mod body;
mod damage;
mod file;
mod footer;
mod head;
mod put;
mod seal;
#[cfg(test)]
mod tests;
mod texts;

pub use damage::{Damage, TooLarge};
pub use file::{FileHeader, HEADER_BYTES, VERSION};
pub use footer::{FOOTER_BYTES_MAX, FOOTER_TAIL_BYTES, Footer, Total};
pub use seal::{Opened, Opener, Sealer, check, decrypt, unseal};

use crate::entry::Head;

/// Bytes of an entry's prefix.
pub const PREFIX_BYTES: usize = 36;
/// The longest head of an entry, in bytes.
pub const HEAD_BYTES_MAX: usize = 1 << 20;
/// The longest sealed part of an entry, in bytes.
pub const SEALED_BYTES_MAX: usize = 1 << 30;

/// Bytes of AES-GCM's tag, at the end of what is sealed.
const TAG_BYTES: usize = 16;
/// Where a marker stands, in an entry and in a footer.
const MARKER_AT: usize = 8;
const ENTRY_MARKER: [u8; 4] = *b"LJE1";
const FOOTER_MARKER: [u8; 4] = *b"LJF1";

/// What stands before an entry's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The entry's position.
    pub position: u64,
    /// The number that its nonce was made of; it rises within a file.
    pub nonce: u64,
    /// Bytes of the head.
    pub head_len: u32,
    /// Bytes that are sealed, the tag included.
    pub sealed_len: u32,
    pub(crate) head_crc: u32,
    pub(crate) sealed_crc: u32,
}

impl Prefix {
    /// Bytes from the start of the entry to the end of its head.
    pub fn head_end(&self) -> usize {
        PREFIX_BYTES + self.head_len as usize
    }

    /// Bytes of the whole entry: at most [`PREFIX_BYTES`] + [`HEAD_BYTES_MAX`] + [`SEALED_BYTES_MAX`].
    pub fn total_len(&self) -> usize {
        self.head_end() + self.sealed_len as usize
    }

    fn read(bytes: &[u8]) -> Result<Self, Damage> {
        let prefix = bytes.first_chunk::<PREFIX_BYTES>().ok_or(Damage::Cut)?;
        if at(prefix, MARKER_AT) != Some(ENTRY_MARKER) {
            return Err(Damage::Broken("no entry begins here"));
        }
        let u32_at = |place| at(prefix, place).map(u32::from_le_bytes).unwrap_or_default();
        let u64_at = |place| at(prefix, place).map(u64::from_le_bytes).unwrap_or_default();
        let prefix = Self {
            head_crc: u32_at(0),
            sealed_crc: u32_at(4),
            head_len: u32_at(12),
            sealed_len: u32_at(16),
            position: u64_at(20),
            nonce: u64_at(28),
        };
        if prefix.head_len as usize > HEAD_BYTES_MAX {
            return Err(Damage::Broken("its head is longer than an entry's can be"));
        }
        if prefix.sealed_len as usize > SEALED_BYTES_MAX {
            return Err(Damage::Broken("its sealed part is longer than an entry's can be"));
        }
        if (prefix.sealed_len as usize) < TAG_BYTES {
            return Err(Damage::Broken("it is too short to be sealed"));
        }
        Ok(prefix)
    }

    /// All but the crc of the head.
    fn put(&self, out: &mut [u8; PREFIX_BYTES]) {
        let parts: [&[u8]; 7] = [
            &self.head_crc.to_le_bytes(),
            &self.sealed_crc.to_le_bytes(),
            &ENTRY_MARKER,
            &self.head_len.to_le_bytes(),
            &self.sealed_len.to_le_bytes(),
            &self.position.to_le_bytes(),
            &self.nonce.to_le_bytes(),
        ];
        let mut rest = out.as_mut_slice();
        for part in parts {
            let Some((to, left)) = rest.split_at_mut_checked(part.len()) else { return };
            to.copy_from_slice(part);
            rest = left;
        }
    }
}

/// What stands at some place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the end of the file, or bytes that were only allocated.
    End,
    /// An entry, as far as its prefix tells; its crcs were not looked at.
    Entry(Prefix),
    /// The footer, of so many bytes.
    Footer(usize),
}

/// What begins at the start of `bytes`, of which [`PREFIX_BYTES`] are enough.
pub fn peek(bytes: &[u8]) -> Result<Next, Damage> {
    let start = bytes.get(..PREFIX_BYTES).unwrap_or(bytes);
    if start.iter().all(|byte| *byte == 0) {
        return Ok(Next::End);
    }
    if at(start, MARKER_AT) == Some(FOOTER_MARKER) {
        return Footer::len_at_start(start).map(Next::Footer);
    }
    Prefix::read(start).map(Next::Entry)
}

/// The prefix and the head of the entry at the start of `bytes`, which reach to the head's end at least. Their crc was verified, so that the lengths
/// can be relied on.
pub fn read_head(bytes: &[u8]) -> Result<(Prefix, Head), Damage> {
    let prefix = Prefix::read(bytes)?;
    let covered = bytes.get(4..prefix.head_end()).ok_or(Damage::Cut)?;
    if crc32fast::hash(covered) != prefix.head_crc {
        return Err(Damage::Broken("the checksum of its head is another"));
    }
    let head = head::read(&prefix, bytes.get(PREFIX_BYTES..prefix.head_end()).unwrap_or_default())?;
    Ok((prefix, head))
}

/// Fuzzing reads what is sealed without the seal that keeps garbage out.
#[cfg(fuzzing)]
pub fn read_body(head: Head, message: &bytes::Bytes) -> Result<crate::entry::Entry, Damage> {
    body::read(head, message)
}

/// Where in `bytes`, at `from` or after it, an entry or a footer may begin next: there is a marker. Whether one does, its crc tells.
pub fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let search = bytes.get(from.checked_add(MARKER_AT)?..)?;
    let found = memchr::memmem::find_iter(search, b"LJ").find(|at| matches!(search.get(at + 2..at + 4), Some(b"E1" | b"F1")))?;
    Some(from + found)
}

/// So many bytes at `place`.
fn at<const N: usize>(bytes: &[u8], place: usize) -> Option<[u8; N]> {
    bytes.get(place..)?.first_chunk().copied()
}
