//! A journal on disk over restarts, crashes and bounds, seen by exporters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

mod support;

use std::{sync::Arc, time::Duration};

use logloom_journal::{
    Draft, Journal, JournalOptions, Outcome, Start, Tally, at_rest, log::inspect, storage::RealStorage, storage::faulty::Disk,
};
use support::{LONG, NOW, append, batch, bodies, cursor, deliver, draft, drain, open, open_with, options, small};

fn disk() -> Disk {
    Disk::new(1, 64 << 20)
}

fn files(journal: &Journal) -> usize {
    journal.log().unwrap().files().len()
}

/// Waits until it is so; the keeper works in its own time.
fn wait_until(what: &str, mut met: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + LONG;
    while !met() {
        assert!(std::time::Instant::now() < until, "{what}: not within a minute");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

#[test]
fn an_exporter_goes_on_where_it_was() {
    let disk = disk();
    let journal = open(disk.storage());
    let id = journal.id();
    let a = cursor(&journal, "a", &["x"]);
    append(&journal, draft(&[(&["x"], &["1", "2"])]));
    append(&journal, draft(&[(&["y"], &["no"]), (&["x"], &["3"])]));
    let step = a.next(1, 1 << 20, NOW).unwrap();
    a.done(step.position, Outcome { delivered: 1, dead_lettered: 1, dropped: 0 }, Some(b"offset 7")).unwrap();
    let again = a.next(9, 1 << 20, NOW).unwrap();
    let key = again.batch.key(0).unwrap();
    drop(a);
    drop(journal);
    let journal = open(disk.kill());
    assert_eq!(journal.id(), id);
    let a = cursor(&journal, "a", &["x"]);
    assert_eq!(a.state().as_deref(), Some(&b"offset 7"[..]));
    assert_eq!(a.pending().records, 1);
    let step = a.next(9, 1 << 20, NOW).unwrap();
    assert_eq!((bodies(&step.batch), step.position), (vec!["3".to_owned()], again.position), "what was not done comes again");
    assert_eq!(step.batch.key(0), Some(key), "under the same key");
    deliver(&a, &step);
    let accounts = journal.accounts();
    assert_eq!(accounts.balance(), Ok(()));
    let row = &accounts.exporters["a"];
    assert_eq!((row.journalled, row.delivered, row.dead_lettered, row.pending, row.missing), (3, 2, 1, 0, 0));
    assert_eq!((accounts.pipelines["y"].made, accounts.pipelines["y"].journalled), (1, 1));
}

#[test]
fn after_a_crash_all_counts_are_there_and_what_was_not_saved_comes_again() {
    let disk = disk();
    let journal = open(disk.storage());
    let a = cursor(&journal, "a", &["x"]);
    journal.save().unwrap();
    let tally = |frames| Tally { receiver: "in".into(), frames, parsed: frames, made: vec![("x".into(), frames)], ..Tally::default() };
    for _ in 0..10 {
        append(&journal, Draft { tally: tally(1), ..draft(&[(&["x"], &["1"])]) });
    }
    assert_eq!(drain(&a).len(), 10);
    let storage = disk.kill();
    drop((a, journal));
    let journal = open(storage);
    let a = cursor(&journal, "a", &["x"]);
    let accounts = journal.accounts();
    assert_eq!((accounts.receivers["in"].frames, accounts.pipelines["x"].journalled, accounts.balance()), (10, 10, Ok(())));
    let row = &accounts.exporters["a"];
    assert_eq!((row.journalled, row.delivered + row.pending, row.missing), (10, 10, 0));
    drain(&a);
    let accounts = journal.accounts();
    assert_eq!((accounts.exporters["a"].delivered, accounts.balance()), (10, Ok(())), "a record that came twice is delivered once");
}

#[test]
fn a_cursor_that_lags_reads_from_disk_and_comes_back_to_the_tail() {
    let disk = disk();
    let (journal, _) = open_with(JournalOptions { tail_bytes_max: 4096, ..small() }, disk.storage());
    let (slow, fast) = (cursor(&journal, "slow", &["x"]), cursor(&journal, "fast", &["x"]));
    let mut expected = Vec::new();
    for i in 0..400 {
        let text = format!("{i}");
        append(&journal, draft(&[(&["y"], &["other"]), (&["x"], &[&text, "and"])]));
        append(&journal, draft(&[(&["y"], &["another"])]));
        expected.extend([text, "and".to_owned()]);
        assert_eq!(drain(&fast).len(), 2);
    }
    assert!(journal.bytes() <= 4096, "the tail is bounded");
    assert!(files(&journal) > 2);
    let mut read = Vec::new();
    while let Some(step) = slow.next(7, 1 << 20, NOW) {
        assert!(step.batch.len() <= 7);
        for (i, body) in bodies(&step.batch).into_iter().enumerate() {
            let key = step.batch.key(i).unwrap();
            assert_eq!(key.position % 2, 1);
            assert_eq!(key.ordinal, if body == "and" { 2 } else { 1 });
            read.push(body);
        }
        deliver(&slow, &step);
    }
    assert_eq!(read, expected);
    append(&journal, draft(&[(&["x"], &["last"])]));
    assert_eq!(drain(&slow), ["last"]);
    assert_eq!(journal.accounts().balance(), Ok(()));
    journal.save().unwrap();
    wait_until("files that all have read go", || files(&journal) <= 2);
}

#[test]
fn a_new_exporter_begins_at_the_tail_or_at_the_oldest() {
    let disk = disk();
    let journal = open(disk.storage());
    let keeps = cursor(&journal, "keeps", &["x"]);
    append(&journal, draft(&[(&["x"], &["1"]), (&["y"], &["2"])]));
    let tail = cursor(&journal, "tail", &["x"]);
    let oldest = journal.cursor(options("oldest", &["x"], Start::Oldest)).unwrap();
    append(&journal, draft(&[(&["x"], &["3"])]));
    assert_eq!((drain(&tail), drain(&oldest)), (vec!["3".to_owned()], vec!["1".to_owned(), "3".to_owned()]));
    let accounts = journal.accounts();
    assert_eq!(accounts.balance(), Ok(()));
    assert_eq!((accounts.exporters["tail"].journalled, accounts.exporters["oldest"].journalled), (1, 2));
    assert_eq!(keeps.pending().records, 2);
}

#[test]
fn a_removed_exporter_keeps_what_it_had_until_it_is_retired() {
    let disk = disk();
    let journal = open(disk.storage());
    let gone = cursor(&journal, "gone", &["x"]);
    append(&journal, draft(&[(&["x"], &["1"])]));
    drop(gone);
    drop(journal);
    let journal = open(disk.storage());
    let stays = cursor(&journal, "stays", &["x"]);
    journal.all_attached();
    for _ in 0..300 {
        append(
            &journal,
            draft(&[(
                &["x"],
                &["of a hundred bytes or so, so that files are filled and could go: one hundred bytes or so, so that files are filled"],
            )]),
        );
    }
    drain(&stays);
    journal.save().unwrap();
    let listed = journal.cursors();
    let info = listed.iter().find(|info| &*info.name == "gone").unwrap();
    assert_eq!((info.row.pending, info.row.in_use, info.pipelines.len()), (1, false, 0));
    assert!(files(&journal) > 2, "they hold what it has not read");
    assert!(journal.retire("stays").is_err(), "it is in use");
    let fact = journal.retire("gone").unwrap();
    assert!(fact.json.contains("\"pending\":1"));
    assert!(journal.retire("gone").is_err());
    wait_until("the files that it held go", || files(&journal) <= 2);
    assert_eq!(journal.accounts().balance(), Ok(()));
}

#[test]
fn an_exporter_whose_pipelines_change_reads_each_while_it_is_in_it() {
    let disk = disk();
    let journal = open(disk.storage());
    let a = cursor(&journal, "a", &["x"]);
    append(&journal, draft(&[(&["x"], &["1"]), (&["y"], &["2"])]));
    drop(a);
    let a = cursor(&journal, "a", &["y"]);
    append(&journal, draft(&[(&["x"], &["3"]), (&["y"], &["4"])]));
    let storage = disk.kill();
    drop((a, journal));
    let journal = open(storage);
    let a = cursor(&journal, "a", &["x", "y"]);
    append(&journal, draft(&[(&["x", "y"], &["5"])]));
    assert_eq!(drain(&a), ["1", "4", "5"]);
    let accounts = journal.accounts();
    assert_eq!((accounts.exporters["a"].journalled, accounts.balance()), (3, Ok(())));
}

#[test]
fn a_damaged_state_is_kept_told_and_everything_comes_again() {
    let disk = disk();
    let journal = open(disk.storage());
    let a = cursor(&journal, "a", &["x"]);
    append(&journal, draft(&[(&["x"], &["1"])]));
    drain(&a);
    let id = journal.id();
    drop(a);
    drop(journal);
    disk.damage("state", |bytes| bytes[60] ^= 1).unwrap();
    let (journal, opened) = open_with(small(), disk.kill());
    assert!(opened.state_lost.unwrap().contains("checksum") && opened.state_kept.is_some());
    assert_eq!(journal.id(), id);
    assert_eq!(drain(&cursor(&journal, "a", &["x"])), ["1"]);
    assert_eq!(journal.accounts().balance(), Ok(()));
}

#[test]
fn entries_that_are_damaged_on_disk_are_stepped_over_and_counted() {
    let disk = disk();
    let journal = open(disk.storage());
    let a = cursor(&journal, "a", &["x"]);
    for text in ["1", "2", "3"] {
        append(&journal, draft(&[(&["x"], &[text, text])]));
    }
    let name = journal.log().unwrap().files()[0].name.clone();
    drop((a, journal));
    disk.damage(&name, |bytes| {
        let second = bytes.windows(4).enumerate().filter(|(_, at)| at == b"LJE1").map(|(at, _)| at).nth(1).unwrap();
        let third = bytes.windows(4).enumerate().filter(|(_, at)| at == b"LJE1").map(|(at, _)| at).nth(2).unwrap();
        bytes[usize::midpoint(second, third) + 20] ^= 1;
    })
    .unwrap();
    let journal = open(disk.kill());
    let a = cursor(&journal, "a", &["x"]);
    assert_eq!(drain(&a), ["1", "1", "3", "3"]);
    let accounts = journal.accounts();
    assert_eq!((accounts.exporters["a"].missing, accounts.balance()), (2, Ok(())));
}

#[test]
fn a_full_journal_says_later_unless_only_lossy_pipelines_hold_it() {
    let disk = disk();
    let mut options = small();
    options.log.disk_bytes_max = 256 << 10;
    options.lossy = vec!["lossy".into()];
    let (journal, _) = open_with(options, disk.storage());
    let (lossy, keeps) = (cursor(&journal, "lossy", &["lossy"]), cursor(&journal, "keeps", &["keeps"]));
    append(&journal, draft(&[(&["keeps"], &["precious"])]));
    let text = "x".repeat(4000);
    let fill = || {
        let parts: [(&[&str], &[&str]); 1] = [(&["lossy"], &[&text])];
        let mut appended = 0;
        while journal.admit().is_ok() && appended < 200 {
            append(&journal, draft(&parts));
            appended += 1;
        }
        appended
    };
    assert!(fill() < 200);
    journal.save().unwrap();
    assert!(journal.admit().is_err(), "what one keeps holds the oldest file");
    assert_eq!(lossy.next(1, 1 << 20, NOW).unwrap().batch.len(), 1);
    assert_eq!(drain(&keeps), ["precious"]);
    wait_until("room is made by dropping the oldest", || journal.admit().is_ok());
    let facts = journal.facts();
    assert!(facts.iter().all(|fact| fact.name == "dropped" && fact.json.contains("\"exporter\":\"lossy\"")) && !facts.is_empty());
    let dropped = journal.accounts().exporters["lossy"].dropped;
    assert!(dropped > 0);
    assert_eq!(journal.accounts().balance(), Ok(()), "one record of it is in hand");
    lossy.done(u64::MAX, Outcome { delivered: 1, ..Outcome::default() }, None).unwrap();
    let accounts = journal.accounts();
    assert_eq!((accounts.exporters["lossy"].delivered, accounts.balance()), (1, Ok(())), "it was delivered after all");
    let storage = disk.kill();
    drop((lossy, keeps, journal));
    let mut told = 0;
    inspect::heads(&*storage, 0, &mut |head| told += usize::from(head.is_fact)).unwrap();
    assert!(told > 0, "drops are journalled");
    let journal = open(storage);
    assert_eq!(journal.accounts().balance(), Ok(()));
}

#[test]
fn what_is_too_old_is_passed_over() {
    let disk = disk();
    let (journal, _) = open_with(JournalOptions { age_max: Some(Duration::from_millis(400)), ..small() }, disk.storage());
    let a = cursor(&journal, "a", &["x"]);
    let gone = cursor(&journal, "gone", &["z"]);
    drop(gone);
    append(&journal, draft(&[(&["x"], &["1", "2"])]));
    wait_until("it is too old", || journal.accounts().exporters["a"].dropped == 2);
    assert!(a.next(1, 1, NOW).is_none());
    wait_until("who is unused that long is forgotten", || journal.cursors().len() == 1);
    append(&journal, draft(&[(&["x"], &["3"])]));
    assert_eq!(drain(&a), ["3"]);
    assert_eq!(journal.accounts().balance(), Ok(()));
    assert!(journal.facts().iter().any(|fact| fact.json.contains("\"why\":\"age\"")));
}

#[test]
fn a_folder_can_be_looked_at_while_it_is_in_use() {
    let disk = disk();
    let journal = open(disk.storage());
    let a = cursor(&journal, "a", &["x"]);
    journal.save().unwrap();
    append(&journal, draft(&[(&["x"], &["1", "2"])]));
    let seen = at_rest(&*disk.storage()).unwrap().unwrap();
    assert_eq!((seen.journal_id, seen.accounts.exporters["a"].pending), (journal.id(), 2));
    assert_eq!(seen.accounts.balance(), Ok(()));
    assert_eq!(drain(&a).len(), 2);
    journal.append_to("a", batch(&["again"])).unwrap();
    assert_eq!(a.next(9, 1 << 20, LONG).unwrap().batch.len(), 1);
}

#[test]
fn each_minute_s_accounts_can_be_read_again() {
    let folder = std::env::temp_dir().join(format!("logloom-accounts-{}", std::process::id()));
    let disk = disk();
    let (journal, _) = open_with(JournalOptions { accounts_folder: Some(folder.clone()), ..small() }, disk.storage());
    append(&journal, draft(&[(&["x"], &["1", "2"])]));
    drop(journal);
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let line = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let line: serde_json::Value = serde_json::from_str(line.trim_end()).unwrap();
    assert_eq!((line["pipelines"]["x"]["journalled"].as_u64(), line["unbalanced"].as_array().map(Vec::len)), (Some(2), Some(0)));
    assert!(file.extension().is_some_and(|extension| extension == "jsonl"));
}

#[test]
fn a_cursor_at_the_tail_waits_for_what_becomes_durable() {
    let disk = disk();
    let journal = open(disk.storage());
    let cursors: Vec<_> = (0..8).map(|i| cursor(&journal, &format!("{i}"), &["x"])).collect();
    let next = |a: logloom_journal::Cursor| std::thread::spawn(move || a.next(9, 1 << 20, LONG).map(|step| bodies(&step.batch)));
    let readers: Vec<_> = cursors.into_iter().map(next).collect();
    journal.append(draft(&[(&["x"], &["1"])]));
    for reader in readers {
        assert_eq!(reader.join().unwrap(), Some(vec!["1".to_owned()]));
    }
    let _: &Arc<Journal> = &journal;
}

#[test]
fn a_rewound_exporter_reads_from_disk_what_memory_has_no_more() {
    let disk = disk();
    let journal = open(disk.storage());
    let a = cursor(&journal, "a", &["x"]);
    for body in ["1", "2", "3"] {
        append(&journal, draft(&[(&["x"], &[body])]));
    }
    let first = a.next(1, 1 << 20, NOW).unwrap();
    deliver(&a, &first);
    a.next(1, 1 << 20, NOW).unwrap();
    a.next(1, 1 << 20, NOW).unwrap();
    append(&journal, draft(&[(&["x"], &["4"])]));
    a.interrupt();
    a.rewind();
    assert_eq!(drain(&a), ["2", "3", "4"]);
    assert_eq!(journal.accounts().balance(), Ok(()));
    a.follow(&["y".into()]).unwrap();
    append(&journal, draft(&[(&["x"], &["no"]), (&["y"], &["5"])]));
    a.leave();
    let again = cursor(&journal, "a", &["y"]);
    assert_eq!(drain(&again), ["5"]);
    assert_eq!(journal.accounts().balance(), Ok(()));
}

#[test]
fn an_ended_journal_can_be_opened_again_whoever_still_has_a_cursor() {
    let folder = std::env::temp_dir().join(format!("logloom-ended-{}", std::process::id()));
    let real = |folder| Arc::new(RealStorage::open(folder).unwrap());
    let journal = open(real(&folder));
    let a = cursor(&journal, "a", &["x"]);
    append(&journal, draft(&[(&["x"], &["1"])]));
    assert!(RealStorage::open(&folder).is_err(), "one at a time");
    journal.end();
    let again = open(real(&folder));
    assert_eq!(drain(&cursor(&again, "a", &["x"])), ["1"]);
    drop((a, journal));
    assert!(RealStorage::open(&folder).is_err(), "the one that ended gives up nothing of the other's");
    again.end();
    std::fs::remove_dir_all(folder).unwrap();
}
