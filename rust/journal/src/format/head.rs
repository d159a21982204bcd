//! The head of an entry: what can be known of it without a key.

use std::sync::Arc;

use logloom_record::proto::{Fields, Malformed, Value, varint_len};

use super::{Damage, Prefix, put};
use crate::entry::{Entry, Head, Part, PartHead, Tally};

/// Appends the head of `entry`.
pub(super) fn write(entry: &Entry, out: &mut Vec<u8>) {
    put::number(out, 1, entry.previous);
    put::fixed64(out, 2, entry.time_unix_nano);
    put::number(out, 3, entry.fact.is_some().into());
    let mut message = Vec::with_capacity(64);
    write_tally(&entry.tally, &mut message);
    put::text(out, 4, &message);
    for Part { pipelines, batch } in &entry.parts {
        message.clear();
        put::all(&mut message, 1, pipelines);
        put::number(&mut message, 2, batch.len() as u64);
        put::number(&mut message, 3, batch.otlp_len() as u64);
        put::each(out, 5, &message);
    }
}

fn write_tally(tally: &Tally, out: &mut Vec<u8>) {
    let Tally { receiver, frames, parsed, rejects, joined, passed_over, bytes, unrouted, made, dropped, passed_on } = tally;
    put::text(out, 1, receiver.as_bytes());
    for (field, value) in [(2, frames), (3, parsed), (4, rejects), (5, joined), (6, passed_over), (7, bytes), (8, unrouted)] {
        put::number(out, field, *value);
    }
    for (field, rows) in [(9, dropped), (10, made), (11, passed_on)] {
        for (pipeline, records) in rows {
            let mut message = Vec::with_capacity(2 + pipeline.len() + 1 + varint_len(*records));
            put::text(&mut message, 1, pipeline.as_bytes());
            put::number(&mut message, 2, *records);
            put::each(out, field, message);
        }
    }
}

/// Reads the head of the entry that begins with `prefix`.
pub(super) fn read(prefix: &Prefix, message: &[u8]) -> Result<Head, Damage> {
    read_message(prefix.position, message).map_err(|_| Damage::Broken("its head is not the message that it should be"))
}

fn read_message(position: u64, message: &[u8]) -> Result<Head, Malformed> {
    let mut head = Head { position, ..Head::default() };
    for field in Fields::new(message) {
        match field? {
            (1, Value::Varint(previous)) => head.previous = previous,
            (2, Value::Fixed64(time)) => head.time_unix_nano = time,
            (3, Value::Varint(kind)) => head.is_fact = kind == 1,
            (4, Value::Len(message)) => head.tally = read_tally(message)?,
            (5, Value::Len(message)) => head.parts.push(read_part(message)?),
            _ => {}
        }
    }
    Ok(head)
}

fn read_tally(message: &[u8]) -> Result<Tally, Malformed> {
    let mut tally = Tally::default();
    for field in Fields::new(message) {
        match field? {
            (1, Value::Len(name)) => tally.receiver = text(name)?,
            (2, Value::Varint(value)) => tally.frames = value,
            (3, Value::Varint(value)) => tally.parsed = value,
            (4, Value::Varint(value)) => tally.rejects = value,
            (5, Value::Varint(value)) => tally.joined = value,
            (6, Value::Varint(value)) => tally.passed_over = value,
            (7, Value::Varint(value)) => tally.bytes = value,
            (8, Value::Varint(value)) => tally.unrouted = value,
            (9, Value::Len(message)) => tally.dropped.push(read_pipeline_records(message)?),
            (10, Value::Len(message)) => tally.made.push(read_pipeline_records(message)?),
            (11, Value::Len(message)) => tally.passed_on.push(read_pipeline_records(message)?),
            _ => {}
        }
    }
    Ok(tally)
}

fn read_pipeline_records(message: &[u8]) -> Result<(Arc<str>, u64), Malformed> {
    let mut row = (Arc::from(""), 0);
    for field in Fields::new(message) {
        match field? {
            (1, Value::Len(name)) => row.0 = text(name)?,
            (2, Value::Varint(records)) => row.1 = records,
            _ => {}
        }
    }
    Ok(row)
}

fn read_part(message: &[u8]) -> Result<PartHead, Malformed> {
    let mut part = PartHead { pipelines: Vec::new(), records: 0, bytes: 0 };
    for field in Fields::new(message) {
        match field? {
            (1, Value::Len(name)) => part.pipelines.push(text(name)?),
            (2, Value::Varint(records)) => part.records = records,
            (3, Value::Varint(bytes)) => part.bytes = bytes,
            _ => {}
        }
    }
    Ok(part)
}

fn text(bytes: &[u8]) -> Result<Arc<str>, Malformed> {
    str::from_utf8(bytes).map(Arc::from).map_err(|error| Malformed { at: error.valid_up_to() })
}
