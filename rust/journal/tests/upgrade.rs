//! What earlier versions wrote is read: `fixtures/vN.journal` is a file of format version N.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use logloom_journal::{
    CursorOptions, Draft, Entry, Fate, Journal, JournalOptions, Outcome, Part, Start,
    format::{FileHeader, Footer, HEADER_BYTES, Next, Opener, check, peek, unseal},
    keys::{KeyProvider, testing::Switch},
    storage::RealStorage,
};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("logloom-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_of_version_1() {
    let file = include_bytes!("fixtures/v1.journal");
    let header = FileHeader::decode(file).unwrap();
    assert_eq!((&header.journal_id, header.first_position, header.provider.as_str()), (b"a journal's name", 40, "switch"));
    assert_eq!(header.created_unix_nano, 1_795_000_000_000_000_000);
    let opener = Opener::new(&Switch::new().unwrap(&header.wrapped, &header.context()).unwrap());

    let mut at = HEADER_BYTES;
    let mut entries: Vec<Entry> = Vec::new();
    let footer = loop {
        match peek(&file[at..]).unwrap() {
            Next::Entry(prefix) => {
                let bytes = &file[at..at + prefix.total_len()];
                let entry = unseal(&opener, bytes.to_vec()).unwrap();
                assert_eq!(check(bytes).unwrap(), entry.head());
                assert_eq!((entry.position, prefix.nonce), (prefix.position, entries.len() as u64 + 1));
                entries.push(entry);
                at += prefix.total_len();
            }
            Next::Footer(len) => break Footer::decode(&file[at..at + len]).unwrap(),
            Next::End => panic!("there is a footer"),
        }
    };
    assert_eq!((footer.first_position, footer.last_position, footer.entries, footer.end_offset), (41, 44, 3, at as u64));
    assert_eq!(footer.totals.len(), 3);
    assert_eq!(Footer::len_at_end(file), Some(file.len() - at));

    let [first, second, third] = &entries[..] else { panic!("three entries") };
    assert_eq!([first.previous, second.previous, third.previous], [39, 41, 42]);
    assert_eq!(first.time_unix_nano, 1_795_000_000_200_000_041);
    assert_eq!((&*first.origin.identity, &*first.origin.peer), ("spiffe://mesh/ns/shop/sa/cart", "/var/log/envoy/access.log"));
    let tally = &first.tally;
    assert_eq!(
        (&*tally.receiver, tally.frames, tally.parsed, tally.rejects, tally.joined, tally.passed_over),
        ("filelog/mesh", 6, 3, 1, 1, 1)
    );
    assert_eq!((tally.bytes, tally.unrouted, tally.dropped[0].1, &*tally.dropped[0].0), (321, 2, 5, "logs/b"));

    assert_eq!((tally.made.len(), tally.made[1].1, &*tally.made[1].0), (2, 9, "logs/b"));

    let [part, empty] = &first.parts[..] else { panic!("two parts") };
    assert_eq!(part.pipelines.iter().map(|name| &**name).collect::<Vec<_>>(), ["logs/a", "logs/b"]);
    assert_eq!((empty.batch.len(), &*empty.pipelines[0]), (0, "logs/c"));
    let bodies: Vec<_> = part.batch.records().map(|record| String::from_utf8(record.body().unwrap().to_json()).unwrap()).collect();
    assert_eq!(bodies, ["\"first\"", "\"second\"", "\"not \u{fffd} what it should be\"", "\"last\""], "in order of arrival");
    let flags: Vec<_> = part.batch.index().iter().map(|entry| (entry.flags.is_reject(), entry.flags.is_repaired())).collect();
    assert_eq!(flags, [(false, false), (false, false), (true, true), (false, false)]);
    let reject = part.batch.rejects()[0];
    assert_eq!((reject.record, reject.offset, reject.format, reject.reason.what), (2, 200, "test", "expected something"));
    assert_eq!(part.batch.origin(), &first.origin);
    assert_eq!(second.parts[0].batch.origin().receiver, "otlp");
    let fact = third.fact.as_ref().unwrap();
    assert_eq!((fact.name.as_str(), fact.json.as_str()), ("dropped", r#"{"records":3}"#));
}

#[test]
fn a_journal_of_version_1_drains_after_an_upgrade() {
    let folder = Folder::new("upgrade");
    fs::write(folder.0.join("00000000000000000040.journal"), include_bytes!("fixtures/v1.journal")).unwrap();
    let storage = Arc::new(RealStorage::open(&folder.0).unwrap());
    let (journal, opened) = Journal::open(JournalOptions::default(), storage, Arc::new(Switch::new())).unwrap();
    assert_eq!((opened.recovery.entries, opened.recovery.scanned, opened.recovery.last), (3, 0, 44), "its footer was enough");
    assert!(opened.recovery.damaged.is_empty() && opened.recovery.unreadable.is_empty());
    assert_eq!(&journal.id(), b"a journal's name");
    let options = CursorOptions { name: "file".into(), pipelines: vec!["logs/a".into()], start: Start::Oldest };
    let cursor = journal.cursor(options).unwrap();
    let step = cursor.next(100, 1 << 20, Duration::from_secs(10)).unwrap();
    assert_eq!((step.batch.len(), step.position), (5, 44));
    let keys: Vec<_> = (0..5).map(|record| step.batch.key(record).unwrap()).map(|key| (key.position, key.ordinal)).collect();
    assert_eq!(keys, [(41, 0), (41, 1), (41, 2), (41, 3), (42, 0)]);
    assert!(step.batch.record(2).unwrap().is_reject());

    // What comes now follows what was there.
    let part = Part { pipelines: vec!["logs/a".into()], batch: step.batch.clone() };
    let position = journal.append(Draft { parts: vec![part], ..Draft::default() });
    assert!(position > 44);
    assert_eq!(journal.wait(position, Duration::from_secs(60)), Fate::Durable);
    cursor.done(step.position, Outcome { delivered: 5, ..Outcome::default() }, None).unwrap();
    let step = cursor.next(100, 1 << 20, Duration::from_secs(10)).unwrap();
    assert_eq!((step.batch.len(), step.position), (5, position));
    journal.close();
}
