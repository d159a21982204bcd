//! Bytes that are not what was written: what is kept of them, what is told, and what is read all the same.

use super::*;
use crate::{
    format::HEADER_BYTES,
    storage::faulty::{EIO, Fault, Op},
};

fn disk() -> Disk {
    Disk::new(7, 64 * MIB)
}

/// What a reader finds: positions, and ranges that are damaged.
fn found(open: &Open) -> (Vec<u64>, Vec<(u64, u64)>) {
    let (mut reader, mut entries, mut damaged) = (open.log.reader(0), Vec::new(), Vec::new());
    while let Some(next) = reader.next_where(|_| true).unwrap() {
        match next {
            Read::Entry(entry) => entries.push(entry.position),
            Read::Damaged { from, to, .. } => damaged.push((from, to)),
        }
    }
    (entries, damaged)
}

#[test]
fn a_corrupt_middle_is_kept_counted_and_stepped_over() {
    for is_finished in [false, true] {
        let disk = disk();
        let open = open(disk.storage());
        for n in 1..=10 {
            open.push(&format!("{n} {}", "c".repeat(2_000)));
        }
        let name = open.log.files()[0].name.clone();
        if is_finished {
            open.log.close();
        }
        let storage = disk.kill();
        disk.damage(&name, |bytes| {
            let fourth = memchr::memmem::find_iter(bytes, b"LJE1").nth(3).unwrap();
            bytes[fourth + 100] ^= 1;
        });
        let open = super::open(storage);
        assert_eq!(open.recovery.damaged.len(), usize::from(!is_finished), "{:?}", open.recovery);
        let (entries, damaged) = found(&open);
        assert_eq!((entries, damaged), (vec![1, 2, 3, 5, 6, 7, 8, 9, 10], vec![(4, 4)]));
        assert_eq!(open.log.health().damaged, 1);
        found(&open);
        assert_eq!(open.log.health().damaged, 1, "it is counted once");
        let copies = disk.storage().list_in("quarantine").unwrap();
        assert_eq!(copies.len(), 1, "{copies:?}");
        assert_eq!(open.push("after").0, 11);
    }
}

#[test]
fn any_damage_costs_only_what_it_touches() {
    let disk = disk();
    let open = open(disk.storage());
    for n in 1..=30 {
        open.push(&format!("{n} {}", "c".repeat(500)));
    }
    let name = open.log.files()[0].name.clone();
    open.log.close();
    let storage = disk.kill();
    let len = disk.damage(&name, |_| {}).unwrap();
    // Anywhere behind the header: zeros, ones, and single bits.
    for at in (crate::format::HEADER_BYTES..len).step_by(97) {
        for change in [1u8, 0xff] {
            let mut before = Vec::new();
            disk.damage(&name, |bytes| {
                before.clone_from(bytes);
                bytes[at] ^= change;
            });
            let open = super::open(Arc::clone(&storage));
            let (entries, damaged) = found(&open);
            assert!(entries.len() >= 29 && entries.is_sorted(), "byte {at}: {entries:?} {damaged:?}");
            drop(open);
            disk.damage(&name, |bytes| *bytes = before);
            disk.storage().list().unwrap().iter().filter(|(other, _)| *other != name).for_each(|(other, _)| storage.remove(other).unwrap());
        }
    }
}

#[test]
fn a_torn_end_is_cut_and_named() {
    let disk = disk();
    let open = open(disk.storage());
    (1..=5).for_each(|n| assert_eq!(open.push(&format!("{n} {}", "t".repeat(1_000))).0, n));
    let name = open.log.files()[0].name.clone();
    let storage = disk.kill();
    let end = disk.damage(&name, |bytes| {
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        bytes[end - 300..].fill(0); // the last entry's end never came to the disk
    });
    let open = super::open(storage);
    let torn = &open.recovery.torn[0];
    assert_eq!((torn.file.as_str(), torn.after, open.recovery.torn.len()), (name.as_str(), 4, 1));
    assert!((500..1_000).contains(&torn.bytes), "{torn:?}");
    assert!(open.log.files()[0].bytes < end.unwrap() as u64, "it is cut");
    assert_eq!(found(&open).0, [1, 2, 3, 4]);
    let (position, _) = open.push("after");
    assert!(position > 5, "what stood there is not known: its position is not given again");
    assert_eq!(super::open(disk.power_cut()).recovery.torn, [], "it is told once");
}

#[test]
fn a_file_without_a_header_is_set_aside() {
    let disk = disk();
    let open = open(disk.storage());
    (1..=3).for_each(|n| assert_eq!(open.push(&format!("{n}")).0, n));
    open.log.rotate();
    (4..=6).for_each(|n| assert_eq!(open.push(&format!("{n}")).0, n));
    let name = open.log.files()[1].name.clone();
    let storage = disk.kill();
    disk.damage(&name, |bytes| bytes[20] ^= 1);
    let open = super::open(storage);
    assert_eq!((open.recovery.unreadable.len(), found(&open).0.len()), (0, 6), "it stands there twice");
    let storage = disk.kill();
    drop(open);
    disk.damage(&name, |bytes| bytes[4096 + 20] ^= 1);
    let open = super::open(storage);
    assert_eq!((open.recovery.unreadable.len(), open.recovery.unreadable[0].0.as_str()), (1, name.as_str()));
    assert_eq!(disk.storage().list_in("quarantine").unwrap().len(), 1);
    assert_eq!(found(&open).0, [1, 2, 3]);
    assert!(open.push("after").0 > 6);
}

#[test]
fn what_the_disk_does_not_read_is_tried_again_and_then_stepped_over() {
    let disk = disk();
    let open = open(disk.storage());
    (1..=3).for_each(|n| assert_eq!(open.push(&format!("{n} {}", "r".repeat(100_000))).0, n));
    open.log.rotate();
    (4..=6).for_each(|n| assert_eq!(open.push(&format!("{n}")).0, n));
    disk.fail(Op::Read, Fault::Error(EIO), 0, 2);
    let mut reader = open.log.reader(0);
    assert!(matches!(reader.next_where(|_| true), Err(ReadError::Io { .. })));
    disk.heal();
    assert!(matches!(reader.next_where(|_| true), Ok(Some(Read::Entry(entry))) if entry.position == 1), "it reads again");

    disk.bad_sectors(&open.log.files()[1].name, 8192 + 50_000..8192 + 60_000);
    let (mut read, mut errors) = (Vec::new(), 0);
    loop {
        match reader.next_where(|_| true) {
            Ok(Some(Read::Entry(entry))) => read.push(entry.position),
            Ok(Some(Read::Damaged { from, to, .. })) => assert_eq!((from, to), (2, 2)),
            Ok(None) => break,
            Err(_) => errors += 1,
        }
    }
    assert_eq!((read, errors), (vec![3, 4, 5, 6], 3));
}

#[test]
fn files_of_a_later_version_or_of_another_journal_are_not_touched() {
    let disk = disk();
    let open = open(disk.storage());
    open.push("a");
    let name = open.log.files()[0].name.clone();
    open.log.close();
    let (storage, keys) = (disk.kill(), Arc::new(Switch::new()));
    let opened = Log::open(Arc::clone(&storage), keys, Some([9; 16]), options(), Box::new(|_| {}));
    assert!(matches!(opened, Err(LogError::Foreign { .. })));
    let mut whole = Vec::new();
    disk.damage(&name, |bytes| {
        bytes[8] = 2; // the version, and the checksum that goes with it
        let crc = {
            let mut crc = crc32fast::Hasher::new();
            crc.update(&bytes[..12]);
            crc.update(&bytes[16..4096]);
            crc.finalize()
        };
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        whole.clone_from(bytes);
    });
    let error = try_open(storage, options()).err().unwrap();
    assert!(matches!(error, LogError::Newer { version: 2, .. }) && error.to_string().contains(&name), "{error}");
    disk.damage(&name, |bytes| assert!(*bytes == whole));
}

#[test]
fn the_quarantine_is_bounded_and_the_oldest_go() {
    let disk = disk();
    let open = open(disk.storage());
    for n in 1..=60 {
        open.push(&format!("{n} {}", "c".repeat(1_500)));
    }
    let files = open.log.files();
    open.log.close();
    let storage = disk.kill();
    for file in &files {
        disk.damage(&file.name, |bytes| {
            let starts: Vec<_> = memchr::memmem::find_iter(bytes, b"LJE1").step_by(2).collect();
            for start in &starts {
                bytes[start + 100] ^= 1;
            }
        });
    }
    let (entries, damaged) = found(&super::open(storage));
    assert_eq!(entries.len() + damaged.len(), 60);
    let kept = disk.storage().list_in("quarantine").unwrap();
    let bytes: u64 = kept.iter().map(|(_, bytes)| bytes).sum();
    assert!((30_000..=40_000).contains(&bytes) && kept.len() < damaged.len(), "{kept:?}");
    assert!(kept.last().unwrap().0.contains(&files.last().unwrap().name), "the newest are kept");
}

#[test]
fn a_header_is_read_from_what_the_disk_reads_of_it() {
    for (bad, is_readable) in [(0..10, true), (HEADER_BYTES / 2..HEADER_BYTES, true), (0..HEADER_BYTES, false)] {
        let disk = disk();
        let open = open(disk.storage());
        open.push("1");
        open.log.rotate();
        (2..=4).for_each(|n| assert_eq!(open.push(&format!("{n}")).0, n));
        let name = open.log.files()[1].name.clone();
        let storage = disk.kill();
        disk.bad_sectors(&name, bad.clone());
        let open = super::open(storage);
        assert_eq!(found(&open).0.len(), if is_readable { 4 } else { 1 }, "{bad:?}");
        assert_eq!(open.recovery.unreadable.len(), usize::from(!is_readable));
        assert!(open.push("after").0 > 4, "{bad:?}");
        open.log.close();
        disk.bad_sectors(&name, 0..0);
        assert_eq!(found(&super::open(disk.kill())).0.len(), 5, "{bad:?}: when the disk reads again, all is there");
    }
}
