//! The file that stands for those of this format version that are out there.

use super::*;

/// The file that `tests/upgrade.rs` reads, and the plain bytes of its first entry, which `tests/unit/test_format.py` reads. To be written once for each
/// format version, and never again: it stands for the files that are out there.
#[test]
#[ignore = "writes the fixture of this format version"]
fn write_the_fixture() {
    let switch = crate::keys::testing::Switch::new();
    let mut header = FileHeader { provider: "switch".into(), first_position: 40, ..header() };
    let key = FreshKey::known(KEY);
    header.wrapped = crate::keys::KeyProvider::wrap(&switch, key.key(), &header.context()).unwrap();
    let mut sealer = Sealer::new(key);
    let mut file = header.encode().unwrap();
    let mut footer = Footer::default();
    for entry in fixture_entries() {
        sealer.seal(&entry, &mut file).unwrap();
        footer.add(&entry.head());
    }
    footer.end_offset = file.len() as u64;
    file.extend(footer.encode());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(format!("{folder}/v{VERSION}.journal"), &file).unwrap();
    let mut body = Vec::new();
    body::Body::new(&fixture_entries()[0]).write(&mut body);
    std::fs::write(format!("{folder}/v{VERSION}.body"), body).unwrap();
}

fn fixture_entries() -> Vec<Entry> {
    let made = |service, body: &[u8], is_reject| Made {
        service,
        body: body.to_vec(),
        is_reject,
        time: 1_795_000_000_000_000_000 + u64::from(service),
        severity: 9 + service,
        trace_id: Some([service; 16]),
    };
    let origin = Arc::new(Origin {
        receiver: "filelog/mesh".into(),
        format: "envoy".into(),
        peer: "/var/log/envoy/access.log".into(),
        identity: "spiffe://mesh/ns/shop/sa/cart".into(),
        tenant: "shop".into(),
        arrival_unix_nano: 1_795_000_000_123_456_789,
        resource: vec![("host.name".into(), "node-1".into())],
    });
    let interleaved =
        [made(1, b"first", false), made(2, b"second", false), made(1, b"not \xff what it should be", true), made(2, b"last", false)];
    let tally = Tally {
        receiver: "filelog/mesh".into(),
        frames: 6,
        parsed: 3,
        rejects: 1,
        joined: 1,
        passed_over: 1,
        bytes: 321,
        unrouted: 2,
        made: vec![("logs/a".into(), 4), ("logs/b".into(), 9)],
        dropped: vec![("logs/b".into(), 5)],
        passed_on: Vec::new(),
    };
    let part = |pipelines: &[&str], batch: Batch| Part { pipelines: pipelines.iter().map(|name| Arc::from(*name)).collect(), batch };
    let entry = |position, previous, parts, fact| Entry {
        position,
        previous,
        time_unix_nano: 1_795_000_000_200_000_000 + position,
        origin: origin.clone(),
        tally: tally.clone(),
        parts,
        fact,
    };
    let other = Arc::new(Origin { receiver: "otlp".into(), ..Origin::default() });
    let fact = Fact { name: "dropped".into(), json: r#"{"records":3}"#.into() };
    vec![
        entry(41, 39, vec![part(&["logs/a", "logs/b"], batch(&interleaved, 4, &origin)), part(&["logs/c"], Batch::default())], None),
        entry(42, 41, vec![part(&["logs/a"], batch(&[made(3, b"of another origin", false)], 1, &other))], None),
        entry(44, 42, Vec::new(), Some(fact)),
    ]
}

#[test]
fn what_is_written_now_is_what_the_fixture_holds() {
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v1.journal")).unwrap();
    let body = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v1.body")).unwrap();
    let (prefix, _) = read_head(&file[HEADER_BYTES..]).unwrap();
    let mut first = file[HEADER_BYTES..HEADER_BYTES + prefix.total_len()].to_vec();
    decrypt(&sealer().opener(), &mut first).unwrap();
    assert_eq!(first[prefix.head_end()..first.len() - TAG_BYTES], body);
    let mut sealer = sealer();
    let mut now = file[..HEADER_BYTES].to_vec();
    for entry in fixture_entries() {
        sealer.seal(&entry, &mut now).unwrap();
    }
    let footer = Footer::decode(&file[now.len()..]).unwrap();
    assert_eq!(footer.end_offset, now.len() as u64);
    assert!(now == file[..now.len()], "the bytes changed: either that was not meant, or it is another format version");
}
