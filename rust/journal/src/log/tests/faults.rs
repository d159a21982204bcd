//! One failure after the other: what is told, what is kept, and that it works again by itself.

use super::*;
use crate::storage::faulty::{EIO, EMFILE, ENOSPC, Fault, Op};

fn disk() -> Disk {
    Disk::new(7, 64 * MIB)
}

impl Open {
    /// Waits for a state of the log: until another append is durable, again and again.
    fn until(&self, what: &str, met: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + LONG;
        while !met(self) {
            assert!(Instant::now() < deadline, "{what}: {:?}", self.log.health());
            self.log.wait(u64::MAX, Duration::from_millis(5));
        }
    }

    fn why(&self) -> String {
        self.log.admit().map_or_else(|no_room| no_room.why.to_string(), |()| String::new())
    }
}

/// Every way to fail that goes by itself: nobody is told, nothing is lost, each entry is there once.
#[test]
fn one_failure_is_not_the_senders_business() {
    let faults = [
        (Op::Write, Fault::Error(EIO)),
        (Op::Write, Fault::Error(ENOSPC)),
        (Op::Write, Fault::Short(ENOSPC)),
        (Op::Write, Fault::Short(EIO)),
        (Op::Sync, Fault::Error(EIO)),
        (Op::Sync, Fault::Error(ENOSPC)),
        (Op::SyncFolder, Fault::Error(EIO)),
        (Op::Rename, Fault::Error(EIO)),
        (Op::Create, Fault::Error(EMFILE)),
        (Op::Sync, Fault::Slow(Duration::from_millis(30))),
    ];
    for (op, fault) in faults {
        for pass in 0..4 {
            let disk = disk();
            let open = open(disk.storage());
            let mut expected = vec![open.push("before")];
            disk.fail(op, fault, pass, 1);
            let body = "x".repeat(20_000); // some files are begun meanwhile
            let appended: Vec<_> = (0..12).map(|_| open.append(&body)).collect();
            expected.extend(appended.iter().map(|position| (*position, open.log.wait(*position, LONG))));
            assert!(expected.iter().all(|(_, fate)| *fate == Fate::Durable), "{op:?} {fault:?}: {expected:?}");
            open.push("after");
            let positions = |read: Vec<(u64, String)>| read.into_iter().map(|(position, _)| position).collect::<Vec<_>>();
            assert_eq!(positions(open.read(0)), (1..=14).collect::<Vec<_>>(), "{op:?} {fault:?}");
            let open = super::open(disk.power_cut());
            assert_eq!(positions(open.read(0)), (1..=14).collect::<Vec<_>>(), "{op:?} {fault:?}, after a power cut");
        }
    }
}

#[test]
fn while_it_fails_senders_come_again_and_sources_are_kept() {
    for (op, errno, words) in [
        (Op::Write, EIO, "Input/output error"),
        (Op::Sync, EIO, "Input/output error"),
        (Op::Write, ENOSPC, "No space left"),
        (Op::Rename, EIO, "Input/output error"),
        (Op::SyncFolder, EIO, "Input/output error"),
    ] {
        let disk = disk();
        let open = open(disk.storage());
        open.push("before");
        disk.fail_at_random(op, Fault::Error(errno), 1_000);
        open.log.rotate();
        let (sender, source) = (open.log.append(draft("sender", true)), open.log.append(draft("source", false)));
        assert_eq!(open.log.wait(sender, LONG), Fate::Withdrawn, "{op:?}");
        assert_eq!(open.log.fate(source), Fate::Waiting, "{op:?}");
        assert_eq!(open.log.poll(), (2, vec![2]), "{op:?}: the sender is told");
        let no_room = open.log.admit().unwrap_err();
        assert!(no_room.why.contains(words) && no_room.retry_after > Duration::ZERO, "{op:?}: {no_room:?}");
        let failing = open.log.health().failing.unwrap();
        assert!(failing.since_unix_nano > 0 && *failing.why == *no_room.why);
        disk.heal();
        assert_eq!(open.log.wait(source, LONG), Fate::Durable, "{op:?}: it works again by itself");
        open.until("it admits again", |open| open.log.admit().is_ok());
        assert_eq!(open.log.health().failing, None);
        open.push("after");
        let expected = [(1, "before".to_owned()), (3, "source".to_owned()), (4, "after".to_owned())];
        assert_eq!(open.read(0), expected, "{op:?}");
        assert_eq!(super::open(disk.power_cut()).read(0), expected, "{op:?}: what was withdrawn does not come back");
    }
}

#[test]
fn a_full_disk_refuses_and_recovers_when_there_is_room() {
    let disk = Disk::new(1, 400 << 10);
    let open = open(disk.storage());
    let body = "f".repeat(10_000);
    let mut durable = Vec::new();
    while open.log.admit().is_ok() {
        let (position, fate) = open.push(&body);
        if fate == Fate::Durable {
            durable.push(position);
        }
    }
    assert!(open.why().contains("No space left") || open.why().contains("free"), "{}", open.why());
    assert!(durable.len() > 15, "most of the disk was used: {}", durable.len());
    disk.set_capacity(4 * MIB);
    open.until("it admits again", |open| open.log.admit().is_ok());
    durable.push(open.push("room").0);
    assert_eq!(open.read(0).into_iter().map(|(position, _)| position).collect::<Vec<_>>(), durable);
    assert_eq!(super::open(disk.power_cut()).read(0).len(), durable.len());
}

#[test]
fn the_floor_of_free_space_is_kept() {
    let disk = Disk::new(1, 2 * MIB);
    let open = open_with(disk.storage(), LogOptions { free_bytes_min: MIB, ..options() });
    let body = "f".repeat(10_000);
    while open.log.admit().is_ok() {
        open.push(&body);
    }
    assert!(open.why().contains("floor"), "{}", open.why());
    assert!(disk.used_bytes() <= MIB, "{}", disk.used_bytes());
    disk.set_capacity(4 * MIB);
    open.until("it admits again", |open| open.log.admit().is_ok());
}

#[test]
fn the_bound_on_all_files_is_kept_and_files_that_go_make_room() {
    let disk = disk();
    let open = open_with(disk.storage(), LogOptions { disk_bytes_max: MIB, ..options() });
    let body = "b".repeat(5_000);
    for _ in 0..3 {
        let mut last = 0;
        while open.log.admit().is_ok() {
            last = open.push(&body).0;
            assert!(disk.used_bytes() <= MIB, "{} bytes", disk.used_bytes());
        }
        assert!(open.log.is_full() && open.why().starts_with("full: "), "{}", open.why());
        assert!(disk.used_bytes() > MIB * 3 / 4, "the bound is used: {}", disk.used_bytes());
        open.log.remove_to(last);
        open.until("files that were read make room", |open| open.log.admit().is_ok());
    }
    // One entry alone that reaches the bound is not stuck for ever.
    let (position, fate) = open.push(&"b".repeat(2 << 20));
    assert_eq!(fate, Fate::Durable);
    assert!(open.log.is_full());
    open.until("its file goes too", |open| {
        open.log.remove_to(position);
        open.log.admit().is_ok()
    });
    assert_eq!(open.push("next").0, position + 1);
}

#[test]
fn a_slow_disk_fills_the_queue_and_not_the_memory() {
    let disk = disk();
    let open = open_with(disk.storage(), LogOptions { queue_bytes_max: 100_000, ..options() });
    open.push("before");
    disk.hold(Op::Sync);
    let body = "q".repeat(1_000);
    let mut last = 0;
    while open.log.admit().is_ok() {
        last = open.append(&body);
    }
    assert!(open.why().contains("waits to be written") && last < 120, "{} {last}", open.why());
    assert!(open.log.health().queued_bytes <= 102_000);
    disk.release(Op::Sync);
    assert_eq!(open.log.wait(last, LONG), Fate::Durable);
    assert!(open.log.admit().is_ok());
}

#[test]
fn without_the_key_provider_what_is_prepared_is_used_up_first() {
    let disk = disk();
    let open = open(disk.storage());
    open.push("before");
    open.until("a file and a key are ready", |open| {
        let state = open.log.shared.lock();
        state.prepared.is_some() && state.key_ahead.is_some()
    });
    open.keys.set_available(false);
    let body = "k".repeat(5_000);
    let mut durable = 0;
    while open.log.admit().is_ok() {
        if open.push(&body).1 == Fate::Durable {
            durable += 1;
        }
    }
    assert!(durable >= 30, "the current file, the prepared one and one more: {durable} entries");
    assert!(open.why().contains("key provider 'switch'"), "{}", open.why());
    assert!(open.log.health().key_failing.is_some());
    assert_eq!(open.read(0).len(), durable + 1, "this process's files can still be read");

    // The provider being down does not keep the journal from opening; reading waits, and so do senders, who are told.
    let open = try_open_without_keys(&disk);
    open.until("senders are told", |open| open.why().contains("key provider 'switch'"));
    assert!(matches!(open.log.reader(0).next_where(|_| true), Err(ReadError::Key { .. })));
    assert!(matches!(open.log.reader(0).next_where(|_| false), Ok(None)), "heads need no key");
    open.keys.set_available(true);
    assert_eq!(open.read(0).len(), durable + 1);
    open.until("it admits again", |open| open.log.admit().is_ok());
    assert_eq!(open.push("after").1, Fate::Durable);
}

fn try_open_without_keys(disk: &Disk) -> Open {
    let (keys, told) = (Arc::new(Switch::new()), Arc::default());
    keys.set_available(false);
    let (log, recovery) = Log::open(disk.kill(), Arc::clone(&keys) as Arc<dyn KeyProvider>, None, options(), Box::new(|_| {})).unwrap();
    Open { log, recovery, keys, told }
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
        let copies = disk.names_in("quarantine/");
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
    assert_eq!(disk.names_in("quarantine/").len(), 1);
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
fn opening_a_disk_that_fails_says_so_and_loses_nothing() {
    let disk = disk();
    let open = open(disk.storage());
    (0..20).for_each(|n| assert_eq!(open.push(&"o".repeat(9_000)).0, n + 1));
    let storage = disk.kill();
    for op in [Op::Open, Op::Read, Op::Write, Op::Truncate, Op::Sync, Op::SyncFolder] {
        for pass in 0..6 {
            disk.fail(op, Fault::Error(EIO), pass, 1);
            drop(try_open(Arc::clone(&storage), options())); // it opens or says why not
            disk.heal();
        }
    }
    assert_eq!(found(&super::open(storage)).0, (1..=20).collect::<Vec<_>>());
}

#[test]
fn the_threads_end_with_the_log() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let on_durable = move |_| sender.send(()).unwrap();
    let (log, _) = Log::open(disk().storage(), Arc::new(Switch::new()), None, options(), Box::new(on_durable)).unwrap();
    log.append(draft("a", true));
    drop(log);
    assert_eq!(receiver.recv_timeout(LONG), Ok(()), "what waited was written");
    assert_eq!(receiver.recv_timeout(LONG), Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
}
