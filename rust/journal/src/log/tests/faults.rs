//! One failure after the other: what is told, what is kept, and that it works again by itself.

use super::*;
use crate::storage::faulty::{EIO, EMFILE, ENOSPC, Fault, Op};

fn disk() -> Disk {
    Disk::new(7, 64 * MIB)
}

impl Open {
    /// Waits for a state of the log: until another append is durable, again and again.
    pub(super) fn until(&self, what: &str, met: impl Fn(&Self) -> bool) {
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
    assert_eq!(super::open(storage).read(0).iter().map(|(position, _)| *position).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
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

/// After a sync that failed, what could not be cut off the given-up file is not read: its positions stand in the next file.
#[test]
fn what_was_written_again_is_read_from_there() {
    let disk = disk();
    let open = open(disk.storage());
    let first: Vec<_> = (0..3).map(|n| open.push(&format!("first {n}")).0).collect();
    let name = open.log.files()[0].name.clone();
    let storage = disk.kill();
    let mut whole = Vec::new();
    disk.damage(&name, |bytes| {
        whole.clone_from(bytes);
        let second = memchr::memmem::find_iter(bytes, b"LJE1").nth(1).unwrap() - 8;
        bytes[second..].fill(0);
    });
    let open = super::open(storage);
    let again: Vec<_> = (1..3).map(|n| open.push(&format!("again {n}")).0).collect();
    assert_eq!(again, first[1..]);
    let storage = disk.kill();
    disk.damage(&name, |bytes| *bytes = whole);
    let open = super::open(storage);
    let expected = [(1, "first 0".to_owned()), (2, "again 1".to_owned()), (3, "again 2".to_owned())];
    assert_eq!((open.read(0), open.recovery.damaged.len(), open.recovery.torn.len()), (expected.to_vec(), 0, 0));
}

/// After a sync that failed, the system may show a next process whole what it never wrote.
#[test]
fn what_is_shown_after_a_kill_stays_when_the_power_goes() {
    for seed in 0..10 {
        let disk = Disk::new(seed, 64 * MIB);
        let open = open(disk.storage());
        open.push("first");
        open.until("the next file is ready", |open| open.log.shared.lock().prepared.is_some());
        disk.hold(Op::Sync);
        open.append(&"second".repeat(2_000));
        assert!(disk.wait_held(1, LONG));
        disk.hold(Op::Truncate);
        disk.fail(Op::Sync, Fault::Error(EIO), 0, 1);
        let syncs = open.log.health().syncs.count();
        disk.release(Op::Sync);
        open.until("the sync failed", |open| open.log.health().syncs.count() > syncs);
        assert!(disk.wait_held(1, LONG), "it is about to cut the file");
        let open = super::open(disk.kill());
        let shown = open.read(0);
        assert_eq!(shown.len(), 2);
        assert!(super::open(disk.power_cut()).read(0) == shown, "seed {seed}");
    }
}

#[test]
fn what_was_withdrawn_does_not_come_back_with_the_next_process() {
    for crash in [Disk::kill, Disk::power_cut] {
        let disk = disk();
        let open = open(disk.storage());
        open.push("before");
        open.until("the next file is ready", |open| open.log.shared.lock().prepared.is_some());
        disk.fail(Op::Sync, Fault::Error(EIO), 0, 1);
        disk.fail_at_random(Op::Rename, Fault::Error(EIO), 1_000);
        assert_eq!(open.push(&"sent again".repeat(1_000)).1, Fate::Withdrawn);
        assert_eq!(super::open(crash(&disk)).read(0), [(1, "before".to_owned())]);
    }
}
