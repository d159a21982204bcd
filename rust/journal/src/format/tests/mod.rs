mod fixture;

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{Batch, BatchWriter, BlockPool, Limits, Origin, RejectReason, Tail, Text, proto::push_string_attribute};
use proptest::prelude::*;

use super::*;
use crate::{
    entry::{Draft, Entry, Fact, Part, PartHead, Tally},
    keys::FreshKey,
};

const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

fn sealer() -> Sealer {
    Sealer::new(FreshKey::known(KEY))
}

/// Records as formats make them: of interleaved resources, some unreadable, some not UTF-8.
#[derive(Clone, Debug)]
struct Made {
    service: u8,
    body: Vec<u8>,
    is_reject: bool,
    time: u64,
    severity: u8,
    trace_id: Option<[u8; 16]>,
}

fn batch(records: &[Made], lanes_max: usize, origin: &Arc<Origin>) -> Batch {
    let limits = Limits { lanes_max, ..Limits::DEFAULT };
    let mut out = BatchWriter::new(BlockPool::global(), &limits, origin, 1);
    for (i, made) in records.iter().enumerate() {
        let name = format!("service-{}", made.service);
        out.use_resource(name.as_bytes(), |resource, scope| {
            push_string_attribute(resource, 0x0a, b"service.name", name.as_bytes());
            scope.extend_from_slice(b"\x0a\x05scope");
        });
        if made.is_reject {
            out.reject(&made.body, RejectReason::syntax("expected something", i % 7), i as u64 * 100, "test");
            continue;
        }
        let body = String::from_utf8_lossy(&made.body);
        out.attempt(|out| {
            let rec = out.begin(made.time, made.severity, Text::from("WARN")).body(Text::from(&*body));
            rec.finish(&Tail { trace_id: made.trace_id, ..Tail::default() });
            Ok(())
        })
        .unwrap();
        out.end_frame();
    }
    out.finish()
}

fn made() -> impl Strategy<Value = Made> {
    let body = prop::collection::vec(any::<u8>(), 0..60);
    let trace_id = prop::option::weighted(0.3, any::<[u8; 16]>().prop_filter("a valid one", |id| *id != [0; 16]));
    (0u8..4, body, prop::bool::weighted(0.2), any::<u64>(), 0u8..25, trace_id)
        .prop_map(|(service, body, is_reject, time, severity, trace_id)| Made { service, body, is_reject, time, severity, trace_id })
}

fn origin() -> impl Strategy<Value = Arc<Origin>> {
    (any::<[String; 5]>(), any::<u64>(), prop::collection::vec(any::<(String, String)>(), 0..3)).prop_map(
        |(texts, arrival_unix_nano, resource)| {
            let [receiver, format, peer, identity, tenant] = texts;
            Arc::new(Origin { receiver, format, peer, identity, tenant, arrival_unix_nano, resource })
        },
    )
}

fn names() -> impl Strategy<Value = Vec<Arc<str>>> {
    prop::collection::vec("[a-z/]{0,8}".prop_map(Arc::from), 0..3)
}

fn tally() -> impl Strategy<Value = Tally> {
    let rows = || prop::collection::vec(("[a-z]{0,4}".prop_map(Arc::from), any::<u64>()), 0..3);
    (any::<[u64; 7]>(), any::<String>(), rows(), rows(), rows()).prop_map(
        |([frames, parsed, rejects, joined, passed_over, bytes, unrouted], receiver, made, dropped, passed_on)| Tally {
            receiver: receiver.into(),
            frames,
            parsed,
            rejects,
            joined,
            passed_over,
            bytes,
            unrouted,
            made,
            dropped,
            passed_on,
        },
    )
}

prop_compose! {
    fn entry()(
        origin in origin(),
        other in prop::option::weighted(0.2, origin()),
        tally in tally(),
        parts in prop::collection::vec((names(), prop::collection::vec(made(), 0..12), 1usize..4), 0..3),
        fact in prop::option::weighted(0.1, any::<(String, String)>()),
        numbers: [u64; 3],
    ) -> Entry {
        let of_parts = other.as_ref().unwrap_or(&origin);
        let parts = parts.iter().map(|(pipelines, records, lanes)| Part { pipelines: pipelines.clone(), batch: batch(records, *lanes, of_parts) });
        let [position, previous, time_unix_nano] = numbers;
        let fact = fact.map(|(name, json)| Fact { name, json });
        Entry { position, previous, time_unix_nano, parts: parts.collect(), origin, tally, fact }
    }
}

/// A Batch read from disk answers as the one in memory does, whoever asks: byte for byte, record by record, in the same order.
fn assert_same(read: &Batch, written: &Batch) {
    assert_eq!(read.to_otlp(), written.to_otlp());
    assert_eq!(read.rejects(), written.rejects());
    assert_eq!(read.origin(), written.origin());
    assert_eq!(String::from_utf8_lossy(&read.to_ndjson()), String::from_utf8_lossy(&written.to_ndjson()));
    for (a, b) in read.index().iter().zip(written.index()) {
        assert_eq!((a.severity, a.flags, a.time_unix_nano, a.trace_id), (b.severity, b.flags, b.time_unix_nano, b.trace_id));
    }
    for (a, b) in read.records().zip(written.records()) {
        assert_eq!((a.bytes(), a.entry_flags), (b.bytes(), b.entry_flags));
        let resource = |record: logloom_record::Record<'_>| format!("{:?}", record.resource_attributes().collect::<Vec<_>>());
        assert_eq!(resource(a), resource(b));
    }
    assert_eq!(read.len(), written.len());
}

fn assert_same_entry(read: &Entry, written: &Entry) {
    assert_eq!(read.head(), written.head());
    assert_eq!((&read.origin, &read.fact), (&written.origin, &written.fact));
    for (read, written) in read.parts.iter().zip(&written.parts) {
        assert_same(&read.batch, &written.batch);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn entries_come_back(entries in prop::collection::vec(entry(), 1..4)) {
        let mut sealer = sealer();
        let mut file = Vec::new();
        let lens: Vec<usize> = entries.iter().map(|entry| sealer.seal(entry, &mut file).unwrap()).collect();
        file.resize(file.len() + 100, 0);
        let mut at = 0;
        for ((entry, len), nonce) in entries.iter().zip(lens).zip(1..) {
            let Ok(Next::Entry(prefix)) = peek(&file[at..]) else { panic!("an entry at {at}") };
            prop_assert_eq!((prefix.position, prefix.nonce, prefix.total_len()), (entry.position, nonce, len));
            prop_assert_eq!(check(&file[at..]).unwrap(), entry.head());
            prop_assert_eq!(read_head(&file[at..at + prefix.head_end()]).unwrap(), (prefix, entry.head()));
            prop_assert_eq!(next_marker(&file, at), Some(at));
            assert_same_entry(&unseal(&sealer.opener(), file[at..].to_vec()).unwrap(), entry);
            at += len;
        }
        prop_assert_eq!(peek(&file[at..]).unwrap(), Next::End);

        // All of them where they lie, in one buffer.
        let mut opened = Vec::new();
        let mut at = 0;
        for _ in &entries {
            let one = decrypt(&sealer.opener(), &mut file[at..]).unwrap();
            let len = one.prefix().total_len();
            opened.push((at, one));
            at += len;
        }
        let file = Bytes::from(file);
        for ((at, opened), entry) in opened.iter().zip(&entries) {
            let read = opened.read(&file.slice(at..)).unwrap();
            assert_same_entry(&read, entry);
            if let Some(part) = read.parts.iter().find(|part| !part.batch.is_empty()) {
                let (start, end) = (file.as_ptr() as usize, file.as_ptr() as usize + file.len());
                prop_assert!((start..end).contains(&(part.batch.to_otlp().as_ptr() as usize)), "a view, not a copy");
            }
        }
    }

    #[test]
    fn any_change_of_a_sealed_entry_is_found(entry in entry(), bit: prop::sample::Index, cut: prop::sample::Index) {
        let mut sealer = sealer();
        let mut bytes = Vec::new();
        sealer.seal(&entry, &mut bytes).unwrap();
        let cut = cut.index(bytes.len());
        prop_assert!(check(&bytes[..cut]).is_err() && unseal(&sealer.opener(), bytes[..cut].to_vec()).is_err());
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(check(&bytes).is_err());
        let read = unseal(&sealer.opener(), bytes.clone());
        // What the tag vouches for does not need its checksum.
        prop_assert!(read.is_err() || (4..8).contains(&(bit / 8)));
        // The same with checksums made right again: only the key tells.
        if bit / 8 >= MARKER_AT && let Ok(mut prefix) = Prefix::read(&bytes) && prefix.total_len() == bytes.len() {
            prefix.sealed_crc = crc32fast::hash(&bytes[prefix.head_end()..]);
            prefix.put(bytes.first_chunk_mut().unwrap());
            prefix.head_crc = crc32fast::hash(&bytes[4..prefix.head_end()]);
            prefix.put(bytes.first_chunk_mut().unwrap());
            prop_assert!(matches!(unseal(&sealer.opener(), bytes), Err(Damage::Unsealed | Damage::Broken(_))));
        }
    }

    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), shape in 0usize..4, crc: bool) {
        read_all(&bytes);
        // With a marker, and with lengths and checksums that hold, they get further.
        let marker = [ENTRY_MARKER, FOOTER_MARKER][shape % 2];
        if let Some(place) = bytes.get_mut(MARKER_AT..MARKER_AT + 4) {
            place.copy_from_slice(&marker);
        }
        read_all(&bytes);
        if bytes.len() > 60 {
            let head_len = 20u32.min(bytes.len() as u32 - 60);
            bytes[12..16].copy_from_slice(&head_len.to_le_bytes());
            let sealed_len = (bytes.len() - PREFIX_BYTES) as u32 - head_len;
            bytes[16..20].copy_from_slice(&sealed_len.to_le_bytes());
            if crc {
                let head_crc = crc32fast::hash(&bytes[4..PREFIX_BYTES + head_len as usize]);
                bytes[..4].copy_from_slice(&head_crc.to_le_bytes());
            }
            read_all(&bytes);
        }
        // What is sealed is read only when it is authentic, but no bytes of it panic either.
        let head = Head { parts: vec![PartHead { pipelines: Vec::new(), records: 1, bytes: 2 }], ..Head::default() };
        let _ = body::read(head, &Bytes::from(bytes));
    }
}

fn read_all(bytes: &[u8]) {
    let _ = (peek(bytes), check(bytes), read_head(bytes), next_marker(bytes, 3), Footer::decode(bytes), FileHeader::decode(bytes));
    let _ = (Footer::len_at_end(bytes), unseal(&sealer().opener(), bytes.to_vec()));
}

fn header() -> FileHeader {
    FileHeader {
        journal_id: *b"a journal's name",
        first_position: 42,
        created_unix_nano: 1_795_000_000_000_000_000,
        provider: "file".into(),
        wrapped: crate::keys::Wrapped { key_id: "0011223344556677".into(), bytes: vec![7; 61] },
        policy: None,
    }
}

const BLOCK_BYTES: usize = HEADER_BYTES / 2;

#[test]
fn a_header_comes_back_and_any_change_is_found() {
    let bytes = header().encode().unwrap();
    assert_eq!(bytes.len(), HEADER_BYTES);
    assert_eq!(FileHeader::decode(&bytes), Ok(header()));
    for bit in 0..BLOCK_BYTES * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(FileHeader::decode(&bad[..BLOCK_BYTES]), Err(Damage::Broken(_))), "bit {bit}");
        assert_eq!(FileHeader::decode(&bad), Ok(header()), "there is another one: bit {bit}");
        bad[BLOCK_BYTES..].fill(0);
        assert!(matches!(FileHeader::decode(&bad), Err(Damage::Broken(_))), "bit {bit}");
    }
    assert_eq!(FileHeader::decode(&[&[0; BLOCK_BYTES], &bytes[BLOCK_BYTES..]].concat()), Ok(header()));
    assert_eq!(FileHeader::decode(&bytes[..BLOCK_BYTES]), Ok(header()), "cut behind the first");
    assert_eq!(FileHeader::decode(&bytes[..BLOCK_BYTES - 1]), Err(Damage::Cut));
    assert_eq!(FileHeader::decode(&[0; HEADER_BYTES]), Err(Damage::Blank));
    let of_a_policy = FileHeader { policy: Some([9; 32]), ..header() };
    assert_eq!(FileHeader::decode(&of_a_policy.encode().unwrap()), Ok(of_a_policy));
    let mut large = header();
    large.wrapped.bytes = vec![1; BLOCK_BYTES];
    assert_eq!(large.encode().unwrap_err().bytes_max, BLOCK_BYTES - 16);
    let mut other = header();
    other.created_unix_nano += 1;
    assert_ne!(header().context(), other.context());
}

#[test]
fn a_file_of_a_later_version_is_told_from_a_damaged_one() {
    let mut bytes = header().encode().unwrap();
    bytes[8] = 2;
    let crc = crc32fast::hash(&[&bytes[..12], &bytes[16..BLOCK_BYTES]].concat());
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes.copy_within(..BLOCK_BYTES, BLOCK_BYTES);
    let newer = FileHeader::decode(&bytes).unwrap_err();
    assert_eq!(newer, Damage::Newer { version: 2 });
    assert!(newer.to_string().contains("format version 2; this one reads up to 1: run the later one"));
}

#[test]
fn a_footer_comes_back_and_any_change_is_found() {
    let mut footer = Footer { end_offset: 9999, ..Footer::default() };
    let part = |names: &[&str], records| PartHead {
        pipelines: names.iter().map(|name| Arc::from(*name)).collect(),
        records,
        bytes: records * 100,
    };
    for position in [5, 6, 9] {
        let parts = vec![part(&["a"], position), part(&["a", "b"], 1), part(&[], 2)];
        footer.add(&Head { position, time_unix_nano: position * 1000, parts, ..Head::default() });
    }
    assert_eq!((footer.first_position, footer.last_position, footer.entries), (5, 9, 3));
    assert_eq!((footer.first_unix_nano, footer.last_unix_nano), (5000, 9000));
    assert_eq!(footer.totals[&part(&["a"], 0).pipelines], Total { records: 20, bytes: 2000 });
    let bytes = footer.encode();
    assert_eq!(Footer::decode(&bytes).as_ref(), Ok(&footer));
    assert_eq!(peek(&bytes), Ok(Next::Footer(bytes.len())));
    assert_eq!(Footer::len_at_end(&bytes), Some(bytes.len()));
    assert_eq!(next_marker(&bytes, 0), Some(0));
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(Footer::decode(&bad).is_err(), "bit {bit}");
    }
    for len in 0..bytes.len() {
        assert!(Footer::decode(&bytes[..len]).is_err());
    }
}

#[test]
fn a_footer_is_bounded_however_many_sets_of_pipelines_there_are() {
    let mut footer = Footer::default();
    for position in 1..=10_000u64 {
        let pipelines = vec![Arc::from(format!("logs/{position}"))];
        footer.add(&Head { position, parts: vec![PartHead { pipelines, records: 1, bytes: 1 }], ..Head::default() });
    }
    assert!(footer.totals_left_out && footer.totals.is_empty());
    let read = Footer::decode(&footer.encode()).unwrap();
    assert!(read.totals_left_out && read.entries == 10_000);
}

#[test]
fn what_is_too_large_is_refused_and_leaves_nothing() {
    let pipelines = (0..100_000).map(|i| Arc::from(format!("pipeline-{i}"))).collect();
    let entry = Entry {
        position: 1,
        previous: 0,
        time_unix_nano: 0,
        origin: Arc::default(),
        tally: Tally::default(),
        parts: vec![Part { pipelines, batch: Batch::default() }],
        fact: None,
    };
    let mut out = vec![1, 2, 3];
    let error = sealer().seal(&entry, &mut out).unwrap_err();
    assert!(error.to_string().ends_with("the journal holds 1048576 at most in one: send less at once"), "{error}");
    assert_eq!(out, [1, 2, 3]);
}

#[test]
fn a_push_that_no_entry_can_hold_is_known_before_it_is_appended() {
    let made = Made { service: 1, body: vec![b'x'; 1 << 20], is_reject: false, time: 5, severity: 9, trace_id: None };
    let part = Part { pipelines: Vec::new(), batch: batch(&[made], 1, &Arc::default()) };
    let draft = |parts| Draft { parts: vec![part.clone(); parts], ..Draft::default() };
    assert_eq!(draft(500).fits(), Ok(()));
    let error = draft(512).fits().unwrap_err();
    assert!(error.bytes > 512 << 20 && error.to_string().starts_with("a push, in the records of all its pipelines, takes 5"), "{error}");
}

#[test]
fn a_later_writer_of_the_same_version_may_say_more() {
    let mut sealer = sealer();
    let made = Made { service: 1, body: b"body".to_vec(), is_reject: false, time: 5, severity: 9, trace_id: None };
    let entry = Entry {
        position: 7,
        previous: 6,
        time_unix_nano: 8,
        origin: Arc::new(Origin { tenant: "t".into(), ..Origin::default() }),
        tally: Tally { receiver: "otlp".into(), frames: 1, parsed: 1, ..Tally::default() },
        parts: vec![Part { pipelines: vec!["logs".into()], batch: batch(&[made], 1, &Arc::default()) }],
        fact: None,
    };
    let mut bytes = Vec::new();
    sealer.seal(&entry, &mut bytes).unwrap();
    let (prefix, head) = read_head(&bytes).unwrap();
    let opened = decrypt(&sealer.opener(), &mut bytes).unwrap();
    assert_same_entry(&opened.read(&Bytes::from(bytes.clone())).unwrap(), &entry);
    // A field of each wire type that no version knows.
    let more = b"\xf8\x07\x05\xf9\x0712345678\xfa\x07\x02hi\xfd\x071234";
    let message = [&bytes[PREFIX_BYTES..prefix.head_end()], more].concat();
    assert_eq!(super::head::read(&prefix, &message), Ok(head.clone()));
    let plain = [&bytes[prefix.head_end()..bytes.len() - 16], more].concat();
    assert_same_entry(&body::read(head, &Bytes::from(plain)).unwrap(), &entry);
}
