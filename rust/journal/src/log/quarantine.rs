//! Damaged bytes are kept beside the journal, for whoever wants to look at them: nothing reads them again.

use std::{io, sync::Arc};

use crate::storage::{Storage, StorageFile};

const FOLDER: &str = "quarantine";
/// The most bytes of one damaged range that are kept, and of all: the oldest go.
const COPY_BYTES_MAX: u64 = 64 << 20;
const QUARANTINE_BYTES_MAX: u64 = if cfg!(test) { 40_000 } else { 256 << 20 };
const STEP_BYTES: usize = 1 << 20;

/// Copies bytes of a file: the name of the copy; `None` where there is no room for it or the bytes cannot be read.
pub(super) fn copy(storage: &dyn Storage, name: &str, from: &Arc<dyn StorageFile>, start: u64, end: u64) -> Option<String> {
    let to = format!("{FOLDER}/{name}-{start}.damaged");
    let end = end.min(start + COPY_BYTES_MAX);
    if storage.free_bytes().ok()? / 2 < end - start {
        return None;
    }
    make_room(storage, end - start);
    let file = match storage.create(&to, 0) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Some(to), // found before
        Err(_) => return None,
    };
    let copied = || -> io::Result<()> {
        let mut buffer = vec![0; STEP_BYTES];
        let mut at = start;
        while at < end {
            let step = buffer.get_mut(..STEP_BYTES.min((end - at) as usize)).unwrap_or_default();
            let read = from.read_full_at(step, at)?;
            if read == 0 {
                break;
            }
            file.write_all_at(step.get(..read).unwrap_or_default(), at - start)?;
            at += read as u64;
        }
        file.sync_data()
    };
    if copied().is_err() {
        let _ = storage.remove(&to); // half a copy helps nobody
        return None;
    }
    Some(to)
}

/// Removes the oldest (names begin with positions) until there is room for so many bytes more.
fn make_room(storage: &dyn Storage, bytes: u64) {
    let kept = storage.list_in(FOLDER).unwrap_or_default();
    let mut all: u64 = kept.iter().map(|(_, bytes)| bytes).sum();
    for (name, len) in kept {
        if all + bytes <= QUARANTINE_BYTES_MAX {
            break;
        }
        if storage.remove(&name).is_ok() {
            all -= len;
        }
    }
}

/// The name that a whole file gets there.
pub(super) fn name_of_whole(storage: &dyn Storage, name: &str, bytes: u64) -> String {
    make_room(storage, bytes);
    let taken = |to: &String| !matches!(storage.read_small(to, 0), Ok(None));
    let numbered = (1..1_000).map(|n| format!("{FOLDER}/{name}-{n}.damaged"));
    [format!("{FOLDER}/{name}.damaged")]
        .into_iter()
        .chain(numbered)
        .find(|to| !taken(to))
        .unwrap_or_else(|| format!("{FOLDER}/{name}.damaged"))
}
