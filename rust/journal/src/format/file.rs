//! The header of a file.

use logloom_record::proto::{Fields, Value};

use super::{Damage, TooLarge, at, put};
use crate::keys::Wrapped;

/// Bytes of the header, which is one block twice: entries begin after it. Without its wrapped key a file is lost, so one bad sector must not take it.
pub const HEADER_BYTES: usize = 2 * BLOCK_BYTES;
/// A sector of a disk.
const BLOCK_BYTES: usize = 4096;
/// The format version that is written, and the latest that is read.
pub const VERSION: u16 = 1;

/// What a file says of itself, in clear. The layout of a block is one for all versions: magic, version u16, length u16, crc32 of the rest, message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileHeader {
    /// The journal's id.
    pub journal_id: [u8; 16],
    /// The first position that the file may hold: its name.
    pub first_position: u64,
    /// When its key was made, in nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
    /// The provider that wrapped its key.
    pub provider: String,
    /// The data key.
    pub wrapped: Wrapped,
    /// The SHA-256 of the policy under which it was begun, where there was one.
    pub policy: Option<[u8; 32]>,
}

const MAGIC: [u8; 8] = *b"LOGLOOMJ";
const MESSAGE_AT: usize = 16;

impl FileHeader {
    /// What a wrapped key is bound to: it unwraps for this file and for no other.
    pub fn context(&self) -> Vec<u8> {
        Self::context_of(&self.journal_id, self.created_unix_nano)
    }

    /// The same for a file that is still to come: a key is wrapped before it is known which position its file begins with.
    pub fn context_of(journal_id: &[u8; 16], created_unix_nano: u64) -> Vec<u8> {
        let context: [&[u8]; 3] = [b"logloom journal 1\0", journal_id, &created_unix_nano.to_le_bytes()];
        context.concat()
    }

    /// The header: [`HEADER_BYTES`] bytes.
    pub fn encode(&self) -> Result<Vec<u8>, TooLarge> {
        let mut message = Vec::with_capacity(256);
        put::text(&mut message, 1, self.journal_id);
        put::number(&mut message, 2, self.first_position);
        put::fixed64(&mut message, 3, self.created_unix_nano);
        put::text(&mut message, 4, &self.provider);
        put::text(&mut message, 5, &self.wrapped.key_id);
        put::text(&mut message, 6, &self.wrapped.bytes);
        if let Some(policy) = self.policy {
            put::text(&mut message, 7, policy);
        }
        let (bytes, bytes_max) = (message.len(), BLOCK_BYTES - MESSAGE_AT);
        if bytes > bytes_max {
            return Err(TooLarge { what: "a file's header, with its wrapped key,", bytes, bytes_max });
        }
        message.resize(bytes_max, 0);
        let mut out = [&MAGIC[..], &VERSION.to_le_bytes(), &(bytes as u16).to_le_bytes()].concat();
        out.extend_from_slice(&crc(&out, &message).to_le_bytes());
        out.extend_from_slice(&message);
        out.extend_from_within(..);
        Ok(out)
    }

    /// The header at the start of `bytes`: either of its blocks, if the other is damaged or missing.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        Self::decode_block(bytes).or_else(|damage| {
            if matches!(damage, Damage::Newer { .. }) {
                return Err(damage);
            }
            let second = bytes.get(BLOCK_BYTES..).map_or(Err(Damage::Cut), Self::decode_block);
            // A block of zeros beside a damaged one was written once.
            second.map_err(|other| if damage == Damage::Blank && other != Damage::Cut { other } else { damage })
        })
    }

    fn decode_block(bytes: &[u8]) -> Result<Self, Damage> {
        let block = bytes.first_chunk::<BLOCK_BYTES>().ok_or(Damage::Cut)?;
        if block.iter().all(|byte| *byte == 0) {
            return Err(Damage::Blank);
        }
        let (Some((start, rest)), Some(version), Some(len), Some(expected)) =
            (block.split_at_checked(MESSAGE_AT), at(block, 8), at(block, 10), at(block, 12))
        else {
            return Err(Damage::Cut);
        };
        if at(block, 0) != Some(MAGIC) {
            return Err(Damage::Broken("it does not begin as a journal file does"));
        }
        if crc(start.get(..12).unwrap_or_default(), rest) != u32::from_le_bytes(expected) {
            return Err(Damage::Broken("the checksum of its header is another"));
        }
        let version = u16::from_le_bytes(version);
        if version > VERSION {
            return Err(Damage::Newer { version });
        }
        let message = rest.get(..usize::from(u16::from_le_bytes(len))).ok_or(Damage::Broken("its header is longer than its place"))?;
        Self::read(message).ok_or(Damage::Broken("its header is not the message that it should be"))
    }

    fn read(message: &[u8]) -> Option<Self> {
        let mut header = Self::default();
        for field in Fields::new(message) {
            match field.ok()? {
                (1, Value::Len(id)) => header.journal_id = id.try_into().ok()?,
                (2, Value::Varint(position)) => header.first_position = position,
                (3, Value::Fixed64(time)) => header.created_unix_nano = time,
                (4, Value::Len(name)) => str::from_utf8(name).ok()?.clone_into(&mut header.provider),
                (5, Value::Len(id)) => str::from_utf8(id).ok()?.clone_into(&mut header.wrapped.key_id),
                (6, Value::Len(bytes)) => header.wrapped.bytes = bytes.to_vec(),
                (7, Value::Len(hash)) => header.policy = Some(hash.try_into().ok()?),
                _ => {}
            }
        }
        Some(header)
    }
}

fn crc(start: &[u8], rest: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(start);
    crc.update(rest);
    crc.finalize()
}
