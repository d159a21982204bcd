//! Bytes that come in pieces and become one.

use bytes::Bytes;

use crate::{BlockPool, Limits};

/// The pieces so far, in a buffer of the pool of the process while they fit into one of these.
#[derive(Debug, Default)]
pub struct Gather {
    buffer: Vec<u8>,
    len: usize,
}

impl Gather {
    /// How many bytes came.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none did.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes room for so many bytes in all.
    pub fn reserve(&mut self, size_bytes: usize) {
        if size_bytes <= self.buffer.len() {
            return;
        }
        let pool = BlockPool::global();
        let mut larger = if size_bytes <= Limits::BLOCK_BYTES_MAX { pool.take_near(size_bytes) } else { vec![0; size_bytes] };
        if let (Some(to), Some(from)) = (larger.get_mut(..self.len), self.buffer.get(..self.len)) {
            to.copy_from_slice(from);
        }
        pool.give(std::mem::replace(&mut self.buffer, larger));
    }

    /// Appends a piece.
    pub fn push(&mut self, piece: &[u8]) {
        let len = self.len + piece.len();
        if len > self.buffer.len() {
            self.reserve(len.max(self.len * 2));
        }
        if let Some(to) = self.buffer.get_mut(self.len..len) {
            to.copy_from_slice(piece);
            self.len = len;
        }
    }

    /// All of them, as shared bytes; none are left.
    pub fn take(&mut self) -> Bytes {
        let len = std::mem::take(&mut self.len);
        if len == 0 {
            return Bytes::new();
        }
        BlockPool::global().freeze(std::mem::take(&mut self.buffer)).slice(..len)
    }
}

impl Drop for Gather {
    fn drop(&mut self) {
        BlockPool::global().give(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_become_one() {
        for (piece, count) in [(1, 10_000), (5_000, 7), (100_000, 30), (3 << 20, 4)] {
            let mut gather = Gather::default();
            let mut whole = Vec::new();
            for at in 0..count {
                let piece: Vec<u8> = (0..piece).map(|byte: usize| (byte / 3 + at) as u8).collect();
                gather.push(&piece);
                whole.extend(piece);
            }
            assert_eq!((gather.len(), gather.is_empty()), (whole.len(), false));
            let taken = gather.take();
            assert!(taken == whole, "{piece} bytes, {count} times");
            assert!(gather.is_empty() && gather.take().is_empty());
            gather.push(b"more");
            assert_eq!((gather.take(), taken.len()), (Bytes::from_static(b"more"), whole.len()));
        }
    }

    #[test]
    fn what_was_made_ready_is_used() {
        let mut gather = Gather::default();
        gather.reserve(474_000);
        let room = gather.buffer.len();
        (0..474).for_each(|_| gather.push(&[7; 1000]));
        assert_eq!((gather.buffer.len(), gather.len()), (room, 474_000));
    }
}
