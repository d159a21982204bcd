//! The Journal on a faulty disk against a simple model: whatever is appended, read, crashed, removed or given up in whatever order, each exporter
//! gets each of its records at least once, in order, and no others; nothing vanishes that somebody is owed; the accounts add up at each step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

#[path = "../support/mod.rs"]
mod support;

mod checks;
mod exporters;
mod world;

use proptest::prelude::*;
use world::{Bounds, World};

const PIPELINES: [&str; 3] = ["x", "y", "z"];
const EXPORTERS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Op {
    /// Parts: the pipelines as bits, and how many records.
    Append {
        parts: Vec<(u8, u8)>,
        is_large: bool,
        waits: bool,
        revocable: bool,
    },
    /// The next calls fail: of writes, syncs or new files.
    DiskFails {
        call: usize,
        calls: u64,
    },
    AppendTo {
        exporter: usize,
    },
    Next {
        exporter: usize,
        records_max: usize,
    },
    Done {
        exporter: usize,
        steps: usize,
        dead: u64,
        dropped: u64,
    },
    Attach {
        exporter: usize,
        pipelines: u8,
        oldest: bool,
    },
    Detach {
        exporter: usize,
    },
    AllAttached,
    Retire {
        exporter: usize,
    },
    Save,
    SavesFail(bool),
    Restart,
    Crash {
        power: bool,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let exporter = 0..EXPORTERS.len();
    let parts = prop::collection::vec((1u8..8, 0u8..4), 1..3);
    prop_oneof![
        8 => (parts, prop::bool::weighted(0.3), prop::bool::weighted(0.8), any::<bool>())
            .prop_map(|(parts, is_large, waits, revocable)| Op::Append { parts, is_large, waits, revocable }),
        1 => (0usize..3, 1u64..3).prop_map(|(call, calls)| Op::DiskFails { call, calls }),
        1 => exporter.clone().prop_map(|exporter| Op::AppendTo { exporter }),
        8 => (exporter.clone(), 1usize..8).prop_map(|(exporter, records_max)| Op::Next { exporter, records_max }),
        6 => (exporter.clone(), 1usize..3, 0u64..2, 0u64..2).prop_map(|(exporter, steps, dead, dropped)| Op::Done { exporter, steps, dead, dropped }),
        3 => (exporter.clone(), 1u8..8, any::<bool>()).prop_map(|(exporter, pipelines, oldest)| Op::Attach { exporter, pipelines, oldest }),
        1 => exporter.clone().prop_map(|exporter| Op::Detach { exporter }),
        1 => Just(Op::AllAttached),
        1 => exporter.prop_map(|exporter| Op::Retire { exporter }),
        1 => Just(Op::Save),
        1 => any::<bool>().prop_map(Op::SavesFail),
        1 => Just(Op::Restart),
        2 => any::<bool>().prop_map(|power| Op::Crash { power }),
    ]
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (any::<bool>(), 0u8..8, prop::bool::weighted(0.2), any::<bool>()).prop_map(|(has_small_tail, lossy, ages, is_small_disk)| Bounds {
        has_small_tail,
        lossy,
        ages,
        is_small_disk,
    })
}

/// `LOGLOOM_MODEL_CASES` for a longer look.
#[allow(clippy::disallowed_methods)] // no config comes to a test
fn cases() -> u32 {
    std::env::var("LOGLOOM_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_exporter_gets_each_of_its_records(bounds in bounds(), seed: u64, ops in prop::collection::vec(op(), 1..90)) {
        let mut world = World::new(seed, bounds);
        for op in ops {
            world.log.push(format!("{op:?} after {}", world.last));
            match op {
                Op::Append { parts, is_large, waits, revocable } => world.append(&parts, is_large, waits, revocable),
                Op::DiskFails { call, calls } => world.disk_fails(call, calls),
                Op::AppendTo { exporter } => world.append_to(EXPORTERS[exporter]),
                Op::Next { exporter, records_max } => world.next(EXPORTERS[exporter], records_max),
                Op::Done { exporter, steps, dead, dropped } => world.done(EXPORTERS[exporter], steps, dead, dropped),
                Op::Attach { exporter, pipelines, oldest } => world.attach(EXPORTERS[exporter], pipelines, oldest),
                Op::Detach { exporter } => world.detach(EXPORTERS[exporter]),
                Op::AllAttached => world.all_attached(),
                Op::Retire { exporter } => world.retire(EXPORTERS[exporter]),
                Op::Save => world.saved(),
                Op::SavesFail(fail) => world.set_saves_fail(fail),
                Op::Restart => world.restart(),
                Op::Crash { power } => world.crash(power),
            }
            world.check();
        }
        world.finish();
    }
}
