//! Sets of bytes.

/// A set of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class([u64; 4]);

impl Class {
    pub(crate) const ALL: Self = Self([u64::MAX; 4]);
    pub(crate) const DIGITS: Self = Self::of(b"0123456789");
    pub(crate) const NONE: Self = Self([0; 4]);
    pub(crate) const DECIMAL: Self = Self::of(b"+-.0123456789eE");
    pub(crate) const CODE: Self = Self::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    pub(crate) const NAME: Self = Self::alphanumeric_and(b"._$-/");
    pub(crate) const THREAD: Self = Self::except(b"[]@\r\n");
    pub(crate) const UNBRACKETED: Self = Self::except(b"[]\r\n");
    pub(crate) const CHANNEL: Self = Self::alphanumeric_and(b"-_");
    pub(crate) const PATH: Self = Self::alphanumeric_and(b"-_:");
    pub(crate) const SIGNED: Self = Self::of(b"+-0123456789");

    /// These bytes.
    pub(crate) const fn of(bytes: &[u8]) -> Self {
        let mut set = [0; 4];
        let mut i = 0;
        while i < bytes.len() {
            set[bytes[i] as usize / 64] |= 1 << (bytes[i] % 64);
            i += 1;
        }
        Self(set)
    }

    /// All bytes but these.
    pub(crate) const fn except(bytes: &[u8]) -> Self {
        let Self([a, b, c, d]) = Self::of(bytes);
        Self([!a, !b, !c, !d])
    }

    /// ASCII letters, digits and these bytes.
    pub(crate) const fn alphanumeric_and(bytes: &[u8]) -> Self {
        Self::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz").union(Self::of(bytes))
    }

    const fn union(self, other: Self) -> Self {
        let mut set = self.0;
        let mut i = 0;
        while i < set.len() {
            set[i] |= other.0[i];
            i += 1;
        }
        Self(set)
    }

    #[inline(always)]
    pub(crate) fn has(self, byte: u8) -> bool {
        self.0.get(usize::from(byte) / 64).is_some_and(|word| word >> (byte % 64) & 1 == 1)
    }

    /// Whether no byte is in both.
    pub(crate) fn is_apart_from(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(a, b)| a & b == 0)
    }

    pub(crate) fn is_all(self) -> bool {
        self == Self::ALL
    }

    /// How many bytes from `start` on are of the class, at most `end - start`.
    pub(crate) fn run(self, bytes: &[u8], start: usize, end: usize) -> usize {
        bytes.get(start..end).unwrap_or_default().iter().take_while(|byte| self.has(**byte)).count()
    }
}
