//! A part of a file in memory, which moves over it; and the search for the next whole entry behind damaged bytes.

use std::{io, sync::Arc};

use crate::{
    entry::Head,
    format::{Damage, Footer, Next, PREFIX_BYTES, Prefix, check, next_marker, peek, read_head},
    storage::StorageFile,
};

/// The first read after a jump, in bytes; each further one doubles it up to the most.
const READ_BYTES_MIN: usize = 64 << 10;
const READ_BYTES_MAX: usize = 4 << 20;

/// What begins at an offset.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // one is there at a time, and nearly all are entries
pub(super) enum At {
    /// Nothing more: the end of the file, or zeros only in the place of a prefix.
    End,
    /// An entry whose head holds.
    Entry(Prefix, Head),
    /// A footer that holds and stands where it says.
    Footer,
    /// Bytes that are none of these.
    Bad(Damage),
}

/// Up to a few MiB of a file; more where one entry needs it.
#[derive(Debug)]
pub(super) struct Window {
    handle: Arc<dyn StorageFile>,
    bytes: Vec<u8>,
    /// How many of `bytes` were read.
    filled: usize,
    start: u64,
    /// Nothing is read from here on.
    end: u64,
    read_bytes: usize,
    /// What the disk does not read counts as zeros: see [`forgive`](Self::forgive).
    is_forgiving: bool,
    has_holes: bool,
}

/// What a disk reads or does not read at once.
const SECTOR_BYTES: usize = 4096;

impl Window {
    pub(super) fn new(handle: Arc<dyn StorageFile>, end: u64) -> Self {
        Self { handle, bytes: Vec::new(), filled: 0, start: 0, end, read_bytes: READ_BYTES_MIN, is_forgiving: false, has_holes: false }
    }

    pub(super) fn handle(&self) -> &Arc<dyn StorageFile> {
        &self.handle
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The file grew: what was read stays.
    pub(super) fn set_end(&mut self, end: u64) {
        self.end = end;
    }

    /// So many bytes from `offset` on; fewer where the file ends before.
    pub(super) fn get(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let len = len.min(self.end.saturating_sub(offset) as usize);
        let have = self.have(offset).len();
        if have < len {
            let follows = have > 0 || offset == self.start + self.filled as u64;
            self.read_bytes = if follows { (self.read_bytes * 2).min(READ_BYTES_MAX) } else { READ_BYTES_MIN };
            let want = len.max(self.read_bytes).min(self.end.saturating_sub(offset) as usize);
            // What is there already moves to the front.
            let keep = self.filled - have;
            self.bytes.copy_within(keep..self.filled, 0);
            if self.bytes.len() < want || self.bytes.len() > want.max(READ_BYTES_MAX) {
                self.bytes.resize(want, 0);
                self.bytes.shrink_to(READ_BYTES_MAX);
            }
            (self.start, self.filled) = (offset, have);
            let into = self.bytes.get_mut(have..want).unwrap_or_default();
            let at = offset + have as u64;
            self.filled += match self.handle.read_full_at(into, at) {
                Ok(read) => read,
                Err(error) if is_bad_sector(&error) && self.is_forgiving => {
                    self.has_holes = true;
                    read_around(&*self.handle, into, at)
                }
                // It may be what was only read ahead that fails.
                Err(_) if want > len => {
                    self.read_bytes = READ_BYTES_MIN;
                    self.handle.read_full_at(into.get_mut(..len - have).unwrap_or_default(), at)?
                }
                Err(error) => return Err(error),
            };
        }
        let have = self.have(offset);
        Ok(have.get(..len).unwrap_or(have))
    }

    /// From now on what the disk does not read counts as zeros, to get past it.
    pub(super) fn forgive(&mut self) {
        self.is_forgiving = true;
    }

    pub(super) fn is_forgiving(&self) -> bool {
        self.is_forgiving
    }

    /// Whether some bytes counted as zeros.
    pub(super) fn has_holes(&self) -> bool {
        self.has_holes
    }

    /// Fills `into` from `offset` on: how much there was. What the window does not hold is read past it.
    pub(super) fn copy(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let have = self.have(offset);
        let have = have.get(..have.len().min(into.len())).unwrap_or_default();
        let (first, rest) = into.split_at_mut_checked(have.len()).unwrap_or_default();
        first.copy_from_slice(have);
        let have = have.len();
        if rest.is_empty() {
            return Ok(have);
        }
        Ok(have + self.handle.read_full_at(rest, offset + have as u64)?)
    }

    /// What of the window lies from `offset` on.
    fn have(&self, offset: u64) -> &[u8] {
        let from = offset.checked_sub(self.start).map_or(self.filled, |from| (from as usize).min(self.filled));
        self.bytes.get(from..self.filled).unwrap_or_default()
    }

    /// What begins at `offset`. Of an entry, only the head is verified.
    pub(super) fn at(&mut self, offset: u64) -> io::Result<At> {
        let end = self.end;
        let bytes = self.get(offset, PREFIX_BYTES)?;
        if bytes.is_empty() {
            return Ok(At::End);
        }
        match peek(bytes) {
            Ok(Next::End) => Ok(At::End),
            Ok(Next::Entry(prefix)) => {
                if offset + prefix.total_len() as u64 > end {
                    return Ok(At::Bad(Damage::Cut));
                }
                let head = read_head(self.get(offset, prefix.head_end())?);
                Ok(head.map_or_else(At::Bad, |(prefix, head)| At::Entry(prefix, head)))
            }
            Ok(Next::Footer(len)) => {
                let footer = Footer::decode(self.get(offset, len)?);
                Ok(footer.map_or_else(At::Bad, |footer| {
                    if footer.end_offset == offset { At::Footer } else { At::Bad(Damage::Broken("its footer is of elsewhere")) }
                }))
            }
            Err(damage) => Ok(At::Bad(damage)),
        }
    }

    /// Whether all of an entry holds, as far as it can be known without its key.
    pub(super) fn holds(&mut self, offset: u64, prefix: &Prefix) -> io::Result<Result<Head, Damage>> {
        Ok(check(self.get(offset, prefix.total_len())?))
    }

    /// The next offset from `from` on at which a whole entry stands with a position in `after + 1..limit`, or a footer.
    pub(super) fn resync(&mut self, from: u64, after: u64, limit: u64) -> io::Result<Option<u64>> {
        let mut offset = from;
        loop {
            let bytes = self.get(offset, READ_BYTES_MAX)?;
            let (len, found) = (bytes.len() as u64, next_marker(bytes, 0));
            let Some(found) = found else {
                // A marker may be cut at the window's end.
                if len <= PREFIX_BYTES as u64 {
                    return Ok(None);
                }
                offset += len - PREFIX_BYTES as u64;
                if offset + PREFIX_BYTES as u64 >= self.end {
                    return Ok(None);
                }
                continue;
            };
            offset += found as u64;
            match self.at(offset)? {
                At::Entry(prefix, head) if head.position > after && head.position < limit && self.holds(offset, &prefix)?.is_ok() => {
                    return Ok(Some(offset));
                }
                At::Footer => return Ok(Some(offset)),
                _ => offset += 1,
            }
        }
    }

    /// Whether there are only zeros from `offset` on.
    pub(super) fn is_blank_from(&mut self, mut offset: u64) -> io::Result<bool> {
        while offset < self.end {
            let bytes = self.get(offset, READ_BYTES_MAX)?;
            if bytes.is_empty() {
                break;
            }
            let mut words = bytes.chunks_exact(8);
            if words.any(|word| word != [0; 8]) || words.remainder().iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            offset += bytes.len() as u64;
        }
        Ok(true)
    }
}

/// Whether it is these bytes that the disk does not read, and not all of it.
pub(super) fn is_bad_sector(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Reads sector by sector, leaving zeros where the disk does not: how much.
fn read_around(handle: &dyn StorageFile, into: &mut [u8], offset: u64) -> usize {
    let mut all = 0;
    let first = SECTOR_BYTES - (offset as usize % SECTOR_BYTES);
    while let Some(rest) = into.get_mut(all..).filter(|rest| !rest.is_empty()) {
        let step = if all == 0 { first } else { SECTOR_BYTES }.min(rest.len());
        let sector = rest.get_mut(..step).unwrap_or_default();
        match handle.read_full_at(sector, offset + all as u64) {
            Ok(read) if read < step => return all + read,
            Ok(_) => {}
            Err(_) => sector.fill(0),
        }
        all += step;
    }
    all
}
