//! Attribute keys with their protobuf prefix already encoded.

use crate::{Text, proto::varint_len};

/// The longest key name that fits the prepared prefix.
const NAME_LEN_MAX: usize = 56;

/// An attribute name, laid out as the head of a `LogRecord.attributes` field with a short string value:
/// `32 <kv len> 0a <name len> name 12 <any len> 0a <value len>`; the three lengths are filled in with the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub(crate) head: [u8; 64],
    pub(crate) name_len: u8,
}

impl Key {
    /// A key of 1 to 56 bytes; a longer one is cut to 56 (a `const` key that is too long fails to compile).
    pub const fn new(name: &str) -> Self {
        Self::from_bytes(name.as_bytes())
    }

    /// Like [`Key::new`], from bytes that the caller knows to be UTF-8; a name over 56 bytes gives `None`.
    pub const fn try_new(name: &str) -> Option<Self> {
        if name.len() > NAME_LEN_MAX { None } else { Some(Self::from_bytes(name.as_bytes())) }
    }

    const fn from_bytes(name: &[u8]) -> Self {
        assert!(name.len() <= NAME_LEN_MAX, "an attribute key of a Key has at most 56 bytes");
        let mut head = [0; 64];
        head[0] = 0x32;
        head[2] = 0x0a;
        head[3] = name.len() as u8;
        let mut i = 0;
        while i < name.len() {
            head[4 + i] = name[i];
            i += 1;
        }
        head[4 + i] = 0x12;
        head[6 + i] = 0x0a;
        Self { head, name_len: name.len() as u8 }
    }

    /// The attribute's name.
    pub fn name(&self) -> &[u8] {
        self.head.get(4..4 + self.name_len as usize).unwrap_or_default()
    }

    /// The attribute's name, and what lies behind it in memory.
    #[inline(always)]
    pub fn text(&self) -> Text<'_> {
        Text::of(&self.head, 4..4 + usize::from(self.name_len))
    }

    /// Bytes of the whole `KeyValue` message for a string value of `value_len` bytes.
    pub(crate) fn kv_len(name_len: usize, value_len: usize) -> usize {
        let any = 1 + varint_len(value_len as u64) + value_len;
        1 + varint_len(name_len as u64) + name_len + 1 + varint_len(any as u64) + any
    }
}
