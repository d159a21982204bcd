//! The log against a simple model, over faults, kills and power cuts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::storage::faulty::{EIO, EMFILE, ENOSPC, Fault, Op};

#[derive(Clone, Debug)]
enum Step {
    /// Appends entries of so many bytes, one after the other.
    Append {
        sizes: Vec<usize>,
        revocable: bool,
    },
    /// Waits until all that was appended is decided; faults end before.
    Settle,
    Rotate,
    /// Removes what is read, up to this share of it (in percent).
    Remove(u64),
    Fail {
        op: Op,
        fault: Fault,
        pass: u64,
        fail: u64,
    },
    FailAtRandom {
        op: Op,
        fault: Fault,
        per_mille: u16,
    },
    Heal,
    Close,
    Kill,
    PowerCut,
}

fn step() -> impl Strategy<Value = Step> {
    let op = prop::sample::select(vec![
        Op::Create,
        Op::Write,
        Op::Write,
        Op::Sync,
        Op::Sync,
        Op::Truncate,
        Op::Rename,
        Op::Remove,
        Op::SyncFolder,
    ]);
    let fault = prop::sample::select(vec![
        Fault::Error(EIO),
        Fault::Error(ENOSPC),
        Fault::Error(EMFILE),
        Fault::Short(ENOSPC),
        Fault::Short(EIO),
        Fault::Slow(Duration::from_millis(2)),
    ]);
    let sizes = prop::collection::vec(prop_oneof![4 => 0usize..600, 2 => 600usize..9_000, 1 => 9_000usize..40_000], 1..12);
    prop_oneof![
        10 => (sizes, any::<bool>()).prop_map(|(sizes, revocable)| Step::Append { sizes, revocable }),
        4 => Just(Step::Settle),
        1 => Just(Step::Rotate),
        2 => (0u64..=100).prop_map(Step::Remove),
        3 => (op.clone(), fault.clone(), 0u64..6, 1u64..5).prop_map(|(op, fault, pass, fail)| Step::Fail { op, fault, pass, fail }),
        2 => (op, fault, 50u16..600).prop_map(|(op, fault, per_mille)| Step::FailAtRandom { op, fault, per_mille }),
        2 => Just(Step::Heal),
        1 => Just(Step::Close),
        2 => Just(Step::Kill),
        3 => Just(Step::PowerCut),
    ]
}

struct Model {
    disk: Disk,
    open: Open,
    /// All that was ever appended under a position; one that was never seen may be given again after a crash.
    appended: BTreeMap<u64, Vec<String>>,
    /// What the log once called durable, or let somebody read.
    durable: BTreeMap<u64, String>,
    /// What was appended in this session and not decided when last asked.
    open_ends: BTreeSet<u64>,
    withdrawn: BTreeSet<u64>,
    removed_to: u64,
    number: u64,
}

impl Model {
    fn new(seed: u64) -> Self {
        let disk = Disk::new(seed, 4 * MIB);
        let open = super::open(disk.storage());
        let (appended, durable, open_ends, withdrawn) = Default::default();
        Self { disk, open, appended, durable, open_ends, withdrawn, removed_to: 0, number: 0 }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Append { sizes, revocable } => {
                for size in sizes {
                    if self.open.log.admit().is_err() {
                        continue;
                    }
                    self.number += 1;
                    let body = format!("{} {}", self.number, "m".repeat(*size));
                    let position = self.open.log.append(draft(&body, *revocable));
                    assert!(!self.durable.contains_key(&position), "{position} is given twice");
                    self.appended.entry(position).or_default().push(body);
                    self.open_ends.insert(position);
                }
            }
            Step::Settle => {
                self.disk.heal();
                for position in self.open_ends.clone() {
                    assert_ne!(self.open.log.wait(position, LONG), Fate::Waiting, "{position}: {:?}", self.open.log.health());
                }
                self.check();
                // It works again by itself: what cannot be withdrawn is written.
                self.number += 1;
                let body = format!("{} settled", self.number);
                let position = self.open.log.append(draft(&body, false));
                self.appended.entry(position).or_default().push(body.clone());
                assert_eq!(self.open.log.wait(position, LONG), Fate::Durable, "{:?}", self.open.log.health());
                assert_eq!(self.open.log.admit(), Ok(()));
                self.durable.insert(position, body);
            }
            Step::Rotate => self.open.log.rotate(),
            Step::Remove(percent) => {
                self.check();
                let last = self.durable.last_key_value().map_or(0, |(position, _)| *position);
                self.removed_to = self.removed_to.max(last * percent / 100);
                self.open.log.remove_to(self.removed_to);
            }
            Step::Fail { op, fault, pass, fail } => self.disk.fail(*op, *fault, *pass, *fail),
            Step::FailAtRandom { op, fault, per_mille } => self.disk.fail_at_random(*op, *fault, *per_mille),
            Step::Heal => self.disk.heal(),
            Step::Close => {
                self.disk.heal();
                self.open.log.close();
                assert!(self.open_ends.iter().all(|position| self.open.log.fate(*position) != Fate::Waiting), "closing decides all");
                self.reopen(Disk::kill);
            }
            Step::Kill => self.reopen(Disk::kill),
            Step::PowerCut => self.reopen(Disk::power_cut),
        }
    }

    /// What the log says, against what it said before.
    fn check(&mut self) {
        self.settle_fates();
        let mut reader = self.open.log.reader(self.removed_to);
        let (mut read, mut before) = (BTreeSet::new(), self.removed_to);
        while let Some(next) = reader.next_where(|_| true).unwrap() {
            match next {
                Read::Entry(entry) => {
                    let (position, body) = (entry.position, body(&entry));
                    assert!(position > before, "{position} after {before}");
                    assert!(entry.previous < position);
                    assert!(self.appended.get(&position).is_some_and(|bodies| bodies.contains(&body)), "{position} was never appended so");
                    assert!(!self.withdrawn.contains(&position), "{position} was withdrawn");
                    assert!(*self.durable.entry(position).or_insert_with(|| body.clone()) == body, "{position} changed");
                    read.insert(position);
                    before = position;
                }
                Read::Damaged { from, to, why } => {
                    let lost: Vec<_> = self.durable.range(from..=to).map(|(position, _)| position).collect();
                    assert!(
                        lost.is_empty(),
                        "lost {lost:?}: {why}; {:?}; {:?}; {:?}",
                        self.open.log.files(),
                        self.open.recovery,
                        self.open.log.health()
                    );
                    before = to;
                }
            }
        }
        let missing: Vec<_> =
            self.durable.range(self.removed_to + 1..).map(|(position, _)| position).filter(|position| !read.contains(position)).collect();
        assert!(missing.is_empty(), "missing {missing:?} of {:?}; {:?}", self.open.log.files(), self.open.recovery);
    }

    fn settle_fates(&mut self) {
        let (_, told) = self.open.log.poll();
        for position in told {
            assert_eq!(self.open.log.fate(position), Fate::Withdrawn);
        }
        for position in std::mem::take(&mut self.open_ends) {
            match self.open.log.fate(position) {
                Fate::Waiting => {
                    self.open_ends.insert(position);
                }
                Fate::Withdrawn => {
                    self.withdrawn.insert(position);
                }
                Fate::Durable => {
                    let body = self.appended[&position].last().unwrap();
                    self.durable.insert(position, body.clone());
                }
            }
        }
    }

    fn reopen(&mut self, crash: fn(&Disk) -> Arc<dyn Storage>) {
        self.settle_fates();
        let storage = crash(&self.disk);
        // What it had left to say after the crash counts too: a sync that it believes was before.
        self.open.log.close();
        let told = std::mem::take(&mut *self.open.told.lock().unwrap());
        self.settle_told(&told);
        self.open = super::open(storage);
        self.open_ends.clear();
        self.withdrawn.clear(); // a crash may bring them back: their senders sent them again, so they come twice
        self.check();
    }

    /// Each durable entry was told once, in order.
    fn settle_told(&mut self, told: &[u64]) {
        assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");
        for position in told {
            let body = self.appended[position].last().unwrap();
            self.durable.insert(*position, body.clone());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_durable_is_read_exactly_once_in_order(seed in any::<u64>(), steps in prop::collection::vec(step(), 1..40)) {
        let mut model = Model::new(seed);
        for step in &steps {
            model.step(step);
        }
        model.step(&Step::Settle);
        model.step(&Step::PowerCut);
    }
}
