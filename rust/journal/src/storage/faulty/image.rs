//! What lies on a faulty disk: what callers see, and what a power cut leaves.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
};

use super::{EIO, ENOSPC, Random};

const SECTOR_BYTES: usize = 512;

/// One file: as it is seen, and as it is on the medium.
#[derive(Debug, Default)]
pub(super) struct Inode {
    seen: Vec<u8>,
    kept: Vec<u8>,
    /// Sectors that differ between the two, perhaps.
    dirty: BTreeSet<usize>,
    /// What cannot be read.
    bad: Range<usize>,
}

/// A change of names, in the order that they were made in.
#[derive(Debug)]
enum Naming {
    Named(String, u64),
    Renamed(String, String),
    Removed(String),
}

#[derive(Debug)]
pub(super) struct Image {
    pub(super) capacity_bytes: u64,
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<String, u64>,
    kept_names: BTreeMap<String, u64>,
    namings: Vec<Naming>,
    next: u64,
}

fn apply(names: &mut BTreeMap<String, u64>, naming: &Naming) {
    match naming {
        Naming::Named(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        Naming::Renamed(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        Naming::Removed(name) => {
            names.remove(name);
        }
    }
}

fn not_found(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{name}: no such file"))
}

impl Image {
    pub(super) fn new(capacity_bytes: u64) -> Self {
        Self { capacity_bytes, inodes: BTreeMap::new(), names: BTreeMap::new(), kept_names: BTreeMap::new(), namings: Vec::new(), next: 1 }
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.names.values().filter_map(|id| self.inodes.get(id)).map(|inode| inode.seen.len() as u64).sum()
    }

    pub(super) fn free_bytes(&self) -> u64 {
        self.capacity_bytes.saturating_sub(self.used_bytes())
    }

    pub(super) fn list(&self) -> Vec<(String, u64)> {
        self.names.iter().map(|(name, id)| (name.clone(), self.inodes.get(id).map_or(0, |inode| inode.seen.len() as u64))).collect()
    }

    pub(super) fn bad_sectors(&mut self, name: &str, bytes: Range<usize>) {
        if let Some(inode) = self.names.get(name).and_then(|id| self.inodes.get_mut(id)) {
            inode.bad = bytes;
        }
    }

    pub(super) fn find(&self, name: &str) -> io::Result<u64> {
        self.names.get(name).copied().ok_or_else(|| not_found(name))
    }

    pub(super) fn create(&mut self, name: &str, allocate_bytes: u64) -> io::Result<u64> {
        if self.names.contains_key(name) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{name}: is there already")));
        }
        if allocate_bytes > self.free_bytes() {
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        let id = self.next;
        self.next += 1;
        let mut inode = Inode::default();
        inode.resize(allocate_bytes as usize);
        self.inodes.insert(id, inode);
        self.name(Naming::Named(name.to_owned(), id));
        Ok(id)
    }

    fn name(&mut self, naming: Naming) {
        apply(&mut self.names, &naming);
        self.namings.push(naming);
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.find(from)?;
        self.name(Naming::Renamed(from.to_owned(), to.to_owned()));
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) {
        if self.names.contains_key(name) {
            self.name(Naming::Removed(name.to_owned()));
        }
    }

    pub(super) fn sync_folder(&mut self) {
        self.kept_names = self.names.clone();
        self.namings.clear();
    }

    pub(super) fn inode(&self, id: u64) -> io::Result<&Inode> {
        self.inodes.get(&id).ok_or_else(|| not_found("file"))
    }

    pub(super) fn inode_mut(&mut self, id: u64) -> io::Result<&mut Inode> {
        self.inodes.get_mut(&id).ok_or_else(|| not_found("file"))
    }

    /// Writes as much as there is room for.
    pub(super) fn write(&mut self, id: u64, bytes: &[u8], offset: u64) -> io::Result<()> {
        let end = offset as usize + bytes.len();
        let more = end.saturating_sub(self.inode(id)?.seen.len()) as u64;
        let short = more.saturating_sub(self.free_bytes()) as usize;
        let fits = bytes.get(..bytes.len().saturating_sub(short)).unwrap_or_default();
        self.inode_mut(id)?.write(fits, offset as usize);
        if short > 0 { Err(io::Error::from_raw_os_error(ENOSPC)) } else { Ok(()) }
    }

    pub(super) fn damage(&mut self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Option<usize> {
        let inode = self.inodes.get_mut(self.names.get(name)?)?;
        change(&mut inode.seen);
        inode.kept = inode.seen.clone();
        inode.dirty.clear();
        Some(inode.seen.len())
    }

    pub(super) fn power_cut(&mut self, random: &mut Random) {
        // Names change in order, as in a file system's own journal: some of the last changes are lost.
        let kept = random.below(self.namings.len() as u64 + 1) as usize;
        for naming in self.namings.drain(..).take(kept) {
            apply(&mut self.kept_names, &naming);
        }
        self.names = self.kept_names.clone();
        let named: BTreeSet<u64> = self.names.values().copied().collect();
        self.inodes.retain(|id, _| named.contains(id));
        for inode in self.inodes.values_mut() {
            inode.power_cut(random);
        }
    }
}

impl Inode {
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    pub(super) fn read(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = self.seen.get(offset as usize..).unwrap_or_default();
        let read = from.len().min(into.len());
        if (offset as usize) < self.bad.end && offset as usize + read > self.bad.start {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        into[..read].copy_from_slice(&from[..read]);
        Ok(read)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.seen
    }

    pub(super) fn resize(&mut self, len: usize) {
        let (from, to) = (self.seen.len().min(len), self.seen.len().max(len));
        self.seen.resize(len, 0);
        self.touch(from, to);
    }

    fn touch(&mut self, from: usize, to: usize) {
        self.dirty.extend(from / SECTOR_BYTES..to.div_ceil(SECTOR_BYTES));
    }

    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if end > self.seen.len() {
            self.resize(end);
        }
        self.seen[offset..end].copy_from_slice(bytes);
        self.touch(offset, end);
    }

    pub(super) fn sync(&mut self) {
        if self.kept.len() != self.seen.len() {
            self.kept.resize(self.seen.len(), 0);
        }
        for sector in std::mem::take(&mut self.dirty) {
            let range = range(sector, self.seen.len());
            self.kept[range.clone()].copy_from_slice(&self.seen[range]);
        }
    }

    /// A sync that failed: some sectors came through, some wait on, and some count as written and are not (no later sync writes them).
    pub(super) fn sync_badly(&mut self, random: &mut Random) {
        self.kept.resize(self.seen.len(), 0);
        let (seen, kept) = (&self.seen, &mut self.kept);
        self.dirty.retain(|sector| match random.below(3) {
            0 => {
                let range = range(*sector, seen.len());
                kept[range.clone()].copy_from_slice(&seen[range]);
                false
            }
            1 => false,
            _ => true,
        });
    }

    fn power_cut(&mut self, random: &mut Random) {
        // The length on the medium: the old, the new, or between.
        let len = match random.below(3) {
            0 => self.kept.len(),
            1 => self.seen.len(),
            _ => {
                let (from, to) = (self.kept.len().min(self.seen.len()), self.kept.len().max(self.seen.len()));
                from + random.below((to - from) as u64 + 1) as usize
            }
        };
        self.kept.resize(len, 0);
        for sector in std::mem::take(&mut self.dirty) {
            let all = range(sector, len.min(self.seen.len()));
            let part = match random.below(4) {
                0 | 1 => continue,
                2 => all,
                _ => {
                    let torn = all.start + random.below(all.len() as u64) as usize;
                    if random.below(2) == 0 { all.start..torn } else { torn..all.end }
                }
            };
            self.kept[part.clone()].copy_from_slice(&self.seen[part]);
        }
        self.seen = self.kept.clone();
    }
}

/// A sector's bytes in a file of this length.
fn range(sector: usize, len: usize) -> Range<usize> {
    (sector * SECTOR_BYTES).min(len)..((sector + 1) * SECTOR_BYTES).min(len)
}
