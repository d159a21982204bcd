//! A key in a local file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::{
    DataKey, KeyError, KeyProvider, Wrapped, hex, random,
    wrap::{self, WRAPPED_BYTES},
};

/// The version of the wrapped bytes, which stands before them.
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
/// Hex digits of a key's id.
const ID_LEN: usize = 16;

/// Wraps by a key of 32 bytes in a file that only its owner may read.
///
/// The file is read each time a key is wrapped or unwrapped, which is once a journal file: so it is noticed at once when it is gone, and a rotated
/// key is used from the next file on. Older keys stand beside it as `NAME.KEY_ID`.
#[derive(Clone, Debug)]
pub struct FileKey {
    path: PathBuf,
}

impl FileKey {
    /// The key in the file at `path`. Where there is none, one is made if `create` says so: it must not while there are files that a lost key wrapped.
    pub fn open(path: impl Into<PathBuf>, create: bool) -> Result<Self, KeyError> {
        let this = Self { path: path.into() };
        match read(&this.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && create => this.create()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyError::Unavailable(format!(
                    "the key file {} is missing, and there are journal files that it wrapped: put it back from its backup, or move the journal's \
                     files away to begin anew without their records",
                    this.path.display()
                )));
            }
            Err(error) => return Err(unavailable(&this.path, &error)),
            Ok(_) => {}
        }
        Ok(this)
    }

    /// Makes a new key the current one; files that the one before wrapped stay readable, as it goes on standing beside it. The new key's id.
    pub fn rotate(&self) -> Result<String, KeyError> {
        let old = self.current()?;
        let beside = self.beside(&key_id(&old));
        let failed = |error: io::Error| unavailable(&beside, &error);
        // What does not link is written.
        match fs::hard_link(&self.path, &beside).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            _ => write_key(&beside, &old),
        }) {
            // Rotated before, and cut short by a crash: what stands there is this key, or it is not ours to replace.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let there = read(&beside).map_err(failed)?;
                if *there.0 != *old.0 {
                    let path = beside.display();
                    return Err(KeyError::Wrong(format!("{path} holds another key than its name says: move it away and rotate again")));
                }
            }
            done => done.map_err(failed)?,
        }
        let new = self.write_new()?;
        fs::rename(&new.0, &self.path).and_then(|()| sync_folder(&self.path)).map_err(|error| unavailable(&self.path, &error))?;
        Ok(key_id(&new.1))
    }

    fn create(&self) -> Result<(), KeyError> {
        let (new, key) = self.write_new()?;
        // A link fails where there is a file by now, as a rename would not: two processes agree on one key.
        let linked = fs::hard_link(&new, &self.path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            // No links on this file system: then not all at once.
            _ => write_key(&self.path, &key),
        });
        let _ = fs::remove_file(&new); // a second name of the key; its removal failing harms nobody
        linked.and_then(|()| sync_folder(&self.path)).map_err(|error| unavailable(&self.path, &error))?;
        self.current().map(drop)
    }

    /// A new key in a new file beside the current one.
    fn write_new(&self) -> Result<(PathBuf, DataKey), KeyError> {
        let mut key = DataKey(Zeroizing::new([0; KEY_BYTES]));
        random(key.0.as_mut_slice())?;
        let path = self.beside(&format!("new-{}", key_id(&key)));
        write_key(&path, &key).map_err(|error| unavailable(&path, &error))?;
        Ok((path, key))
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(suffix);
        name.into()
    }

    fn current(&self) -> Result<DataKey, KeyError> {
        read(&self.path).map_err(|error| unavailable(&self.path, &error))
    }

    fn find(&self, id: &str) -> Result<DataKey, KeyError> {
        let current = read(&self.path);
        if let Ok(key) = &current
            && key_id(key) == id
        {
            return current.map_err(|error| unavailable(&self.path, &error));
        }
        if id.len() != ID_LEN || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(KeyError::Wrong(format!("{id:?} is no id of a key file: another provider wrapped this file")));
        }
        let beside = self.beside(id);
        let path = self.path.display();
        match read(&beside) {
            Ok(key) if key_id(&key) == id => Ok(key),
            Ok(_) => Err(KeyError::Wrong(format!("{} holds another key than its name says: put key {id} back there", beside.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeyError::Unavailable(match current {
                Ok(_) => format!(
                    "key {id} is neither in {path} nor in {}: put it back there from its backup; what it wrapped cannot be read until then",
                    beside.display()
                ),
                Err(error) => format!("the key file {path}: {error}"),
            })),
            Err(error) => Err(unavailable(&beside, &error)),
        }
    }
}

impl KeyProvider for FileKey {
    fn name(&self) -> &'static str {
        "file"
    }

    fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Wrapped, KeyError> {
        let by = self.current()?;
        let mut bytes = vec![VERSION];
        wrap::wrap(&by, key, context, &mut bytes)?;
        Ok(Wrapped { key_id: key_id(&by), bytes })
    }

    fn unwrap(&self, wrapped: &Wrapped, context: &[u8]) -> Result<DataKey, KeyError> {
        let Some((&version, Ok(bytes))) =
            wrapped.bytes.split_first().map(|(version, rest)| (version, <&[u8; WRAPPED_BYTES]>::try_from(rest)))
        else {
            return Err(KeyError::Wrong("the wrapped key is not what a key file wraps: the file's header was changed".to_owned()));
        };
        if version != VERSION {
            return Err(KeyError::Wrong(format!(
                "the key was wrapped by a later logloom (version {version} of a wrapped key): run that one"
            )));
        }
        let by = self.find(&wrapped.key_id)?;
        wrap::unwrap(&by, bytes, context).ok_or_else(|| {
            let id = &wrapped.key_id;
            KeyError::Wrong(format!("key {id} does not open it: the file's header was changed, or is that of another file"))
        })
    }
}

/// The first 8 bytes of the key's SHA-256, in hex: it says which key it is and nothing of the key.
fn key_id(key: &DataKey) -> String {
    hex(digest(&SHA256, key.0.as_slice()).as_ref().get(..ID_LEN / 2).unwrap_or_default())
}

/// Reads the key in a file, whose permissions and length must be right.
fn read(path: &Path) -> io::Result<DataKey> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    let bad = |what: String| Err(io::Error::new(io::ErrorKind::InvalidData, what));
    if !about.is_file() {
        return bad("it is no file".to_owned());
    }
    if about.mode() & 0o077 != 0 {
        return bad(format!(
            "others than its owner may use it (mode {:03o}): chmod 600 it, and rotate the key if they did",
            about.mode() & 0o777
        ));
    }
    if about.len() != KEY_BYTES as u64 {
        return bad(format!("it has {} bytes and a key has {KEY_BYTES}: put it back from its backup", about.len()));
    }
    let mut key = DataKey(Zeroizing::new([0; KEY_BYTES]));
    file.read_exact(key.0.as_mut_slice())?;
    Ok(key)
}

/// Writes a key to a new file, which only its owner may read.
fn write_key(path: &Path, key: &DataKey) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.0.as_slice())?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn unavailable(path: &Path, error: &io::Error) -> KeyError {
    KeyError::Unavailable(format!("the key file {}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
