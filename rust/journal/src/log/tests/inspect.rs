//! Looking at a journal beside who writes it.

use super::*;
use crate::Fact;
use crate::log::inspect::{Verified, facts, heads, oldest, survey, verify};

fn look(disk: &Disk) -> Verified {
    verify(&*disk.storage(), &Switch::new()).unwrap()
}

#[test]
fn a_whole_journal_is_found_whole_while_it_is_written_and_after() {
    let disk = Disk::new(1, 256 * MIB);
    let open = open(disk.storage());
    for n in 0..60 {
        open.push(&format!("{n} {}", "x".repeat(n * 300)));
    }
    for round in 0..2 {
        let found = look(&disk);
        assert_eq!((found.entries, found.records, found.missing), (60, 60, 0), "{found:?}");
        assert!(found.damaged.is_empty() && found.unreadable.is_empty(), "{found:?}");
        let files = survey(&*disk.storage()).unwrap();
        let held: Vec<_> = files.iter().filter(|file| file.entries > 0).collect();
        assert_eq!(held.iter().map(|file| file.entries).sum::<u64>(), 60);
        assert_eq!(held.last().unwrap().last, 60);
        assert!(held.len() > 3 && files.iter().all(|file| file.damage.is_none() && !file.key_id.is_empty()));
        // While it is written, the file before the newest may still wait for its end.
        let unfinished = files.iter().filter(|file| !file.is_finished).count();
        assert!(if round == 0 { (1..=2).contains(&unfinished) } else { unfinished == 0 }, "{files:?}");
        let mut positions = Vec::new();
        heads(&*disk.storage(), 17, &mut |head| positions.push(head.position)).unwrap();
        assert_eq!(positions, (18..=60).collect::<Vec<_>>());
        let mut times = Vec::new();
        heads(&*disk.storage(), 0, &mut |head| times.push(head.time_unix_nano)).unwrap();
        let logs: Vec<Arc<str>> = vec!["logs".into()];
        for after in [0, 1, 17, 59] {
            assert_eq!(oldest(&*disk.storage(), after, &logs).unwrap(), times[after as usize]);
        }
        assert_eq!(oldest(&*disk.storage(), 60, &logs).unwrap(), 0);
        assert_eq!(oldest(&*disk.storage(), 0, &["others".into()]).unwrap(), 0);
        assert_eq!(oldest(&*disk.storage(), 17, &[]).unwrap(), times[17]);
        open.log.close();
    }
}

#[test]
fn one_bit_anywhere_in_a_finished_file_is_found() {
    let disk = Disk::new(1, 256 * MIB);
    let open = open(disk.storage());
    for n in 0..10 {
        open.push(&n.to_string().repeat(300));
    }
    open.log.close();
    let name = survey(&*disk.storage()).unwrap().into_iter().find(|file| file.entries > 0).unwrap().name;
    let len = disk.storage().open(&name).unwrap().len().unwrap() as usize;
    for at in (crate::format::HEADER_BYTES..len - 40).step_by(61) {
        disk.damage(&name, |bytes| bytes[at] ^= 0x10);
        let found = look(&disk);
        assert!(!found.damaged.is_empty() || !found.unreadable.is_empty() || found.entries < 10, "byte {at} of {len}: {found:?}");
        disk.damage(&name, |bytes| bytes[at] ^= 0x10);
    }
    assert_eq!(look(&disk).entries, 10);
}

#[test]
fn facts_are_found_with_what_they_say() {
    let disk = Disk::new(1, 256 * MIB);
    let open = open(disk.storage());
    for n in 0..20 {
        let fact = (n % 3 == 0).then(|| Fact { name: "dead_letter".into(), json: format!("{{\"n\":{n}}}") });
        let position = open.log.append(Draft { fact, ..draft(&"x".repeat(n * 900), true) });
        assert_eq!(open.log.wait(position, LONG), Fate::Durable);
    }
    let mut found = Vec::new();
    facts(&*disk.storage(), &Switch::new(), 4, &mut |head, fact| found.push((head.position, fact.json))).unwrap();
    let expected: Vec<_> = [6, 9, 12, 15, 18].map(|n| (n + 1, format!("{{\"n\":{n}}}"))).into();
    assert_eq!(found, expected);
}

#[test]
fn without_its_key_a_file_is_unreadable_and_not_damaged() {
    let disk = Disk::new(1, 256 * MIB);
    let open = open(disk.storage());
    open.push("one");
    let keys = Switch::new();
    keys.set_available(false);
    let found = verify(&*disk.storage(), &keys).unwrap();
    assert!(found.damaged.is_empty(), "{found:?}");
    assert_eq!((found.entries, found.unreadable.len()), (0, 1), "{found:?}");
}

#[test]
fn entries_that_were_taken_out_are_missed() {
    let disk = Disk::new(1, 256 * MIB);
    let open = open(disk.storage());
    for n in 0..60 {
        open.push(&format!("{n} {}", "x".repeat(n * 300)));
    }
    open.log.close();
    let names: Vec<_> = survey(&*disk.storage()).unwrap().into_iter().map(|file| file.name).collect();
    disk.storage().remove(&names[1]).unwrap();
    assert_eq!(look(&disk).missing, 1);
}
