//! The part of an entry that is sealed: whose records they are, the records, and what is known of them besides.

use std::sync::Arc;

use bytes::Bytes;
use logloom_record::{
    Batch, Beside, Origin, Reject, RejectKind, RejectReason,
    proto::{Fields, Value, push_varint, varint, varint_len},
};

use super::{Damage, put, texts::lasting};
use crate::entry::{Entry, Fact, Head, Part};

/// An entry's body: all but the records' bytes, which are copied once, to where they are sealed.
pub(super) struct Body<'a> {
    entry: &'a Entry,
    /// Origin and fact.
    start: Vec<u8>,
    /// For each part, what stands before its records' bytes.
    parts: Vec<Vec<u8>>,
}

/// The tag of `PartBody.otlp`.
const OTLP: u8 = 15 << 3 | 2;

impl<'a> Body<'a> {
    pub(super) fn new(entry: &'a Entry) -> Self {
        let mut start = Vec::with_capacity(256);
        put::each(&mut start, 1, origin(&entry.origin));
        if let Some(fact) = &entry.fact {
            let mut message = Vec::with_capacity(fact.name.len() + fact.json.len() + 16);
            put::text(&mut message, 1, &fact.name);
            put::text(&mut message, 2, &fact.json);
            put::each(&mut start, 2, message);
        }
        let parts = entry.parts.iter().map(|part| before(&entry.origin, &part.batch)).collect();
        Self { entry, start, parts }
    }

    fn parts(&self) -> impl Iterator<Item = (&[u8], &Batch, usize)> {
        self.parts.iter().zip(&self.entry.parts).map(|(before, part)| {
            let otlp = part.batch.otlp_len();
            let len = before.len() + if otlp == 0 { 0 } else { 1 + varint_len(otlp as u64) + otlp };
            (before.as_slice(), &part.batch, len)
        })
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> usize {
        self.start.len() + self.parts().map(|(.., len)| 1 + varint_len(len as u64) + len).sum::<usize>()
    }

    /// Appends it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.start);
        for (before, batch, len) in self.parts() {
            out.push(3 << 3 | 2);
            push_varint(out, len as u64);
            out.extend_from_slice(before);
            let otlp = batch.otlp_len();
            if otlp > 0 {
                out.push(OTLP);
                push_varint(out, otlp as u64);
                batch.blocks().iter().for_each(|block| out.extend_from_slice(&block.otlp()));
            }
        }
    }
}

/// What stands before the records' bytes.
fn before(of_entry: &Origin, batch: &Batch) -> Vec<u8> {
    let mut out = Vec::new();
    if **batch.origin() != *of_entry {
        put::each(&mut out, 1, origin(batch.origin()));
    }
    let beside = batch.beside();
    if beside.is_empty() {
        return out;
    }
    for (field, records) in [(2, &beside.order), (3, &beside.rejected), (4, &beside.repaired)] {
        put::packed(&mut out, field, records);
    }
    let mut texts: Vec<&str> = Vec::new();
    let mut place = |text: &'static str| {
        texts.iter().position(|known| *known == text).unwrap_or_else(|| {
            texts.push(text);
            texts.len() - 1
        })
    };
    let mut messages = Vec::with_capacity(beside.rejects.len() * 24);
    let mut message = Vec::new();
    for reject in &beside.rejects {
        message.clear();
        let Reject { record, offset, len, format, reason: RejectReason { kind, what, at } } = *reject;
        let kind = match kind {
            RejectKind::Syntax => 1,
            RejectKind::Value => 2,
            RejectKind::Limit => 3,
            RejectKind::Truncated => 4,
            _ => 0,
        };
        let values = [record.into(), offset, len.into(), place(format) as u64, kind, place(what) as u64, at.into()];
        (1..).zip(values).for_each(|(field, value)| put::number(&mut message, field, value));
        put::each(&mut messages, 6, &message);
    }
    for text in texts {
        put::each(&mut out, 5, text);
    }
    out.extend_from_slice(&messages);
    out
}

fn origin(origin: &Origin) -> Vec<u8> {
    let Origin { receiver, format, peer, identity, tenant, arrival_unix_nano, resource } = origin;
    let mut out = Vec::with_capacity(128);
    for (field, text) in [(1, receiver), (2, format), (3, peer), (4, identity), (5, tenant)] {
        put::text(&mut out, field, text);
    }
    put::fixed64(&mut out, 6, *arrival_unix_nano);
    for (key, value) in resource {
        let mut pair = Vec::with_capacity(key.len() + value.len() + 8);
        put::text(&mut pair, 1, key);
        put::text(&mut pair, 2, value);
        put::each(&mut out, 7, pair);
    }
    out
}

/// Reads the body of the entry with this head. The records' bytes are views into `message`.
pub(super) fn read(head: Head, message: &Bytes) -> Result<Entry, Damage> {
    let Head { position, previous, time_unix_nano, tally, parts: heads, is_fact } = head;
    let mut entry =
        Entry { position, previous, time_unix_nano, origin: Arc::default(), tally, parts: Vec::with_capacity(heads.len()), fact: None };
    let mut bodies = Vec::with_capacity(heads.len());
    let other = |()| Damage::Broken("what is sealed is not the message that it should be");
    for field in Fields::new(message) {
        match field.map_err(|_| other(()))? {
            (1, Value::Len(message)) => entry.origin = Arc::new(read_origin(message).map_err(other)?),
            (2, Value::Len(message)) => entry.fact = Some(read_fact(message).map_err(other)?),
            (3, Value::Len(message)) => bodies.push(message),
            _ => {}
        }
    }
    if bodies.len() != heads.len() || entry.fact.is_some() != is_fact {
        return Err(Damage::Broken("what is sealed is not what its head tells"));
    }
    for (head, body) in heads.into_iter().zip(bodies) {
        let batch = read_part(message, body, &entry.origin).map_err(other)?;
        if batch.len() as u64 != head.records || batch.otlp_len() as u64 != head.bytes {
            return Err(Damage::Broken("what is sealed is not what its head tells"));
        }
        entry.parts.push(Part { pipelines: head.pipelines, batch });
    }
    Ok(entry)
}

type Read<T> = Result<T, ()>;

fn read_part(whole: &Bytes, message: &[u8], of_entry: &Arc<Origin>) -> Read<Batch> {
    let mut origin = Arc::clone(of_entry);
    let mut beside = Beside::default();
    let (mut texts, mut otlp) = (Vec::new(), Bytes::new());
    for field in Fields::new(message) {
        match field.map_err(drop)? {
            (1, Value::Len(message)) => origin = Arc::new(read_origin(message)?),
            (2, value) => read_numbers(value, &mut beside.order)?,
            (3, value) => read_numbers(value, &mut beside.rejected)?,
            (4, value) => read_numbers(value, &mut beside.repaired)?,
            (5, Value::Len(text)) => texts.push(lasting(str::from_utf8(text).map_err(drop)?)),
            (6, Value::Len(message)) => beside.rejects.push(read_reject(message, &texts)?),
            (15, Value::Len(bytes)) => otlp = whole.slice_ref(bytes),
            _ => {}
        }
    }
    let batch = Batch::from_known_otlp(otlp).map_err(drop)?.with_origin(origin);
    if beside.is_empty() { Ok(batch) } else { batch.with_beside(beside).map_err(drop) }
}

/// Numbers, packed or one by one.
fn read_numbers(value: Value<'_>, out: &mut Vec<u32>) -> Read<()> {
    match value {
        Value::Varint(number) => out.push(u32::try_from(number).map_err(drop)?),
        Value::Len(mut packed) => {
            while !packed.is_empty() {
                let (number, len) = varint(packed).ok_or(())?;
                out.push(u32::try_from(number).map_err(drop)?);
                packed = packed.get(len..).unwrap_or_default();
            }
        }
        _ => return Err(()),
    }
    Ok(())
}

fn read_reject(message: &[u8], texts: &[&'static str]) -> Read<Reject> {
    let mut values = [0u64; 8];
    for field in Fields::new(message) {
        if let (field, Value::Varint(value)) = field.map_err(drop)?
            && let Some(place) = values.get_mut(field as usize)
        {
            *place = value;
        }
    }
    let [_, record, offset, len, format, kind, what, at] = values;
    let small = |value: u64| u32::try_from(value).map_err(drop);
    let text = |place: u64| usize::try_from(place).ok().and_then(|place| texts.get(place)).copied().ok_or(());
    let kind = match kind {
        2 => RejectKind::Value,
        3 => RejectKind::Limit,
        4 => RejectKind::Truncated,
        _ => RejectKind::Syntax, // a kind that came later: the reason still says what it is
    };
    let reason = RejectReason { kind, what: text(what)?, at: small(at)? };
    Ok(Reject { record: small(record)?, offset, len: small(len)?, format: text(format)?, reason })
}

fn read_fact(message: &[u8]) -> Read<Fact> {
    let mut fact = Fact { name: String::new(), json: String::new() };
    for field in Fields::new(message) {
        match field.map_err(drop)? {
            (1, Value::Len(name)) => fact.name = text(name)?,
            (2, Value::Len(json)) => fact.json = text(json)?,
            _ => {}
        }
    }
    Ok(fact)
}

fn read_origin(message: &[u8]) -> Read<Origin> {
    let mut origin = Origin::default();
    for field in Fields::new(message) {
        match field.map_err(drop)? {
            (1, Value::Len(value)) => origin.receiver = text(value)?,
            (2, Value::Len(value)) => origin.format = text(value)?,
            (3, Value::Len(value)) => origin.peer = text(value)?,
            (4, Value::Len(value)) => origin.identity = text(value)?,
            (5, Value::Len(value)) => origin.tenant = text(value)?,
            (6, Value::Fixed64(time)) => origin.arrival_unix_nano = time,
            (7, Value::Len(pair)) => {
                let part = |number| text(logloom_record::proto::text_field(pair, number));
                origin.resource.push((part(1)?, part(2)?));
            }
            _ => {}
        }
    }
    Ok(origin)
}

fn text(bytes: &[u8]) -> Read<String> {
    str::from_utf8(bytes).map(str::to_owned).map_err(drop)
}
