//! On the file system.

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use super::*;
use crate::storage::RealStorage;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("logloom-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(RealStorage::open(&self.0).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_journal_on_the_file_system() {
    let folder = Folder::new("real");
    let mut expected = Vec::new();
    for round in 0..2 {
        let open = open(folder.storage());
        for n in 0..30 {
            let body = format!("{round} {n} {}", "s".repeat(5_000));
            let (position, fate) = open.push(&body);
            assert_eq!(fate, Fate::Durable);
            expected.push((position, body));
        }
        let busy = RealStorage::open(&folder.0).unwrap_err();
        assert!(busy.to_string().contains("another process writes"), "{busy}");
        let beside = RealStorage::open_to_read(&folder.0).unwrap();
        assert!(!beside.list().unwrap().is_empty());
        assert_eq!(open.read(0), expected);
        for file in open.log.files() {
            let mode = std::fs::metadata(folder.0.join(&file.name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.name);
        }
        if round == 0 {
            open.log.close();
        } else {
            open.log.remove_to(20);
            open.log.close();
            assert_eq!(open.read(30).len(), 30);
        }
    }
    let left: u64 = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(left < 64 * 5_300, "what was read by all is gone, and no file is longer than its entries: {left}");
}

#[test]
fn damage_on_the_file_system_goes_to_the_quarantine() {
    let folder = Folder::new("damage");
    let open = open(folder.storage());
    (1..=3).for_each(|n| assert_eq!(open.push(&"d".repeat(1_000)).0, n));
    let path = folder.0.join(&open.log.files()[0].name);
    drop(open);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[crate::format::HEADER_BYTES + 1_500] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let open = super::open(folder.storage());
    let mut reader = open.log.reader(0);
    let mut next = || reader.next_where(|_| true).unwrap();
    assert!(matches!(next(), Some(Read::Entry(_))));
    assert!(matches!(next(), Some(Read::Damaged { from: 2, to: 2, .. })));
    assert!(matches!(next(), Some(Read::Entry(_))));
    assert_eq!(std::fs::read_dir(folder.0.join("quarantine")).unwrap().count(), 1);
}

#[test]
fn small_files_are_replaced_whole_and_bounded() {
    let folder = Folder::new("small");
    let storage = folder.storage();
    assert_eq!(storage.read_small("state", 10).unwrap(), None);
    storage.replace("state", b"first").unwrap();
    storage.replace("state", b"second").unwrap();
    assert_eq!(storage.read_small("state", 10).unwrap().unwrap(), b"second");
    assert_eq!(storage.read_small("state", 5).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
    assert_eq!(storage.list().unwrap(), [("state".to_owned(), 6)]);
    storage.remove("state").unwrap();
    storage.remove("state").unwrap();
    assert!(storage.free_bytes().unwrap() > 0);
}

#[test]
fn what_the_system_need_not_keep_is_still_there() {
    let folder = Folder::new("let-go");
    let file = folder.storage().create("a", 4 << 20).unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    file.write_all_at(&bytes, 1_000).unwrap();
    file.sync_data().unwrap();
    for (offset, len) in [(0, 1_000_000), (1_000_000, 1_500_001), (2_500_001, 0), (2_500_001, 1 << 30)] {
        file.let_go(offset, len);
        let mut read = vec![0; bytes.len()];
        assert_eq!(file.read_full_at(&mut read, 1_000).unwrap(), bytes.len());
        assert!(read == bytes);
    }
}
