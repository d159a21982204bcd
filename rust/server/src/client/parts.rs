//! A message in several pieces, as one buffer: the socket is given them as they lie.

use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// The pieces.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pieces: Vec<Bytes>,
    /// The first that has something left.
    at: usize,
    left: usize,
}

impl Parts {
    pub(super) fn new(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let pieces: Vec<Bytes> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        let left = pieces.iter().map(Bytes::len).sum();
        Self { pieces, at: 0, left }
    }
}

impl Buf for Parts {
    fn remaining(&self) -> usize {
        self.left
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.get(self.at).map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, into: &mut [IoSlice<'a>]) -> usize {
        let pieces = self.pieces.get(self.at..).unwrap_or_default();
        into.iter_mut().zip(pieces).map(|(slice, piece)| *slice = IoSlice::new(piece)).count()
    }

    fn advance(&mut self, count: usize) {
        let mut count = count.min(self.left);
        self.left -= count;
        while let Some(piece) = self.pieces.get_mut(self.at) {
            if count < piece.len() {
                piece.advance(count);
                return;
            }
            count -= piece.len();
            *piece = Bytes::new(); // its block may be used again
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_as_one() {
        for step in 1..12 {
            let mut parts = Parts::new(["ab", "", "cde", "f"].map(Bytes::from));
            let mut read = Vec::new();
            while parts.has_remaining() {
                let mut slices = [IoSlice::new(&[]); 4];
                let count = parts.chunks_vectored(&mut slices);
                let seen: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
                assert_eq!(seen.len(), parts.remaining());
                assert!(seen.starts_with(parts.chunk()) && !parts.chunk().is_empty());
                let take = step.min(seen.len());
                read.extend_from_slice(&seen[..take]);
                parts.advance(take);
            }
            assert_eq!(read, b"abcdef");
        }
    }
}
