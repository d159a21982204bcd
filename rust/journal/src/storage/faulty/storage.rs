//! The faulty disk as a [`Storage`].

use std::{io, sync::Arc};

use super::{Disk, Op};
use crate::storage::{Storage, StorageFile};

#[derive(Debug)]
pub(super) struct FaultyStorage {
    pub(super) disk: Disk,
    pub(super) boot: u64,
}

#[derive(Debug)]
struct FaultyFile {
    disk: Disk,
    boot: u64,
    inode: u64,
}

impl FaultyStorage {
    fn file(&self, inode: u64) -> Arc<dyn StorageFile> {
        Arc::new(FaultyFile { disk: self.disk.clone(), boot: self.boot, inode })
    }
}

impl Storage for FaultyStorage {
    fn create(&self, name: &str, allocate_bytes: u64) -> io::Result<Arc<dyn StorageFile>> {
        let (mut state, _) = self.disk.begin(Op::Create, self.boot)?;
        Ok(self.file(state.image.create(name, allocate_bytes)?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn StorageFile>> {
        let (state, _) = self.disk.begin(Op::Open, self.boot)?;
        Ok(self.file(state.image.find(name)?))
    }

    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let (state, _) = self.disk.begin(Op::Open, self.boot)?;
        Ok(state.image.list().into_iter().filter(|(name, _)| !name.contains('/')).collect())
    }

    fn list_in(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        let (state, _) = self.disk.begin(Op::Open, self.boot)?;
        let start = format!("{folder}/");
        Ok(state.image.list().into_iter().filter(|(name, _)| name.starts_with(&start)).collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.begin(Op::Remove, self.boot)?.0.image.remove(name);
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.begin(Op::Rename, self.boot)?.0.image.rename(from, to)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (mut state, _) = self.disk.begin(Op::Replace, self.boot)?;
        let new = format!("{name}.new");
        state.image.remove(&new);
        let inode = state.image.create(&new, 0)?;
        let written = state.image.write(inode, bytes, 0);
        if let Err(error) = written {
            state.image.remove(&new);
            return Err(error);
        }
        state.image.inode_mut(inode)?.sync();
        state.image.rename(&new, name)?;
        state.image.sync_folder();
        Ok(())
    }

    fn read_small(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        let (state, _) = self.disk.begin(Op::Read, self.boot)?;
        let Ok(inode) = state.image.find(name) else { return Ok(None) };
        let bytes = state.image.inode(inode)?.bytes();
        if bytes.len() as u64 > bytes_max {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{name} is over {bytes_max} bytes")));
        }
        Ok(Some(bytes.to_vec()))
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.disk.begin(Op::SyncFolder, self.boot)?.0.image.sync_folder();
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.disk.lock().image.free_bytes())
    }
}

impl StorageFile for FaultyFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (mut state, short) = self.disk.begin(Op::Write, self.boot)?;
        let some = short.map_or(bytes.len(), |_| state.random.below(bytes.len() as u64) as usize);
        state.image.write(self.inode, bytes.get(..some).unwrap_or_default(), offset)?;
        short.map_or(Ok(()), |errno| Err(io::Error::from_raw_os_error(errno)))
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let (state, _) = self.disk.begin(Op::Read, self.boot)?;
        state.image.inode(self.inode)?.read(into, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        let (mut state, failed) = self.disk.begin(Op::Sync, self.boot)?;
        let super::State { image, random, .. } = &mut *state;
        let inode = image.inode_mut(self.inode)?;
        if let Some(errno) = failed {
            inode.sync_badly(random);
            return Err(io::Error::from_raw_os_error(errno));
        }
        inode.sync();
        Ok(())
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        let (mut state, _) = self.disk.begin(Op::Truncate, self.boot)?;
        state.image.inode_mut(self.inode)?.resize(len_bytes as usize);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        let (state, _) = self.disk.begin(Op::Open, self.boot)?;
        Ok(state.image.inode(self.inode)?.len() as u64)
    }
}
