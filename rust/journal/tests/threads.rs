//! Many threads append and many cursors follow: nobody sleeps through what is its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

mod support;

use std::{collections::BTreeMap, sync::Arc, thread};

use logloom_journal::{Journal, storage::faulty::Disk};
use support::{LONG, bodies, cursor, deliver, draft, open};

const SENDERS: usize = 4;
const PUSHES: usize = 200;
const PIPELINES: [&str; 3] = ["x", "y", "z"];

/// Each cursor reads until it has all of its own, waiting each time; `slow`: it takes a nap now and then, and lags.
fn follow(journal: &Arc<Journal>, name: &str, pipelines: &'static [&'static str], slow: bool) -> thread::JoinHandle<()> {
    let cursor = cursor(journal, name, pipelines);
    thread::spawn(move || {
        let own = |sender: usize| (0..PUSHES).filter(|push| pipelines.contains(&PIPELINES[(sender + push) % 3])).collect::<Vec<_>>();
        let mut left: usize = (0..SENDERS).map(|sender| own(sender).len()).sum();
        let mut got: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        while left > 0 {
            let step = cursor.next(if slow { 3 } else { 1000 }, 1 << 20, LONG).expect("it was not woken for its own");
            for body in bodies(&step.batch) {
                let (sender, push) = body.split_once('.').unwrap();
                got.entry(sender.parse().unwrap()).or_default().push(push.parse().unwrap());
                left -= 1;
            }
            deliver(&cursor, &step);
            if slow && left.is_multiple_of(7) {
                thread::yield_now();
            }
        }
        for sender in 0..SENDERS {
            assert_eq!(got.get(&sender).cloned().unwrap_or_default(), own(sender), "each sender's in order");
        }
    })
}

fn run(journal: &Arc<Journal>) {
    const OF: [&[&str]; 5] = [&["x"], &["y"], &["z"], &["x", "z"], &["x", "y", "z"]];
    let followers: Vec<_> = (0..20).map(|at| follow(journal, &format!("exporter {at}"), OF[at % OF.len()], at >= 15)).collect();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let journal = Arc::clone(journal);
            thread::spawn(move || {
                for push in 0..PUSHES {
                    let text = format!("{sender}.{push}");
                    journal.append(draft(&[(&[PIPELINES[(sender + push) % 3]], &[&text])]));
                }
            })
        })
        .collect();
    for thread in senders.into_iter().chain(followers) {
        thread.join().unwrap();
    }
    assert_eq!(journal.accounts().balance(), Ok(()));
}

#[test]
fn nobody_sleeps_through_its_own_in_memory() {
    let journal = Journal::memory(64 << 20);
    run(&journal);
    assert!(journal.wait_settled((SENDERS * PUSHES) as u64, LONG));
    assert_eq!(journal.bytes(), 0);
}

#[test]
fn nobody_sleeps_through_its_own_on_disk() {
    let disk = Disk::new(1, 64 << 20);
    let journal = open(disk.storage());
    run(&journal);
    journal.save().unwrap();
    assert_eq!(journal.bytes(), 0, "what all have read is not kept in memory");
}
