//! Bits, the lowest first.

/// What waits to be whole bytes, and where they go.
#[derive(Debug)]
pub(super) struct Bits {
    word: u64,
    count: u32,
    at: usize,
}

impl Bits {
    pub(super) fn new(at: usize) -> Self {
        Self { word: 0, count: 0, at }
    }

    /// Sees that `bytes` more find room, and the word that is written past them.
    pub(super) fn room(&self, out: &mut Vec<u8>, bytes: usize) {
        while out.len() < self.at + bytes + 16 {
            out.resize((out.len() * 2).max(4096), 0);
        }
    }

    /// At most 56 since the last [`flush`](Self::flush).
    #[inline(always)]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        self.word |= value << (self.count & 63);
        self.count += count;
    }

    #[inline(always)]
    pub(super) fn flush(&mut self, out: &mut [u8]) {
        if let Some(to) = out.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut::<8>) {
            *to = self.word.to_le_bytes();
        }
        self.at += (self.count >> 3) as usize;
        self.word >>= self.count & !7;
        self.count &= 7;
    }

    /// A stored block, whose three bits were put.
    pub(super) fn stored(&mut self, bytes: &[u8], out: &mut [u8]) {
        self.count = self.count.next_multiple_of(8);
        self.flush(out);
        let len = bytes.len() as u16;
        self.put(u64::from(len) | u64::from(!len) << 16, 32);
        self.flush(out);
        if let Some(to) = out.get_mut(self.at..self.at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }

    /// The last byte is filled up: where the stream ends.
    pub(super) fn finish(&mut self, out: &mut [u8]) -> usize {
        self.count = self.count.next_multiple_of(8);
        self.flush(out);
        self.at
    }
}
