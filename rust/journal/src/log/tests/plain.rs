//! Without faults.

use super::*;
use crate::storage::faulty::Op;

fn disk() -> Disk {
    Disk::new(1, 256 * MIB)
}

#[test]
fn what_is_durable_is_read_back_over_files_and_restarts() {
    let disk = disk();
    let mut expected = Vec::new();
    for round in 0..3 {
        let open = open(disk.storage());
        assert_eq!(open.recovery.entries, expected.len() as u64);
        assert!(open.recovery.torn.is_empty() && open.recovery.damaged.is_empty(), "{:?}", open.recovery);
        for n in 0..40 {
            let body = format!("{round}/{n} {}", "x".repeat(n * 400));
            let (position, fate) = open.push(&body);
            assert_eq!(fate, Fate::Durable);
            expected.push((position, body));
        }
        assert_eq!(open.read(0), expected);
        assert!(open.log.files().len() > 4, "{:?}", open.log.files());
        open.log.close();
        assert_eq!(open.read(0), expected, "a reader goes on when the log is closed");
        let scanned = super::open(disk.kill()).recovery.scanned;
        assert_eq!(scanned, 0, "a closed journal needs no look at its entries");
    }
    let open = open(disk.storage());
    for (at, (position, _)) in expected.iter().enumerate() {
        assert_eq!(open.read(*position), expected[at + 1..]);
    }
    assert!(open.told.lock().unwrap().is_empty(), "what was there before is not told again");
}

#[test]
fn what_was_synced_is_there_after_a_kill_and_after_a_power_cut() {
    let disk = disk();
    let open = open(disk.storage());
    let pushed: Vec<_> = (0..20).map(|n| (open.push(&n.to_string()).0, n.to_string())).collect();
    let open = super::open(disk.kill());
    assert_eq!((open.read(0), open.recovery.scanned), (pushed.clone(), 1));
    let open = super::open(disk.power_cut());
    assert_eq!((open.read(0), open.recovery.scanned), (pushed, 0), "the recovery finished the file");
}

#[test]
fn entries_become_durable_together_and_in_order() {
    let disk = disk();
    let open = open(disk.storage());
    open.push("first");
    disk.hold(crate::storage::faulty::Op::Sync);
    let first = open.append("a");
    assert!(disk.wait_held(1, LONG));
    let last = (0..100).map(|_| open.append("b")).max().unwrap();
    assert_eq!(open.log.fate(first), Fate::Waiting);
    assert_eq!(open.read(1), [], "what is not durable is not seen");
    assert_eq!(open.log.wait(last, Duration::ZERO), Fate::Waiting);
    let syncs = open.log.health().syncs.count();
    disk.release(crate::storage::faulty::Op::Sync);
    assert_eq!(open.log.wait(last, LONG), Fate::Durable);
    assert!(open.log.health().syncs.count() <= syncs + 3, "one sync serves all that wait");
    assert_eq!((open.log.durable(), open.log.poll()), (last, (last, vec![])));
    open.log.close();
    assert_eq!(*open.told.lock().unwrap(), (1..=last).collect::<Vec<_>>());
}

#[test]
fn what_comes_while_the_disk_syncs_goes_in_one_write_unless_it_is_much() {
    let disk = disk();
    let open = open(disk.storage());
    open.push("first");
    disk.hold(crate::storage::faulty::Op::Sync);
    open.append("a");
    assert!(disk.wait_held(1, LONG));
    let written = open.log.health().disk_bytes;
    for _ in 0..100 {
        open.append("b");
    }
    assert_eq!(open.log.health().disk_bytes, written, "left to wait");
    let much = open.append(&"c".repeat(300 << 10));
    while open.log.health().disk_bytes < written + (300 << 10) {
        std::thread::yield_now();
    }
    assert_eq!(open.log.fate(much), Fate::Waiting);
    disk.release(crate::storage::faulty::Op::Sync);
    assert_eq!(open.log.wait(much, LONG), Fate::Durable);
    let (last, fate) = open.push("behind all that");
    assert_eq!((last, fate), (much + 1, Fate::Durable));
}

#[test]
fn only_who_watches_is_told() {
    let is_told = |open: &Open| {
        let mut fds = [rustix::event::PollFd::from_borrowed_fd(open.log.notify(), rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut fds, Some(&rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() > 0
    };
    let nobody = open(disk().storage());
    nobody.push("a");
    nobody.log.close();
    assert!(!is_told(&nobody), "a commit that nobody watches wakes nobody");

    let disk = disk();
    let open = open(disk.storage());
    disk.hold(crate::storage::faulty::Op::Sync);
    let first = open.append("a");
    assert_eq!(open.log.watch(first), Fate::Waiting);
    disk.release(crate::storage::faulty::Op::Sync);
    assert_eq!(open.log.wait(first, LONG), Fate::Durable);
    open.log.close();
    assert!(is_told(&open));
    assert_eq!(open.log.poll(), (first, vec![]));
    assert_eq!((open.log.watch(first), is_told(&open)), (Fate::Durable, false));
}

#[test]
fn a_reader_skips_without_a_key_and_follows_the_tail() {
    let open = open(disk().storage());
    let mut reader = open.log.reader(0);
    assert!(reader.next_where(|_| true).unwrap().is_none());
    for n in 1..=100u64 {
        let (position, _) = open.push(&"y".repeat(3_000));
        let read = reader.next_where(|head| head.position % 2 == 0).unwrap();
        match read {
            Some(Read::Entry(entry)) => assert!(n % 2 == 0 && entry.position == position && entry.previous == position - 1),
            None => assert_eq!((n % 2, reader.after()), (1, position)),
            Some(Read::Damaged { why, .. }) => panic!("{why}"),
        }
    }
}

#[test]
fn totals_are_those_of_the_heads_from_any_position() {
    let open = open(disk().storage());
    let mut heads = Vec::new();
    for n in 0..60usize {
        let mut draft = draft(&"z".repeat(n * 100), true);
        draft.parts[0].pipelines = if n % 3 == 0 { vec!["a".into()] } else { vec!["a".into(), "b".into()] };
        let bytes = draft.parts[0].batch.otlp_len() as u64;
        let position = open.log.append(draft);
        assert_eq!(open.log.wait(position, LONG), Fate::Durable);
        heads.push((position, n % 3 == 0, bytes));
    }
    for after in [0, 1, 17, 40, 59, 60, 99] {
        let mut totals: Vec<_> = open.log.totals(after).unwrap().into_iter().collect();
        totals.sort_by_key(|(pipelines, ..)| pipelines.len());
        let sum = |alone: bool| {
            let all = heads.iter().filter(|(position, is_alone, _)| *position > after && *is_alone == alone);
            all.fold((0, 0), |(records, bytes), (_, _, more)| (records + 1, bytes + more))
        };
        let expected: Vec<_> =
            [(true, 1), (false, 2)].map(|(alone, len)| (len, sum(alone))).into_iter().filter(|(_, (n, _))| *n > 0).collect();
        let found: Vec<_> = totals.iter().map(|(pipelines, total)| (pipelines.len(), (total.records, total.bytes))).collect();
        assert_eq!(found, expected, "after {after}");
    }
}

#[test]
fn files_that_were_read_by_all_go_and_positions_are_never_given_twice() {
    let disk = disk();
    let open = open(disk.storage());
    (0..50).for_each(|_| assert_eq!(open.push(&"w".repeat(5_000)).1, Fate::Durable));
    open.log.rotate();
    open.push("last");
    open.log.remove_to(51);
    open.log.close();
    let files = open.log.files();
    assert_eq!((files.len(), files[0].first, files[0].last), (1, 51, 51));
    assert_eq!(disk.storage().list().unwrap().len(), 1);
    assert_eq!(open.read(0).len(), 1);
    let open = super::open(disk.kill());
    assert_eq!(open.push("next").0, 52);
    let lost = super::open_with(disk.kill(), LogOptions { position_min: 1_000, ..options() });
    assert_eq!(lost.push("far").0, 1_000);
}

#[test]
fn what_was_read_long_ago_does_not_stay_in_the_newest_file() {
    let disk = disk();
    let open = open(disk.storage());
    let (position, _) = open.push("a secret");
    open.log.remove_to(position);
    assert_eq!(open.log.files().len(), 1, "not yet");
    open.log.shared.lock().files[0].progress().footer.first_unix_nano = 1; // long ago
    let deadline = Instant::now() + LONG;
    while open.log.files()[0].first == 1 {
        assert!(Instant::now() < deadline, "{:?}", open.log.files());
        open.log.wait(u64::MAX, Duration::from_millis(5));
    }
    open.log.close();
    assert_eq!(disk.storage().list().unwrap().len(), 1);
    assert_eq!(super::open(disk.power_cut()).push("next").0, position + 1, "the new file knows the positions");
}

#[test]
fn a_large_file_goes_step_by_step_and_is_never_found_half() {
    let disk = disk();
    let open = open(disk.storage());
    let last = (0..200).map(|n| open.push(&format!("{n} {}", "v".repeat(1_000))).0).max().unwrap();
    open.until("files are finished", |open| open.log.shared.lock().closing.is_empty());
    let whole = disk.used_bytes();
    disk.hold(Op::Truncate);
    open.log.remove_to(last);
    assert!(disk.wait_held(1, LONG), "it is cut before it is removed");
    let names: Vec<String> = disk.storage().list().unwrap().into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().any(|name| name.ends_with(".journal.removed")), "{names:?}");
    disk.release(Op::Truncate);
    open.until("some of it is gone", |_| disk.used_bytes() < whole);
    let again = super::open(disk.power_cut());
    assert!(again.recovery.torn.is_empty() && again.recovery.damaged.is_empty(), "{:?}", again.recovery);
    let names: Vec<String> = disk.storage().list().unwrap().into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.ends_with(".removed")), "{names:?}");
    assert_eq!(again.push("next").0, last + 1);
}

#[test]
fn a_closed_log_takes_nothing() {
    let open = open(disk().storage());
    open.push("a");
    open.log.close();
    assert_eq!(&*open.log.admit().unwrap_err().why, "closed");
    assert_eq!(open.push("b"), (2, Fate::Withdrawn));
    assert_eq!(open.log.poll().1, [2]);
}

#[test]
fn closing_writes_what_waits() {
    let disk = disk();
    let open = open(disk.storage());
    let last = (0..500).map(|n| open.append(&format!("{n} {}", "v".repeat(1_000)))).max().unwrap();
    open.log.close();
    assert_eq!(open.log.fate(last), Fate::Durable);
    assert_eq!(super::open(disk.power_cut()).read(0).len(), 500);
}

#[test]
fn entries_larger_than_a_file_get_one_of_their_own() {
    let disk = disk();
    let open = open(disk.storage());
    let bodies = ["s".to_owned(), "l".repeat(300_000), "s".to_owned(), "l".repeat(9 << 20)];
    for body in &bodies {
        assert_eq!(open.push(body).1, Fate::Durable);
    }
    let read: Vec<_> = super::open(disk.power_cut()).read(0).into_iter().map(|(_, body)| body).collect();
    assert!(read == bodies);
}
