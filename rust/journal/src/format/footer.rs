//! The footer of a file: what its entries amount to, so that opening it needs no look at them.

use std::{collections::HashMap, sync::Arc};

use logloom_record::proto::{Fields, Value};

use super::{Damage, FOOTER_MARKER, MARKER_AT, at, put};
use crate::entry::Head;

/// The longest footer, in bytes.
pub const FOOTER_BYTES_MAX: usize = 8 << 20;
/// Bytes at the end of a file that tell whether there is a footer, and how long it is.
pub const FOOTER_TAIL_BYTES: usize = 8;

const END_MARKER: [u8; 4] = *b"LJFE";
const MESSAGE_AT: usize = 12;
/// Bytes of a footer around its message.
const AROUND_BYTES: usize = MESSAGE_AT + FOOTER_TAIL_BYTES;
/// The most sets of pipelines that are counted one by one, and the most bytes that their names may take.
const TOTALS_MAX: usize = 4096;
const TOTALS_BYTES_MAX: usize = 4 << 20;

/// All parts that are for exactly the same pipelines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Records.
    pub records: u64,
    /// Their OTLP bytes.
    pub bytes: u64,
}

/// What the entries of a file amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footer {
    /// The position of the first entry; 0: there are none.
    pub first_position: u64,
    /// The position of the last entry.
    pub last_position: u64,
    /// Entries.
    pub entries: u64,
    /// Where the entries end and the footer begins, in bytes from the start of the file.
    pub end_offset: u64,
    /// When the first entry was appended, in nanoseconds since the Unix epoch.
    pub first_unix_nano: u64,
    /// When the last one was.
    pub last_unix_nano: u64,
    /// By the pipelines' names.
    pub totals: HashMap<Vec<Arc<str>>, Total>,
    /// There were too many sets of pipelines to count them: ask the heads instead.
    pub totals_left_out: bool,
    pub(super) names_bytes: usize,
}

impl Footer {
    /// Counts one more entry. Entries come in order.
    pub fn add(&mut self, head: &Head) {
        if self.entries == 0 {
            (self.first_position, self.first_unix_nano) = (head.position, head.time_unix_nano);
        }
        (self.last_position, self.last_unix_nano) = (head.position, head.time_unix_nano);
        self.entries += 1;
        for part in &head.parts {
            self.add_total(&part.pipelines, Total { records: part.records, bytes: part.bytes });
        }
    }

    fn add_total(&mut self, pipelines: &[Arc<str>], more: Total) {
        if let Some(total) = self.totals.get_mut(pipelines) {
            total.records = total.records.saturating_add(more.records);
            total.bytes = total.bytes.saturating_add(more.bytes);
        } else if !self.totals_left_out {
            self.names_bytes += pipelines.iter().map(|name| name.len() + 8).sum::<usize>();
            self.totals.insert(pipelines.to_vec(), more);
            if self.totals.len() > TOTALS_MAX || self.names_bytes > TOTALS_BYTES_MAX {
                self.totals_left_out = true;
                self.totals.clear();
            }
        }
    }

    /// The footer's bytes: at most [`FOOTER_BYTES_MAX`].
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; MESSAGE_AT];
        for (field, value) in [(1, self.first_position), (2, self.last_position), (3, self.entries), (4, self.end_offset)] {
            put::number(&mut out, field, value);
        }
        put::fixed64(&mut out, 5, self.first_unix_nano);
        put::fixed64(&mut out, 6, self.last_unix_nano);
        let mut totals: Vec<_> = self.totals.iter().collect();
        totals.sort_unstable_by_key(|(pipelines, _)| *pipelines); // the same bytes for the same content
        for (pipelines, total) in totals {
            let mut message = Vec::new();
            put::all(&mut message, 1, pipelines);
            put::number(&mut message, 2, total.records);
            put::number(&mut message, 3, total.bytes);
            put::each(&mut out, 7, message);
        }
        put::number(&mut out, 8, self.totals_left_out.into());
        let len = (out.len() + FOOTER_TAIL_BYTES) as u32;
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&END_MARKER);
        out.splice(4..MESSAGE_AT, len.to_le_bytes().into_iter().chain(FOOTER_MARKER));
        let crc = crc32fast::hash(out.get(4..).unwrap_or_default());
        out.splice(..4, crc.to_le_bytes());
        out
    }

    /// How long the footer is that ends with `tail`, the last [`FOOTER_TAIL_BYTES`] of a file; `None` where it has none.
    pub fn len_at_end(tail: &[u8]) -> Option<usize> {
        let tail: &[u8; FOOTER_TAIL_BYTES] = tail.last_chunk()?;
        let len = u32::from_le_bytes(at(tail, 0)?) as usize;
        (at(tail, 4) == Some(END_MARKER) && (AROUND_BYTES..=FOOTER_BYTES_MAX).contains(&len)).then_some(len)
    }

    pub(super) fn len_at_start(bytes: &[u8]) -> Result<usize, Damage> {
        let len = u32::from_le_bytes(at(bytes, 4).ok_or(Damage::Cut)?) as usize;
        let is_bounded = (AROUND_BYTES..=FOOTER_BYTES_MAX).contains(&len);
        is_bounded.then_some(len).ok_or(Damage::Broken("its footer is longer than a footer can be"))
    }

    /// The footer at the start of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        if at(bytes, MARKER_AT) != Some(FOOTER_MARKER) {
            return Err(Damage::Broken("no footer begins here"));
        }
        let len = Self::len_at_start(bytes)?;
        let bytes = bytes.get(..len).ok_or(Damage::Cut)?;
        let crc = u32::from_le_bytes(at(bytes, 0).ok_or(Damage::Cut)?);
        if crc32fast::hash(bytes.get(4..).unwrap_or_default()) != crc || Self::len_at_end(bytes) != Some(len) {
            return Err(Damage::Broken("the checksum of its footer is another"));
        }
        Self::read(bytes.get(MESSAGE_AT..len - FOOTER_TAIL_BYTES).unwrap_or_default())
            .ok_or(Damage::Broken("its footer is not the message that it should be"))
    }

    fn read(message: &[u8]) -> Option<Self> {
        let mut footer = Self::default();
        let mut left_out = false;
        for field in Fields::new(message) {
            match field.ok()? {
                (1, Value::Varint(value)) => footer.first_position = value,
                (2, Value::Varint(value)) => footer.last_position = value,
                (3, Value::Varint(value)) => footer.entries = value,
                (4, Value::Varint(value)) => footer.end_offset = value,
                (5, Value::Fixed64(value)) => footer.first_unix_nano = value,
                (6, Value::Fixed64(value)) => footer.last_unix_nano = value,
                (7, Value::Len(message)) => {
                    let (mut pipelines, mut total) = (Vec::new(), Total::default());
                    for field in Fields::new(message) {
                        match field.ok()? {
                            (1, Value::Len(name)) => pipelines.push(str::from_utf8(name).ok()?.into()),
                            (2, Value::Varint(value)) => total.records = value,
                            (3, Value::Varint(value)) => total.bytes = value,
                            _ => {}
                        }
                    }
                    footer.add_total(&pipelines, total);
                }
                (8, Value::Varint(value)) => left_out = value != 0,
                _ => {}
            }
        }
        footer.totals_left_out |= left_out;
        Some(footer)
    }
}
