//! Unpacking a file piece by piece: its memory is bounded, whatever it unpacks to.

use std::{fs::File, io};

use bytes::Bytes;
use logloom_wire::{Decompressor, Encoding};

use crate::file::read_at;

/// How much of the packed file is read at once.
const INPUT_BYTES: usize = 64 << 10;

/// The state of one packed file.
#[derive(Debug)]
pub(crate) struct Packed {
    encoding: Encoding,
    decompressor: Decompressor,
    /// What was read of the file and not unpacked yet.
    input: Bytes,
    /// Where to read on in the file.
    at: u64,
    /// How much was unpacked.
    made: u64,
    /// What was given and not taken.
    pending: Bytes,
    is_at_end: bool,
}

impl Packed {
    /// At the beginning of a file.
    pub(crate) fn new(encoding: Encoding) -> io::Result<Self> {
        let decompressor = Decompressor::new(encoding).map_err(damaged)?;
        let (input, pending) = (Bytes::new(), Bytes::new());
        Ok(Self { encoding, decompressor, input, at: 0, made: 0, pending, is_at_end: false })
    }

    /// At the beginning of the same file.
    pub(crate) fn anew(&self) -> io::Result<Self> {
        Self::new(self.encoding)
    }

    /// The next bytes, at most `size_max`; none at the end of what there is so far.
    pub(crate) fn more(&mut self, file: &File, size_max: usize) -> io::Result<Vec<u8>> {
        loop {
            if self.input.is_empty() {
                let mut input = vec![0; INPUT_BYTES];
                let len = read_at(file, &mut input, self.at)?;
                input.truncate(len);
                self.at += len as u64;
                self.input = input.into();
            }
            let (out, used) = self.decompressor.feed(&self.input, size_max).map_err(damaged)?;
            self.input = self.input.slice(used.min(self.input.len())..);
            self.made += out.len() as u64;
            self.is_at_end = out.is_empty() && self.input.is_empty();
            if !out.is_empty() || (self.is_at_end && used == 0) {
                return Ok(out);
            }
        }
    }

    /// The next bytes, the same until they are taken.
    pub(crate) fn next(&mut self, file: &File, size_max: usize) -> io::Result<Bytes> {
        if self.pending.is_empty() {
            self.pending = self.more(file, size_max)?.into();
        }
        Ok(self.pending.clone())
    }

    /// What was given is taken.
    pub(crate) fn taken(&mut self) {
        self.pending = Bytes::new();
    }

    /// Unpacks up to `offset`, at most `size_max` bytes of it; whether that is reached, or the end.
    pub(crate) fn skip_to(&mut self, file: &File, offset: u64, size_max: usize) -> io::Result<bool> {
        let until = self.made.saturating_add(size_max.max(1) as u64).min(offset);
        while self.made < until {
            let left = (until - self.made).min(1 << 20) as usize;
            if self.more(file, left)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(self.made >= offset)
    }

    /// Whether all was unpacked, and the file ends where it should.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_at_end && self.pending.is_empty() && self.decompressor.finish().is_ok()
    }
}

#[allow(clippy::needless_pass_by_value)] // as map_err hands it over
fn damaged(error: logloom_wire::ContentError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
