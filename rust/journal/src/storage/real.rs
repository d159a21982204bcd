//! The file system.

use std::{
    fs::File,
    io::{self, Read},
    num::NonZeroU64,
    os::{fd::OwnedFd, unix::fs::FileExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{self, AtFlags, FallocateFlags, FlockOperation, Mode, OFlags},
    io::Errno,
};

use super::{Storage, StorageFile};

/// A folder of the file system, its own lock held while this lives: a second one that writes there is refused.
#[derive(Debug)]
pub struct RealStorage {
    path: PathBuf,
    folder: OwnedFd,
}

/// The largest pages that there are of those that memory is given in, but for huge ones.
const PAGE_BYTES_MAX: u64 = 64 << 10;
const FILE_MODE: Mode = Mode::from_raw_mode(0o600);
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o700);

impl RealStorage {
    /// The folder, made (0700) where it is absent, and locked. An error names the folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        let named = |error: Errno| io::Error::new(io::Error::from(error).kind(), format!("{}: {error}", path.display()));
        match fs::mkdir(path, FOLDER_MODE) {
            Ok(()) => sync_parent(path)?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(named(error)),
        }
        let storage = Self::open_to_read(path)?;
        match fs::flock(&storage.folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(storage),
            Err(Errno::WOULDBLOCK) => Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                format!("{}: another process writes this journal; stop it, or give this one a folder of its own", path.display()),
            )),
            Err(error) => Err(named(error)),
        }
    }

    /// The folder without its lock: to look at the files of a journal that another process may be writing.
    pub fn open_to_read(path: &Path) -> io::Result<Self> {
        let folder = fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| io::Error::new(io::Error::from(error).kind(), format!("{}: {error}", path.display())))?;
        Ok(Self { path: path.to_owned(), folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open_with(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let fd = fs::openat(&self.folder, name, flags | OFlags::CLOEXEC | OFlags::NOFOLLOW, FILE_MODE)?;
        Ok(File::from(fd))
    }

    /// Makes the folder that a name begins with.
    fn make_folder_of(&self, name: &str) -> io::Result<()> {
        let Some((folder, _)) = name.split_once('/') else { return Ok(()) };
        match fs::mkdirat(&self.folder, folder, FOLDER_MODE) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Syncs the folder that a name begins with.
    fn sync_folder_of(&self, name: &str) -> io::Result<()> {
        if let Some((folder, _)) = name.split_once('/') {
            let folder = fs::openat(&self.folder, folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            fs::fsync(folder)?;
        }
        self.sync_folder()
    }
}

/// A folder just made is there after a crash only when the one that it stands in was synced.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// The files of a folder, their names with `start` before them.
fn list(folder: &OwnedFd, start: &str) -> io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for entry in fs::Dir::read_from(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        match fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if fs::FileType::from_raw_mode(stat.st_mode).is_file() => {
                found.push((format!("{start}{name}"), u64::try_from(stat.st_size).unwrap_or_default()));
            }
            Ok(_) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    found.sort_unstable();
    Ok(found)
}

impl Storage for RealStorage {
    fn release(&self) {
        let _ = fs::flock(&self.folder, FlockOperation::Unlock); // at the latest it ends with the descriptor
    }

    fn create(&self, name: &str, allocate_bytes: u64) -> io::Result<Arc<dyn StorageFile>> {
        self.make_folder_of(name)?;
        let file = self.open_with(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)?;
        if allocate_bytes > 0 {
            match fs::fallocate(&file, FallocateFlags::empty(), 0, allocate_bytes) {
                // A file system that cannot promise room: a full disk shows when it is written, then.
                Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
                Err(error) => {
                    self.remove(name)?;
                    return Err(error.into());
                }
            }
        }
        if name.contains('/') {
            self.sync_folder_of(name)?;
        }
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn StorageFile>> {
        // A journal that is only looked at may lie where nothing can be written.
        let file = match self.open_with(name, OFlags::RDWR) {
            Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
                self.open_with(name, OFlags::RDONLY)?
            }
            opened => opened?,
        };
        Ok(Arc::new(RealFile(file)))
    }

    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        list(&self.folder, "")
    }

    fn list_in(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        match fs::openat(&self.folder, folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
            Ok(opened) => list(&opened, &format!("{folder}/")),
            Err(Errno::NOENT) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::unlinkat(&self.folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.make_folder_of(to)?;
        Ok(fs::renameat(&self.folder, from, &self.folder, to)?)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = format!("{name}.new");
        self.make_folder_of(name)?;
        self.remove(&new)?;
        let file = self.open_with(&new, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
        let written = file.write_all_at(bytes, 0).and_then(|()| file.sync_all()).and_then(|()| self.rename(&new, name));
        if let Err(error) = written {
            let _ = self.remove(&new); // the error that counts is the first
            return Err(error);
        }
        self.sync_folder_of(name)
    }

    fn read_small(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match self.open_with(name, OFlags::RDONLY) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut bytes = Vec::new();
        #[expect(clippy::disallowed_methods, reason = "bounded by the take before it")]
        file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > bytes_max {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{name} is over {bytes_max} bytes")));
        }
        Ok(Some(bytes))
    }

    fn sync_folder(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.folder)?)
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let stat = fs::fstatvfs(&self.folder)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

#[derive(Debug)]
struct RealFile(File);

impl StorageFile for RealFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(into, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        self.0.set_len(len_bytes)
    }

    fn let_go(&self, offset: u64, len_bytes: u64) {
        // Only whole pages go: the one that is shared with what was given up before goes now.
        let from = offset - offset % PAGE_BYTES_MAX;
        let len = NonZeroU64::new(len_bytes + (offset - from));
        let _ = fs::fadvise(&self.0, from, len, fs::Advice::DontNeed); // a hint
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}
