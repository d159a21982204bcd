//! The bytes of a journal file: none panic, and what was sealed comes back.

use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use logloom_journal::{
    Entry, Fact, Part, Tally,
    format::{FileHeader, Footer, HEADER_BYTES, Next, PREFIX_BYTES, Sealer, check, decrypt, next_marker, peek, read_head, unseal},
    keys::FreshKey,
};
use logloom_record::Batch;

use crate::{LIMITS, ORIGIN};

static SEALER: LazyLock<Mutex<Sealer>> = LazyLock::new(|| Mutex::new(Sealer::new(FreshKey::random().unwrap())));

/// An entry: the bytes as they are, as ones whose checksums hold, as the plain bytes of what is sealed, and as records that are sealed.
pub fn entry(data: &[u8]) {
    read(data);
    let mut right = data.to_vec();
    if let Some(Ok(Next::Entry(prefix))) = right.get_mut(8..12).map(|marker| marker.copy_from_slice(b"LJE1")).map(|()| peek(&right)) {
        if let Some(sealed) = right.get(prefix.head_end()..prefix.total_len()) {
            let crc = crc32fast::hash(sealed);
            right[4..8].copy_from_slice(&crc.to_le_bytes());
        }
        if let Some(head) = right.get(4..prefix.head_end()) {
            let crc = crc32fast::hash(head);
            right[..4].copy_from_slice(&crc.to_le_bytes());
        }
        read(&right);
    }
    #[cfg(fuzzing)]
    for parts in 0..2 {
        use logloom_journal::{Head, PartHead};
        let part = PartHead { pipelines: Vec::new(), records: 1, bytes: data.len() as u64 };
        let head = Head { parts: vec![part; parts], ..Head::default() };
        let _ = logloom_journal::format::read_body(head, &Bytes::copy_from_slice(data));
    }
    let Ok(batch) = Batch::from_otlp(Bytes::copy_from_slice(data), &LIMITS) else { return };
    let entry = Entry {
        position: data.len() as u64,
        previous: 0,
        time_unix_nano: 1,
        origin: Arc::clone(&ORIGIN),
        tally: Tally::default(),
        parts: vec![Part { pipelines: vec!["logs".into()], batch }],
        fact: Some(Fact { name: "fuzz".into(), json: String::from_utf8_lossy(data).into() }),
    };
    let mut sealer = SEALER.lock().unwrap();
    let mut bytes = Vec::new();
    let len = sealer.seal(&entry, &mut bytes).unwrap();
    assert_eq!(len, bytes.len());
    assert_eq!(check(&bytes).unwrap(), entry.head());
    let opened = unseal(&sealer.opener(), bytes).unwrap();
    assert_eq!(opened.parts[0].batch.to_otlp(), entry.parts[0].batch.to_otlp());
    assert_eq!(opened.fact, entry.fact);
}

fn read(bytes: &[u8]) {
    let _ = (check(bytes), read_head(bytes), decrypt(&SEALER.lock().unwrap().opener(), &mut bytes.to_vec()));
}

/// A file: its header, then entries and a footer, gone through as recovery does, from marker to marker where something is damaged.
pub fn file(data: &[u8]) {
    const BLOCK_BYTES: usize = HEADER_BYTES / 2;
    let _ = FileHeader::decode(data);
    let mut block = data.get(..BLOCK_BYTES).unwrap_or(data).to_vec();
    block.resize(BLOCK_BYTES, 0);
    block[..10].copy_from_slice(b"LOGLOOMJ\x01\0");
    let mut crc = crc32fast::Hasher::new();
    crc.update(&block[..12]);
    crc.update(&block[16..]);
    block[12..16].copy_from_slice(&crc.finalize().to_le_bytes());
    if let Ok(header) = FileHeader::decode(&block) {
        assert_eq!(FileHeader::decode(&header.encode().unwrap()), Ok(header));
    }

    let mut at = 0;
    while let Some(rest) = data.get(at..) {
        let whole = match peek(rest) {
            Ok(Next::End) => None,
            Ok(Next::Entry(prefix)) => {
                assert!(prefix.total_len() >= prefix.head_end() && prefix.head_end() >= PREFIX_BYTES);
                check(rest).is_ok().then_some(prefix.total_len())
            }
            Ok(Next::Footer(len)) => Footer::decode(rest).is_ok().then_some(len),
            Err(_) => None,
        };
        let next = whole.map(|len| at + len).or_else(|| next_marker(data, at + 1));
        let Some(next) = next else { break };
        assert!(next > at);
        at = next;
    }

    let mut footer = data.to_vec();
    footer.resize(data.len().max(32), 0);
    let len = (footer.len() as u32).to_le_bytes();
    let end = footer.len();
    footer[4..8].copy_from_slice(&len);
    footer[8..12].copy_from_slice(b"LJF1");
    footer[end - 8..end - 4].copy_from_slice(&len);
    footer[end - 4..].copy_from_slice(b"LJFE");
    let crc = crc32fast::hash(&footer[4..]);
    footer[..4].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(Footer::len_at_end(&footer), Some(end));
    if let Ok(read) = Footer::decode(&footer) {
        assert_eq!(Footer::decode(&read.encode()), Ok(read));
    }
}
