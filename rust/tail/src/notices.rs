//! Word from the kernel (inotify) of what happens in folders.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ffi::OsStr,
    io,
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    io::Errno,
};

/// How much of what the kernel has to say is read at once.
const BUFFER_BYTES: usize = 64 << 10;
/// The most that is read until it is acted on: what waits longer waits in the kernel, in a queue that is bounded too.
const READS_MAX: usize = 32;

/// File systems that others write to, too: what they write there is not told here.
const SHARED: [u64; 14] = [
    0x6969,      // NFS
    0x517b,      // SMB
    0xfe53_4d42, // SMB2
    0xff53_4d42, // CIFS
    0x0102_1997, // 9P
    0x6573_5546, // FUSE: SSHFS, GlusterFS, virtiofs, ...
    0x00c3_6400, // Ceph
    0x5346_414f, // AFS
    0x6b41_4653, // AFS in the kernel
    0x7375_7245, // Coda
    0x0bd0_0bd0, // Lustre
    0x0116_1970, // GFS2
    0x7461_636f, // OCFS2
    0x564c,      // NCP
];

/// What happened since it was asked last.
#[derive(Debug, Default)]
pub struct Told {
    /// Files below the watched folders that were written to, made, renamed or deleted; or whose rights changed.
    pub paths: Vec<PathBuf>,
    /// Folders were made, renamed or deleted: look at everything.
    pub folders_changed: bool,
    /// The kernel's queue was full: look at everything.
    pub overflowed: bool,
}

/// The folders that are watched.
#[derive(Debug)]
pub struct Notices {
    queue: OwnedFd,
    /// By what the kernel calls them; one folder may be known by several names.
    names: HashMap<i32, BTreeSet<PathBuf>>,
    watches: HashMap<PathBuf, i32>,
}

impl Notices {
    /// None watched yet. Fails with `EMFILE` where the user has as many as it may have (`fs.inotify.max_user_instances`).
    pub fn new() -> io::Result<Self> {
        let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(Self { queue, names: HashMap::new(), watches: HashMap::new() })
    }

    /// Whether all that happens in the folder is told: on file systems that other machines write to it is not. Fails with `ENOSPC` where
    /// the user watches as many as it may (`fs.inotify.max_user_watches`).
    pub fn watch(&mut self, folder: &Path) -> io::Result<bool> {
        let wanted = WatchFlags::MODIFY
            | WatchFlags::ATTRIB
            | WatchFlags::CREATE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let watch = inotify::add_watch(&self.queue, folder, wanted)?;
        if self.watches.insert(folder.to_owned(), watch).is_some_and(|before| before != watch) {
            self.names.values_mut().for_each(|names| _ = names.remove(folder));
        }
        self.names.entry(watch).or_default().insert(folder.to_owned());
        let kind = rustix::fs::statfs(folder)?.f_type as u64 & 0xffff_ffff;
        Ok(!SHARED.contains(&kind))
    }

    /// The folders that are watched.
    pub fn watched(&self) -> impl Iterator<Item = &PathBuf> {
        self.watches.keys()
    }

    /// Watches the folder no more.
    pub fn forget(&mut self, folder: &Path) {
        let Some(watch) = self.watches.remove(folder) else { return };
        let Some(names) = self.names.get_mut(&watch) else { return };
        names.remove(folder);
        if names.is_empty() {
            self.names.remove(&watch);
            let _gone_already = inotify::remove_watch(&self.queue, watch);
        }
    }

    /// What happened; readable as [`as_fd`](Self::as_fd) is when there is something. What is told of a file more than once is there once.
    pub fn take(&mut self) -> io::Result<Told> {
        let mut told = Told::default();
        let mut files: HashSet<(i32, Vec<u8>)> = HashSet::new();
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER_BYTES];
        let mut reader = inotify::Reader::new(&self.queue, &mut buffer);
        let (mut reads, mut gone) = (0, Vec::new());
        loop {
            if reader.is_buffer_empty() {
                reads += 1;
                if reads > READS_MAX {
                    break;
                }
            }
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let what = event.events();
            told.overflowed |= what.contains(ReadFlags::QUEUE_OVERFLOW);
            if what.contains(ReadFlags::IGNORED) {
                if !self.names.contains_key(&event.wd()) {
                    continue; // as was asked for
                }
                gone.push(event.wd());
            }
            let of_itself = ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT | ReadFlags::IGNORED;
            match event.file_name() {
                _ if what.intersects(of_itself) => told.folders_changed = true,
                Some(_) if what.contains(ReadFlags::ISDIR) => {
                    told.folders_changed |= !what.contains(ReadFlags::ATTRIB);
                }
                Some(name) => _ = files.insert((event.wd(), name.to_bytes().to_vec())),
                None => {}
            }
        }
        for (watch, name) in files {
            for folder in self.names.get(&watch).into_iter().flatten() {
                told.paths.push(folder.join(OsStr::from_bytes(&name)));
            }
        }
        for watch in gone {
            for folder in self.names.remove(&watch).unwrap_or_default() {
                self.watches.remove(&folder);
            }
        }
        Ok(told)
    }
}

impl AsFd for Notices {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_in_a_folder_is_told_once_under_each_of_its_names() {
        let root = std::env::temp_dir().join(format!("logloom-notices-{}", std::process::id()));
        let folder = root.join("logs");
        std::fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, root.join("link")).unwrap();
        let mut notices = Notices::new().unwrap();
        assert!(notices.watch(&folder).unwrap());
        assert!(notices.watch(&root.join("link")).unwrap());
        for data in ["one", "two"] {
            std::fs::write(folder.join("a.log"), data).unwrap();
        }
        let mut told = notices.take().unwrap();
        told.paths.sort();
        assert_eq!(told.paths, [root.join("link/a.log"), folder.join("a.log")]);
        assert!(!told.folders_changed && !told.overflowed);
        notices.forget(&root.join("link"));
        std::fs::create_dir(folder.join("more")).unwrap();
        assert!(notices.take().unwrap().folders_changed);
        std::fs::remove_dir_all(&root).unwrap();
        assert!(notices.take().unwrap().folders_changed);
        assert_eq!(notices.watched().count(), 0);
        assert_eq!(notices.watch(&folder).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
