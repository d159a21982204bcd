//! A journal in memory, seen by exporters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

mod support;

use logloom_journal::{Cursor, CursorOptions, Fate, Journal, Outcome, Tally};
use support::{LONG, NOW, batch, cursor, deliver, draft};

#[test]
fn each_exporter_reads_its_own_pipelines_in_order() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    let both = cursor(&journal, "both", &["a", "b"]);
    journal.append(draft(&[(&["a"], &["1"])]));
    journal.append(draft(&[(&["b"], &["2"])]));
    assert_eq!(journal.fate(journal.append(draft(&[(&["x"], &["0", "0"]), (&["a", "b"], &["3", "4"])]))), Fate::Durable);
    let first = a.next(100, 1 << 20, NOW).unwrap();
    assert_eq!((first.batch.len(), first.position), (3, 3));
    let keys: Vec<_> = (0..3).map(|i| first.batch.key(i).unwrap()).map(|key| (key.journal, key.position, key.ordinal)).collect();
    assert_eq!(keys, [(journal.id(), 1, 0), (journal.id(), 3, 2), (journal.id(), 3, 3)]);
    let step = both.next(2, 1 << 20, NOW).unwrap();
    assert_eq!((step.batch.len(), step.position), (2, 2), "whole entries until the bound");
    assert_eq!((journal.settled(), journal.safe()), (0, 0), "in memory nothing is safe that is not delivered");
    deliver(&a, &first);
    deliver(&both, &step);
    assert_eq!(journal.settled(), 2);
    assert_eq!(both.pending().records, 2);
    let step = both.next(100, 1 << 20, NOW).unwrap();
    assert_eq!(step.batch.len(), 2, "a shared part comes once");
    assert_eq!((both.pending().records, both.handed(3)), (2, 2), "what is handed out is still pending");
    both.done(3, Outcome { delivered: 1, dead_lettered: 1, dropped: 0 }, None).unwrap();
    assert_eq!((journal.settled(), journal.bytes()), (3, 0));
    assert!(both.next(1, 1, NOW).is_none());
    let accounts = journal.accounts();
    assert_eq!(accounts.balance(), Ok(()));
    let row = &accounts.exporters["both"];
    assert_eq!((row.journalled, row.delivered, row.dead_lettered, row.pending), (4, 3, 1, 0));
    assert_eq!((accounts.pipelines["a"].made, accounts.pipelines["a"].journalled), (3, 3));
}

#[test]
fn who_only_counts_is_told_in_time_though_there_is_always_more() {
    let journal = Journal::memory(64 << 20);
    let a = cursor(&journal, "a", &["a"]);
    let large = "x".repeat(1 << 20);
    for _ in 0..20 {
        journal.append(draft(&[(&["a"], &[&large])]));
    }
    let first = a.drain(NOW);
    assert!((1..20).contains(&first), "{first}: as much as fits in one step");
    let mut all = first;
    while all < 20 {
        all += a.drain(LONG);
    }
    assert_eq!((all, a.pending().records, journal.settled()), (20, 0, 20));
}

#[test]
fn what_does_not_add_up_is_named() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    journal.append(draft(&[(&["a"], &["1", "2"])]));
    let mut wrong = draft(&[(&["a"], &["1"])]);
    wrong.tally = Tally { receiver: "in".into(), frames: 3, parsed: 1, ..Tally::default() };
    journal.append(wrong);
    let step = a.next(100, 1 << 20, NOW).unwrap();
    a.done(step.position, Outcome { delivered: 2, ..Outcome::default() }, None).unwrap();
    let rows = journal.accounts().balance().unwrap_err();
    let begins: Vec<_> = rows.iter().map(|row| row.split(':').next().unwrap()).collect();
    assert_eq!(begins, ["receiver in", "pipeline a", "exporter a"], "{rows:?}");
    assert!(journal.accounts().to_json().contains("\"unbalanced\":[\"receiver in"));
}

#[test]
fn done_is_said_once_and_never_ahead() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    for _ in 0..3 {
        journal.append(draft(&[(&["a"], &["1"])]));
    }
    let all = Outcome { delivered: 1, ..Outcome::default() };
    a.done(3, all, None).unwrap();
    assert_eq!(a.pending().records, 3, "nothing was handed out");
    let (one, two) = (a.next(1, 1 << 20, NOW).unwrap(), a.next(1, 1 << 20, NOW).unwrap());
    deliver(&a, &one);
    deliver(&a, &one);
    assert_eq!((journal.settled(), a.pending().records), (1, 2));
    a.done(99, all, Some(b"mine")).unwrap();
    assert_eq!((journal.settled(), a.pending().records, two.position), (2, 1, 2));
    assert_eq!(a.state().as_deref(), Some(&b"mine"[..]));
    assert!(a.done(99, all, Some(&vec![0; 70_000])).is_err());
    assert_eq!(journal.accounts().balance(), Ok(()));
}

#[test]
fn bounds_are_kept_but_for_an_entry_that_exceeds_them_alone() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    for bodies in [&["1", "2"][..], &["3", "4"], &["5"], &["6", "7", "8", "9"], &["10"]] {
        journal.append(draft(&[(&["a"], bodies)]));
    }
    let lengths: Vec<_> = std::iter::from_fn(|| a.next(3, 1 << 20, NOW)).map(|step| step.batch.len()).collect();
    assert_eq!(lengths, [2, 3, 4, 1]);
}

#[test]
fn entries_of_others_do_not_hold_the_journal() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    let position = journal.append(draft(&[(&["b"], &["x"])]));
    assert!(a.next(1, 1, NOW).is_none());
    assert!(journal.wait_settled(position, NOW));
    assert_eq!(journal.bytes(), 0);
    let b = cursor(&journal, "b", &["b"]);
    journal.append(draft(&[(&["a"], &["y"])]));
    journal.append(draft(&[(&["b"], &["z"])]));
    assert!(b.next(1, 1, NOW).is_some());
    deliver(&a, &a.next(1, 1, NOW).unwrap());
    assert_eq!(journal.settled(), 2);
    drop(b);
    assert_eq!((journal.settled(), journal.bytes()), (3, 0), "nothing waits for who is gone");
}

#[test]
fn what_is_sent_to_one_exporter_comes_to_it_alone() {
    let journal = Journal::memory(1 << 20);
    let (a, b) = (cursor(&journal, "a", &["x"]), cursor(&journal, "b", &["x"]));
    journal.append_to("a", batch(&["again"])).unwrap();
    assert_eq!(a.next(9, 1 << 20, NOW).unwrap().batch.len(), 1);
    assert!(b.next(9, 1 << 20, NOW).is_none());
    assert_eq!(journal.accounts().balance(), Ok(()));
}

#[test]
fn a_name_is_used_once_at_a_time() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["x"]);
    let again = || journal.cursor(CursorOptions { name: "a".into(), ..CursorOptions::default() });
    assert!(again().unwrap_err().to_string().contains("in use"));
    drop(a);
    assert!(again().is_ok());
    assert!(journal.cursor(CursorOptions::default()).is_err(), "a name is needed");
}

#[test]
fn a_full_or_closed_journal_says_later() {
    let journal = Journal::memory(1);
    let a = cursor(&journal, "a", &["a"]);
    assert!(journal.admit().is_ok());
    journal.append(draft(&[(&["a"], &["1"])]));
    assert_eq!(&*journal.admit().unwrap_err().why, "full");
    deliver(&a, &a.next(1, 1, NOW).unwrap());
    assert!(journal.admit().is_ok());
    journal.append(draft(&[(&["a"], &["2"])]));
    journal.close();
    assert_eq!(&*journal.admit().unwrap_err().why, "closed");
    assert!(a.next(1, 1, LONG).is_some(), "what is there is still read");
    assert!(a.next(1, 1, LONG).is_none(), "a closed journal does not wait");
}

#[test]
fn an_append_wakes_those_that_wait_for_it() {
    let journal = Journal::memory(1 << 20);
    let cursors: Vec<_> = (0..20).map(|i| cursor(&journal, &format!("{i}"), &[["even", "odd"][i % 2], "all"])).collect();
    let next = |cursor: Cursor| std::thread::spawn(move || cursor.next(1, 1, LONG).map(|step| (step.batch.len(), step.position)));
    let readers: Vec<_> = cursors.into_iter().map(next).collect();
    journal.append(draft(&[(&["even"], &["1"])]));
    journal.append(draft(&[(&["all"], &["1", "2"])]));
    for (i, reader) in readers.into_iter().enumerate() {
        assert_eq!(reader.join().unwrap(), Some(if i % 2 == 0 { (1, 1) } else { (2, 2) }));
    }
}

#[test]
fn closing_wakes_all_that_wait() {
    let journal = Journal::memory(1 << 20);
    let cursors: Vec<_> = (0..5).map(|i| cursor(&journal, &format!("{i}"), &["a"])).collect();
    let readers: Vec<_> = cursors.into_iter().map(|cursor| std::thread::spawn(move || cursor.next(1, 1, LONG).is_none())).collect();
    journal.close();
    assert!(readers.into_iter().all(|reader| reader.join().unwrap()));
}

#[test]
fn what_an_exporter_had_in_hand_when_it_failed_comes_again() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    for body in ["1", "2", "3"] {
        journal.append(draft(&[(&["a"], &[body])]));
    }
    let first = a.next(1, 1 << 20, NOW).unwrap();
    let second = a.next(1, 1 << 20, NOW).unwrap();
    deliver(&a, &first);
    a.interrupt();
    assert!(a.next(9, 1 << 20, LONG).is_none(), "an interrupted one does not wait");
    a.rewind();
    let again = a.next(9, 1 << 20, NOW).unwrap();
    assert_eq!((again.batch.len(), again.position), (2, 3));
    assert_eq!(again.batch.key(0), second.batch.key(0));
    deliver(&a, &again);
    assert_eq!((journal.bytes(), journal.accounts().balance()), (0, Ok(())));
}

#[test]
fn who_waits_is_woken_when_interrupted_and_the_place_can_be_given_up() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| a.next(9, 1 << 20, LONG).is_none());
        a.interrupt();
        assert!(waits.join().unwrap());
    });
    a.leave();
    let other = cursor(&journal, "a", &["a"]);
    assert!(a.next(9, 1 << 20, NOW).is_none());
    journal.append(draft(&[(&["a"], &["1"])]));
    drop(a);
    assert_eq!(other.next(9, 1 << 20, NOW).unwrap().batch.len(), 1, "who gave it up does not take it from another");
}

#[test]
fn an_exporter_follows_other_pipelines_from_then_on() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    let b = cursor(&journal, "b", &["b"]);
    journal.append(draft(&[(&["a"], &["1"])]));
    journal.append(draft(&[(&["b"], &["not its own yet"])]));
    a.follow(&["b".into()]).unwrap();
    journal.append(draft(&[(&["a"], &["not its own any more"])]));
    journal.append(draft(&[(&["b"], &["2", "3"])]));
    let step = a.next(9, 1 << 20, NOW).unwrap();
    assert_eq!((step.batch.len(), step.position), (3, 4));
    deliver(&a, &step);
    let step = b.next(9, 1 << 20, NOW).unwrap();
    deliver(&b, &step);
    assert_eq!((journal.bytes(), journal.accounts().balance()), (0, Ok(())));
}

#[test]
fn who_only_counts_is_done_with_all_that_comes() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    for bodies in [&["1"][..], &["2", "3"], &["4"]] {
        journal.append(draft(&[(&["a"], bodies), (&["b"], &["not its own"])]));
    }
    assert_eq!(a.drain(LONG), 4);
    assert_eq!((a.pending().records, journal.settled(), journal.bytes()), (0, 3, 0));
    assert_eq!(a.drain(NOW), 0, "nothing came in time");
    let accounts = journal.accounts();
    assert_eq!((accounts.balance(), accounts.exporters["a"].delivered), (Ok(()), 4));
    std::thread::scope(|scope| {
        let drains = scope.spawn(|| (a.drain(LONG), a.drain(LONG)));
        journal.append(draft(&[(&["a"], &["5"])]));
        journal.close();
        assert!(matches!(drains.join().unwrap(), (1, 0)), "what is there when it closes is counted");
    });
}

#[test]
fn small_entries_are_not_handed_out_as_fast_as_they_come() {
    let journal = Journal::memory(1 << 20);
    let a = cursor(&journal, "a", &["a"]);
    let begun = std::time::Instant::now();
    for _ in 0..21 {
        journal.append(draft(&[(&["a"], &["1"])]));
        deliver(&a, &a.next(9, 1 << 20, LONG).unwrap());
    }
    assert!(begun.elapsed() >= 20 * std::time::Duration::from_millis(5), "{:?}", begun.elapsed());
    for _ in 0..10 {
        journal.append(draft(&[(&["a"], &["1"])]));
    }
    assert_eq!(a.next(9, 1 << 20, LONG).unwrap().batch.len(), 9, "as many as it takes at once do not wait");
    assert_eq!(a.next(9, 1 << 20, NOW).unwrap().batch.len(), 1, "nor does anything where nobody waits for more");
}
