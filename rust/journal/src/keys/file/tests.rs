use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::keys::FreshKey;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let mut name = [0; 8];
        random(&mut name).unwrap();
        let path = std::env::temp_dir().join(format!("logloom-keys-{}", hex(&name)));
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn made_once_read_again_and_bound_to_the_context() {
    let folder = Folder::new();
    let path = folder.0.join("journal.key");
    let key = FileKey::open(&path, true).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "nothing is left beside it");
    let fresh = FreshKey::random().unwrap();
    let wrapped = key.wrap(fresh.key(), b"file 1").unwrap();
    let again = FileKey::open(&path, false).unwrap();
    assert_eq!(again.unwrap(&wrapped, b"file 1").unwrap().0, fresh.key().0);
    assert_ne!(wrapped, key.wrap(fresh.key(), b"file 1").unwrap(), "a nonce of its own each time");
    let other = again.unwrap(&wrapped, b"file 2").unwrap_err();
    assert!(matches!(&other, KeyError::Wrong(why) if why.contains("that of another file")), "{other}");
    for place in 0..wrapped.bytes.len() {
        let mut bad = wrapped.clone();
        bad.bytes[place] ^= 1;
        assert!(matches!(key.unwrap(&bad, b"file 1"), Err(KeyError::Wrong(_))), "byte {place}");
        bad.bytes.truncate(place);
        assert!(matches!(key.unwrap(&bad, b"file 1"), Err(KeyError::Wrong(_))), "cut at {place}");
    }
}

#[test]
fn errors_name_the_file_and_the_way_out() {
    let folder = Folder::new();
    let path = folder.0.join("journal.key");
    let why = |result: Result<FileKey, KeyError>| match result {
        Err(KeyError::Unavailable(why)) => why.replace(path.to_str().unwrap(), "KEY"),
        other => panic!("{other:?}"),
    };
    assert!(
        why(FileKey::open(&path, false))
            .starts_with("the key file KEY is missing, and there are journal files that it wrapped: put it back")
    );
    FileKey::open(&path, true).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(
        why(FileKey::open(&path, true)),
        "the key file KEY: others than its owner may use it (mode 640): chmod 600 it, and rotate the key if they did"
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, b"short").unwrap();
    assert_eq!(why(FileKey::open(&path, true)), "the key file KEY: it has 5 bytes and a key has 32: put it back from its backup");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(why(FileKey::open(&path, true)), "the key file KEY: it is no file");
}

#[test]
fn a_rotated_key_still_opens_what_it_wrapped() {
    let folder = Folder::new();
    let path = folder.0.join("journal.key");
    let key = FileKey::open(&path, true).unwrap();
    let fresh = FreshKey::random().unwrap();
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(key.wrap(fresh.key(), b"x").unwrap());
        let id = key.rotate().unwrap();
        assert_eq!(key.wrap(fresh.key(), b"x").unwrap().key_id, id, "the next file is wrapped by the new one");
    }
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 4);
    for wrapped in &all {
        assert_eq!(key.unwrap(wrapped, b"x").unwrap().0, fresh.key().0);
    }
    let old = folder.0.join(format!("journal.key.{}", all[0].key_id));
    fs::write(&old, [1; 32]).unwrap();
    assert!(matches!(key.unwrap(&all[0], b"x"), Err(KeyError::Wrong(why)) if why.contains("another key than its name says")));
    fs::remove_file(&old).unwrap();
    let lost = key.unwrap(&all[0], b"x").unwrap_err();
    assert!(matches!(&lost, KeyError::Unavailable(why) if why.contains(&all[0].key_id) && why.contains("from its backup")), "{lost}");
    assert!(key.unwrap(&Wrapped { key_id: "../../etc/passwd".into(), ..all[0].clone() }, b"x").is_err());
    fs::remove_file(&path).unwrap();
    assert!(matches!(key.wrap(fresh.key(), b"x"), Err(KeyError::Unavailable(_))), "a lost key is noticed with the next file");
    assert_eq!(key.unwrap(&all[1], b"x").unwrap().0, fresh.key().0, "each key stands for itself");
}
